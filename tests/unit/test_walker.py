"""The walker: a pure function of where a conversation stands and what was heard."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.objections import ObjectionMatch
from minibot_fs.dialog.scenario import Scenario
from minibot_fs.dialog.walker import Heard, Move, Walker, WalkState

EXPENSIVE = ObjectionMatch("c'est trop cher", "Je comprends.", "or_expensive.wav", "price", 0.9)
RISKY = ObjectionMatch("c'est risqué", "C'est vrai.", "or_risky.wav", "risk", 0.8)


class TwoObjections:
    """Knows two objections by a word of theirs."""

    def match(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        found = {"cher": EXPENSIVE, "risqué": RISKY}
        matches = (match for word, match in found.items() if word in text and match.objection not in exclude)
        return next(matches, None)


def audio(name: str, **fields: Any) -> dict[str, Any]:
    return {"audio_path": f"julie/base/{name}.wav", "text": name, **fields}


def final(result: str) -> dict[str, Any]:
    return audio(result, is_final=True, timeout=0, result=result)


STEPS: dict[str, Any] = {
    "hello": audio(
        "hello",
        is_determinant=True,
        transitions={"affirm": "pitch", "deny": "bye_no", "silence": "retry", "objection": "handle"},
    ),
    "pitch": audio("pitch", transitions={"affirm": "confirm", "deny": "handle", "objection": "handle"}),
    "confirm": audio("confirm", timeout=0, transitions={"*": "bye"}),
    "retry": audio("retry", transitions={"affirm": "pitch", "*": "bye_no"}),
    "handle": {
        "type": "objection_handler",
        "max_attempts": 2,
        "fallback_step": "bye_no",
        "success_step": "pitch",
    },
    "bye": final("success"),
    "bye_no": final("not_interested"),
}


def walker(steps: dict[str, Any] = STEPS, **fields: Any) -> Walker:
    scenario = Scenario.model_validate({"name": "sale", "theme": "or", "steps": steps, **fields})
    return Walker(scenario, TwoObjections())


def walk(walker: Walker, *heard: Heard | Intent) -> Move:
    """The move after all this was heard; steps that do not listen are gone through."""
    move = walker.start()
    for one in heard:
        move = walker.advance(move.state, one if isinstance(one, Heard) else Heard(one))
        while move.result is None and move.listen is None:
            move = walker.advance(move.state, Heard(Intent.SILENCE))
    return move


def objection(text: str) -> Heard:
    return Heard(Intent.OBJECTION, text)


class TestSteps:
    def test_the_first_step_of_the_file_begins(self) -> None:
        move = walker().start()
        assert (move.step, move.prompts[0].audio_path, move.barge_in) == (
            "hello",
            "julie/base/hello.wav",
            True,
        )
        assert move.listen is not None
        assert move.listen.timeout_s == 4

    def test_an_intent_leads_to_the_step_it_names(self) -> None:
        assert walk(walker(), Intent.AFFIRM).step == "pitch"

    def test_a_step_with_timeout_0_does_not_listen_and_is_followed_at_once(self) -> None:
        start = walk(walker(), Intent.AFFIRM)
        confirm = walker().advance(start.state, Heard(Intent.AFFIRM))
        assert (confirm.step, confirm.listen, confirm.result) == ("confirm", None, None)
        bye = walker().advance(confirm.state, Heard(Intent.SILENCE))
        assert (bye.step, bye.result) == ("bye", "success")

    def test_an_intent_without_a_transition_takes_the_star(self) -> None:
        assert walk(walker(), Intent.SILENCE, Intent.QUESTION).result == "not_interested"

    def test_without_any_transition_the_step_is_repeated_once_and_then_the_call_ends(self) -> None:
        again = walk(walker(), Intent.NOT_UNDERSTOOD)
        assert (again.step, again.result) == ("hello", None)
        assert walk(walker(), Intent.NOT_UNDERSTOOD, Intent.NOT_UNDERSTOOD).result == "not_understood"

    def test_silence_that_leads_nowhere_ends_as_no_answer(self) -> None:
        move = walk(walker(), Intent.AFFIRM, Intent.SILENCE, Intent.SILENCE)
        assert move.result == "no_answer"
        assert move.prompts[0].text == "not_interested"

    @pytest.mark.parametrize(
        "intent", [Intent.CALLBACK, Intent.WRONG_PERSON, Intent.ALREADY_CUSTOMER, Intent.VOICEMAIL]
    )
    def test_an_intent_the_scenario_does_not_know_counts_as_a_refusal(self, intent: Intent) -> None:
        assert walk(walker(), intent).result == "not_interested"

    def test_a_transfer_the_scenario_does_not_know_counts_as_a_question(self) -> None:
        steps = {**STEPS, "hello": audio("hello", transitions={"question": "retry", "affirm": "pitch"})}
        assert walk(walker(steps), Intent.TRANSFER).step == "retry"

    def test_an_objection_goes_where_a_question_does_and_back_when_only_one_is_named(self) -> None:
        steps = {**STEPS, "hello": audio("hello", transitions={"question": "handle", "affirm": "pitch"})}
        assert walk(walker(steps), objection("cher")).step == "handle"
        steps["hello"] = audio("hello", transitions={"objection": "handle", "affirm": "pitch"})
        assert walk(walker(steps), Heard(Intent.QUESTION, "c'est cher ?")).step == "handle"

    def test_a_star_comes_before_what_an_intent_merely_resembles(self) -> None:
        steps = {**STEPS, "hello": audio("hello", transitions={"question": "handle", "*": "retry"})}
        steps["retry"] = audio("retry", transitions={"affirm": "pitch", "*": "bye_no"})
        assert walk(walker(steps), objection("cher")).step == "retry"

    def test_nothing_follows_the_end(self) -> None:
        over = walk(walker(), Intent.DENY)
        with pytest.raises(ValueError, match="over at step bye_no"):
            walker().advance(over.state, Heard(Intent.AFFIRM))


class TestRefusals:
    def test_a_determinant_refusal_is_never_a_success(self) -> None:
        steps = {
            **STEPS,
            "hello": audio("hello", is_determinant=True, transitions={"affirm": "pitch", "deny": "bye"}),
        }
        refused = walk(walker(steps), Intent.DENY)
        assert (refused.step, refused.result) == ("bye", "not_interested")

    def test_a_second_determinant_refusal_ends_the_call(self) -> None:
        steps = {
            **STEPS,
            "hello": audio("hello", is_determinant=True, transitions={"deny": "sure", "affirm": "pitch"}),
        }
        steps["sure"] = audio("sure", is_determinant=True, transitions={"deny": "hello", "affirm": "pitch"})
        assert walk(walker(steps), Intent.DENY).step == "sure"
        assert walk(walker(steps), Intent.DENY, Intent.DENY).result == "not_interested"

    def test_an_opt_out_ends_the_call_politely_wherever_it_is_heard(self) -> None:
        for heard in ((), (Intent.AFFIRM,), (Intent.SILENCE,), (objection("cher"),)):
            move = walk(walker(), *heard, Intent.OPT_OUT)
            assert (move.result, move.prompts[0].text) == ("opt_out", "not_interested")

    def test_an_opt_out_takes_the_step_named_for_it(self) -> None:
        steps = {**STEPS, "noted": final("opt_out")}
        assert walk(walker(steps, opt_out_step="noted"), Intent.OPT_OUT).step == "noted"


class TestObjections:
    def test_an_objection_is_answered_and_the_caller_listened_to(self) -> None:
        move = walk(walker(), objection("c'est cher"))
        assert (move.step, move.prompts[0].audio_path) == ("handle", "julie/objections/or_expensive.wav")
        assert move.listen is not None

    def test_agreement_after_an_answer_leads_to_the_success_step(self) -> None:
        assert walk(walker(), objection("cher"), Intent.AFFIRM).step == "pitch"

    def test_silence_after_an_answer_asks_the_question_again(self) -> None:
        assert walk(walker(), objection("cher"), Intent.SILENCE).step == "pitch"

    def test_an_intent_the_handler_names_leads_to_its_step(self) -> None:
        steps = {**STEPS, "later": final("callback")}
        steps["handle"] = {**STEPS["handle"], "transitions": {"callback": "later"}}
        assert walk(walker(steps), objection("cher"), Intent.CALLBACK).result == "callback"
        assert walk(walker(steps), objection("cher"), Intent.AFFIRM).step == "pitch"

    @pytest.mark.parametrize("intent", [Intent.CALLBACK, Intent.ALREADY_CUSTOMER, Intent.TRANSFER])
    def test_what_counts_as_a_refusal_or_a_question_is_answered_like_one(self, intent: Intent) -> None:
        move = walk(walker(), objection("cher"), Heard(intent, "c'est risqué"))
        assert move.prompts[0].audio_path == "julie/objections/or_risky.wav"

    def test_a_second_objection_gets_its_own_answer(self) -> None:
        move = walk(walker(), objection("cher"), objection("risqué"))
        assert move.prompts[0].audio_path == "julie/objections/or_risky.wav"

    def test_the_same_objection_is_not_answered_twice(self) -> None:
        assert walk(walker(), objection("cher"), objection("cher")).result == "not_interested"

    def test_an_objection_nobody_knows_leads_to_the_fallback(self) -> None:
        assert walk(walker(), objection("ma tante est malade")).result == "not_interested"

    def test_a_bare_refusal_at_the_handler_leads_to_the_fallback(self) -> None:
        assert walk(walker(), Intent.AFFIRM, Heard(Intent.DENY, "non")).result == "not_interested"

    def test_no_more_objections_are_answered_than_the_scenario_allows(self) -> None:
        move = walk(walker(max_autonomous_turns=1), objection("cher"), objection("risqué"))
        assert move.result == "not_interested"
        assert walk(walker(max_autonomous_turns=0), objection("cher")).result == "not_interested"


INTENTS = st.sampled_from(list(Intent))
TEXTS = st.sampled_from(["", "c'est cher", "c'est risqué", "bonjour"])


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any scenario whose transitions name its own steps: loops, dead ends and all."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 6)))]
    targets = st.sampled_from(names)
    steps: dict[str, Any] = {}
    for name in names:
        kind = draw(st.sampled_from(["audio", "audio", "handler", "final"]))
        if kind == "final":
            steps[name] = final("done")
        elif kind == "handler":
            steps[name] = {
                "type": "objection_handler",
                "max_attempts": draw(st.none() | st.integers(0, 5)),
                "fallback_step": draw(st.none() | targets),
                "success_step": draw(st.none() | targets),
                "transitions": draw(st.dictionaries(st.sampled_from(list(Intent)), targets, max_size=3)),
            }
        else:
            keys = st.sampled_from([*(intent.value for intent in Intent), "*"])
            steps[name] = audio(
                name,
                timeout=draw(st.sampled_from([0, 4])),
                is_determinant=draw(st.booleans()),
                max_attempts=draw(st.none() | st.integers(0, 3)),
                transitions=draw(st.dictionaries(keys, targets, max_size=6)),
            )
    turns = draw(st.integers(0, 5))
    return Scenario.model_validate(
        {"name": "any", "theme": "or", "max_autonomous_turns": turns, "steps": steps}
    )


@settings(max_examples=300, deadline=None)
@given(scenarios(), st.data())
def test_whatever_is_heard_every_walk_ends_within_its_bound(scenario: Scenario, data: st.DataObject) -> None:
    any_walker = Walker(scenario, TwoObjections())
    move, moves = any_walker.start(), 1
    while move.result is None:
        move = any_walker.advance(move.state, Heard(data.draw(INTENTS), data.draw(TEXTS)))
        moves += 1
        assert moves <= any_walker.bound()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(INTENTS, TEXTS), max_size=30))
def test_a_walk_can_be_made_again_from_what_was_stored(heard: list[tuple[Intent, str]]) -> None:
    move = walker().start()
    for intent, text in heard:
        if move.result is not None:
            break
        stored = json.loads(json.dumps(dataclasses.asdict(move.state)))
        again = WalkState(**{**stored, "answered": tuple(stored["answered"])})
        assert again == move.state
        following = walker().advance(again, Heard(intent, text))
        assert following == walker().advance(move.state, Heard(intent, text))
        move = following
