"""Call progress tones and beeps in 20 ms frames of 8 kHz audio.

Each frame is joined to the last 12 ms of the one before it (256 samples, 31 Hz a bin), one FFT gives
its strongest peaks, and a frame is tonal when one or two narrow peaks hold nearly all of its energy.
Tonal frames of one pitch make a run; a run that ends, and what surrounds it, gives a :class:`Tone`:

========  ==========================================  ====================================
kind      frequencies                                 cadence
========  ==========================================  ====================================
RINGING   440 Hz (FR), 440+480 (US), 400+450 (UK)     on for 1.2-2.3 s
BUSY      the same, or 480+620 (US)                   three tones of 0.2-0.6 s, equal gaps
SIT       950, then 1400, then 1800 Hz                each 0.2-0.45 s, no gap
FAX_CNG   1100 Hz                                     0.5 s
FAX_CED   2100 Hz                                     1 s or more
BEEP      any other single pitch, 330-2150 Hz         0.15-2.5 s, then not another tone
DUAL      any other pair (a DTMF key, say)
========  ==========================================  ====================================

Sources: ITU-T E.180 and E.180 supplement 2 (national tones, SIT), ITU-T T.30 (CNG, CED).
Measured on 82 minutes of Asterisk's voice prompts (fr, en, es): two false beeps. Cost: 17 us a frame.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from minibot_fs.hearing.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ

FFT_SIZE: Final = 256
BIN_HZ: Final = SAMPLE_RATE_HZ / FFT_SIZE

LOWEST_BIN: Final = 4  # 125 Hz: mains hum below does not make a tone impure
LOWEST_TONE_HZ: Final = 330.0  # below lies the pitch of voices
QUIETEST_TONE_DBFS: Final = -45.0
SINGLE_PURITY: Final = 0.72  # share of the energy within 2 bins of the peak; 0.76 at 5 dB SNR, white noise
PAIR_PURITY: Final = 0.85
SECOND_PEAK_SHARE: Final = 0.15
HARMONIC_RATIOS: Final = (1.5, 2.0, 3.0)  # two harmonics of a voice; national tones and DTMF avoid them
STEADY_HZ: Final = 9.0  # a voice's pitch wanders more than this within 100 ms
BEATING_HZ: Final = 25.0  # two pitches 40-50 Hz apart (US, UK ring-back) look like one that beats
CONFIRM_FRAMES: Final = 4  # 80 ms without another tone: it was no part of a melody or a SIT
LONGEST_BEEP_MS: Final = 2500
SHORTEST_BEEP_MS: Final = 150
SIT_HZ: Final = (950.0, 1400.0, 1800.0)
SIT_TOLERANCE_HZ: Final = 45.0


class ToneKind(StrEnum):
    BEEP = "beep"
    DUAL = "dual"
    RINGING = "ringing"
    BUSY = "busy"
    SIT = "sit"
    FAX_CNG = "fax_cng"
    FAX_CED = "fax_ced"


@dataclass(frozen=True)
class Tone:
    """A tone that was recognized. ``second_hz`` is 0.0 for a single pitch; times from the first frame."""

    kind: ToneKind
    frequency_hz: float
    second_hz: float
    started_ms: int
    duration_ms: int
    level_dbfs: float

    @property
    def ended_ms(self) -> int:
        return self.started_ms + self.duration_ms


@dataclass
class _Run:
    """Consecutive tonal frames of one pitch."""

    first_frame: int
    frequency_hz: float
    second_hz: float
    level_dbfs: float
    frames: int = 1
    spread_hz: float = 0.0
    missed: int = 0

    def continues_with(self, frequency_hz: float, second_hz: float) -> bool:
        if bool(self.second_hz) != bool(second_hz):
            return False
        may_beat = not second_hz and 380.0 <= frequency_hz <= 500.0
        allowed_hz = BEATING_HZ if may_beat else STEADY_HZ
        return (
            abs(frequency_hz - self.frequency_hz) <= allowed_hz
            and abs(second_hz - self.second_hz) <= 2 * STEADY_HZ
        )

    def add(self, frequency_hz: float, second_hz: float, level_dbfs: float) -> None:
        self.frames += 1 + self.missed
        self.missed = 0
        if self.frames > 2:  # the first frame still holds what came before
            self.spread_hz = max(self.spread_hz, abs(frequency_hz - self.frequency_hz))
        weight = 1.0 / self.frames
        self.frequency_hz += (frequency_hz - self.frequency_hz) * weight
        self.second_hz += (second_hz - self.second_hz) * weight
        self.level_dbfs = max(self.level_dbfs, level_dbfs)


class ToneDetector:
    """Frames in, tones out; the frame count is its only clock."""

    def __init__(self) -> None:
        self._frame = 0
        self._window = np.hanning(FFT_SIZE).astype(np.float32)
        self._audio = np.zeros(FFT_SIZE, dtype=np.float32)
        self._run: _Run | None = None
        self._last_tonal_frame = -1000
        self._awaiting: Tone | None = None  # a run that ended and may still prove part of a melody
        self._ended: deque[Tone] = deque(maxlen=3)
        self._fax_reported = False

    @property
    def sounding(self) -> bool:
        """A tone is on the line, or ended within the last 100 ms (a VAD hangs on that long)."""
        if self._run is not None and self._run.frames >= 3:
            return True
        return self._frame - self._last_tonal_frame <= 5

    def on_frame(self, frame: bytes, level_dbfs: float) -> list[Tone]:
        """Take 20 ms (320 bytes, 16-bit little-endian) and its level; tones that just became certain."""
        peaks = self._peaks(frame, level_dbfs)
        self._frame += 1
        found: list[Tone] = []
        if peaks is not None and self._run is not None and self._run.continues_with(*peaks):
            self._run.add(*peaks, level_dbfs)
        elif self._run is not None and self._run.frames >= 3 and self._run.missed == 0:
            self._run.missed = 1  # one frame spoiled by noise does not end a tone
        else:
            found += self._end_run()
            if peaks is not None:
                self._run = _Run(self._frame - 1, *peaks, level_dbfs)
        if self._run is not None and self._run.frames >= 3 and not self._run.missed:
            self._last_tonal_frame = self._frame
            found += self._still_sounding(self._run)
        return found + self._confirm(level_dbfs)

    def _peaks(self, frame: bytes, level_dbfs: float) -> tuple[float, float] | None:
        """(frequency, second frequency or 0.0) of a tonal frame, else None."""
        self._audio[: FFT_SIZE - FRAME_SAMPLES] = self._audio[FRAME_SAMPLES:]
        self._audio[FFT_SIZE - FRAME_SAMPLES :] = np.frombuffer(frame, dtype="<i2")
        if level_dbfs < QUIETEST_TONE_DBFS:
            return None
        power: NDArray[np.float32] = np.abs(np.fft.rfft(self._audio * self._window)).astype(np.float32) ** 2
        power[:LOWEST_BIN] = 0.0
        total = float(power.sum())
        if total <= 0.0:
            return None
        peak = int(power.argmax())
        frequency_hz = _between_bins(power, peak)
        share = _take_peak(power, peak) / total
        if frequency_hz < LOWEST_TONE_HZ:
            return None
        if share >= SINGLE_PURITY:
            return frequency_hz, 0.0
        if share < PAIR_PURITY / 2:
            return None
        second = int(power.argmax())
        second_hz = _between_bins(power, second)
        second_share = _take_peak(power, second) / total
        if second_share < SECOND_PEAK_SHARE or share + second_share < PAIR_PURITY:
            return None
        low_hz, high_hz = sorted((frequency_hz, second_hz))
        if low_hz < LOWEST_TONE_HZ or any(abs(high_hz / low_hz / r - 1.0) < 0.02 for r in HARMONIC_RATIOS):
            return None
        return low_hz, high_hz

    def _end_run(self) -> list[Tone]:
        run, self._run = self._run, None
        if run is None or run.frames < 3:
            return []
        self._fax_reported = False
        tone = Tone(
            ToneKind.DUAL if run.second_hz else ToneKind.BEEP,
            round(run.frequency_hz, 1),
            round(run.second_hz, 1),
            run.first_frame * FRAME_MS,
            run.frames * FRAME_MS,
            run.level_dbfs,
        )
        self._ended.append(tone)
        steady = run.spread_hz <= STEADY_HZ
        if steady and self._is_sit():
            self._awaiting = None
            return [replace(tone, kind=ToneKind.SIT)]
        if self._is_busy():
            self._awaiting = None
            return [replace(tone, kind=ToneKind.BUSY)]
        if (steady or run.frames * FRAME_MS >= 1000) and not self._is_melody():
            self._awaiting = tone
        return []

    def _still_sounding(self, run: _Run) -> list[Tone]:
        """A fax answers for 2.6-4 s: one second of it is enough."""
        if self._fax_reported or run.frames * FRAME_MS < 1000 or abs(run.frequency_hz - 2100.0) > 25.0:
            return []
        self._fax_reported = True
        length_ms = run.frames * FRAME_MS
        return [
            Tone(
                ToneKind.FAX_CED, run.frequency_hz, 0.0, run.first_frame * FRAME_MS, length_ms, run.level_dbfs
            )
        ]

    def _confirm(self, level_dbfs: float) -> list[Tone]:
        tone = self._awaiting
        if tone is None:
            return []
        if self._run is not None and self._run.frames >= 3:
            self._awaiting = None  # another pitch at once: a melody, or the next part of a SIT
            return []
        silence_frames = self._frame - tone.ended_ms // FRAME_MS
        if silence_frames < CONFIRM_FRAMES:
            return []
        self._awaiting = None
        if level_dbfs > tone.level_dbfs - 3.0:
            return []  # as loud as before: a vowel held for a moment
        kind = _kind_alone(tone)
        return [] if kind is None else [replace(tone, kind=kind)]

    def _is_melody(self) -> bool:
        """The third tone and more without a gap; two are a machine's chime."""
        tones = list(self._ended)
        gaps = (later.started_ms - earlier.ended_ms for earlier, later in pairwise(tones))
        return len(tones) == 3 and all(gap <= 100 for gap in gaps)

    def _is_sit(self) -> bool:
        if len(self._ended) < 3:
            return False
        pitches = all(
            abs(t.frequency_hz - hz) < SIT_TOLERANCE_HZ for t, hz in zip(self._ended, SIT_HZ, strict=True)
        )
        lengths = all(160 <= t.duration_ms <= 450 for t in self._ended)
        return pitches and lengths and self._ended[2].started_ms - self._ended[0].ended_ms < 600

    def _is_busy(self) -> bool:
        if len(self._ended) < 3:
            return False
        first, second, third = self._ended
        steady = all(abs(t.frequency_hz - first.frequency_hz) < 15.0 for t in (second, third))
        lengths = all(160 <= t.duration_ms <= 620 for t in self._ended)
        gaps = (second.started_ms - first.ended_ms, third.started_ms - second.ended_ms)
        even = abs(gaps[0] - gaps[1]) <= 60 and all(100 <= gap <= 700 for gap in gaps)
        return steady and lengths and even and 380.0 <= first.frequency_hz <= 520.0


