"""The line: prompts, answers and interruptions, on the caller's real audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from minibot_fs.errors import CallGone
from minibot_fs.hearing.events import (
    AmdClass,
    AmdResult,
    DigitPressed,
    HearingEvent,
    MachineDecided,
    NoInput,
    UtteranceEnded,
)
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.levels import levels_of_file
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText
from minibot_fs.hearing.vad import WebRtcVad
from minibot_fs.line import Line, MachineAnswered, TooLong
from minibot_fs.switch.caller_script import CallerScript, Cue, Turn
from minibot_fs.switch.rehearsal import RehearsalSwitch
from minibot_fs.switch.scripted_caller import CallerSays

SOUNDS = Path(__file__).resolve().parents[2] / "callers" / "sounds"
YES = Turn(after_s=0.6, say="oui bonjour je vous écoute", sound=SOUNDS / "interested_oui_bonjour.wav")
GRACE_MS = 1000


class MachineAt:
    """Finds a machine at a moment, whatever it hears."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms
        self._now_ms = 0

    def on_frame(self, frame: bytes, voiced: bool, level_dbfs: float) -> list[MachineDecided]:
        self._now_ms += 20
        if self._now_ms != self._at_ms:
            return []
        return [MachineDecided(self._now_ms, AmdResult.MACHINE, AmdClass.VOICEMAIL, "told so", 1.0)]

    def on_partial(self, text: str, final: bool = False) -> list[MachineDecided]:
        return []


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    """Six seconds of a voice-like murmur."""
    rng = np.random.default_rng(1)
    murmur = rng.standard_normal(6 * 8000) * 0.05
    file = tmp_path / "prompt.wav"
    soundfile.write(file, murmur, 8000, subtype="ULAW", format="WAV")
    return file


def line_to(*turns: Turn, max_duration_ms: int = 60_000, machine: MachineAt | None = None) -> Line:
    recognizers: list[ScriptedRecognizer] = []

    def say(said: CallerSays) -> None:
        if said.text:
            recognizers[0].say(SpokenText(said.start_ms, said.end_ms, said.text))

    switch = RehearsalSwitch("call", CallerScript(name="x", expect="x", turns=turns, noise_dbfs=-65), say=say)
    recognizers.append(ScriptedRecognizer(lambda: listener.at_ms))
    listener = Listener(
        HearingSettings(grace_period_ms=GRACE_MS),
        WebRtcVad(2),
        recognizers[0],
        amd=machine,
        is_backchannel=lambda text: text in ("mm", "oui oui"),
        completeness=lambda text: 0.9 if text else 0.0,
    )
    line = Line(switch, listener, levels_of_file, max_duration_ms=max_duration_ms)
    line.open()
    return line


def test_an_answer_after_the_prompt_is_heard_whole(prompt: Path) -> None:
    line = line_to(YES)
    said = line.say(prompt, barge_in=True)
    assert (said.position_ms, said.answer, said.interrupted_at_ms) == (6000, None, ())
    answer = line.hear(4000)
    assert isinstance(answer, UtteranceEnded)
    assert answer.text == "oui bonjour je vous écoute"
    assert 6500 <= answer.started_ms <= 6800


def test_silence_is_reported_after_the_listening_time(prompt: Path) -> None:
    line = line_to()
    line.say(prompt, barge_in=True)
    answer = line.hear(4000)
    assert isinstance(answer, NoInput)
    assert answer.waited_ms == 4000


def test_an_interruption_stops_the_prompt_and_its_first_words_are_kept(prompt: Path) -> None:
    line = line_to(YES.model_copy(update={"cue": Cue.PROMPT_START, "after_s": 2.0}))
    said = line.say(prompt, barge_in=True)
    assert said.position_ms < 3000
    assert said.interrupted_at_ms == (said.position_ms,)
    assert isinstance(said.answer, UtteranceEnded)
    assert said.answer.text == "oui bonjour je vous écoute"


def test_nothing_interrupts_in_the_grace_period(prompt: Path) -> None:
    line = line_to(YES.model_copy(update={"cue": Cue.PROMPT_START, "after_s": 0.1}))
    said = line.say(prompt, barge_in=True)
    assert all(cut >= GRACE_MS for cut in said.interrupted_at_ms)


def test_a_prompt_that_forbids_it_is_not_interrupted(prompt: Path) -> None:
    line = line_to(YES.model_copy(update={"cue": Cue.PROMPT_START, "after_s": 2.0}))
    said = line.say(prompt, barge_in=False)
    assert (said.position_ms, said.interrupted_at_ms, said.answer) == (6000, (), None)


def test_an_answer_over_the_last_words_of_a_prompt_counts(prompt: Path) -> None:
    line = line_to(YES.model_copy(update={"cue": Cue.PROMPT_START, "after_s": 4.6}))
    said = line.say(prompt, barge_in=False)
    answer = said.answer or line.hear(4000)
    assert isinstance(answer, UtteranceEnded)
    assert answer.text == "oui bonjour je vous écoute"


def test_a_cough_does_not_end_the_prompt(prompt: Path) -> None:
    cough = Turn(cue="prompt_start", after_s=2.0, sound=SOUNDS / "cough.wav")
    said = line_to(cough).say(prompt, barge_in=True)
    assert (said.position_ms, said.answer) == (6000, None)


def test_a_mapped_digit_ends_the_prompt_and_another_does_not(prompt: Path) -> None:
    pressed = Turn(cue="prompt_start", after_s=1.0, digits="5"), Turn(cue="turn_end", after_s=1.0, digits="1")
    said = line_to(*pressed).say(prompt, barge_in=True, digits=("1",))
    assert isinstance(said.answer, DigitPressed)
    assert said.answer.digit == "1"
    assert 2000 <= said.position_ms <= 2100


def test_a_machine_found_late_ends_the_prompt(prompt: Path) -> None:
    line = line_to(machine=MachineAt(3000))
    with pytest.raises(MachineAnswered, match="told so"):
        line.say(prompt, barge_in=False)
    assert line.at_ms <= 3040


def test_a_verdict_that_was_asked_for_is_returned_and_not_raised_again(prompt: Path) -> None:
    line = line_to(machine=MachineAt(500))
    decided = line.wait_for_verdict(2000, 5000)
    assert decided is not None
    assert decided.result is AmdResult.MACHINE
    assert line.say(prompt, barge_in=False).position_ms == 6000


def test_a_hang_up_ends_whatever_is_under_way(prompt: Path) -> None:
    gone = Turn(cue="prompt_start", after_s=1.0, hang_up=True)
    with pytest.raises(CallGone):
        line_to(gone).say(prompt, barge_in=True)


def test_a_call_is_not_longer_than_allowed(prompt: Path) -> None:
    line = line_to(max_duration_ms=7000)
    line.say(prompt, barge_in=True)
    with pytest.raises(TooLong):
        line.hear(4000)


def test_a_break_without_a_reason_costs_nothing(prompt: Path) -> None:
    line = line_to()
    line._switch.break_()
    assert line.say(prompt, barge_in=True).position_ms == 6000


def test_observers_see_every_event(prompt: Path) -> None:
    seen: list[HearingEvent] = []
    line = line_to(YES)
    line._observe = seen.append
    line.say(prompt, barge_in=True)
    line.hear(4000)
    assert {type(event).__name__ for event in seen} == {"SpeechStarted", "Partial", "UtteranceEnded"}
