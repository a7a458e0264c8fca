"""A recognizer in a thread answers late: nothing is lost meanwhile, and a dead one does not end the call."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from minibot_fs.hearing.events import UtteranceEnded
from minibot_fs.hearing.frames import BYTES_PER_MS
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.recognizer import FinalText, PartialText

from .hearing_call import VOICE_DBFS, CallOf, LoudIsSpeech, completeness


class LateRecognizer:
    """Says how much it heard of each utterance, ``late_polls`` polls after it was finished."""

    def __init__(self, late_polls: int | None) -> None:
        self.late_polls = late_polls
        self.heard_bytes = 0
        self.owed: list[tuple[int, str]] = []
        self.resets = 0

    def accept(self, pcm: bytes) -> None:
        self.heard_bytes += len(pcm)

    def poll(self) -> Sequence[PartialText | FinalText]:
        self.owed = [(polls - 1, text) for polls, text in self.owed]
        due = [text for polls, text in self.owed if polls <= 0]
        self.owed = [(polls, text) for polls, text in self.owed if polls > 0]
        return [FinalText(text, 0.9) for text in due]

    def finish(self) -> None:
        if self.late_polls is not None:
            self.owed.append((self.late_polls, f"{self.heard_bytes // BYTES_PER_MS} ms"))
        self.heard_bytes = 0

    def reset(self) -> None:
        self.resets += 1
        self.owed.clear()

    def expect(self, phrases: Sequence[str] | None) -> None:
        pass

    def close(self) -> None:
        pass


def call_with(recognizer: LateRecognizer) -> CallOf:
    call = CallOf()
    call.listener = Listener(
        HearingSettings(),
        LoudIsSpeech(),
        recognizer,
        is_backchannel=lambda text: False,
        completeness=completeness,
    )
    call.quiet(1000).listener.listen(10_000)
    return call


def test_an_utterance_is_reported_when_its_late_text_is_there() -> None:
    utterance = call_with(LateRecognizer(40)).voice(600).quiet(3000).one(UtteranceEnded)
    assert 760 <= utterance.at_ms - utterance.decided_ms <= 840
    assert utterance.decided_ms - utterance.ended_ms == 800


def test_what_is_said_while_the_text_is_awaited_is_the_next_utterance_whole() -> None:
    call = call_with(LateRecognizer(75)).voice(600).quiet(1000).voice(900).quiet(4000)
    first, second = call.all(UtteranceEnded)
    assert second.started_ms == pytest.approx(2600, abs=20)
    assert second.ended_ms == pytest.approx(3500, abs=20)
    assert int(second.text.split()[0]) > int(first.text.split()[0])


def test_a_recognizer_that_never_answers_costs_its_utterance_and_not_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recognizer = LateRecognizer(None)
    call = call_with(recognizer).voice(1000).quiet(12_000)
    assert call.one(UtteranceEnded).text == ""
    assert recognizer.resets == 1
    assert "no final text" in caplog.text
    recognizer.late_polls = 1
    assert call.forget().voice(800, VOICE_DBFS).quiet(2000).one(UtteranceEnded).text
