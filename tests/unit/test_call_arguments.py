"""A call is started with words and channel variables, read strictly."""

from __future__ import annotations

import pytest

from minibot_fs.call_arguments import CallArguments, CallArgumentsError, parse_call_arguments
from minibot_fs.switch.dial_string import DialString, LoopbackLeg


def parse(text: str, **variables: str) -> CallArguments:
    return parse_call_arguments(text, variables.get)


def test_words_are_read() -> None:
    arguments = parse("scenario=or contact=7 campaign=2 attempt=3 phone=+33639980001")
    assert arguments == CallArguments(scenario="or", contact=7, campaign=2, attempt=3, phone="+33639980001")


def test_a_variable_of_the_channel_counts_where_a_word_is_missing() -> None:
    variables = {"minibot_scenario": "vin", "minibot_contact": "9", "scenario": "not this one"}
    assert parse("scenario=or", **variables) == CallArguments(scenario="or", contact=9)
    assert parse("", **variables).scenario == "vin"


def test_what_a_dial_string_encodes_is_decoded() -> None:
    names = {"scenario": "vente d'or, été", "phone": "+33639980001"}
    dial = str(
        DialString(
            LoopbackLeg("default", "6265"),
            "8402c4b8-14a8-4d8d-8fb7-8981d8c7377c",
            "+33199000001",
            30,
            "minibot_fs.handler",
            arguments=names,
        )
    )
    words = dial.partition("minibot_fs.handler ")[2].rstrip(")'")
    assert parse(words) == CallArguments(scenario=names["scenario"], phone=names["phone"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "scenario: is missing"),
        ("scenario", "'scenario' is not NAME=VALUE"),
        ("scenario=a scenario=b", "scenario is given twice"),
        ("scenario=a colour=red", "colour: is not known"),
        ("scenario=a contact=seven", "contact: 'seven'"),
        ("scenario=a contact=0", "contact: '0'"),
        ("scenario=a attempt=-1", "attempt: '-1'"),
    ],
)
def test_senseless_words_are_refused_with_an_example(text: str, problem: str) -> None:
    with pytest.raises(CallArgumentsError) as refused:
        parse(text)
    assert problem in str(refused.value)
    assert "'&python(minibot_fs.handler scenario=NAME contact=ID)', quotes included" in str(refused.value)
