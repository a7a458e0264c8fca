"""Frame by frame: is the caller's voice there, above the noise of the line and the echo of our prompt?"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from minibot_fs.hearing.echo_guard import EchoGuard
from minibot_fs.hearing.frames import FRAME_MS
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.levels import frame_level_dbfs
from minibot_fs.hearing.vad import Vad


@dataclass(frozen=True)
class Activity:
    """One frame as heard. ``voiced``: the caller's voice; ``end_ms``: the call's time at its end."""

    frame: bytes
    end_ms: int
    voiced: bool
    level_dbfs: float


class NoiseFloor:
    """Level of the line between words: the least level of the last 3 s, kept in blocks of 500 ms.

    Speech dips to the floor several times in 3 s, so that speech itself does not raise it.
    """

    _BLOCK_FRAMES = 500 // FRAME_MS
    _BLOCKS = 6
    _START_DBFS = -60.0
    _QUIETEST_DBFS = -70.0

    def __init__(self) -> None:
        self._minima: deque[float] = deque(maxlen=self._BLOCKS)
        self._recent: deque[float] = deque(maxlen=3)
        self._block_min = 0.0
        self._in_block = 0
        self.level_dbfs = self._START_DBFS

    def train(self, level_dbfs: float) -> None:
        self._recent.append(level_dbfs)
        smoothed = max(self._QUIETEST_DBFS, sum(self._recent) / len(self._recent))
        self._block_min = min(self._block_min, smoothed)
        self._in_block += 1
        if self._in_block == self._BLOCK_FRAMES:
            self._minima.append(self._block_min)
            self._block_min, self._in_block = 0.0, 0
            self.level_dbfs = min(self._minima)
        elif self._minima:
            self.level_dbfs = min(self.level_dbfs, smoothed)


class VoiceActivity:
    """Neither echo nor any frame of prompt time trains the noise floor."""

    _HELD_MARGIN_DB = 4.0
    """While voice goes on, this much less is asked of it."""

    def __init__(self, settings: HearingSettings, vad: Vad) -> None:
        self._settings = settings
        self._vad = vad
        self._echo = EchoGuard(settings)
        self._floor = NoiseFloor()
        self._voiced_run = 0

    def prompt_started(self, levels_dbfs: Sequence[float]) -> None:
        self._echo.prompt_started(levels_dbfs)

    def prompt_ended(self) -> None:
        self._echo.prompt_ended()

    @property
    def noise_floor_dbfs(self) -> float:
        return self._floor.level_dbfs

    @property
    def echo_loss_db(self) -> float:
        return self._echo.loss_db

    def hear(self, frame: bytes, end_ms: int) -> Activity:
        level_dbfs = frame_level_dbfs(frame)
        speech = self._vad.is_speech(frame)
        echo_dbfs = self._echo.threshold_dbfs(level_dbfs)
        held_db = self._HELD_MARGIN_DB if self._voiced_run >= 3 else 0.0
        least_dbfs = max(
            self._settings.min_level_dbfs,
            self._floor.level_dbfs + self._settings.noise_margin_db - held_db,
            echo_dbfs - held_db,
        )
        if not self._echo.active:
            self._floor.train(level_dbfs)
        voiced = speech and level_dbfs > least_dbfs
        self._voiced_run = min(self._voiced_run + 1, 10) if voiced else max(self._voiced_run - 1, 0)
        return Activity(frame, end_ms, voiced, level_dbfs)
