"""How well callers are understood: ``python -m benchmarks.understanding [--errors dev]``.

Intents on fr.yaml, objections on objections.yaml, each with its latency in processor time; the guide's
algorithm beside ours. Prints the tables and writes benchmarks/results/understanding.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.understanding.guide_algorithm import best_objection
from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.objections import ObjectionMatcher, Theme, load_themes
from minibot_fs.dialog.phrase_classifier import PhraseClassifier

HERE = Path(__file__).parent
_PARTS = ("dev", "held", "fresh")
RESULTS = HERE.parent / "results" / "understanding.json"


@dataclass(frozen=True)
class Example:
    kind: str
    intent: Intent
    utterance: str


@dataclass(frozen=True)
class Raised:
    """What was said against a theme's offer; ``objection`` is None where nothing of the theme answers it."""

    theme: str
    objection: str | None
    utterance: str


def examples(part: str) -> list[Example]:
    kinds = yaml.safe_load((HERE / "fr.yaml").read_text(encoding="utf-8"))[part]
    return [
        Example(kind, Intent(intent), utterance)
        for kind, intents in kinds.items()
        for intent, utterances in intents.items()
        for utterance in utterances
    ]


def raised() -> Iterator[Raised]:
    themes = yaml.safe_load((HERE / "objections.yaml").read_text(encoding="utf-8"))
    for theme, expected in themes.items():
        for objection, utterances in expected.items():
            for utterance in utterances:
                yield Raised(theme, None if objection == "none" else objection, utterance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=("dev",), help="show what is wrong in the part one may read")
    console = Console()
    show_errors = parser.parse_args().errors
    started = time.perf_counter()
    classifier = PhraseClassifier.from_files("fr")
    loading_ms = (time.perf_counter() - started) * 1000
    results: dict[str, Any] = {"loading_ms": round(loading_ms)}
    for part in _PARTS:
        results[part] = measure_intents(examples(part), classifier, console if show_errors == part else None)
    results["objections"] = measure_objections(list(raised()), load_themes())
    print_tables(results, console)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def measure_intents(
    given: list[Example], classifier: PhraseClassifier, errors: Console | None = None
) -> dict[str, Any]:
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    right_of_kind: dict[str, list[bool]] = defaultdict(list)
    took_ms = []
    for example in given:
        started = time.thread_time()
        understood = classifier.classify(example.utterance)
        took_ms.append((time.thread_time() - started) * 1000)
        confusion[example.intent.value][understood.intent.value] += 1
        right_of_kind[example.kind].append(understood.intent is example.intent)
        if errors is not None and understood.intent is not example.intent:
            errors.print(f"{example.intent.value}: {example.utterance!r} -> {understood}", markup=False)
    return {
        "utterances": len(given),
        "accuracy": _share([right for rights in right_of_kind.values() for right in rights]),
        "macro_f1": round(statistics.mean(_f1(confusion).values()), 3),
        "f1": _f1(confusion),
        "accuracy_of_kind": {kind: _share(rights) for kind, rights in right_of_kind.items()},
        "confusion": {expected: dict(row) for expected, row in confusion.items()},
        "processor_ms": _latency(took_ms),
    }


def measure_objections(given: list[Raised], themes: dict[str, Theme]) -> dict[str, Any]:
    matchers = {name: ObjectionMatcher(theme) for name, theme in themes.items()}
    took_ms = []

    def ours(case: Raised) -> str | None:
        started = time.thread_time()
        match = matchers[case.theme].match(case.utterance)
        took_ms.append((time.thread_time() - started) * 1000)
        return match.objection if match is not None else None

    results = {
        "ours": _objection_scores(given, ours),
        "guide": _objection_scores(
            given, lambda case: best_objection(case.utterance, themes[case.theme], False)
        ),
        "guide_all_wordings": _objection_scores(
            given, lambda case: best_objection(case.utterance, themes[case.theme], True)
        ),
    }
    return {"utterances": len(given), **results, "processor_ms": _latency(took_ms)}


def _objection_scores(given: list[Raised], answer: Callable[[Raised], str | None]) -> dict[str, float]:
    """Shares: ``top1`` raised, rightly answered; ``wrong`` raised, answered otherwise; ``false`` none."""
    answers = [(case.objection, answer(case)) for case in given]
    to_answer = [(expected, got) for expected, got in answers if expected is not None]
    nothing = [got for expected, got in answers if expected is None]
    return {
        "top1": _share([got == expected for expected, got in to_answer]),
        "wrong": _share([got is not None and got != expected for expected, got in to_answer]),
        "false": _share([got is not None for got in nothing]),
    }


def _share(rights: list[bool]) -> float:
    return round(sum(rights) / len(rights), 3)


def _f1(confusion: dict[str, Counter[str]]) -> dict[str, float]:
    scores = {}
    for intent, row in confusion.items():
        right = row[intent]
        given = sum(row.values())
        answered = sum(other[intent] for other in confusion.values())
        scores[intent] = round(2 * right / (given + answered), 3)
    return scores


def _latency(took_ms: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took_ms, n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "max": round(max(took_ms), 3)}


def print_tables(results: dict[str, Any], console: Console) -> None:
    for part in _PARTS:
        measured = results[part]
        names = list(measured["confusion"])
        table = Table(
            title=f"{part}: {measured['utterances']} utterances, macro-F1 {measured['macro_f1']}, "
            f"accuracy {measured['accuracy']} {measured['accuracy_of_kind']}"
        )
        table.add_column("expected \\ understood")
        for name in (*names, "F1"):
            table.add_column(name[:8], justify="right")
        for name in names:
            row = measured["confusion"][name]
            table.add_row(name, *(str(row.get(other, "")) for other in names), str(measured["f1"][name]))
        console.print(table)
        console.print(f"processor time (ms): {measured['processor_ms']}")
    objections = results["objections"]
    table = Table(title=f"objections: {objections['utterances']} utterances")
    for column in ("algorithm", "right answer", "wrong answer", "false answer"):
        table.add_column(column)
    for name in ("ours", "guide", "guide_all_wordings"):
        scores = objections[name]
        table.add_row(name, str(scores["top1"]), str(scores["wrong"]), str(scores["false"]))
    console.print(table)
    console.print(f"processor time (ms): {objections['processor_ms']}")


if __name__ == "__main__":
    main()
