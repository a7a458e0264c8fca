"""Table 2: what stops a prompt that should not, what should and does not, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.hearing.figures import median, percentile, share
from benchmarks.hearing.prompts_talked_over import (
    DISTURBANCES,
    GRACE_MS,
    INTERRUPTIONS,
    PROMPT_STARTS_MS,
    TalkedOver,
    disturbed,
    interrupted,
)
from minibot_fs.dialog.phrase_classifier import PhraseClassifier
from minibot_fs.hearing.events import Interrupted, InterruptionRetracted
from minibot_fs.hearing.frames import FRAME_BYTES, FRAME_MS
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer
from minibot_fs.hearing.vad import WebRtcVad

_TOO_LATE_MS = 2000


@dataclass(frozen=True)
class Reaction:
    """When the prompt was stopped, and whether that was taken back."""

    interrupted_ms: tuple[int, ...]
    retracted: int


def measure(split: str, each: int, rng: np.random.Generator, classifier: PhraseClassifier) -> dict[str, Any]:
    """``each`` scenes of every kind."""
    false = {
        kind: [_play(disturbed(kind, split, rng), classifier) for _ in range(each)] for kind in DISTURBANCES
    }
    meant = {kind: [interrupted(kind, split, rng) for _ in range(each)] for kind in INTERRUPTIONS}
    return {
        "disturbances": {kind: _false_triggers(reactions) for kind, reactions in false.items()},
        "interruptions": {
            kind: _reactions([(scene, _play(scene, classifier)) for scene in scenes])
            for kind, scenes in meant.items()
        },
    }


def _play(scene: TalkedOver, classifier: PhraseClassifier) -> Reaction:
    """The prompt stops when it is interrupted and goes on when that is taken back, as in a call."""
    settings = HearingSettings(grace_period_ms=GRACE_MS)
    recognizer = ScriptedRecognizer(lambda: listener.at_ms, scene.script)
    listener = Listener(
        settings,
        WebRtcVad(settings.vad_aggressiveness),
        recognizer,
        is_backchannel=classifier.is_backchannel,
        completeness=classifier.is_complete,
    )
    far, near = scene.far.tobytes(), scene.near.tobytes()
    position, playing, times, retracted = 0, False, [], 0
    for number in range(len(far) // FRAME_BYTES):
        if number * FRAME_MS == PROMPT_STARTS_MS:
            playing = True
            listener.prompt_started(scene.levels_dbfs, barge_in=True)
        heard = far if playing else near
        for event in listener.on_frame(heard[number * FRAME_BYTES : (number + 1) * FRAME_BYTES]):
            if isinstance(event, Interrupted):
                times.append(event.at_ms)
                playing = False
                listener.prompt_ended(position * FRAME_MS)
            elif isinstance(event, InterruptionRetracted):
                retracted += 1
                playing = True
                rest = scene.levels_dbfs[position:]
                listener.prompt_started(rest, barge_in=True, position_ms=position * FRAME_MS)
        position += playing
        if playing and position >= len(scene.levels_dbfs):
            playing = False
            listener.prompt_ended(position * FRAME_MS)
    listener.close()
    return Reaction(tuple(times), retracted)


def _false_triggers(reactions: Sequence[Reaction]) -> dict[str, Any]:
    stopped = sum(bool(reaction.interrupted_ms) for reaction in reactions)
    for_good = sum(len(reaction.interrupted_ms) > reaction.retracted for reaction in reactions)
    return {
        "stopped": share(stopped, len(reactions)),
        "stopped_for_good": share(for_good, len(reactions)),
        "scenes": len(reactions),
    }


def _reactions(results: Sequence[tuple[TalkedOver, Reaction]]) -> dict[str, Any]:
    times, early = [], 0
    for scene, reaction in results:
        after = [at_ms - scene.must_react_from_ms for at_ms in reaction.interrupted_ms]
        early += any(ms < 0 for ms in after)
        times += [ms for ms in after if 0 <= ms <= _TOO_LATE_MS][:1]
    return {
        "missed": share(len(results) - len(times), len(results)),
        "too_early": share(early, len(results)),
        "median_ms": median(times),
        "p95_ms": percentile(times, 95),
        "scenes": len(results),
    }
