"""A call as a picture: one lane each for step, prompt, caller speech, transcript and intent, over time."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure

LANES = ("step", "prompt", "caller", "transcript", "intent")
INTENT_COLOURS = {
    "affirm": "#2e8b57",
    "deny": "#c0392b",
    "opt_out": "#8e1b1b",
    "objection": "#d68910",
    "question": "#2471a3",
    "silence": "#7f8c8d",
    "not_understood": "#7f8c8d",
}
PROMPT_COLOUR = "#5d6d9e"
SPEECH_COLOUR = "#e08e45"
STEP_COLOURS = ("#dfe6ee", "#eef2f7")


@dataclass(frozen=True)
class Span:
    """Something that lasted from ``start_s`` to ``end_s`` of the call."""

    start_s: float
    end_s: float
    label: str
    colour: str


def lanes_of(records: Sequence[Mapping[str, Any]], duration_s: float) -> dict[str, list[Span]]:
    """The lanes of a call's stored records (``kind, at_ms, step, prompt, transcript, intent, data``)."""
    lanes: dict[str, list[Span]] = {name: [] for name in LANES}
    for record in records:
        start_s = record["at_ms"] / 1000
        end_s = (record.get("data") or {}).get("ended_ms", record["at_ms"]) / 1000
        if record["kind"] == "prompt":
            name = Path(record["prompt"]).stem
            lanes["prompt"].append(Span(start_s, end_s, name, PROMPT_COLOUR))
        elif record["kind"] in ("caller", "remark"):
            intent = str(record["intent"])
            colour = INTENT_COLOURS.get(intent, "#6c3483")
            if record["transcript"]:
                lanes["caller"].append(Span(start_s, end_s, "", SPEECH_COLOUR))
                lanes["transcript"].append(Span(start_s, end_s, record["transcript"], "black"))
            lanes["intent"].append(Span(start_s, max(end_s, start_s + 0.1), intent, colour))
    lanes["step"] = _steps(records, duration_s)
    return lanes


def _steps(records: Sequence[Mapping[str, Any]], duration_s: float) -> list[Span]:
    entered: list[tuple[float, str]] = []
    for record in records:
        if record["step"] and (not entered or entered[-1][1] != record["step"]):
            entered.append((record["at_ms"] / 1000, record["step"]))
    ends = [start for start, _name in entered[1:]] + [duration_s]
    return [
        Span(start, end, name, STEP_COLOURS[number % 2])
        for number, ((start, name), end) in enumerate(zip(entered, ends, strict=True))
    ]


def draw_timeline(
    records: Sequence[Mapping[str, Any]],
    duration_s: float,
    file: Path,
    *,
    title: str = "",
    recording: Path | None = None,
) -> None:
    """Write the picture (the file's ending says the format). With a stereo recording, its waveforms too."""
    lanes = lanes_of(records, duration_s)
    rows = len(LANES) + (2 if recording else 0)
    figure = Figure(figsize=(max(9.0, min(18.0, duration_s * 0.45)), 0.8 * rows + 0.9), layout="constrained")
    axes: Axes = figure.add_subplot()
    for number, name in enumerate(LANES):
        _draw_lane(axes, rows - 1 - number, lanes[name], text_only=name == "transcript")
    names = list(LANES)
    if recording:
        _draw_waveforms(axes, recording)
        names += ["bot (left)", "caller (right)"]
    axes.set_yticks(range(rows - 1, -1, -1), names)
    axes.set_ylim(-0.6, rows - 0.4)
    axes.set_xlim(0, max(duration_s, 1.0))
    axes.set_xlabel("seconds since the answer")
    axes.set_title(title, loc="left", fontsize=11)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _draw_lane(axes: Axes, row: int, spans: Sequence[Span], *, text_only: bool) -> None:
    for number, span in enumerate(spans):
        width = max(span.end_s - span.start_s, 0.05)
        middle = span.start_s + width / 2
        if text_only:
            room = (spans[number + 1].start_s if number + 1 < len(spans) else span.end_s + 6) - span.start_s
            label = "\n".join(textwrap.wrap(span.label, max(12, int(room * 4.5)))[:3])
            axes.text(span.start_s, row, label, ha="left", va="center", fontsize=7.5)
            continue
        axes.broken_barh(
            [(span.start_s, width)], (row - 0.36, 0.72), facecolor=span.colour, edgecolor="white"
        )
        light = span.colour in STEP_COLOURS
        fits = width * 5.5 > len(span.label)
        axes.text(
            middle if fits else span.start_s,
            row,
            span.label,
            ha="center" if fits else "left",
            va="center",
            fontsize=8,
            color="white" if fits and not light else "black",
            clip_on=True,
        )


def _draw_waveforms(axes: Axes, recording: Path) -> None:
    samples, rate_hz = soundfile.read(recording, dtype="float32", always_2d=True)
    bin_samples = max(1, len(samples) // 2000)
    usable = len(samples) // bin_samples * bin_samples
    peaks = np.abs(samples[:usable]).reshape(-1, bin_samples, samples.shape[1]).max(axis=1)
    seconds = np.arange(len(peaks)) * bin_samples / rate_hz
    for channel, (row, colour) in enumerate(((1, PROMPT_COLOUR), (0, SPEECH_COLOUR))):
        height = peaks[:, min(channel, peaks.shape[1] - 1)] * 0.42
        axes.fill_between(seconds, row - height, row + height, color=colour, linewidth=0)
