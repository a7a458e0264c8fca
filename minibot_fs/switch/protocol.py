"""Where calls happen, behind one Protocol: the few things the call needs of a switch.

Every implementation keeps FreeSWITCH's own behaviour, checked by one contract suite: caller audio
arrives only while ``play`` or ``wait`` runs; ``break_`` from any thread ends either within one
20 ms frame (or the next one, when it comes between two); after a hang-up each of them raises
:class:`~minibot_fs.errors.CallGone` at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FrameHandler = Callable[[bytes], None]
"""Gets 20 ms of the caller: 160 samples, 16-bit little-endian, 8 kHz, mono (320 bytes)."""

DigitHandler = Callable[[str], None]


@dataclass(frozen=True)
class Played:
    """How a prompt ended. ``position_ms`` is how far into the file it got."""

    position_ms: int
    broken: bool


class Switch(Protocol):
    @property
    def call_id(self) -> str:
        """The channel's UUID."""

    def variable(self, name: str) -> str | None:
        """A channel variable, ``None`` when it is not set."""

    def set_variable(self, name: str, value: str) -> None: ...

    def answer(self) -> None:
        """Answer the channel if it is not answered. Raises CallGone."""

    def listen(self, on_frame: FrameHandler, on_digit: DigitHandler) -> None:
        """Hand over the caller's audio and digits from now on. Neither handler may block.

        ``on_frame`` may run on another thread than the caller of this method.
        """

    def play(self, file: Path, start_ms: int = 0) -> Played:
        """Play a sound file from ``start_ms`` to its end or to a break. Raises CallGone."""

    def wait(self, ms: int) -> bool:
        """Let the call go on for ``ms`` in silence; True when a break ended it. Raises CallGone."""

    def break_(self) -> None:
        """End the running ``play`` or ``wait``. From any thread; harmless when nothing runs."""

    def record(self, file: Path) -> None:
        """Record both directions from now on: a WAV, left what we send, right the caller."""

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call; idempotent."""

    def close(self) -> None:
        """Release what ``listen`` and ``record`` took, on every path; idempotent."""