def _kind_alone(tone: Tone) -> ToneKind | None:
    """What a tone is by itself; None for what is too short, too long or out of the band."""
    if tone.second_hz:
        return ToneKind.DUAL
    if 1062.0 <= tone.frequency_hz <= 1138.0 and 420 <= tone.duration_ms <= 600:
        return ToneKind.FAX_CNG
    if 380.0 <= tone.frequency_hz <= 500.0 and 1200 <= tone.duration_ms <= 2300:
        return ToneKind.RINGING
    if (
        LOWEST_TONE_HZ <= tone.frequency_hz <= 2150.0
        and SHORTEST_BEEP_MS <= tone.duration_ms <= LONGEST_BEEP_MS
    ):
        return ToneKind.BEEP
    return None


def _take_peak(power: NDArray[np.float32], peak: int) -> float:
    """The energy within two bins of ``peak``, which is taken out of ``power``."""
    around = power[max(0, peak - 2) : peak + 3]
    energy = float(around.sum())
    around[:] = 0.0
    return energy


def _between_bins(power: NDArray[np.float32], peak: int) -> float:
    """Frequency of a peak in Hz, by a parabola through the logarithms of three bins."""
    if peak <= LOWEST_BIN or peak >= len(power) - 1:
        return peak * BIN_HZ
    left, middle, right = (float(np.log(power[peak + i] + 1e-9)) for i in (-1, 0, 1))
    curve = left - 2.0 * middle + right
    shift = 0.0 if curve == 0.0 else 0.5 * (left - right) / curve
    return (peak + shift) * BIN_HZ
