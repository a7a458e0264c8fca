"""Is this frame the one who speaks, or what is heard behind them? By level, on a line not known yet.

In the first seconds of a call nobody knows how loud its noise is, and a voice activity detector takes
babble, music and hum for voice. Levels of the last seconds tell: with somebody speaking, quiet frames
and loud ones are far apart, and the voice is in the upper half of that range.
"""

from __future__ import annotations

from typing import Final

import numpy as np

WINDOW_FRAMES: Final = 200  # 4 s
QUIET_SHARE: Final = 0.15
LOUD_SHARE: Final = 0.97
LEAST_RANGE_DB: Final = 10.0
"""Six voices at once range over 9 dB, one voice 10 dB above them over 14."""
VOICE_ABOVE: Final = 0.45
"""Share of the range above which it is the voice."""
VOICE_HELD_ABOVE: Final = 0.25
"""The same while the voice goes on: syllables fade."""


class SpeechLevel:
    """A histogram of levels (1 dB a bin) that forgets what is older than 4 s."""

    def __init__(self) -> None:
        self._counts = np.zeros(97, dtype=np.int32)
        self._window = np.zeros(WINDOW_FRAMES, dtype=np.int32)
        self._frames = 0

    def is_speaker(self, level_dbfs: float, speaking: bool) -> bool:
        """Take the next frame's level; whether it stands out of this line's noise.

        ``speaking``: somebody has begun and has not been silent for long.
        """
        place, bin_ = self._frames % WINDOW_FRAMES, int(max(0.0, min(96.0, level_dbfs + 96.0)))
        if self._frames >= WINDOW_FRAMES:
            self._counts[self._window[place]] -= 1
        self._window[place] = bin_
        self._counts[bin_] += 1
        self._frames += 1
        below = np.cumsum(self._counts)
        quiet, loud = np.searchsorted(below, (QUIET_SHARE * below[-1], LOUD_SHARE * below[-1]))
        wide = loud - quiet >= LEAST_RANGE_DB
        above = VOICE_HELD_ABOVE if speaking else VOICE_ABOVE
        return bool(wide and bin_ >= quiet + above * (loud - quiet))
