"""Speech to text behind one Protocol: what the hearing chain needs of a recognizer, and no more.

One :class:`Recognizer` belongs to one call and hears one utterance after another. Order of calls
for an utterance: ``accept`` any number of times, ``finish`` once, then ``poll`` until a
:class:`FinalText` comes. ``reset`` throws the running utterance away. Nothing blocks: a live
implementation decodes in a worker and ``poll`` hands over what has arrived since; a rehearsal
decodes inside ``accept``/``finish`` so that results fall on the same frame every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class PartialText:
    text: str


@dataclass(frozen=True)
class Word:
    """A recognized word; times in ms from the first sample of its utterance."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True)
class FinalText:
    text: str
    confidence: float
    words: tuple[Word, ...] = field(default=())


class Recognizer(Protocol):
    def accept(self, pcm: bytes) -> None:
        """Take 16-bit little-endian mono PCM at 8 kHz, in order; any length of whole samples."""

    def poll(self) -> Sequence[PartialText | FinalText]:
        """What has been recognized since the last poll, oldest first; empty when nothing new."""

    def finish(self) -> None:
        """The utterance is over; exactly one FinalText will follow through ``poll``."""

    def reset(self) -> None:
        """Throw the running utterance away (no FinalText follows) and be ready for the next."""

    def expect(self, phrases: Sequence[str] | None) -> None:
        """Phrases likely in the next utterance (focused recognition), ``None`` for free."""

    def close(self) -> None:
        """The call is over; idempotent. Nothing may be called after it."""
