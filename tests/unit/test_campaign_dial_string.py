"""Nothing a user wrote can change what a dial string means."""

from __future__ import annotations

import re
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.switch.dial_string import DialString, DialStringError, GatewayLeg, LoopbackLeg

CALL_UUID = "8402c4b8-14a8-4d8d-8fb7-8981d8c7377c"
SHAPE = re.compile(r"\{([^{}' ]*)\}sofia/gateway/([^/ ]+)/([^ ]+) '&python\(([^()']*)\)'")


def dial(**changes: object) -> str:
    parts: dict[str, object] = {
        "leg": GatewayLeg("mygateway", "+33639980001"),
        "call_uuid": CALL_UUID,
        "caller_id": "+33199000001",
        "timeout_s": 30,
        "handler": "minibot_fs.handler",
    }
    return str(DialString(**(parts | changes)))  # type: ignore[arg-type]


def test_a_dial_string_reads_as_freeswitch_documents_it() -> None:
    assert dial(variables={"campaign_id": "7"}, arguments={"scenario": "or"}) == (
        f"{{origination_uuid={CALL_UUID},origination_caller_id_number=+33199000001,"
        "origination_caller_id_name=+33199000001,ignore_early_media=true,originate_timeout=30,"
        "campaign_id=7}sofia/gateway/mygateway/+33639980001 '&python(minibot_fs.handler scenario=or)'"
    )
    assert "loopback/1000/default" in dial(leg=LoopbackLeg("default", "1000"))


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True), st.text(), max_size=5))
def test_free_text_comes_back_unchanged_and_stays_in_its_place(values: dict[str, str]) -> None:
    values = {name: text for name, text in values.items() if _encodable(text)}
    match = SHAPE.fullmatch(dial(variables=values, arguments=values))
    assert match
    variables = dict(pair.split("=", 1) for pair in match[1].split(","))
    arguments = dict(word.split("=", 1) for word in match[4].split(" ")[1:])
    assert {name: unquote(variables[name]) for name in values} == values
    assert {name: unquote(text) for name, text in arguments.items()} == values
    assert match[3] == "+33639980001"


@given(st.text())
def test_a_number_is_digits_or_refused(text: str) -> None:
    leg = GatewayLeg("mygateway", text)
    if re.fullmatch(r"\+?[0-9]{2,20}", text):
        assert SHAPE.fullmatch(dial(leg=leg))
    else:
        with pytest.raises(DialStringError, match=r"^not a number that can be dialled$"):
            dial(leg=leg)


@given(st.text(), st.sampled_from(["leg", "caller_id", "call_uuid", "handler", "variables"]))
def test_any_other_part_is_sound_or_refused(text: str, part: str) -> None:
    value: object = {
        "leg": GatewayLeg(text, "+33639980001"),
        "variables": {text: "1"},
    }.get(part, text)
    try:
        built = dial(**{part: value})
    except DialStringError:
        return
    assert SHAPE.fullmatch(built)
    assert "\n" not in built


@pytest.mark.parametrize("number", ["+33639980001}{x=y", "1,origination_uuid=2", "1 &system(id)", "", "٣٣٦"])
def test_an_injection_is_refused(number: str) -> None:
    with pytest.raises(DialStringError):
        dial(leg=GatewayLeg("mygateway", number))
    with pytest.raises(DialStringError):
        dial(caller_id=number)


@given(st.uuids())
def test_every_uuid_is_taken(call_uuid: UUID) -> None:
    assert str(call_uuid) in dial(call_uuid=str(call_uuid))


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
