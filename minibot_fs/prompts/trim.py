"""Silence before and after a recording, taken away."""

from __future__ import annotations

import numpy as np

from minibot_fs.errors import AudioError
from minibot_fs.prompts.sound import Sound, from_db

FRAME_S = 0.01
QUIETER_THAN_SPEECH_DB = 40.0
"""What lies this far below the loudest frame is silence; a soft consonant is 25 to 30 dB below."""
SILENCE_DBFS = -60.0
KEPT_BEFORE_S = 0.05
KEPT_AFTER_S = 0.15
FADE_S = 0.005


def trim(sound: Sound) -> Sound:
    """Keep the sound from just before its first audible frame to just after its last.

    Raises:
        AudioError: nothing in it is louder than -60 dBFS.
    """
    frame = max(1, round(FRAME_S * sound.rate_hz))
    frames = np.pad(sound.samples, (0, -len(sound.samples) % frame)).reshape(-1, frame)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    loudest = float(np.max(levels, initial=0.0))
    if loudest < from_db(SILENCE_DBFS):
        raise AudioError("there is nothing to hear in it")
    audible = np.flatnonzero(levels > max(loudest * from_db(-QUIETER_THAN_SPEECH_DB), from_db(SILENCE_DBFS)))
    start = max(0, audible[0] * frame - round(KEPT_BEFORE_S * sound.rate_hz))
    end = min(len(sound.samples), (audible[-1] + 1) * frame + round(KEPT_AFTER_S * sound.rate_hz))
    samples = sound.samples[start:end].copy()
    fade = min(round(FADE_S * sound.rate_hz), len(samples) // 2)
    ramp = np.linspace(0, 1, fade)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    return Sound(samples, sound.rate_hz)
