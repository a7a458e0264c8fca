"""From voice to utterance: what is heard, what is a noise, when it is over."""

from __future__ import annotations

import pytest

from minibot_fs.hearing.events import NoInput, Partial, SpeechStarted, UtteranceEnded
from minibot_fs.hearing.hearing_settings import EndpointingMode, HearingSettings

from .hearing_call import CallOf

FIXED = HearingSettings(endpointing_mode=EndpointingMode.FIXED)


def listening(settings: HearingSettings | None = None, timeout_ms: int = 4000) -> CallOf:
    call = CallOf(settings).quiet(500)
    call.listener.listen(timeout_ms)
    return call


def test_an_answer_has_its_words_and_its_times() -> None:
    call = listening().quiet(500).say("oui bien sûr", 900).quiet(1000)
    utterance = call.one(UtteranceEnded)
    assert utterance.text == "oui bien sûr"
    assert abs(utterance.started_ms - 1000) <= 20
    assert abs(utterance.ended_ms - 1900) <= 20
    assert utterance.ended_ms < utterance.decided_ms <= utterance.at_ms
    assert not utterance.during_prompt


def test_events_of_a_turn_come_in_order() -> None:
    call = listening().say("oui bien sûr", 900).quiet(1000)
    kinds = [type(event) for event in call.events]
    assert kinds[0] is SpeechStarted
    assert kinds[-1] is UtteranceEnded
    assert set(kinds[1:-1]) == {Partial}


def test_a_bare_yes_is_heard_although_it_is_shorter_than_the_speech_start_threshold() -> None:
    call = listening().say("oui", 160).quiet(1500)
    assert call.one(UtteranceEnded).text == "oui"
    assert call.one(SpeechStarted).started_ms <= call.one(UtteranceEnded).ended_ms


def test_a_cough_is_no_utterance_and_listening_goes_on() -> None:
    call = listening(timeout_ms=4000).sound(300, -20).quiet(1500).say("oui", 300).quiet(1000)
    assert call.one(UtteranceEnded).text == "oui"
    assert call.all(NoInput) == []


def test_long_voice_without_a_word_is_an_utterance_nobody_understood() -> None:
    call = listening().voice(1200).quiet(2000)
    assert call.one(UtteranceEnded).text == ""


def test_nobody_speaking_is_no_input_once_and_at_the_time_asked_for() -> None:
    call = listening(timeout_ms=2000).quiet(6000)
    no_input = call.one(NoInput)
    assert (no_input.at_ms, no_input.waited_ms) == (2500, 2000)


def test_a_noise_at_the_end_of_the_listening_time_only_delays_the_no_input() -> None:
    call = listening(timeout_ms=2000).quiet(1900).sound(200, -20).quiet(3000)
    assert 2500 < call.one(NoInput).at_ms < 4000


def test_speech_that_begins_just_in_time_is_heard_to_its_end() -> None:
    call = listening(timeout_ms=2000).quiet(1800).say("oui je vous écoute", 2500).quiet(2000)
    assert call.one(UtteranceEnded).text == "oui je vous écoute"
    assert call.all(NoInput) == []


def test_words_begun_before_listening_are_the_answer() -> None:
    call = CallOf().quiet(500).say("oui c'est", 400)
    call.listener.listen(4000)
    call.say("moi même", 400).quiet(1000)
    assert call.one(UtteranceEnded).text == "oui c'est moi même"


def test_fixed_endpointing_waits_exactly_the_silence_threshold() -> None:
    utterance = listening(FIXED).say("oui", 400).quiet(2000).one(UtteranceEnded)
    assert utterance.decided_ms - utterance.ended_ms == 1500


def test_a_finished_answer_ends_sooner_than_an_open_one_and_a_hesitation_last() -> None:
    waits = []
    for text in ("oui", "je suis là", "oui euh"):
        utterance = listening().say(text, 600).quiet(2000).one(UtteranceEnded)
        waits.append(utterance.decided_ms - utterance.ended_ms)
    assert waits == sorted(waits)
    assert waits[0] <= 600
    assert waits[2] == 1500


def test_a_pause_after_a_hesitation_does_not_cut_the_sentence() -> None:
    call = listening().say("oui euh", 600).quiet(1200).say("demain plutôt", 700).quiet(2000)
    assert call.one(UtteranceEnded).text == "oui euh demain plutôt"


def test_a_click_in_the_silence_does_not_prolong_the_utterance() -> None:
    quiet = listening(FIXED).say("oui", 400).quiet(2000).one(UtteranceEnded)
    click = listening(FIXED).say("oui", 400).quiet(600).sound(20, -20).quiet(2000).one(UtteranceEnded)
    assert click.decided_ms == quiet.decided_ms


def test_an_endless_voice_is_ended_at_the_longest_utterance() -> None:
    call = listening().say("et puis " * 60, 22_000)
    utterance = call.one(UtteranceEnded)
    assert utterance.decided_ms - utterance.started_ms == 20_000


@pytest.mark.parametrize("noise_dbfs", [-55, -45, -38])
def test_steady_noise_of_the_line_is_no_voice_once_it_is_known(noise_dbfs: float) -> None:
    call = CallOf().sound(4000, noise_dbfs).forget()
    call.listener.listen(3000)
    call.sound(4000, noise_dbfs)
    assert call.all(UtteranceEnded) == []
    assert len(call.all(NoInput)) == 1
    assert call.say("oui", 400).sound(2000, noise_dbfs).one(UtteranceEnded).text == "oui"


def test_the_same_audio_gives_the_same_events() -> None:
    first, second = (
        listening().say("oui euh", 600).quiet(900).say("demain", 300).quiet(2000) for _ in range(2)
    )
    assert first.events == second.events
