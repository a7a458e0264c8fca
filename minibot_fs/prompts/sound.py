"""A recording in memory, and its levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

SILENCE_DBFS = -120.0
"""What the level of digital silence is given as; its true level has no number."""


@dataclass(frozen=True)
class Sound:
    """``samples``: one channel, full scale at -1.0 and 1.0."""

    samples: Samples
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def peak_dbfs(self) -> float:
        return to_db(float(np.max(np.abs(self.samples), initial=0.0)))

    @property
    def rms_dbfs(self) -> float:
        """Over the whole length, pauses included."""
        if not len(self.samples):
            return SILENCE_DBFS
        return to_db(float(np.sqrt(np.mean(np.square(self.samples)))))


def to_db(ratio: float) -> float:
    return max(SILENCE_DBFS, 20 * float(np.log10(ratio))) if ratio > 0 else SILENCE_DBFS


def from_db(level_db: float) -> float:
    return float(10 ** (level_db / 20))
