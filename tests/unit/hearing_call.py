"""A call for hearing tests: a caller made of level and words, no real voice and no real detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from minibot_fs.hearing.events import HearingEvent
from minibot_fs.hearing.frames import FRAME_MS, FRAME_SAMPLES
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.levels import frame_level_dbfs
from minibot_fs.hearing.listener import Listener, MachineDetector
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText

E = TypeVar("E", bound=HearingEvent)

VOICE_DBFS = -20.0
LINE_DBFS = -65.0
BACKCHANNELS = ("mm", "oui oui", "d'accord")
HESITATIONS = ("euh",)


def frame_at(level_dbfs: float, rng: np.random.Generator) -> bytes:
    samples = rng.normal(0, 32768 * 10 ** (level_dbfs / 20), FRAME_SAMPLES)
    return samples.clip(-32768, 32767).astype("<i2").tobytes()


def voice_at(level_dbfs: float, start_ms: int) -> bytes:
    """A buzz of 125 Hz with its harmonics: what a larynx gives."""
    seconds = (start_ms * 8 + np.arange(FRAME_SAMPLES)) / 8000
    buzz = sum(np.sin(2 * np.pi * 125 * number * seconds) for number in range(1, 12))
    return (buzz / np.sqrt(5.5) * 32768 * 10 ** (level_dbfs / 20)).clip(-32768, 32767).astype("<i2").tobytes()


class LoudIsSpeech:
    """A detector that takes everything above -50 dBFS for speech: the guards behind it must do the rest."""

    def is_speech(self, frame: bytes) -> bool:
        return frame_level_dbfs(frame) > -50


def completeness(text: str) -> float:
    if not text or text.split()[-1] in HESITATIONS:
        return 0.0
    return 1.0 if text.split()[0] in ("oui", "non") else 0.5


class CallOf:
    """What one caller does, second by second; every method lets that much time pass."""

    def __init__(
        self,
        settings: HearingSettings | None = None,
        *,
        amd: MachineDetector | None = None,
        is_complete: Callable[[str], float] = completeness,
    ) -> None:
        self._rng = np.random.default_rng(7)
        self.recognizer = ScriptedRecognizer(lambda: self.listener.at_ms)
        self.listener = Listener(
            settings or HearingSettings(),
            LoudIsSpeech(),
            self.recognizer,
            amd=amd,
            is_backchannel=BACKCHANNELS.__contains__,
            completeness=is_complete,
        )
        self.events: list[HearingEvent] = []

    @property
    def at_ms(self) -> int:
        return self.listener.at_ms

    def sound(self, ms: int, level_dbfs: float) -> CallOf:
        for _ in range(ms // FRAME_MS):
            self.events += self.listener.on_frame(frame_at(level_dbfs, self._rng))
        return self

    def levels(self, levels_dbfs: Sequence[float]) -> CallOf:
        """A voice (ours as an echo, another one's) at a level for every 20 ms."""
        for level_dbfs in levels_dbfs:
            self.events += self.listener.on_frame(voice_at(level_dbfs, self.at_ms))
        return self

    def voice(self, ms: int, level_dbfs: float = VOICE_DBFS) -> CallOf:
        """A voice without words that a recognizer knows, with a short gap every 400 ms."""
        frames = range(1, ms // FRAME_MS + 1)
        return self.levels([LINE_DBFS if 17 <= frame % 20 <= 19 else level_dbfs for frame in frames])

    def quiet(self, ms: int) -> CallOf:
        return self.sound(ms, LINE_DBFS)

    def say(self, text: str, ms: int, level_dbfs: float = VOICE_DBFS) -> CallOf:
        self.recognizer.say(SpokenText(self.at_ms, self.at_ms + ms, text))
        return self.voice(ms, level_dbfs)

    def prompt(self, ms: int = 10_000, level_dbfs: float = -18.0, **options: object) -> CallOf:
        """We begin to send a prompt; the caller's line is what the next calls say."""
        self.listener.prompt_started([level_dbfs] * (ms // FRAME_MS), **{"barge_in": True, **options})  # type: ignore[arg-type]
        return self

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        (event,) = self.all(kind)
        return event

    def forget(self) -> CallOf:
        self.events.clear()
        return self
