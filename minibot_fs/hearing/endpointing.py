"""When a caller has finished: how much silence ends this utterance.

A finished answer needs less than 0.5 s, "euh..." needs 1.5 s. What is known at a pause decides: how
complete the words are (``completeness``, from the dialog: 0.0 a hesitation or an open phrase, 1.0 a
certain answer), whether the recognizer has stopped changing them, and how long this caller's
pauses inside utterances have been so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from minibot_fs.hearing.hearing_settings import EndpointingMode, HearingSettings

_STABLE_MS = 100
"""A whole transcript unchanged for this long is trusted: decoding it takes some time."""
_SINGLE_WORD_MS = 100
"""A word alone waits this much longer: "oui" is often only the beginning ("oui... demain")."""
_SHARE_OF_DELAY = ((0.0, 1.0), (0.1, 0.5), (0.5, 0.3), (0.9, 0.04), (1.0, 0.0))
"""Completeness and how far between ``min_delay_ms`` and ``max_delay_ms`` it is waited for. Pauses in the
middle of a sentence are mostly under 0.9 s; only a bare hesitation is worth the whole delay."""
_PAUSE_WEIGHT = 0.3
_PAUSE_HEADROOM_MS = 150


@dataclass(frozen=True)
class Pause:
    """The utterance at a moment of silence. ``stable_ms``: how long its text has been whole, unchanged."""

    silence_ms: int
    text: str
    stable_ms: int


def _share_of_delay(completeness: float) -> float:
    for (low, low_share), (high, high_share) in pairwise(_SHARE_OF_DELAY):
        if completeness <= high:
            return low_share + (high_share - low_share) * (completeness - low) / (high - low)
    return _SHARE_OF_DELAY[-1][1]


class Endpointing:
    """Args: completeness: text so far -> 0.0 (more will surely follow) .. 1.0 (finished)."""

    def __init__(self, settings: HearingSettings, completeness: Callable[[str], float]) -> None:
        self._settings = settings
        self._completeness = completeness
        self._usual_pause_ms = 0.0
        self._rated = ("", 0.0)

    def is_over(self, pause: Pause) -> bool:
        return pause.silence_ms >= self.delay_ms(pause)

    def delay_ms(self, pause: Pause) -> int:
        """Silence after the last voiced frame that ends the utterance, as known now."""
        settings = self._settings
        if settings.endpointing_mode is EndpointingMode.FIXED:
            return settings.max_delay_ms
        if not pause.text:
            return min(settings.no_text_delay_ms, settings.max_delay_ms)
        extra_ms = settings.max_delay_ms - settings.min_delay_ms
        delay = settings.min_delay_ms + extra_ms * _share_of_delay(self._rate(pause.text))
        if " " not in pause.text:
            delay += _SINGLE_WORD_MS
        delay = max(delay, min(self._usual_pause_ms + _PAUSE_HEADROOM_MS, settings.no_text_delay_ms))
        if pause.stable_ms < _STABLE_MS:
            delay = max(delay, pause.silence_ms + _STABLE_MS - pause.stable_ms)
        return round(min(delay, settings.max_delay_ms))

    def resumed_after(self, silence_ms: int) -> None:
        """The caller went on after this much silence: learn how long this caller's pauses are."""
        if silence_ms >= 200:
            longer = max(self._usual_pause_ms, float(silence_ms))
            self._usual_pause_ms += _PAUSE_WEIGHT * (longer - self._usual_pause_ms)

    def _rate(self, text: str) -> float:
        if self._rated[0] != text:
            self._rated = (text, min(1.0, max(0.0, self._completeness(text))))
        return self._rated[1]
