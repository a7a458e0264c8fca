"""Does a sound have a pitch? Voices have one half of the time and more; coughs, slams and hiss never."""

from __future__ import annotations

import numpy as np

from minibot_fs.hearing.frames import SAMPLE_RATE_HZ

_LOWEST_PITCH_HZ = 70
_HIGHEST_PITCH_HZ = 400
_LAGS = slice(SAMPLE_RATE_HZ // _HIGHEST_PITCH_HZ, SAMPLE_RATE_HZ // _LOWEST_PITCH_HZ)
_FFT_SAMPLES = 512
_REPEATS = 0.5
"""Least share of the energy that comes again a pitch period later."""


def has_pitch(pcm: bytes) -> bool:
    """Whether 40 ms of 16-bit PCM at 8 kHz repeat themselves with the period of a voice (70-400 Hz)."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    samples -= samples.mean()
    spectrum = np.fft.rfft(samples, _FFT_SAMPLES)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)
    if correlation[0] <= 0:
        return False
    # fewer samples overlap at longer lags
    overlap = len(samples) / (len(samples) - np.arange(_LAGS.start, _LAGS.stop))
    return bool((correlation[_LAGS] * overlap).max() >= _REPEATS * correlation[0])
