"""Table 4: voice activity detectors on the same audio, frame by frame, and what a frame costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.hearing.figures import share
from benchmarks.hearing.line import CODECS, NOISES, Line, silence
from benchmarks.hearing.texts import texts
from benchmarks.hearing.voices import SPEAKERS, Samples, recorded, spoken
from minibot_fs.errors import SettingsError
from minibot_fs.hearing.frames import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.neural_vad import SileroVad
from minibot_fs.hearing.vad import Vad, WebRtcVad
from minibot_fs.hearing.voice_activity import VoiceActivity

SNRS_DB = (None, 20, 10, 5)
_VOICED_DBFS = -42.0
"""A frame of the clean voice louder than this is speech (the voices are at -20)."""


class _WithNoiseFloor:
    """A detector behind the noise floor and echo guard that a call puts in front of it."""

    def __init__(self, vad: Vad) -> None:
        self._activity = VoiceActivity(HearingSettings(), vad)
        self._ms = 0

    def is_speech(self, frame: bytes) -> bool:
        self._ms += FRAME_MS
        return self._activity.hear(frame, self._ms).voiced


def measure(split: str, seconds: int, rng: np.random.Generator) -> dict[str, Any]:
    """Every detector on about ``seconds`` of speech and pauses at each SNR, all noises in turn."""
    makers: dict[str, Callable[[], Vad]] = {
        **{f"webrtc, mode {mode}": (lambda mode=mode: WebRtcVad(mode)) for mode in range(4)},
        "webrtc 2 + noise floor": lambda: _WithNoiseFloor(WebRtcVad(2)),
    }
    try:
        SileroVad()
    except SettingsError:
        pass  # the extra is not installed: its rows are left out
    else:
        makers["silero"] = SileroVad
        makers["silero + noise floor"] = lambda: _WithNoiseFloor(SileroVad())
    scenes = [scene for snr_db in SNRS_DB for scene in _scenes(split, seconds, snr_db, rng)]
    return {name: _figures(make, scenes) for name, make in makers.items()}


Scene = tuple[int | None, npt.NDArray[np.int16], npt.NDArray[np.bool_]]


def _scenes(split: str, seconds: int, snr_db: int | None, rng: np.random.Generator) -> list[Scene]:
    """(SNR, audio, which frames hold speech), one for each noise; one alone where there is none."""
    kinds = NOISES if snr_db is not None else ("white",)
    scenes = []
    for kind in kinds:
        clean = _speech_and_pauses(split, seconds / len(kinds), rng)
        levels = 10 * np.log10(np.mean(clean.reshape(-1, FRAME_SAMPLES) ** 2, axis=1) + 1e-12)
        line = Line(codec=str(rng.choice(CODECS)), noise=kind, snr_db=snr_db)
        scenes.append((snr_db, line.carry(clean, rng), levels > _VOICED_DBFS))
    return scenes


def _speech_and_pauses(split: str, seconds: float, rng: np.random.Generator) -> Samples:
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * 8000:
        pool = [text.replace(" | ", " ") for kind in texts("answers", split).values() for text in kind]
        clip = spoken(str(rng.choice(pool)), str(rng.choice(SPEAKERS[split])))
        if rng.random() < 0.3:
            clip = recorded(
                str(rng.choice(["vm-nobodyavail", "pls-hold-while-try", "followme/status", "hello"]))
            )
        parts += [silence(rng.uniform(400, 1800)), clip.samples]
    joined = np.concatenate(parts)
    return joined[: len(joined) // FRAME_SAMPLES * FRAME_SAMPLES]


def _figures(make: Callable[[], Vad], scenes: list[Scene]) -> dict[str, Any]:
    frames, cost_s = 0, 0.0
    wrong: dict[int | None, list[tuple[int, int, int, int]]] = {}
    for snr_db, audio, truth in scenes:
        vad, pcm = make(), audio.tobytes()
        cut = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES)]
        began_s = time.perf_counter()
        heard = np.array([vad.is_speech(frame) for frame in cut])
        cost_s += time.perf_counter() - began_s
        frames += len(cut)
        missed, false = int((truth & ~heard).sum()), int((heard & ~truth).sum())
        wrong.setdefault(snr_db, []).append((missed, false, int(truth.sum()), int((~truth).sum())))
    return {
        "us_per_frame": round(cost_s / frames * 1e6, 1),
        **{str(snr_db or "clean"): _errors(counts) for snr_db, counts in wrong.items()},
    }


def _errors(counts: list[tuple[int, int, int, int]]) -> dict[str, float]:
    """Speech taken for silence, silence taken for speech, frames wrong in all (%)."""
    missed, false, voiced, silent = (sum(column) for column in zip(*counts, strict=True))
    return {
        "missed": share(missed, voiced),
        "false": share(false, silent),
        "error": share(missed + false, voiced + silent),
    }
