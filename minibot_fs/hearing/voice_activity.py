"""Frame by frame: is the caller's voice there, above the noise of the line and the echo of our prompt?"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from minibot_fs.hearing.echo_guard import EchoGuard
from minibot_fs.hearing.frames import FRAME_MS, SILENT_FRAME
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.levels import SILENCE_DBFS, VoiceBandMeter, frame_level_dbfs
from minibot_fs.hearing.vad import Vad
from minibot_fs.hearing.voicing import has_pitch


@dataclass(frozen=True)
class Activity:
    """One frame as heard. ``end_ms``: the call's time at its end.

    ``voiced``: the caller's voice; ``clear``: far above noise and echo, and with a pitch (told while
    we send something, nobody asks otherwise); ``level_dbfs``: of the frame as it came; ``audible``:
    what the recognizer may hear of it, silence where it is no louder than our echo can be.
    """

    frame: bytes
    audible: bytes
    end_ms: int
    voiced: bool
    clear: bool
    level_dbfs: float


class NoiseFloor:
    """Level of the line between words: what the quietest frames of the last 3 s do not exceed.

    Speech, however fluent, is that quiet for a quarter of a second in three. Single frames of digital
    silence are lost packets and tell nothing.
    """

    _MEMORY_FRAMES = 3000 // FRAME_MS
    _EVERY_FRAMES = 200 // FRAME_MS
    _QUIET_SHARE = 0.08
    _START_DBFS = -60.0
    _QUIETEST_DBFS = -70.0
    _LOST_IN_A_ROW = 10
    _UNPROVEN_FRAMES = 1000 // FRAME_MS
    _UNPROVEN_DBFS = -42.0
    """In its first second a louder line may be the caller's first word."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=self._MEMORY_FRAMES)
        self._until_next = self._EVERY_FRAMES
        self._lost = 0
        self.level_dbfs = self._START_DBFS

    def train(self, level_dbfs: float) -> None:
        self._lost = self._lost + 1 if level_dbfs <= SILENCE_DBFS else 0
        if 0 < self._lost < self._LOST_IN_A_ROW:
            return
        self._levels.append(level_dbfs)
        self._until_next -= 1
        if self._until_next == 0:
            self._until_next = self._EVERY_FRAMES
            quiet = sorted(self._levels)[round(self._QUIET_SHARE * len(self._levels))]
            loudest_dbfs = 0.0 if len(self._levels) > self._UNPROVEN_FRAMES else self._UNPROVEN_DBFS
            self.level_dbfs = min(max(quiet, self._QUIETEST_DBFS), loudest_dbfs)


class VoiceLevel:
    """How loud the caller is: the loudest of late, fading."""

    _FADE_DB = 3.0 * FRAME_MS / 1000

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=3)
        self.level_dbfs = SILENCE_DBFS

    def hear(self, level_dbfs: float, *, voiced: bool) -> None:
        self._recent.append(level_dbfs)
        self.level_dbfs -= self._FADE_DB
        if voiced:
            self.level_dbfs = max(self.level_dbfs, min(self._recent))


class VoiceActivity:
    """Voice must stand out from the noise floor, from the echo of our prompt, and not be far weaker than
    the caller just was: people talking behind the caller do not prolong an utterance.

    Neither echo nor any frame of prompt time trains the noise floor.
    """

    _WARM_UP_MS = 100
    """WebRTC's detector takes any noise at the very beginning for speech."""
    _HELD_MARGIN_DB = 2.0
    """While voice goes on, this much less is asked of it."""
    _SOFT_END_FRAMES = 3
    """The recognizer hears this much after the last voiced frame even below the echo: soft last sounds."""
    _BACKGROUND_SHARE = 0.5
    """Background is what is nearer to the noise floor than this share of the way to the caller's level."""

    def __init__(self, settings: HearingSettings, vad: Vad) -> None:
        self._settings = settings
        self._vad = vad
        self._echo = EchoGuard(settings)
        self._floor = NoiseFloor()
        self._caller = VoiceLevel()
        self._meter = VoiceBandMeter()
        self._frame_before = SILENT_FRAME
        self._voiced_run = 0
        self._unvoiced_frames = 0

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
        level_dbfs = self._meter.level_dbfs(frame)
        speech = self._vad.is_speech(frame)
        echo_dbfs = self._echo.threshold_dbfs(level_dbfs)
        floor_dbfs = self._floor.level_dbfs
        background_db = self._BACKGROUND_SHARE * (self._caller.level_dbfs - floor_dbfs)
        held_db = self._HELD_MARGIN_DB if self._voiced_run >= 3 else 0.0
        least_dbfs = max(
            self._settings.min_level_dbfs,
            floor_dbfs + max(self._settings.noise_margin_db, background_db) - held_db,
            echo_dbfs - held_db,
        )
        if not self._echo.active:
            self._floor.train(level_dbfs)
        voiced = speech and level_dbfs > least_dbfs and end_ms > self._WARM_UP_MS
        clear = (
            voiced
            and self._echo.active
            and level_dbfs > max(floor_dbfs + self._settings.clear_margin_db, echo_dbfs)
            and has_pitch(self._frame_before + frame)
        )
        self._frame_before = frame
        self._caller.hear(level_dbfs, voiced=voiced)
        self._voiced_run = min(self._voiced_run + 1, 10) if voiced else max(self._voiced_run - 1, 0)
        self._unvoiced_frames = 0 if voiced else self._unvoiced_frames + 1
        word_is_over = self._unvoiced_frames > self._SOFT_END_FRAMES
        echoed = self._echo.active and level_dbfs <= echo_dbfs and word_is_over
        audible = SILENT_FRAME if echoed else frame
        return Activity(frame, audible, end_ms, voiced, clear, frame_level_dbfs(frame))
