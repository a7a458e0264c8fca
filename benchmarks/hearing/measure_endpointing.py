"""Table 1: how long after the last word an answer is taken as finished, and how many are cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.hearing.answers import KINDS, Answer
from benchmarks.hearing.figures import median, percentile, share
from minibot_fs.dialog.phrase_classifier import PhraseClassifier
from minibot_fs.hearing.events import UtteranceEnded
from minibot_fs.hearing.frames import FRAME_BYTES
from minibot_fs.hearing.hearing_settings import EndpointingMode, HearingSettings
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer
from minibot_fs.hearing.vad import WebRtcVad

ADAPTIVE = HearingSettings()
FIXED = replace(ADAPTIVE, endpointing_mode=EndpointingMode.FIXED)
WAYS: tuple[tuple[str, HearingSettings], ...] = (
    ("fixed 1.5 s", FIXED),
    ("fixed 0.5 s", replace(FIXED, max_delay_ms=500)),
    ("adaptive", ADAPTIVE),
)
_CUT_MS = 60
"""Ended this much before the true end of speech: cut."""


@dataclass(frozen=True)
class Ending:
    """``wait_ms`` from the true end of speech to the decision; None where nothing was heard. ``cut`` when an
    utterance was ended before the answer was."""

    wait_ms: int | None
    cut: bool


def measure(answers: Sequence[Answer], classifier: PhraseClassifier) -> dict[str, Any]:
    return {
        name: _figures([(answer, _hear(answer, settings, classifier)) for answer in answers])
        for name, settings in WAYS
    }


def _hear(answer: Answer, settings: HearingSettings, classifier: PhraseClassifier) -> Ending:
    """One answer through a Listener of its own."""
    recognizer = ScriptedRecognizer(lambda: listener.at_ms, answer.script)
    listener = Listener(
        settings,
        WebRtcVad(settings.vad_aggressiveness),
        recognizer,
        is_backchannel=classifier.is_backchannel,
        completeness=classifier.is_complete,
    )
    listener.listen(20_000)
    pcm = answer.audio.tobytes()
    ended: list[int] = []
    for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        events = listener.on_frame(pcm[start : start + FRAME_BYTES])
        ended += [event.decided_ms for event in events if isinstance(event, UtteranceEnded)]
    listener.close()
    cut = any(answer.started_ms < at_ms < answer.ended_ms - _CUT_MS for at_ms in ended)
    after = [at_ms - answer.ended_ms for at_ms in ended if at_ms >= answer.ended_ms - _CUT_MS]
    return Ending(after[0] if after else None, cut)


def _figures(results: Sequence[tuple[Answer, Ending]]) -> dict[str, Any]:
    waits = [ending.wait_ms for _, ending in results if ending.wait_ms is not None]
    return {
        "median_ms": median(waits),
        "p95_ms": percentile(waits, 95),
        "cut": _cut([ending for answer, ending in results if answer.kind != "afterthought"]),
        "cut_with_afterthoughts": _cut([ending for _, ending in results]),
        "unheard": share(sum(ending.wait_ms is None for _, ending in results), len(results)),
        "by_kind": {kind: _brief([e for a, e in results if a.kind == kind]) for kind in KINDS},
        "by_snr": {
            str(snr or "clean"): _brief([e for a, e in results if a.snr_db == snr])
            for snr in (None, 20, 10, 5)
        },
        "waits_ms": sorted(waits),
    }


def _brief(endings: Sequence[Ending]) -> dict[str, Any]:
    waits = [ending.wait_ms for ending in endings if ending.wait_ms is not None]
    return {
        "median_ms": median(waits),
        "p95_ms": percentile(waits, 95),
        "cut": _cut(endings),
        "answers": len(endings),
    }


def _cut(endings: Sequence[Ending]) -> float:
    return share(sum(ending.cut for ending in endings), len(endings))
