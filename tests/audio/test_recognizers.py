"""What every recognizer promises, checked on each of them with the same sounds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.recognizer import FinalText, PartialText, Recognizer
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText
from minibot_fs.hearing.vosk_model import SpeechModel
from minibot_fs.hearing.vosk_recognizer import VoskRecognizer

from .conftest import pcm_of

FRAME_BYTES = 320
SAYS = {"korean-yes.wav": (400, 750, "네"), "korean-country.wav": (400, 930, "하라")}


class Call:
    """A recognizer, and a caller who says one fixture after the other to it."""

    def __init__(self) -> None:
        self.at_ms = 0
        self.recognizer: Recognizer
        self.scripted: ScriptedRecognizer | None = None

    def say(self, name: str) -> list[PartialText | FinalText]:
        """Everything recognized up to the end of the sound."""
        if self.scripted is not None:
            start_ms, end_ms, text = SAYS[name]
            self.scripted.say(SpokenText(self.at_ms + start_ms, self.at_ms + end_ms, text))
        pcm = pcm_of(name)
        results: list[PartialText | FinalText] = []
        for start in range(0, len(pcm), FRAME_BYTES):
            self.at_ms += 20
            self.recognizer.accept(pcm[start : start + FRAME_BYTES])
            results += self.recognizer.poll()
        return results

    def finish(self) -> list[PartialText | FinalText]:
        self.recognizer.finish()
        results: list[PartialText | FinalText] = []
        while not any(isinstance(result, FinalText) for result in results):
            results += self.recognizer.poll()
            time.sleep(0.001)
        time.sleep(0.01)
        return [*results, *self.recognizer.poll()]


@pytest.fixture(params=["scripted", "vosk inline", "vosk in threads"])
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    call = Call()
    if request.param == "scripted":
        call.recognizer = call.scripted = ScriptedRecognizer(lambda: call.at_ms)
        yield call
        return
    model: SpeechModel = request.getfixturevalue("korean_model")
    pool = DecodingPool(2 if "threads" in request.param else 0)
    call.recognizer = VoskRecognizer(model, pool)
    yield call
    call.recognizer.close()
    pool.close()


def finals(results: list[PartialText | FinalText]) -> list[FinalText]:
    return [result for result in results if isinstance(result, FinalText)]


def test_the_words_of_an_utterance_come_once_when_it_is_finished(call: Call) -> None:
    before = call.say("korean-country.wav")
    assert finals(before) == []
    (final,) = finals(call.finish())
    assert final.text == "하라"
    assert 0.5 < final.confidence <= 1


def test_partials_come_before_the_final_text(call: Call) -> None:
    results = call.say("korean-country.wav") + call.finish()
    assert isinstance(results[0], PartialText)
    assert isinstance(results[-1], FinalText)


def test_words_carry_their_times_from_the_start_of_their_own_utterance(call: Call) -> None:
    call.say("korean-yes.wav")
    call.finish()
    call.say("korean-yes.wav")
    (final,) = finals(call.finish())
    (word,) = final.words
    assert word.text == "네"
    assert abs(word.start_ms - 400) <= 60
    assert word.start_ms < word.end_ms <= 900


def test_one_utterance_follows_the_other(call: Call) -> None:
    heard = []
    for name in ("korean-yes.wav", "korean-country.wav", "korean-yes.wav"):
        call.say(name)
        heard += [final.text for final in finals(call.finish())]
    assert heard == ["네", "하라", "네"]


def test_nothing_said_is_an_empty_text(call: Call) -> None:
    (final,) = finals(call.finish())
    assert (final.text, final.confidence, final.words) == ("", 0.0, ())


def test_a_reset_throws_the_running_utterance_away_and_nothing_of_it_follows(call: Call) -> None:
    call.say("korean-country.wav")
    call.recognizer.reset()
    time.sleep(0.05)
    assert list(call.recognizer.poll()) == []
    call.say("korean-yes.wav")
    (final,) = finals(call.finish())
    assert final.text == "네"


def test_expected_phrases_are_heard_and_can_be_dropped_again(call: Call) -> None:
    call.recognizer.expect(["네", "하라"])
    call.say("korean-yes.wav")
    (focused,) = finals(call.finish())
    call.recognizer.expect(None)
    call.say("korean-country.wav")
    (free,) = finals(call.finish())
    assert (focused.text, free.text) == ("네", "하라")


def test_closing_twice_is_allowed_in_the_middle_of_an_utterance(call: Call) -> None:
    call.say("korean-country.wav")
    call.recognizer.close()
    call.recognizer.close()
