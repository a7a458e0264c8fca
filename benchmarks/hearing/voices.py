"""Voices: Asterisk's recorded prompts (Debian packages) with their texts, and espeak-ng's synthesis.

Both give a :class:`Clip`: mono samples at 8 kHz, at one loudness, cut to the voice, with its words.
"""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

RATE_HZ = 8000
SOUNDS = Path("/usr/share/asterisk/sounds")
TEXTS = Path("/usr/share/doc")
VOICE_DBFS = -20.0

Samples = npt.NDArray[np.float32]

# espeak-ng variants give other speakers of the same language; men, women, an old and a young one.
SPEAKERS = {
    "dev": ["fr+m1", "fr-be+f1", "fr+f3", "fr-ch+m4", "fr+Michel", "fr+klatt2"],
    "held": ["fr+f2", "fr-be+m3", "fr+m7", "fr-ch+f4", "fr+Alicia", "fr+Steph", "fr+klatt3", "fr+grandma"],
}
ENGLISH_SPEAKERS = {"dev": ["en-gb+f1", "en-us+m2"], "held": ["en-us+f4", "en-gb+m5", "en-gb+Annie"]}


class MissingPackage(Exception):
    """A Debian package the corpus is made from is not installed; says which."""


@dataclass(frozen=True)
class Clip:
    """``text`` as a recognizer would write it; ``recorded`` tells a person's voice from a synthesised one."""

    samples: Samples
    text: str
    recorded: bool

    @property
    def ms(self) -> int:
        return len(self.samples) * 1000 // RATE_HZ


def check_installed() -> None:
    """Raises MissingPackage with one line that says what to install."""
    for language in ("fr", "en", "es"):
        if not (SOUNDS / language).is_dir():
            package = f"asterisk-core-sounds-{language}-wav"
            raise MissingPackage(
                f"no recorded voices: install Debian's {package} (apt-get install {package})"
            )
    if shutil.which("espeak-ng") is None:
        raise MissingPackage("no synthesised voices: install Debian's espeak-ng (apt-get install espeak-ng)")


@cache
def recorded(name: str, language: str = "fr") -> Clip:
    """One of Asterisk's prompts by its name without ``.wav``."""
    samples, _ = soundfile.read(SOUNDS / language / f"{name}.wav", dtype="float32")
    return Clip(_levelled(samples), _recorded_texts(language).get(name, ""), recorded=True)


@cache
def spoken(text: str, speaker: str, words_a_minute: int = 165, pitch: int = 50) -> Clip:
    """``text`` synthesised; ``pitch`` 0-99."""
    command = ["espeak-ng", "-v", speaker, "-s", str(words_a_minute), "-p", str(pitch), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32")
    return Clip(_levelled(resample_poly(samples, RATE_HZ, rate_hz).astype(np.float32)), text, recorded=False)


@cache
def _recorded_texts(language: str) -> dict[str, str]:
    path = TEXTS / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt.gz"
    if not path.is_file():
        return {}
    lines = gzip.decompress(path.read_bytes()).decode("utf-8", "replace").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {name.strip(): text.strip() for name, text in pairs}


def _levelled(samples: Samples) -> Samples:
    """Cut to where the voice is within 35 dB of its loudest 20 ms, at VOICE_DBFS while it speaks."""
    frames = len(samples) // 160
    power = np.mean(samples[: frames * 160].reshape(frames, 160) ** 2, axis=1) + 1e-12
    level = 10 * np.log10(power)
    voiced = np.flatnonzero(level > level.max() - 35.0)
    first, last = int(voiced[0]), int(voiced[-1]) + 1
    active = power[voiced].mean()
    gain = 10 ** (VOICE_DBFS / 20) / np.sqrt(active)
    return np.clip(samples[first * 160 : last * 160] * gain, -1.0, 1.0).astype(np.float32)
