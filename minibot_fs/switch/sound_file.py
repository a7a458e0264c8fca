"""Telephone sound files as samples: mono, 8 kHz, any encoding of a WAV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from minibot_fs.errors import AudioError, Problem

RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000

Samples = npt.NDArray[np.int16]


def read_sound(file: Path) -> Samples:
    """A mono 8 kHz sound file as 16-bit samples.

    Raises:
        AudioError: not readable, or of another format.
    """
    try:
        samples, rate_hz = soundfile.read(file, dtype="int16", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(Problem("the sound cannot be read", str(error), file=file)) from error
    if rate_hz != RATE_HZ or samples.shape[1] != 1:
        raise AudioError(
            Problem(
                f"{samples.shape[1]} channel(s) at {rate_hz} Hz where one at {RATE_HZ} Hz is needed",
                "Run scripts/setup_audio.py",
                file=file,
            )
        )
    mono: Samples = samples[:, 0]
    return mono
