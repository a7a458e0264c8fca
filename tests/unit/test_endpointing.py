"""How much silence ends an utterance."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.hearing.endpointing import Endpointing, Pause
from minibot_fs.hearing.hearing_settings import EndpointingMode, HearingSettings

SETTINGS = HearingSettings()


def delay_ms(text: str, completeness: float, *, silence_ms: int = 1400, stable_ms: int = 1000) -> int:
    return Endpointing(SETTINGS, lambda _: completeness).delay_ms(Pause(silence_ms, text, stable_ms))


@given(st.floats(-1, 2), st.floats(-1, 2), st.text(min_size=1))
def test_the_more_complete_the_shorter_and_always_within_the_limits(a: float, b: float, text: str) -> None:
    low, high = sorted((a, b))
    assert SETTINGS.min_delay_ms <= delay_ms(text, high) <= delay_ms(text, low) <= SETTINGS.max_delay_ms


def test_without_words_it_waits_for_them_a_little() -> None:
    assert delay_ms("", 1.0) == SETTINGS.no_text_delay_ms


def test_a_text_that_still_changes_is_waited_for() -> None:
    assert delay_ms("oui bien sûr", 1.0, silence_ms=600, stable_ms=20) > 600


def test_a_word_alone_may_only_be_the_beginning() -> None:
    assert delay_ms("oui", 1.0) > delay_ms("oui merci", 1.0)


def test_a_caller_who_makes_pauses_is_given_more_time() -> None:
    endpointing = Endpointing(SETTINGS, lambda _: 1.0)
    pause = Pause(1000, "oui merci", 1000)
    before = endpointing.delay_ms(pause)
    for _ in range(6):
        endpointing.resumed_after(600)
    assert before < endpointing.delay_ms(pause) <= SETTINGS.no_text_delay_ms


def test_fixed_mode_knows_only_the_silence_threshold() -> None:
    settings = HearingSettings(endpointing_mode=EndpointingMode.FIXED, max_delay_ms=1200)
    endpointing = Endpointing(settings, lambda _: 1.0)
    assert not endpointing.is_over(Pause(1180, "oui", 900))
    assert endpointing.is_over(Pause(1200, "", 0))
