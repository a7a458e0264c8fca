"""Plays a caller script frame by frame: what it says, its line's noise, and our own prompt coming back.

Pure in time: the frame count is the clock and the noise has a fixed seed, so the same prompts give
the same caller, whatever the pace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minibot_fs.switch.caller_script import CallerScript, Cue, Turn
from minibot_fs.switch.sound_file import FRAME_MS, FRAME_SAMPLES, RATE_HZ, Samples, read_sound

FULL_SCALE = 32768.0


@dataclass(frozen=True)
class CallerSays:
    """The caller begins to say ``text``; times in ms of the call. Empty text: a noise."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class CallerFrame:
    """What comes from the caller in 20 ms."""

    samples: Samples
    digits: str
    hung_up: bool


class ScriptedCaller:
    """Told of answer and prompts by the switch, asked by it for one frame after another."""

    def __init__(self, script: CallerScript, *, say: Callable[[CallerSays], None], seed: int = 0) -> None:
        self._script = script
        self._say = say
        self._turns = deque(script.turns)
        self._due_ms: int | None = None
        self._voice = np.zeros(0, np.int16)
        self._noise = np.random.default_rng(seed)
        self._echo_delay = deque([np.zeros(FRAME_SAMPLES, np.int16)] * (script.echo_delay_ms // FRAME_MS))
        self._arm(0, Cue.TURN_END, None)

    def answered(self, at_ms: int) -> None:
        self._arm(at_ms, Cue.ANSWER, None)

    def prompt_started(self, at_ms: int, prompt: Path) -> None:
        turn = self._next_turn()
        if turn and turn.cue is Cue.PROMPT_END:
            # The speaker goes on: wait for the end of this prompt instead.
            self._due_ms = None
        self._arm(at_ms, Cue.PROMPT_START, prompt)

    def prompt_ended(self, at_ms: int, prompt: Path) -> None:
        self._arm(at_ms, Cue.PROMPT_END, prompt)

    def frame(self, at_ms: int, sent: Samples) -> CallerFrame:
        """The caller's next 20 ms, while we send ``sent``."""
        digits, hung_up = "", False
        if self._due_ms is not None and at_ms >= self._due_ms:
            turn = self._turns.popleft()
            self._due_ms = None
            digits, hung_up = turn.digits or "", turn.hang_up
            if turn.sound is not None:
                self._begin(at_ms, turn, turn.sound)
            else:
                self._turn_over(at_ms)
        return CallerFrame(self._mix(at_ms, sent), digits, hung_up)

    def _next_turn(self) -> Turn | None:
        """The turn whose cue counts now: none while the one before is still being said."""
        return self._turns[0] if self._turns and not len(self._voice) else None

    def _arm(self, at_ms: int, cue: Cue, prompt: Path | None) -> None:
        turn = self._next_turn()
        if turn and turn.cue is cue and (prompt is None or turn.is_for(prompt)):
            self._due_ms = at_ms + round(turn.after_s * 1000)

    def _begin(self, at_ms: int, turn: Turn, sound: Path) -> None:
        samples = read_sound(sound)
        gain = 10 ** (self._script.volume_db / 20)
        self._voice = _clipped(samples * gain)
        self._say(CallerSays(at_ms, at_ms + len(samples) * 1000 // RATE_HZ, turn.say))

    def _turn_over(self, at_ms: int) -> None:
        self._arm(at_ms, Cue.TURN_END, None)

    def _mix(self, at_ms: int, sent: Samples) -> Samples:
        mixed = np.zeros(FRAME_SAMPLES)
        if len(self._voice):
            chunk, self._voice = self._voice[:FRAME_SAMPLES], self._voice[FRAME_SAMPLES:]
            mixed[: len(chunk)] += chunk
            if not len(self._voice):
                self._turn_over(at_ms + FRAME_MS)
        if self._script.noise_dbfs is not None:
            level = FULL_SCALE * 10 ** (self._script.noise_dbfs / 20)
            mixed += self._noise.standard_normal(FRAME_SAMPLES) * level
        if self._script.echo_db is not None:
            self._echo_delay.append(sent)
            mixed += self._echo_delay.popleft() * 10 ** (self._script.echo_db / 20)
        return _clipped(mixed)


def _clipped(samples: npt.NDArray[np.floating[Any]]) -> Samples:
    clipped: Samples = np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return clipped
