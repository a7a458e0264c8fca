"""Talking over a prompt: what stops it, what does not, and what becomes of the words."""

from __future__ import annotations

import pytest

from minibot_fs.hearing.events import Interrupted, InterruptionRetracted, UtteranceEnded
from minibot_fs.hearing.frames import FRAME_MS
from minibot_fs.hearing.scripted_recognizer import SpokenText

from .hearing_call import CallOf


def over_a_prompt(**options: object) -> CallOf:
    return CallOf().quiet(1000).prompt(**options).quiet(4000)


def test_nothing_interrupts_in_the_grace_period_but_a_voice_that_goes_on_does_when_it_ends() -> None:
    call = CallOf().quiet(1000).prompt().quiet(2000).say("attendez je voudrais vous dire une chose", 2500)
    interrupted = call.one(Interrupted)
    assert 4000 <= interrupted.at_ms < 4300
    assert interrupted.started_ms <= 3020


def test_speech_that_ended_within_the_grace_period_does_not_interrupt() -> None:
    call = CallOf().quiet(1000).prompt().quiet(1000).say("allô qui est là", 800).quiet(4000)
    assert call.all(Interrupted) == []


def test_words_after_the_grace_period_interrupt_and_are_kept_whole() -> None:
    call = over_a_prompt().say("non merci je n'ai pas le temps", 1500).quiet(1500)
    assert call.one(Interrupted).at_ms - 5000 <= 600
    utterance = call.one(UtteranceEnded)
    assert utterance.text == "non merci je n'ai pas le temps"
    assert utterance.during_prompt


def test_a_short_no_interrupts_when_its_word_is_known() -> None:
    call = over_a_prompt().say("non", 240).quiet(1500)
    assert call.one(Interrupted).at_ms - 5000 <= 600
    assert call.all(InterruptionRetracted) == []
    assert call.one(UtteranceEnded).text == "non"


@pytest.mark.parametrize(("text", "ms"), [("mm", 250), ("oui oui", 450), ("d'accord", 400)])
def test_a_backchannel_does_not_interrupt(text: str, ms: int) -> None:
    assert over_a_prompt().say(text, ms).quiet(2000).all(Interrupted) == []


def test_backchannels_do_not_add_up_over_a_prompt() -> None:
    call = over_a_prompt()
    for _ in range(4):
        call.say("oui oui", 400).quiet(1200)
    assert call.all(Interrupted) == []


def test_coughs_and_slams_do_not_interrupt() -> None:
    call = over_a_prompt().sound(320, -14).quiet(250).sound(320, -14).quiet(1500).sound(160, -8).quiet(1500)
    assert call.all(Interrupted) == []


def test_a_long_noise_without_pitch_does_not_interrupt() -> None:
    assert over_a_prompt().sound(3000, -20).quiet(1500).all(Interrupted) == []


def test_a_long_voice_without_words_cuts_the_prompt_and_is_taken_back_when_no_word_follows() -> None:
    call = over_a_prompt().voice(3500).quiet(1500)
    interrupted, retracted = call.one(Interrupted), call.one(InterruptionRetracted)
    assert retracted.at_ms - interrupted.at_ms == 2000
    assert call.all(UtteranceEnded) == []


def test_an_interruption_that_ends_without_a_word_is_taken_back_at_once() -> None:
    call = over_a_prompt().voice(700).quiet(2000)
    assert call.one(InterruptionRetracted).at_ms - call.one(Interrupted).at_ms < 1500


def test_words_interrupt_again_after_a_retraction_in_the_same_breath() -> None:
    call = over_a_prompt().voice(3000).say("stop arrêtez maintenant", 1200).quiet(1500)
    assert len(call.all(Interrupted)) == 2
    assert len(call.all(InterruptionRetracted)) == 1
    assert "stop" in call.one(UtteranceEnded).text


def test_a_prompt_without_barge_in_is_never_interrupted_but_its_answer_is_kept() -> None:
    call = over_a_prompt(barge_in=False).say("oui tout à fait", 1000)
    call.listener.prompt_ended(5000)
    call.listener.listen(4000)
    call.say("allez-y", 400).quiet(1000)
    assert call.all(Interrupted) == []
    assert call.one(UtteranceEnded).text == "oui tout à fait allez-y"


def test_a_prompt_that_goes_on_has_part_of_its_grace_period_behind_it() -> None:
    call = CallOf().quiet(1000).prompt(position_ms=2500).quiet(600).say("non merci", 600).quiet(1000)
    assert len(call.all(Interrupted)) == 1


def test_a_prompt_may_bring_its_own_grace_period() -> None:
    call = CallOf().quiet(1000).prompt(grace_period_ms=0).quiet(200).say("non merci", 600).quiet(1000)
    assert len(call.all(Interrupted)) == 1


PROMPT_LEVELS = [-16.0, -20.0, -18.0, -30.0, -17.0, -22.0, -55.0, -19.0] * 100


@pytest.mark.parametrize("echo_loss_db", [12, 20, 30])
@pytest.mark.parametrize("delay_ms", [20, 160, 400])
def test_the_echo_of_our_own_prompt_is_not_the_caller(echo_loss_db: float, delay_ms: int) -> None:
    levels = [level for level in PROMPT_LEVELS for _ in range(5)][:1000]
    echo = [-65.0] * (delay_ms // FRAME_MS) + [level - echo_loss_db for level in levels]
    call = CallOf().quiet(1000)
    call.listener.prompt_started(levels, barge_in=True)
    call.levels(echo[:1000])
    call.listener.prompt_ended(20_000)
    call.quiet(3000)
    assert call.all(Interrupted) == []
    assert call.all(UtteranceEnded) == []


@pytest.mark.parametrize("echo_loss_db", [12, 20, 30])
def test_a_caller_is_heard_over_the_echo_of_the_prompt(echo_loss_db: float) -> None:
    levels = [level for level in PROMPT_LEVELS for _ in range(5)][:1000]
    call = CallOf().quiet(1000)
    call.listener.prompt_started(levels, barge_in=True)
    call.levels([level - echo_loss_db for level in levels[:250]])
    call.say("non merci pas maintenant", 1200, -20).quiet(1500)
    assert len(call.all(Interrupted)) == 1
    assert call.one(UtteranceEnded).text == "non merci pas maintenant"


def test_words_of_our_own_echo_do_not_join_a_backchannel() -> None:
    levels = [level for level in PROMPT_LEVELS for _ in range(5)][:1000]
    call = CallOf().quiet(1000)
    call.listener.prompt_started(levels, barge_in=True)
    call.recognizer.say(SpokenText(1000, 6000, "bonjour je vous appelle au sujet de votre contrat"))
    call.levels([level - 20 for level in levels[:250]])
    call.say("oui oui", 400)
    call.recognizer.say(SpokenText(6400, 9000, "est ce que vous avez deux minutes"))
    call.levels([level - 20 for level in levels[270:400]])
    assert call.all(Interrupted) == []
    assert call.one(UtteranceEnded).text == "oui oui"
