"""Any recording to one channel of samples: by libsndfile, what it does not know by FFmpeg's libraries."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from minibot_fs.errors import AudioError, Problem
from minibot_fs.prompts.sound import Sound

FORMATS = (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".aac")
LONGEST_S = 600
CANCELLED = 0.25
"""Two channels whose mean is this much quieter than the louder one cancel each other out."""

Channels = NDArray[np.float64]
"""Shape (channels, samples)."""


def decode(file: Path) -> Sound:
    """Read a recording and mix it down.

    Raises:
        AudioError: it cannot be read, holds no sound, or is longer than ten minutes.
    """
    if not file.stat().st_size:
        raise AudioError(Problem("is empty", "Record it again", file))
    for read in (_by_libsndfile, _by_ffmpeg):
        decoded = read(file)
        if decoded is not None:
            break
    else:
        raise AudioError(Problem("is not a recording that can be read", f"Save it as {_formats()}", file))
    channels, rate_hz = decoded
    if not channels.size:
        raise AudioError(Problem("holds no sound", "Record it again", file))
    if not np.all(np.isfinite(channels)):
        raise AudioError(Problem("holds values that are no sound", "Save it as 16-bit WAV", file))
    if channels.shape[1] > LONGEST_S * rate_hz:
        raise AudioError(Problem("is longer than ten minutes", "Cut it: a prompt takes 5 to 30 s", file))
    return Sound(_mixed_down(channels), rate_hz)


def _by_libsndfile(file: Path) -> tuple[Channels, int] | None:
    try:
        samples, rate_hz = soundfile.read(file, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    return samples.T, rate_hz


def _by_ffmpeg(file: Path) -> tuple[Channels, int] | None:
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="fltp")
            frames = [
                converted.to_ndarray()
                for frame in container.decode(stream)
                for converted in resampler.resample(frame)
            ]
            rate_hz = stream.rate
    except (av.error.FFmpegError, EOFError):
        return None
    if not frames:
        return np.zeros((1, 0)), rate_hz
    return np.concatenate(frames, axis=1).astype(np.float64), rate_hz


def _mixed_down(channels: Channels) -> NDArray[np.float64]:
    """The mean of the channels, or the loudest one where they cancel each other out."""
    mean: NDArray[np.float64] = channels.mean(axis=0)
    powers = np.mean(np.square(channels), axis=1)
    loudest = int(np.argmax(powers))
    if np.mean(np.square(mean)) < CANCELLED**2 * powers[loudest]:
        return np.asarray(channels[loudest])
    return mean


def _formats() -> str:
    names = [suffix[1:].upper() for suffix in FORMATS]
    return f"{', '.join(names[:-1])} or {names[-1]}"
