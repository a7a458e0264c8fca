"""Steady background noise (a fan, hiss, hum), made quieter."""

from __future__ import annotations

import noisereduce
import numpy as np

from minibot_fs.prompts.sound import Sound, from_db

FRAME_S = 0.02
QUIETEST_SHARE = 0.1
"""The quietest tenth of a recording, its pauses, shows the noise; the shortest prompt has that much."""
LEAST_NOISE_S = 0.2
INAUDIBLE_DBFS = -75.0
"""Noise below it is not worth touching the voice for: µ-law itself is louder."""


def reduce_noise(sound: Sound, reduction_db: float) -> Sound:
    """Lower what is like the recording's pauses by ``reduction_db`` (negative; 0 changes nothing)."""
    pauses = _pauses(sound)
    if reduction_db >= 0 or pauses is None or pauses.rms_dbfs < INAUDIBLE_DBFS:
        return sound
    cleaned = noisereduce.reduce_noise(
        y=sound.samples,
        sr=sound.rate_hz,
        y_noise=pauses.samples,
        stationary=True,
        prop_decrease=1 - from_db(reduction_db),
    )
    return Sound(np.asarray(cleaned, dtype=np.float64), sound.rate_hz)


def _pauses(sound: Sound) -> Sound | None:
    """The quietest frames in their order, ``None`` when the sound is too short to have any."""
    frame = round(FRAME_S * sound.rate_hz)
    frames = sound.samples[: len(sound.samples) // frame * frame].reshape(-1, frame)
    powers = np.mean(np.square(frames), axis=1)
    audible = np.flatnonzero(powers > 0)
    wanted = max(round(LEAST_NOISE_S / FRAME_S), round(QUIETEST_SHARE * len(audible)))
    if len(audible) < 2 * wanted:
        return None
    quietest = np.sort(audible[np.argsort(powers[audible], kind="stable")[:wanted]])
    return Sound(frames[quietest].reshape(-1), sound.rate_hz)
