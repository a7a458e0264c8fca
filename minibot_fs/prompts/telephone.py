"""Telephone files: 8 kHz, mono, G.711 µ-law in a WAV, which FreeSWITCH plays without converting."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import butter, resample_poly, sosfiltfilt

from minibot_fs.prompts.sound import Sound

TELEPHONE_RATE_HZ = 8000
RUMBLE_HZ = 100
"""Telephones do not carry what lies below; hum and plops there only cost level."""
ANTI_ALIAS_WINDOW = ("kaiser", 8.0)
"""80 dB of stop-band attenuation, more than the 38 dB signal-to-noise ratio of µ-law."""


def to_telephone(sound: Sound) -> Sound:
    """Resample to 8 kHz behind a linear-phase low-pass filter, and take out what lies below 100 Hz."""
    ratio = Fraction(TELEPHONE_RATE_HZ, sound.rate_hz)
    samples = resample_poly(
        np.asarray(sound.samples), ratio.numerator, ratio.denominator, window=ANTI_ALIAS_WINDOW
    )
    if len(samples) > 3 * TELEPHONE_RATE_HZ // RUMBLE_HZ:
        high_pass = butter(2, RUMBLE_HZ, "highpass", fs=TELEPHONE_RATE_HZ, output="sos")
        samples = sosfiltfilt(high_pass, samples)
    return Sound(samples, TELEPHONE_RATE_HZ)


def write_telephone_file(sound: Sound, file: Path) -> None:
    """Write a WAV with µ-law samples. ``sound`` is at 8 kHz."""
    if sound.rate_hz != TELEPHONE_RATE_HZ:
        raise ValueError(f"{sound.rate_hz} Hz is not the telephone's rate")
    soundfile.write(file, sound.samples, TELEPHONE_RATE_HZ, subtype="ULAW", format="WAV")
