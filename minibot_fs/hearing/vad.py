"""Is this frame speech? The Protocol, and WebRTC's detector.

WebRTC's detector costs about 4 us a frame and keeps saying "speech" for some frames after the
last voiced one; :mod:`minibot_fs.hearing.neural_vad` has another one.
"""

from __future__ import annotations

from typing import Protocol

import webrtcvad

from minibot_fs.hearing.frames import SAMPLE_RATE_HZ


class Vad(Protocol):
    """One object a call: a detector may keep state from frame to frame."""

    def is_speech(self, frame: bytes) -> bool:
        """Whether this frame of 20 ms (320 bytes), the next of the call, holds speech."""


class WebRtcVad:
    """Args: aggressiveness, 0 (lets noise in) to 3 (loses speech)."""

    def __init__(self, aggressiveness: int = 2) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, frame: bytes) -> bool:
        return bool(self._vad.is_speech(frame, SAMPLE_RATE_HZ))
