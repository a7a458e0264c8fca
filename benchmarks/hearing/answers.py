"""Answers to a question (the endpointing corpus).

``complete`` is said in one breath; ``hesitating`` pauses after "euh" and its like; ``pausing`` mid-sentence;
``afterthought`` is a whole answer, a pause and then more: nobody can know that more is to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.hearing.line import any_line, silence
from benchmarks.hearing.texts import spoken_words, texts
from benchmarks.hearing.transcripts import misheard
from benchmarks.hearing.voices import SPEAKERS, spoken
from minibot_fs.hearing.scripted_recognizer import SpokenText

KINDS = ("complete", "hesitating", "pausing", "afterthought")


@dataclass(frozen=True)
class Answer:
    """``ended_ms`` is the true end of speech; ``script`` what a recognizer makes of the words."""

    kind: str
    text: str
    audio: npt.NDArray[np.int16]
    started_ms: int
    ended_ms: int
    script: tuple[SpokenText, ...]
    snr_db: int | None


def answers(split: str, count: int, rng: np.random.Generator) -> list[Answer]:
    """Of all kinds: 55, 20, 15 and 10 %."""
    return [_answer(split, str(rng.choice(KINDS, p=[0.55, 0.2, 0.15, 0.1])), rng) for _ in range(count)]


def _answer(split: str, kind: str, rng: np.random.Generator) -> Answer:
    text = str(rng.choice(texts("answers", split)[kind]))
    speaker = str(rng.choice(SPEAKERS[split]))
    speed, pitch = int(rng.choice([150, 165, 180, 195])), int(rng.choice([40, 50, 60]))
    line = any_line(rng)
    parts = [silence(rng.uniform(300, 1500))]
    ms = started_ms = len(parts[0]) // 8
    script: list[SpokenText] = []
    for number, piece in enumerate(text.split(" | ")):
        if number:
            parts.append(silence(rng.uniform(300, 900) if kind == "hesitating" else rng.uniform(250, 700)))
            ms += len(parts[-1]) // 8
        clip = spoken(piece, speaker, speed, pitch)
        heard = misheard(SpokenText(ms, ms + clip.ms, piece), line, rng)
        script += [heard] if heard is not None else []
        parts.append(clip.samples)
        ms += clip.ms
    audio = line.carry(np.concatenate([*parts, silence(4000)]), rng)
    return Answer(kind, spoken_words(text), audio, started_ms, ms, tuple(script), line.snr_db)
