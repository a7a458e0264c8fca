"""Our own prompt coming back: how loud it can be right now, so that it is not taken for the caller.

A telephone line has no echo canceller for us, but the level of what we send is known. What comes
back ``d`` ms later (0 to ``echo_window_ms``) is weaker by a loss that depends on the caller's
telephone. Any stretch in which the prompt was loud and the line quiet proves a least loss:
everything sent at least ``echo_window_ms`` ago has come back by now, so

    loss >= max(sent, from 1 s ago to echo_window_ms ago) - max(received, from 1 s ago to now)

The caller speaking makes that bound smaller, never wrong; so the greatest bound seen so far holds.
It leaks back towards the assumed loss, because a caller may change to the loudspeaker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from minibot_fs.hearing.frames import FRAME_MS, frames_in
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.levels import SILENCE_DBFS

_PROOF_FRAMES = frames_in(1000)
_ACTIVE_DBFS = -40.0
"""A prompt quieter than this proves nothing about the loss."""
_LEAK_DB = 0.5 * FRAME_MS / 1000
_GREATEST_LOSS_DB = 60.0


class EchoGuard:
    def __init__(self, settings: HearingSettings) -> None:
        self._assumed_loss_db = settings.assumed_echo_loss_db
        self._margin_db = settings.echo_margin_db
        self._window = frames_in(settings.echo_window_ms)
        self._coming: Sequence[float] = ()
        self._next = 0
        self._sent: deque[float] = deque([SILENCE_DBFS] * _PROOF_FRAMES, maxlen=_PROOF_FRAMES)
        self._received: deque[float] = deque([SILENCE_DBFS] * _PROOF_FRAMES, maxlen=_PROOF_FRAMES)
        self._quiet_for = self._window
        self.loss_db = settings.assumed_echo_loss_db

    def prompt_started(self, levels_dbfs: Sequence[float]) -> None:
        self._coming, self._next = levels_dbfs, 0

    def prompt_ended(self) -> None:
        self._coming, self._next = (), 0

    @property
    def active(self) -> bool:
        """Something we sent may still be coming back."""
        return self._quiet_for < self._window

    def threshold_dbfs(self, received_dbfs: float) -> float:
        """The level above which the next frame, received at this level, is not our echo."""
        sent = SILENCE_DBFS
        if self._next < len(self._coming):
            sent = self._coming[self._next]
            self._next += 1
            self._quiet_for = 0
        elif self._quiet_for < _PROOF_FRAMES:
            self._quiet_for += 1
        else:
            return SILENCE_DBFS
        self._sent.append(sent)
        self._received.append(received_dbfs)
        self._learn()
        loudest = max(list(self._sent)[-self._window :])
        return loudest - self.loss_db + self._margin_db

    def _learn(self) -> None:
        self.loss_db = max(self.loss_db - _LEAK_DB, self._assumed_loss_db)
        loudest_sent = max(list(self._sent)[: -self._window])
        if loudest_sent > _ACTIVE_DBFS:
            bound = loudest_sent - max(self._received)
            self.loss_db = min(max(self.loss_db, bound), _GREATEST_LOSS_DB)
