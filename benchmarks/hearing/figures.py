"""The few figures the tables are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def share(part: int, whole: int) -> float:
    """In percent, one decimal; 0.0 of nothing."""
    return round(100.0 * part / whole, 1) if whole else 0.0


def percentile(values: Sequence[float], percent: float) -> int:
    return round(float(np.percentile(values, percent))) if len(values) else 0


def median(values: Sequence[float]) -> int:
    return percentile(values, 50)
