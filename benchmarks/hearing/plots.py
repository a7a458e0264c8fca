"""The pictures the README shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

SIZE_INCHES = (8.0, 4.2)


def draw_all(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """One PNG for each part that was measured."""
    drawings: dict[str, Callable[[Any, Axes], None]] = {
        "endpointing": _endpointing,
        "amd": _amd,
        "vad": _vad,
        "barge_in": _barge_in,
    }
    return [
        _draw(drawings[part], results[part], folder / f"hearing_{part}.png")
        for part in drawings
        if results.get(part)
    ]


def _draw(drawing: Callable[[Any, Axes], None], results: Any, path: Path) -> Path:
    figure, axes = plt.subplots(figsize=SIZE_INCHES, layout="constrained")
    drawing(results, axes)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _endpointing(results: Mapping[str, Any], axes: Axes) -> None:
    for name, row in results.items():
        _cumulative(axes, row["waits_ms"], f"{name} ({row['cut']} % cut)")
    axes.set(xlim=(0, 2500), xlabel="wait after the last word (ms)", ylabel="answers decided (%)")
    axes.set_title("When an answer is taken as finished")
    axes.legend()


def _amd(results: Mapping[str, Any], axes: Axes) -> None:
    for name in ("combined", "combined, no transcript"):
        row = results["methods"][name]
        label = f"people, {name} ({row['people_taken_for_machines']} % taken for machines)"
        _cumulative(axes, row["human_times_ms"], label)
        label = f"machines, {name} ({row['machines_found']} % found)"
        _cumulative(axes, row["machine_times_ms"], label, "--")
    axes.set(xlim=(0, 8000), xlabel="first speech to decision (ms)", ylabel="decided (%)")
    axes.set_title("When it is known who answered")
    axes.legend(loc="lower right", fontsize="small")


def _vad(results: Mapping[str, Any], axes: Axes) -> None:
    groups = ("clean", "20", "10", "5")
    for name, row in results.items():
        axes.plot(groups, [row[group]["error"] for group in groups], marker="o", label=name)
    axes.set(xlabel="SNR (dB)", ylabel="frames wrong (%)", ylim=(0, None))
    axes.set_title("Voice activity")
    axes.legend(fontsize="small")


def _barge_in(results: Mapping[str, Any], axes: Axes) -> None:
    kinds = list(results["disturbances"])
    rows = [results["disturbances"][kind] for kind in kinds]
    places = np.arange(len(kinds))
    axes.barh(places, [row["stopped"] for row in rows], color="tab:orange", label="stopped, then resumed")
    axes.barh(places, [row["stopped_for_good"] for row in rows], color="tab:red", label="stopped for good")
    axes.set_yticks(places, kinds)
    axes.set(xlabel="prompts (%)", xlim=(0, 100))
    axes.set_title("Prompts stopped by what is no interruption")
    axes.legend()


def _cumulative(axes: Axes, values: Sequence[float], label: str, style: str = "-") -> None:
    axes.plot(np.sort(values), np.linspace(0, 100, len(values)), style, label=label)
