"""Levels: every prompt equally loud, and none ever clipped."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pyloudnorm
from scipy.ndimage import minimum_filter1d

from minibot_fs.prompts.sound import Samples, Sound, from_db

TARGET_PEAK_DBFS = -3.0
TARGET_RMS_DBFS = -18.0
CEILING_DBFS = -1.0
"""No sample of a finished prompt is above it, whatever the volume adjustment."""
ULAW_STEP_DB = 0.2
"""µ-law rounds a peak up by half a step, 0.19 dB at -3 dBFS; the limiter stays that far below."""
MOST_LIMITING_DB = 12.0
"""A sound whose peaks stand out further stays quieter than asked for, instead of being squashed."""
LOOK_AHEAD_S = 0.005
SHORTEST_LOUDNESS_BLOCK_S = 0.4
"""The gating block of EBU R128; shorter sounds are measured with silence after them."""


def normalise(sound: Sound, peak_dbfs: float = TARGET_PEAK_DBFS, rms_dbfs: float = TARGET_RMS_DBFS) -> Sound:
    """Bring the RMS to its target while no peak goes over its own."""
    return _to_level(sound, lambda it: it.rms_dbfs, rms_dbfs, peak_dbfs)


def adjust_volume(sound: Sound, volume_db: float) -> Sound:
    """Louder or quieter; peaks that would go over -1 dBFS are limited."""
    return limit(Sound(sound.samples * from_db(volume_db), sound.rate_hz), CEILING_DBFS)


def normalise_loudness(sound: Sound, loudness_lufs: float) -> Sound:
    """Bring the integrated loudness (EBU R128, ITU-R BS.1770) to its target, peaks below -1 dBFS."""
    return _to_level(sound, loudness, loudness_lufs, CEILING_DBFS)


def loudness(sound: Sound) -> float:
    """Integrated loudness in LUFS; minus infinity for silence."""
    shortest = int(np.ceil(SHORTEST_LOUDNESS_BLOCK_S * sound.rate_hz)) + 1
    samples = np.pad(sound.samples, (0, max(0, shortest - len(sound.samples))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(pyloudnorm.Meter(sound.rate_hz).integrated_loudness(samples))


def limit(sound: Sound, ceiling_dbfs: float) -> Sound:
    """A soft limiter with look-ahead: the gain moves smoothly, and no sample passes the ceiling.

    The gain each sample needs is spread to its neighbours by a minimum over the window, then
    averaged over the same window: an average of values that are all low enough is low enough.
    """
    ceiling = from_db(ceiling_dbfs - ULAW_STEP_DB)
    magnitude = np.abs(sound.samples)
    if np.max(magnitude, initial=0.0) <= ceiling:
        return sound
    needed = np.minimum(1.0, ceiling / np.maximum(magnitude, ceiling))
    half = max(1, round(LOOK_AHEAD_S * sound.rate_hz))
    lowest = minimum_filter1d(np.pad(needed, half, constant_values=1.0), 2 * half + 1)
    return Sound(sound.samples * _averaged(lowest, half), sound.rate_hz)


def _averaged(gain: Samples, half: int) -> Samples:
    window = np.hanning(2 * half + 3)[1:-1]
    averaged: Samples = np.convolve(gain, window / window.sum(), mode="valid")
    return averaged


def _to_level(sound: Sound, measure: Callable[[Sound], float], target: float, peak_dbfs: float) -> Sound:
    most_db = peak_dbfs - sound.peak_dbfs + MOST_LIMITING_DB
    gain_db = 0.0
    levelled = sound
    for _ in range(4):  # limiting takes away a little of the level; the later rounds give it back
        gain_db = min(gain_db + target - measure(levelled), most_db)
        levelled = limit(Sound(sound.samples * from_db(gain_db), sound.rate_hz), peak_dbfs)
    return levelled
