"""A call's own decisions: faults, hang-ups in the last prompt, unasked opt-outs, slow classifiers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minibot_fs.assembly import Assembly
from minibot_fs.call import Call, CallPlan
from minibot_fs.config import Settings
from minibot_fs.dialog.intent import Intent, IntentClassifier, Understanding
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText
from minibot_fs.rehearsal import UnstoredCalls, caller_variables
from minibot_fs.store.calls import CallEnded
from minibot_fs.switch.caller_script import CallerScript, Cue, Turn
from minibot_fs.switch.rehearsal import RehearsalSwitch
from minibot_fs.switch.scripted_caller import CallerSays

SOUNDS = Path(__file__).resolve().parents[2] / "callers" / "sounds"
HELLO = Turn(cue=Cue.ANSWER, after_s=0.5, say="allô", sound=SOUNDS / "interested_allo.wav")
YES = Turn(say="oui d'accord", sound=SOUNDS / "interrupts_oui_d_accord.wav")
STOP = Turn(say="ne m'appelez plus jamais", sound=SOUNDS / "opts_out_ne_m_appelez_plus.wav")


class Kept(UnstoredCalls):
    """Keeps how calls ended."""

    def __init__(self) -> None:
        self.ends: list[CallEnded] = []

    def ended(self, call: CallEnded) -> None:
        self.ends.append(call)


@pytest.fixture
def store() -> Kept:
    return Kept()


@pytest.fixture
def opted_out() -> list[str]:
    return []


Maker = Callable[..., Call]


@pytest.fixture
def a_call(store: Kept, opted_out: list[str]) -> Iterator[Maker]:
    made: list[Call] = []

    def make(
        *turns: Turn, classifier: IntentClassifier | None = None, executor: ThreadPoolExecutor | None = None
    ) -> Call:
        assembly = Assembly(
            Settings(),
            store,
            opted_out=lambda phone, _call: opted_out.append(phone),
            classifier=classifier,
            executor=executor,
        )
        recognizers: list[ScriptedRecognizer] = []

        def say(said: CallerSays) -> None:
            recognizers[0].say(SpokenText(said.start_ms, said.end_ms, said.text))

        def recognizer(clock: Callable[[], int]) -> ScriptedRecognizer:
            recognizers.append(ScriptedRecognizer(clock))
            return recognizers[0]

        script = CallerScript(name="x", expect="x", turns=turns, noise_dbfs=-60)
        conversation = assembly.conversations.named("scenario_or_investissement")
        plan = CallPlan(conversation.scenario, "+33639980000", caller_variables(None))
        made.append(assembly.call(RehearsalSwitch("call", script, say=say), recognizer, plan, conversation))
        return made[-1]

    yield make
    for call in made:
        call.close()


def test_a_hang_up_in_the_last_prompt_takes_nothing_from_the_result(a_call: Maker) -> None:
    leaves = Turn(cue=Cue.PROMPT_START, prompt="bye", after_s=0.5, hang_up=True)
    summary = a_call(HELLO, YES, YES, leaves).run()
    assert (summary.result, summary.status, summary.hangup_cause) == (
        "success",
        "completed",
        "NORMAL_CLEARING",
    )


def test_a_hang_up_before_it_is_stored_as_such(a_call: Maker, store: Kept) -> None:
    leaves = Turn(cue=Cue.PROMPT_START, prompt="pitch", after_s=0.5, hang_up=True)
    assert a_call(HELLO, YES, leaves).run().result == "hung_up"
    assert [(end.result, end.current_step) for end in store.ends] == [("hung_up", "pitch")]


def test_an_opt_out_over_a_prompt_that_cannot_be_interrupted_counts(
    a_call: Maker, opted_out: list[str]
) -> None:
    over = STOP.model_copy(update={"cue": Cue.PROMPT_START, "prompt": "confirm_time", "after_s": 0.3})
    summary = a_call(HELLO, YES, YES, over).run()
    assert summary.result == "opt_out"
    assert opted_out == ["+33639980000"]


def test_an_opt_out_as_the_first_words_ends_the_call_before_any_question(
    a_call: Maker, opted_out: list[str]
) -> None:
    first = STOP.model_copy(update={"cue": Cue.ANSWER, "after_s": 0.3})
    call = a_call(first)
    assert call.run().result == "opt_out"
    assert opted_out == ["+33639980000"]
    assert "pitch" not in [record.step for record in call.journal.records]


class Broken:
    def classify(self, text: str) -> Understanding:
        raise RuntimeError("no such luck")


def test_a_fault_is_stored_and_the_caller_hears_goodbye(a_call: Maker, store: Kept) -> None:
    call = a_call(HELLO, YES, classifier=Broken())
    with pytest.raises(RuntimeError, match="no such luck") as caught:
        call.run()
    heard_ms = call._line.at_ms
    summary = call.fail(caught.value)
    assert (summary.status, summary.result) == ("failed", "error")
    assert summary.hangup_cause == "NORMAL_TEMPORARY_FAILURE"
    assert call._line.at_ms > heard_ms + 1000
    assert store.ends[-1].result == "error"


def test_a_fault_after_the_hang_up_is_stored_all_the_same(a_call: Maker, store: Kept) -> None:
    leaves = Turn(cue=Cue.PROMPT_START, after_s=0.5, hang_up=True)
    call = a_call(HELLO, leaves)
    call.run()
    assert call.fail(RuntimeError("late")).result == "error"


class Slow:
    """Takes its time, and says yes."""

    def classify(self, text: str) -> Understanding:
        time.sleep(0.05)
        return Understanding(Intent.AFFIRM, 0.9)


def test_a_slow_classifier_keeps_the_line_open_meanwhile(a_call: Maker) -> None:
    with ThreadPoolExecutor(1) as executor:
        assert a_call(HELLO, YES, YES, classifier=Slow(), executor=executor).run().result == "success"
