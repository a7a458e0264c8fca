"""Loudness in dBFS: 0 is a square wave at full scale, -96 is what 16 bits call silence."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from minibot_fs.errors import AudioError, Problem
from minibot_fs.hearing.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ

SILENCE_DBFS = -96.0
_FULL_SCALE = 32768.0
_VOICE_FROM_HZ = 250


def _high_pass(taps: int, from_hz: float) -> npt.NDArray[np.float32]:
    """Windowed sinc, linear phase; here and not from scipy.signal, whose import takes half a second."""
    distance = np.arange(taps) - taps // 2
    cut = 2 * from_hz / SAMPLE_RATE_HZ
    low_pass = cut * np.sinc(cut * distance) * np.kaiser(taps, 4.0)
    return np.asarray((distance == 0) - low_pass, dtype=np.float32)


_VOICE_BAND = _high_pass(65, _VOICE_FROM_HZ)


def frame_level_dbfs(frame: bytes) -> float:
    """RMS level of 16-bit PCM of any length; ``SILENCE_DBFS`` for digital silence."""
    samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
    mean_square = float(samples @ samples) / max(len(samples), 1)
    return max(SILENCE_DBFS, 10 * math.log10(mean_square / _FULL_SCALE**2)) if mean_square else SILENCE_DBFS


class VoiceBandMeter:
    """Level of one frame after the other above 250 Hz, where telephones carry voice.

    Hum, wind and the low half of room noise are below; with them, noise would come and go by 10 dB.
    """

    def __init__(self) -> None:
        self._before = np.zeros(len(_VOICE_BAND) - 1, dtype=np.float32)

    def level_dbfs(self, frame: bytes) -> float:
        samples = np.concatenate([self._before, np.frombuffer(frame, dtype="<i2")], dtype=np.float32)
        self._before = samples[-len(self._before) :]
        voice = np.convolve(samples, _VOICE_BAND, "valid")
        mean_square = float(voice @ voice) / len(voice)
        return (
            max(SILENCE_DBFS, 10 * math.log10(mean_square / _FULL_SCALE**2)) if mean_square else SILENCE_DBFS
        )


def levels_of_samples(samples: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Voice-band level of every 20 ms of samples in -1.0..1.0 at 8 kHz; the last frame is filled up."""
    samples = np.convolve(samples, _VOICE_BAND)[: len(samples)]
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    power = np.mean(np.square(padded, dtype=np.float64), axis=1)
    levels = 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DBFS / 10)))
    return tuple(levels.round(1).tolist())


def levels_of_file(path: Path) -> tuple[float, ...]:
    """One level for every 20 ms of a telephone prompt: 8 kHz mono, 16-bit, mu-law or A-law.

    Raises:
        AudioError: not readable as sound, or not 8 kHz mono.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise AudioError(
            Problem(f"cannot be read as sound: {error}", "Record or convert it again", path)
        ) from error
    if rate_hz != SAMPLE_RATE_HZ or samples.shape[1] != 1:
        shape = f"{rate_hz} Hz, {samples.shape[1]} channel(s)"
        raise AudioError(
            Problem(f"is {shape}, a prompt is 8000 Hz mono", "Convert it with scripts/setup_audio.py", path)
        )
    return levels_of_samples(samples[:, 0])
