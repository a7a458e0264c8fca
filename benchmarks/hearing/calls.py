"""Calls to answer: who picks up, what they say, and what is true of it (the AMD corpus)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.hearing.line import Line, any_line, ring_back, silence, special_information, tone
from benchmarks.hearing.texts import texts
from benchmarks.hearing.voices import ENGLISH_SPEAKERS, SPEAKERS, Clip, Samples, recorded, spoken
from minibot_fs.hearing.events import AmdClass
from minibot_fs.hearing.scripted_recognizer import SpokenText


@dataclass(frozen=True)
class AnsweredCall:
    """``kind`` is more exact than the class ("company", "talker", "recorded ivr"); ``speech_ms`` is None
    where nobody speaks; ``said_ms`` is the end of the last word, ``beep_ms`` the end of the beep."""

    kind: str
    truth: AmdClass
    audio: npt.NDArray[np.int16]
    speech_ms: int | None
    said_ms: int
    script: tuple[SpokenText, ...]
    beep_ms: int | None
    line: Line

    @property
    def is_machine(self) -> bool:
        return self.truth not in (AmdClass.HUMAN, AmdClass.UNCERTAIN)


class _Scene:
    """Audio put together piece by piece, with the words and their time."""

    def __init__(self) -> None:
        self.parts: list[Samples] = []
        self.script: list[SpokenText] = []
        self.ms = 0
        self.speech_ms: int | None = None
        self.said_ms = 0

    def add(self, samples: Samples) -> None:
        self.parts.append(samples)
        self.ms += len(samples) // 8

    def say(self, clip: Clip) -> None:
        if self.speech_ms is None:
            self.speech_ms = self.ms
        if clip.text:
            self.script.append(SpokenText(self.ms, self.ms + clip.ms, clip.text))
        self.add(clip.samples)
        self.said_ms = self.ms


def answered_calls(split: str, people: int, machines: int, rng: np.random.Generator) -> list[AnsweredCall]:
    """``people`` calls answered by people, ``machines`` by machines, and some where nobody says anything."""
    human = [_person(split, rng) for _ in range(people)]
    machine = [_machine(split, rng) for _ in range(machines)]
    return human + machine + [_silent(rng) for _ in range(max(2, people // 20))]


def _speak(
    text: str, split: str, rng: np.random.Generator, speakers: dict[str, list[str]] = SPEAKERS
) -> Clip:
    speaker = str(rng.choice(speakers[split]))
    return spoken(text, speaker, int(rng.choice([150, 165, 180, 195])), int(rng.choice([40, 50, 60])))


def _begin(rng: np.random.Generator) -> _Scene:
    """Ring-back in band for one call in seven; then up to 7 s of silence before anybody speaks."""
    scene = _Scene()
    if rng.random() < 0.15:
        scene.add(ring_back(int(rng.integers(1, 3))))
    longest = float(rng.choice([1000, 3000, 7000], p=[0.4, 0.4, 0.2]))
    scene.add(silence(rng.uniform(0.1, 1.0) * longest))
    return scene


def _person(split: str, rng: np.random.Generator) -> AnsweredCall:
    kinds: list[tuple[str, float, Callable[[_Scene], None]]] = [
        ("short answer", 0.58, lambda scene: scene.say(_speak(_one(rng, "people", split), split, rng))),
        ("recorded voice", 0.14, lambda scene: _recorded_person(scene, split, rng)),
        ("company", 0.16, lambda scene: _company(scene, split, rng)),
        ("English", 0.08, lambda scene: scene.say(_english(split, rng))),
        ("talker", 0.04, lambda scene: _talker(scene, split, rng)),
    ]
    index = int(rng.choice(len(kinds), p=[share for _, share, _ in kinds]))
    scene = _begin(rng)
    kinds[index][2](scene)
    said_ms = scene.said_ms
    if rng.random() < 0.5:  # our prompt plays, and they answer it
        scene.add(silence(rng.uniform(1800, 4500)))
        scene.say(_speak(_one(rng, "replies", split), split, rng))
        scene.said_ms = said_ms
    scene.add(silence(5000))
    return _finish(scene, kinds[index][0], AmdClass.HUMAN, None, rng)


def _one(rng: np.random.Generator, part: str, split: str) -> Any:
    """Any entry of a part of the texts."""
    entries = texts(part, split)
    return entries[int(rng.integers(len(entries)))]


def _english(split: str, rng: np.random.Generator) -> Clip:
    return _speak(_one(rng, "english_people", split), split, rng, ENGLISH_SPEAKERS)


def _recorded_person(scene: _Scene, split: str, rng: np.random.Generator) -> None:
    language, name = _one(rng, "recorded_people", split)
    scene.say(recorded(name, language))


def _company(scene: _Scene, split: str, rng: np.random.Generator) -> None:
    """A name, a breath, the rest: "Garage du centre bonjour | que puis-je faire pour vous"."""
    parts = _one(rng, "companies", split).split(" | ")
    speaker, speed = str(rng.choice(SPEAKERS[split])), int(rng.choice([175, 195]))
    for number, part in enumerate(parts):
        if number:
            scene.add(silence(rng.uniform(100, 350)))
        scene.say(spoken(part, speaker, speed))


def _talker(scene: _Scene, split: str, rng: np.random.Generator) -> None:
    """Somebody who does not stop to breathe for 4-7 s."""
    parts = _one(rng, "talkers", split).split(" | ")
    speaker = str(rng.choice(SPEAKERS[split]))
    for number, part in enumerate(parts):
        if number:
            scene.add(silence(rng.uniform(150, 600)))
        scene.say(spoken(part, speaker, 180))


def _machine(split: str, rng: np.random.Generator) -> AnsweredCall:
    draw = rng.random()
    if draw < 0.03:
        return _fax(rng)
    scene = _begin(rng)
    if draw < 0.30:
        language, name, *prompts = _one(rng, "recorded_machines", split)
        kind, truth = f"recorded {name}", AmdClass(name)
        clips = [recorded(prompt, language) for prompt in prompts]
    else:
        english = rng.random() < 0.12
        ((name, text),) = _one(rng, "english_machines" if english else "machines", split).items()
        speaker = str(rng.choice((ENGLISH_SPEAKERS if english else SPEAKERS)[split]))
        speed, pitch = int(rng.choice([145, 160, 175])), int(rng.choice([40, 50, 60]))
        kind, truth = f"{'English ' if english else ''}{name}", AmdClass(name)
        clips = [spoken(part, speaker, speed, pitch) for part in text.split(" | ")]
    if truth is AmdClass.UNAVAILABLE and rng.random() < 0.3:
        scene.speech_ms = scene.ms
        scene.add(special_information())
    repeats = 2 if truth is AmdClass.UNAVAILABLE else 1  # networks say it twice
    for _ in range(repeats):
        for clip in clips:
            scene.say(clip)
            scene.add(silence(rng.uniform(120, 700)))
    beep_ms = None
    if truth is AmdClass.VOICEMAIL and rng.random() < 0.8:
        scene.add(silence(rng.uniform(0, 600)))
        pitch_hz = float(rng.choice([400, 440, 550, 700, 850, 1000, 1200, 1400]))
        scene.add(
            tone(float(rng.choice([200, 300, 400, 600, 1000])), pitch_hz, level_dbfs=rng.uniform(-22, -12))
        )
        beep_ms = scene.ms
    scene.add(silence(4000))
    return _finish(scene, kind, truth, beep_ms, rng)


def _fax(rng: np.random.Generator) -> AnsweredCall:
    scene = _begin(rng)
    scene.speech_ms = scene.ms
    scene.add(tone(rng.uniform(2600, 4000), 2100.0))
    scene.add(silence(1500))
    return _finish(scene, "fax", AmdClass.UNAVAILABLE, None, rng)


def _silent(rng: np.random.Generator) -> AnsweredCall:
    scene = _Scene()
    scene.add(silence(12_000))
    return _finish(scene, "silence", AmdClass.UNCERTAIN, None, rng)


def _finish(
    scene: _Scene, kind: str, truth: AmdClass, beep_ms: int | None, rng: np.random.Generator
) -> AnsweredCall:
    line = any_line(rng)
    audio = line.carry(np.concatenate(scene.parts), rng)
    script = tuple(scene.script)
    return AnsweredCall(kind, truth, audio, scene.speech_ms, scene.said_ms, script, beep_ms, line)
