"""Telephone files: 8 kHz, mono, G.711 µ-law in a WAV, which FreeSWITCH plays without converting."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import soundfile
from scipy.signal import butter, firwin, kaiserord, resample_poly, sosfiltfilt

from minibot_fs.prompts.sound import Samples, Sound

TELEPHONE_RATE_HZ = 8000
RUMBLE_HZ = 100
"""Telephones do not carry what lies below; hum and plops there only cost level."""
PASS_BAND = 0.85
"""Share of the half sampling rate that passes whole: 3400 Hz of 4000, the telephone's own band."""
STOP_BAND_DB = 80.0
"""What could fold back is weakened this much, far below the noise of µ-law (38 dB)."""


def to_telephone(sound: Sound) -> Sound:
    """Resample to 8 kHz behind a linear-phase low-pass filter, and take out what lies below 100 Hz."""
    samples = sound.samples
    if sound.rate_hz != TELEPHONE_RATE_HZ:
        ratio = Fraction(TELEPHONE_RATE_HZ, sound.rate_hz)
        low_pass = _anti_alias(sound.rate_hz, ratio.numerator)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator, window=low_pass)
    if len(samples) > 3 * TELEPHONE_RATE_HZ // RUMBLE_HZ:
        high_pass = butter(2, RUMBLE_HZ, "highpass", fs=TELEPHONE_RATE_HZ, output="sos")
        samples = sosfiltfilt(high_pass, samples)
    return Sound(samples, TELEPHONE_RATE_HZ)


@cache
def _anti_alias(rate_hz: int, up: int) -> Samples:
    """Coefficients at ``up`` times the rate: passes 3400 Hz, stops at 4000.

    The filter that resample_poly makes by itself is only 6 dB down at 4000 Hz, so that what lies
    between 4000 and 4800 Hz, the hiss of an s, folds back.
    """
    stop_hz = min(rate_hz, TELEPHONE_RATE_HZ) / 2
    pass_hz = PASS_BAND * stop_hz
    inner_rate_hz = rate_hz * up
    taps, beta = kaiserord(STOP_BAND_DB, 2 * (stop_hz - pass_hz) / inner_rate_hz)
    coefficients: Samples = firwin(
        taps | 1, (pass_hz + stop_hz) / 2, window=("kaiser", beta), fs=inner_rate_hz
    )
    return coefficients


def write_telephone_file(sound: Sound, file: Path) -> None:
    """Write a WAV with µ-law samples. ``sound`` is at 8 kHz."""
    if sound.rate_hz != TELEPHONE_RATE_HZ:
        raise ValueError(f"{sound.rate_hz} Hz is not the telephone's rate")
    soundfile.write(file, sound.samples, TELEPHONE_RATE_HZ, subtype="ULAW", format="WAV")
