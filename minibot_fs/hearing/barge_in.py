"""Does the caller mean to interrupt? Whether a voice over a prompt stops it.

Nothing interrupts in the grace period; a voice that goes on when it ends interrupts then. After
it, words that are more than a backchannel ("mm", "oui oui") interrupt at once, and so does a voice
that goes on for ``speech_start_ms`` with no word known yet: coughs and slams are shorter.
Words count per utterance, never over a whole prompt.
"""

from __future__ import annotations

from collections.abc import Callable

from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.utterance import Utterance

_STILL_GOING_MS = 200
"""Voice this recent is going on."""
_SAID_SHARE = 0.6
"""Of a word that is over this share of ``min_duration_ms`` is enough: its soft ends are no voice."""


class BargeIn:
    """Args: is_backchannel: whether a whole transcript only says "I am listening"."""

    def __init__(self, settings: HearingSettings, is_backchannel: Callable[[str], bool]) -> None:
        self._settings = settings
        self._is_backchannel = is_backchannel
        self._judged = ("", False)
        self._allowed = False
        self._grace_ends_ms = 0
        self.playing = False

    def prompt_started(
        self, at_ms: int, *, barge_in: bool, position_ms: int, grace_period_ms: int | None
    ) -> None:
        """A prompt that goes on at ``position_ms`` has that much of its grace period behind it."""
        grace_ms = self._settings.grace_period_ms if grace_period_ms is None else grace_period_ms
        self._grace_ends_ms = at_ms + max(0, grace_ms - position_ms)
        self._allowed = barge_in
        self.playing = True

    def prompt_ended(self) -> None:
        self.playing = False

    def accepts(self, utterance: Utterance) -> bool:
        """Whether this utterance, as far as it has come, stops the prompt that plays."""
        if not (self.playing and self._allowed) or utterance.interruption_pending:
            return False
        if utterance.at_ms < self._grace_ends_ms:
            return False
        if utterance.ended_ms < self._grace_ends_ms and utterance.silence_ms > _STILL_GOING_MS:
            return False
        means_something = self.means_something(utterance.text)
        if means_something and self._is_whole(utterance):
            least_ms = self._settings.min_duration_ms
            return utterance.voiced_ms >= (_SAID_SHARE * least_ms if utterance.is_flushed else least_ms)
        if utterance.retracted or not utterance.is_clear or utterance.silence_ms > _STILL_GOING_MS:
            return False
        only_backchannel = utterance.text and not means_something
        wanted_ms = self._settings.speech_start_ms * (2 if only_backchannel else 1)
        began_in_grace = utterance.started_ms < self._grace_ends_ms
        return (utterance.voiced_ms if began_in_grace else utterance.stretch_ms) >= wanted_ms

    @staticmethod
    def _is_whole(utterance: Utterance) -> bool:
        """A first word may begin a backchannel ("oui oui") until a silence has followed it."""
        return utterance.is_flushed or len(utterance.text.split()) > 1

    def means_something(self, text: str) -> bool:
        """Enough words, and not only a backchannel."""
        if self._judged[0] != text:
            enough = len(text.split()) >= max(1, self._settings.min_words)
            self._judged = (text, enough and not self._is_backchannel(text))
        return self._judged[1]
