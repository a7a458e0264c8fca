"""From a recording to a prompt: everything that happens to the samples, in order.

decode ─► noise reduction ─► trim ─► 8 kHz ─► normalise ─► volume, limiter
                                         └──► loudness ───────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minibot_fs.prompts.decode import decode
from minibot_fs.prompts.noise import reduce_noise
from minibot_fs.prompts.normalise import adjust_volume, normalise, normalise_loudness
from minibot_fs.prompts.sound import Sound
from minibot_fs.prompts.telephone import to_telephone
from minibot_fs.prompts.trim import trim

RECIPE = 1
"""Raised when the same recording and treatment are to give other samples: everything is made anew."""


@dataclass(frozen=True)
class Treatment:
    """What the user asks for. With ``loudness_lufs`` it takes the place of peak and RMS."""

    volume_adjust_db: float = 2.0
    background_reduction_db: float = -10.0
    loudness_lufs: float | None = None


@dataclass(frozen=True)
class Prepared:
    """A prompt, ready to be written, and the levels it had on its way."""

    source: Sound
    levelled: Sound
    prompt: Sound


def prepare(recording: Path, treatment: Treatment) -> Prepared:
    """Read a recording and make a telephone prompt of it.

    Raises:
        AudioError: it cannot be read, or nothing can be heard in it.
    """
    source = decode(recording)
    clean = trim(reduce_noise(source, treatment.background_reduction_db))
    telephone = to_telephone(clean)
    if treatment.loudness_lufs is None:
        levelled = normalise(telephone)
    else:
        levelled = normalise_loudness(telephone, treatment.loudness_lufs)
    return Prepared(source, levelled, adjust_volume(levelled, treatment.volume_adjust_db))
