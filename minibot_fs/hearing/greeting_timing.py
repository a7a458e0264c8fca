"""How somebody who answers speaks: since when, for how long, in how many words, how quiet since."""

from __future__ import annotations

from minibot_fs.hearing.frames import FRAME_MS, frames_in


class GreetingTiming:
    """Args: minimum_word_length_ms, shorter sounds are no word; between_words_silence_ms, shorter
    silences part no words. The clock is the number of frames heard; all times in ms of it."""

    def __init__(self, minimum_word_length_ms: int, between_words_silence_ms: int) -> None:
        self._word_frames = frames_in(minimum_word_length_ms)
        self._gap_frames = frames_in(between_words_silence_ms)
        self._frames = 0
        self._word_voiced = 0
        self._gap = 0
        self._word_started_ms = 0
        self.words = 0
        self.voiced_ms = 0
        self.started_ms: int | None = None
        """First frame of the first word; None until a word was heard."""
        self.ended_ms = 0
        """End of the last voiced frame that belongs to a word."""

    @property
    def at_ms(self) -> int:
        return self._frames * FRAME_MS

    @property
    def span_ms(self) -> int:
        """From the first word's begin to the last word's end, pauses included."""
        return 0 if self.started_ms is None else self.ended_ms - self.started_ms

    @property
    def quiet_ms(self) -> int:
        """Since the last word; since the answer when nobody has spoken."""
        return self.at_ms - self.ended_ms

    def on_frame(self, voiced: bool) -> None:
        self._frames += 1
        if not voiced:
            self._gap += 1
            if self._gap > self._gap_frames:
                self._word_voiced = 0
            return
        if self._word_voiced == 0:
            self._word_started_ms = self.at_ms - FRAME_MS
        self._gap = 0
        self._word_voiced += 1
        if self._word_voiced == self._word_frames:
            self._begin_word()
        elif self._word_voiced > self._word_frames:
            self.ended_ms = self.at_ms
            self.voiced_ms += FRAME_MS

    def _begin_word(self) -> None:
        if self.started_ms is None:
            self.started_ms = self._word_started_ms
        self.words += 1
        self.voiced_ms += self._word_voiced * FRAME_MS
        self.ended_ms = self.at_ms
