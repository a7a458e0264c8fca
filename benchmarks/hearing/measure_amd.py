"""Table 3: answering machines by method, with and without a transcript."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pool
from typing import Any

import numpy as np

from benchmarks.hearing.calls import AnsweredCall
from benchmarks.hearing.figures import median, percentile, share
from benchmarks.hearing.transcripts import partials
from minibot_fs.hearing.answering_machine import AmdMethod, AmdSettings, AnsweringMachineDetector
from minibot_fs.hearing.events import AmdResult, BeepHeard, MachineDecided
from minibot_fs.hearing.frames import FRAME_BYTES, FRAME_MS
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.vad import WebRtcVad
from minibot_fs.hearing.voice_activity import VoiceActivity

METHODS: tuple[tuple[str, AmdMethod, bool], ...] = (
    ("energy", AmdMethod.ENERGY, False),
    ("silence", AmdMethod.SILENCE, False),
    ("words", AmdMethod.WORDS, True),
    ("combined, no transcript", AmdMethod.COMBINED, False),
    ("combined", AmdMethod.COMBINED, True),
)


@dataclass(frozen=True)
class Outcome:
    """One method on one call: its verdicts in order, and when the beep was reported."""

    verdicts: tuple[MachineDecided, ...]
    beep_ms: int | None

    @property
    def first(self) -> MachineDecided | None:
        return self.verdicts[0] if self.verdicts else None

    @property
    def machine(self) -> MachineDecided | None:
        """The first verdict that it is a machine."""
        return next((verdict for verdict in self.verdicts if verdict.result is AmdResult.MACHINE), None)


def measure(calls: Sequence[AnsweredCall], seed: int, processes: int) -> dict[str, Any]:
    """Figures by method; ``processes`` share the calls."""
    with Pool(processes) as pool:
        outcomes = pool.starmap(
            _hear, [(call, seed + number) for number, call in enumerate(calls)], chunksize=8
        )
    return {
        "calls": _counts(calls),
        "methods": {
            name: _figures(list(zip(calls, (of_call[name] for of_call in outcomes), strict=True)))
            for name, _, _ in METHODS
        },
    }


@cache
def _phrases() -> GreetingPhrases:
    return GreetingPhrases.load("fr", "en")


def _hear(call: AnsweredCall, seed: int) -> dict[str, Outcome]:
    pcm = call.audio.tobytes()
    voice = VoiceActivity(HearingSettings(), WebRtcVad(HearingSettings().vad_aggressiveness))
    frames = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
    heard = [
        (frame, number * FRAME_MS, voice.hear(frame, number * FRAME_MS))
        for number, frame in enumerate(frames, 1)
    ]
    transcript = partials(call.script, call.line, np.random.default_rng(seed))
    outcomes = {}
    for name, method, with_words in METHODS:
        detector = AnsweringMachineDetector(AmdSettings(method=method), _phrases())
        coming = list(transcript) if with_words else []
        events: list[MachineDecided | BeepHeard] = []
        for frame, end_ms, activity in heard:
            while coming and coming[0][0] <= end_ms:
                events += detector.on_partial(coming.pop(0)[1])
            events += detector.on_frame(frame, activity.voiced, activity.level_dbfs)
        verdicts = tuple(event for event in events if isinstance(event, MachineDecided))
        beeps = [event.at_ms for event in events if isinstance(event, BeepHeard)]
        outcomes[name] = Outcome(verdicts, beeps[-1] if beeps else None)
    return outcomes


def _counts(calls: Sequence[AnsweredCall]) -> dict[str, int]:
    kinds = sorted({call.kind for call in calls})
    return {kind: sum(call.kind == kind for call in calls) for kind in kinds}


def _figures(results: Sequence[tuple[AnsweredCall, Outcome]]) -> dict[str, Any]:
    people = [(call, out) for call, out in results if call.truth.value == "human"]
    machines = [(call, out) for call, out in results if call.is_machine]
    silent = [out for call, out in results if call.truth.value == "uncertain"]
    found = [(call, out) for call, out in machines if out.machine is not None]
    with_beep = [
        (call, out) for call, out in machines if call.beep_ms is not None and out.machine is not None
    ]
    human_times = [_since_speech(call, out.first) for call, out in people if out.first is not None]
    after_end = [out.first.at_ms - call.said_ms for call, out in people if out.first is not None]
    machine_times = [_since_speech(call, out.machine) for call, out in found if out.machine is not None]
    return {
        "machines_found": share(len(found), len(machines)),
        "machines_found_at_first_verdict": share(
            sum(out.first is not None and out.first.result is AmdResult.MACHINE for _, out in machines),
            len(machines),
        ),
        "people_taken_for_machines": share(sum(out.machine is not None for _, out in people), len(people)),
        "silence_called_machine": share(sum(out.machine is not None for out in silent), len(silent)),
        "class_right": share(
            sum(out.verdicts[-1].amd_class is call.truth for call, out in found), len(found)
        ),
        "beeps_heard": share(sum(_beep_right(call, out) for call, out in with_beep), len(with_beep)),
        "human_median_ms": median(human_times),
        "human_p95_ms": percentile(human_times, 95),
        "human_after_last_word_median_ms": median(after_end),
        "machine_median_ms": median(machine_times),
        "machine_p95_ms": percentile(machine_times, 95),
        "human_times_ms": sorted(human_times),
        "machine_times_ms": sorted(machine_times),
        "people_by_kind": _by_kind((call.kind, out.machine is None) for call, out in people),
        "machines_by_kind": _by_kind((call.kind, out.machine is not None) for call, out in machines),
        "by_snr": {
            str(snr or "clean"): {
                "machines_found": share(
                    sum(out.machine is not None for call, out in machines if call.line.snr_db == snr),
                    sum(call.line.snr_db == snr for call, _ in machines),
                ),
                "people_taken_for_machines": share(
                    sum(out.machine is not None for call, out in people if call.line.snr_db == snr),
                    sum(call.line.snr_db == snr for call, _ in people),
                ),
            }
            for snr in (None, 20, 10, 5)
        },
    }


def _since_speech(call: AnsweredCall, verdict: MachineDecided | None) -> int:
    return 0 if verdict is None or call.speech_ms is None else verdict.at_ms - call.speech_ms


def _beep_right(call: AnsweredCall, out: Outcome) -> bool:
    """Reported within 300 ms after its end."""
    return out.beep_ms is not None and call.beep_ms is not None and -60 <= out.beep_ms - call.beep_ms <= 300


def _by_kind(results: Iterable[tuple[str, bool]]) -> dict[str, str]:
    """Right of all, by kind: "35/36"."""
    kinds: dict[str, list[bool]] = {}
    for kind, right in results:
        kinds.setdefault(kind, []).append(right)
    return {kind: f"{sum(rights)}/{len(rights)}" for kind, rights in sorted(kinds.items())}
