"""Audio of any rate to 8 kHz, piece by piece, without a seam between the pieces.

A polyphase windowed-sinc filter: output sample ``n`` lies at input position ``n * M / L`` and is the
dot product of the input around it with the filter's phase ``n * M mod L``. The history of one piece
is the beginning of the next, so the result does not depend on how the audio was cut.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE_HZ = 8000
_CUTOFF_HZ = 3800
"""-6 dB; flat (-0.1 dB) to 3.4 kHz, the telephone band's end, and -77 dB from 4.6 kHz on."""
_KAISER_BETA = 6.0
_ZERO_CROSSINGS = 16
"""Half the filter's length in samples at 8 kHz: it delays by 2 ms."""

Samples = NDArray[np.int16]


class Resampler:
    """From ``rate_hz`` to 8 kHz; one for each stream. At 8 kHz it hands through what it gets."""

    def __init__(self, rate_hz: int) -> None:
        ratio = Fraction(RATE_HZ, rate_hz)
        self._up, self._down = ratio.numerator, ratio.denominator
        self._phases = _phases(rate_hz, self._up)
        taps = self._phases.shape[1]
        # Starting with half a filter of silence puts the first output at the first input.
        self._input = np.zeros(taps // 2, np.float32)
        self._next = 0
        """Where the next output lies, in 1/L input samples from the start of ``_input``."""

    def push(self, samples: Samples) -> Samples:
        """The output that these samples complete; what is left waits for the next piece."""
        if self._up == self._down:
            return samples
        self._input = np.concatenate([self._input, samples.astype(np.float32)])
        taps = self._phases.shape[1]
        last = (len(self._input) - taps) * self._up
        if last < self._next:
            return np.zeros(0, np.int16)
        at = np.arange(self._next, last + 1, self._down)
        windows = sliding_window_view(self._input, taps)[at // self._up]
        output = np.einsum("ij,ij->i", windows, self._phases[at % self._up])
        self._next = int(at[-1]) + self._down
        done = self._next // self._up
        self._input = self._input[done:]
        self._next -= done * self._up
        resampled: Samples = np.clip(np.rint(output), -32768, 32767).astype(np.int16)
        return resampled


def _phases(rate_hz: int, up: int) -> NDArray[np.float32]:
    """Filter taps, one row for each of the ``up`` positions between two input samples."""
    reach = _ZERO_CROSSINGS * rate_hz / RATE_HZ
    taps = 2 * int(np.ceil(reach)) + 1
    cutoff = 2 * _CUTOFF_HZ / rate_hz
    offsets = np.arange(taps) - taps // 2 - np.arange(up)[:, None] / up
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (offsets / reach) ** 2, 0, 1))) / np.i0(_KAISER_BETA)
    rows = cutoff * np.sinc(cutoff * offsets) * window
    normalised: NDArray[np.float32] = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised
