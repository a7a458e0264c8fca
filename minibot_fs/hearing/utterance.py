"""One utterance while it is being said: how much voice, how long silent, which words so far."""

from __future__ import annotations

from minibot_fs.hearing.frames import FRAME_MS
from minibot_fs.hearing.voice_activity import Activity

_HANGOVER_MS = 100
"""Gaps this short are inside a word."""
_RESUME_FRAMES = 3
"""Voiced frames in a row that end a silence; fewer are a click."""
_CLEAR_SHARE = 0.4
_STRETCH_GAP_MS = 120
"""A longer silence ends a stretch of voice: two coughs are not one sentence."""


class Utterance:
    """Args: opening: the frames that opened it, from its first voiced frame on."""

    def __init__(self, opening: list[Activity], *, during_prompt: bool) -> None:
        self.started_ms = opening[0].end_ms - FRAME_MS
        self.ended_ms = self.started_ms
        self.at_ms = self.started_ms
        self.voiced_ms = 0
        self._stretch_from_ms = self.started_ms
        self._clear_ms = 0
        self.text = ""
        self._text_since_ms = self.started_ms
        self._flushed_ms: int | None = None
        self._run = _RESUME_FRAMES
        self.during_prompt = during_prompt
        self.announced = False
        self.interrupted_ms: int | None = None
        self.retracted = False
        for activity in opening:
            self.hear(activity)

    def hear(self, activity: Activity) -> int:
        """Take the next frame. Returns the silence (ms) that it ended, 0 when it ended none."""
        self.at_ms = activity.end_ms
        if not activity.voiced:
            self._run = 0
            return 0
        self._run += 1
        silence_ms = self.silence_ms - FRAME_MS * min(self._run, _RESUME_FRAMES)
        if silence_ms > _HANGOVER_MS and self._run < _RESUME_FRAMES:
            return 0
        self._flushed_ms = None
        if silence_ms > _STRETCH_GAP_MS:
            self._stretch_from_ms = activity.end_ms - FRAME_MS
            self._clear_ms = 0
        self.ended_ms = activity.end_ms
        self.voiced_ms += FRAME_MS
        self._clear_ms += FRAME_MS if activity.clear else 0
        return silence_ms if silence_ms > _HANGOVER_MS else 0

    def transcribed(self, text: str) -> bool:
        """Take a partial transcript; whether it says anything new."""
        if text == self.text:
            return False
        self.text, self._text_since_ms = text, self.at_ms
        return True

    @property
    def silence_ms(self) -> int:
        """Since the end of the last voiced frame."""
        return self.at_ms - self.ended_ms

    def flushed(self) -> None:
        """The recognizer has been given silence ahead of time: what it says next is the whole text."""
        self._flushed_ms = self.at_ms

    @property
    def is_flushed(self) -> bool:
        return self._flushed_ms is not None

    @property
    def stable_ms(self) -> int:
        """How long the transcript has been whole and unchanged."""
        if self._flushed_ms is None:
            return 0
        return self.at_ms - max(self._text_since_ms, self._flushed_ms)

    @property
    def stretch_ms(self) -> int:
        """The last stretch of voice without a gap to speak of."""
        return self.ended_ms - self._stretch_from_ms

    @property
    def is_clear(self) -> bool:
        """The last stretch is voice beyond doubt."""
        return self._clear_ms >= _CLEAR_SHARE * self.stretch_ms

    @property
    def duration_ms(self) -> int:
        return self.at_ms - self.started_ms

    @property
    def interruption_pending(self) -> bool:
        """It has cut a prompt and that has not been taken back."""
        return self.interrupted_ms is not None and not self.retracted
