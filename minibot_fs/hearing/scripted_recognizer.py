"""A recognizer that knows what the caller says and when: rehearsals without a speech model.

It hears only what it is given: words whose time was not accepted are not in the text, just as a
real recognizer misses what voice activity did not let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from minibot_fs.hearing.frames import BYTES_PER_MS, FRAME_MS
from minibot_fs.hearing.recognizer import FinalText, PartialText, Word

_LAG_MS = 200
"""How long after its end a word shows in partials; silence accepted ahead of time shortens it."""


@dataclass(frozen=True)
class SpokenText:
    """Words said between two moments of the call (ms of caller audio)."""

    start_ms: int
    end_ms: int
    text: str
    confidence: float = 0.95

    def words(self) -> tuple[Word, ...]:
        """The words, each with a share of the time by its length; times in ms of the call."""
        texts = self.text.split()
        total = sum(len(text) for text in texts)
        words, done = [], 0
        for text in texts:
            start = self.start_ms + (self.end_ms - self.start_ms) * done // total
            done += len(text)
            end = self.start_ms + (self.end_ms - self.start_ms) * done // total
            words.append(Word(text, start, end, self.confidence))
        return tuple(words)


class ScriptedRecognizer:
    """Args: clock: the call's time in ms at the end of the audio being accepted (``Listener.at_ms``)."""

    def __init__(self, clock: Callable[[], int], script: Iterable[SpokenText] = ()) -> None:
        self._clock = clock
        self._words = [word for spoken in script for word in spoken.words()]
        self._heard: tuple[int, int] | None = None
        self._sounding: set[int] = set()
        self._partial = ""
        self._results: list[PartialText | FinalText] = []

    def say(self, spoken: SpokenText) -> None:
        """The caller says this too. Told before the audio of it is accepted."""
        self._words.extend(spoken.words())

    def accept(self, pcm: bytes) -> None:
        now, length_ms = self._clock(), len(pcm) // BYTES_PER_MS
        start, until = self._heard or (now - length_ms, now - length_ms)
        for offset_ms in range(0, length_ms, FRAME_MS):
            if any(pcm[offset_ms * BYTES_PER_MS : (offset_ms + FRAME_MS) * BYTES_PER_MS]):
                self._sounding.add((now - length_ms + offset_ms) // FRAME_MS)
        ahead_ms = max(0, until + length_ms - now)
        self._heard = (start, now)
        known_ms = now + ahead_ms - _LAG_MS
        text = " ".join(word.text for word in self._words_heard() if word.end_ms <= known_ms)
        if text != self._partial:
            self._partial = text
            self._results.append(PartialText(text))

    def poll(self) -> Sequence[PartialText | FinalText]:
        results, self._results = self._results, []
        return results

    def finish(self) -> None:
        words = self._words_heard()
        start = self._heard[0] if self._heard else 0
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        relative = tuple(
            Word(word.text, word.start_ms - start, word.end_ms - start, word.confidence) for word in words
        )
        self._clear()
        self._results.append(FinalText(" ".join(word.text for word in words), confidence, relative))

    def reset(self) -> None:
        self._clear()
        self._results.clear()

    def expect(self, phrases: Sequence[str] | None) -> None:
        """Makes no difference: the words are known."""

    def close(self) -> None:
        self.reset()

    def _clear(self) -> None:
        self._heard, self._partial = None, ""
        self._sounding.clear()

    def _words_heard(self) -> list[Word]:
        if self._heard is None:
            return []
        start, end = self._heard
        return [
            word
            for word in self._words
            if start <= (word.start_ms + word.end_ms) / 2 <= end and self._sounds(word)
        ]

    def _sounds(self, word: Word) -> bool:
        """Digital silence holds no word."""
        frames = range(word.start_ms // FRAME_MS, -(-word.end_ms // FRAME_MS))
        return 4 * sum(frame in self._sounding for frame in frames) >= len(frames)
