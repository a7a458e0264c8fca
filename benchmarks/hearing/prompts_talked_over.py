"""Prompts that play while something happens at the caller's end (the barge-in corpus)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.hearing.line import Line, cough, echo_of, noise_of, silence, slam
from benchmarks.hearing.texts import texts
from benchmarks.hearing.transcripts import misheard
from benchmarks.hearing.voices import SPEAKERS, VOICE_DBFS, Samples, recorded, spoken
from minibot_fs.hearing.levels import levels_of_samples
from minibot_fs.hearing.scripted_recognizer import SpokenText

PROMPT_STARTS_MS = 500
GRACE_MS = 3000

_UNDERSTOOD = {30.0: 0.1, 20.0: 0.5, 12.0: 0.9}
"""Share of the words of an echo that a recognizer gets, by echo loss in dB."""

DISTURBANCES = (
    "echo -30 dB",
    "echo -20 dB",
    "echo -12 dB",
    "backchannel",
    "backchannel, echo -20 dB",
    "cough",
    "door slam",
    "white noise 10 dB",
    "babble 10 dB",
    "music 10 dB",
    "hum 10 dB",
)
INTERRUPTIONS = (
    "clean",
    "echo -30 dB",
    "echo -20 dB",
    "echo -12 dB",
    "babble 10 dB",
    "begun in the grace period",
)


@dataclass(frozen=True)
class TalkedOver:
    """``far`` is the caller's line while the prompt plays (with its echo), ``near`` when it does not;
    ``meant_ms`` is when speech that means to interrupt begins, None where nothing does."""

    kind: str
    far: npt.NDArray[np.int16]
    near: npt.NDArray[np.int16]
    levels_dbfs: tuple[float, ...]
    script: tuple[SpokenText, ...]
    meant_ms: int | None

    @property
    def must_react_from_ms(self) -> int:
        """When a reaction may come at the earliest: the begin of speech, or the end of the grace period."""
        return max(self.meant_ms or 0, PROMPT_STARTS_MS + GRACE_MS)


def disturbed(kind: str, split: str, rng: np.random.Generator) -> TalkedOver:
    """Nothing here is meant to stop the prompt."""
    at_ms = int(rng.uniform(4200, 6500))
    if kind.startswith("backchannel"):
        return _scene(
            kind, _echo_db(kind), None, str(rng.choice(texts("listening", split))), at_ms, split, rng
        )
    event = {"cough": cough, "door slam": slam}.get(kind)
    return _scene(kind, _echo_db(kind), event(rng) if event else None, "", at_ms, split, rng)


def interrupted(kind: str, split: str, rng: np.random.Generator) -> TalkedOver:
    """The caller speaks and means it."""
    early = kind == "begun in the grace period"
    grace_ends_ms = PROMPT_STARTS_MS + GRACE_MS
    at_ms = int(grace_ends_ms - rng.uniform(100, 500) if early else rng.uniform(grace_ends_ms + 100, 6500))
    text = str(rng.choice(texts("interrupting", split)))
    return _scene(kind, _echo_db(kind), None, text, at_ms, split, rng, meant=True)


def _echo_db(kind: str) -> float | None:
    return float(kind.split("echo -")[1].removesuffix(" dB")) if "echo" in kind else None


def _scene(
    kind: str,
    echo_loss_db: float | None,
    event: Samples | None,
    text: str,
    at_ms: int,
    split: str,
    rng: np.random.Generator,
    meant: bool = False,
) -> TalkedOver:
    name = str(rng.choice(["tt-allbusy", "queue-periodic-announce", "demo-instruct", "demo-echotest"]))
    prompt = recorded(name)
    samples = prompt.samples[: 11 * 8000]
    length = PROMPT_STARTS_MS * 8 + len(samples) + 8000
    caller = np.zeros(length, dtype=np.float32)
    script: list[SpokenText] = []
    line = Line()
    if text:
        clip = spoken(text, str(rng.choice(SPEAKERS[split])), int(rng.choice([165, 185])))
        event = clip.samples
        heard = misheard(SpokenText(at_ms, at_ms + clip.ms, text), line, rng)
        script += [heard] if heard is not None else []
    if event is not None:
        event = event[: length - at_ms * 8]
        caller[at_ms * 8 : at_ms * 8 + len(event)] += event
    behind = kind.split()[0] if kind.endswith("10 dB") else "white"
    noise_db = -10.0 if kind.endswith("10 dB") else -35.0
    caller += noise_of(behind, length, rng) * np.float32(10 ** ((VOICE_DBFS + noise_db) / 20))
    echo = np.zeros(length, dtype=np.float32)
    if echo_loss_db is not None:
        delay_ms = int(rng.uniform(30, 200))
        back = np.concatenate([silence(PROMPT_STARTS_MS), echo_of(samples, echo_loss_db, delay_ms)])[:length]
        echo[: len(back)] = back
        begin_ms = PROMPT_STARTS_MS + delay_ms
        echoed = SpokenText(begin_ms, begin_ms + len(prompt.samples) // 8, prompt.text)
        script = _with_echo(script, echoed, _UNDERSTOOD[echo_loss_db], rng)
    return TalkedOver(
        kind,
        line.carry(caller + echo, rng),
        line.carry(caller, rng),
        levels_of_samples(samples),
        tuple(sorted(script, key=lambda spoken_text: spoken_text.start_ms)),
        at_ms if meant else None,
    )


def _with_echo(
    script: list[SpokenText], echoed: SpokenText, understood: float, rng: np.random.Generator
) -> list[SpokenText]:
    """A recognizer understands an echo it is let hear, where the caller does not speak over it."""
    words = [
        SpokenText(word.start_ms, word.end_ms, word.text)
        for word in echoed.words()
        if rng.random() < understood
        and not any(word.start_ms < said.end_ms and said.start_ms < word.end_ms for said in script)
    ]
    return script + words
