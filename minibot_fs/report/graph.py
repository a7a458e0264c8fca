"""A scenario as a picture: steps from left to right, edges with the intents that lead along them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from minibot_fs.dialog.scenario import Scenario, StepType

RESULT_COLOURS = {
    "success": "#bfe3c8",
    "not_interested": "#f3c9c3",
    "opt_out": "#e3a39b",
    "callback": "#cfe0f5",
    "no_answer": "#dddddd",
}
OTHER_RESULT_COLOUR = "#efe3b8"
STEP_COLOUR = "#e8ecf6"
HANDLER_COLOUR = "#fbe3c4"
START_EDGE = "#20407a"
BOX = (1.9, 0.62)
COLUMN_WIDTH, ROW_HEIGHT = 3.9, 1.35
EDGE_COLOURS = ("#44546a", "#8a5a2b", "#3f7a57", "#7a3f6d", "#2b6f8a", "#8a2b2b")


def edges_of(scenario: Scenario) -> dict[tuple[str, str], list[str]]:
    """Which step leads to which, and by what: intents, ``*``, or the handler's own words."""
    edges: dict[tuple[str, str], list[str]] = {}
    for name, step in scenario.steps.items():
        named = [
            *step.transitions.items(),
            ("settled", step.success_step or ""),
            ("not answered", step.fallback_step or ""),
        ]
        for label, target in named:
            if target:
                edges.setdefault((name, target), []).append(label)
    return edges


def draw_graph(scenario: Scenario, file: Path) -> None:
    """Write the picture; the file's ending says the format."""
    places = _places(scenario)
    columns = max(x for x, _y in places.values()) + 1
    rows = max(y for _x, y in places.values()) - min(y for _x, y in places.values()) + 1
    figure = Figure(figsize=(1.5 + columns * 3.3, 1.6 + rows * 1.25), layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.set_axis_off()
    at = {name: (x * COLUMN_WIDTH, -y * ROW_HEIGHT) for name, (x, y) in places.items()}
    for number, ((source, target), labels) in enumerate(edges_of(scenario).items()):
        _draw_edge(axes, at[source], at[target], labels, EDGE_COLOURS[number % len(EDGE_COLOURS)])
    for name, (x, y) in at.items():
        _draw_step(axes, scenario, name, x, y)
    xs, ys = [x for x, _y in at.values()], [y for _x, y in at.values()]
    axes.set_xlim(min(xs) - 1.5, max(xs) + 1.5)
    axes.set_ylim(min(ys) - 1.3, max(ys) + 1.3)
    axes.set_title(scenario.name, loc="left")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _places(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Column by distance from the start, final steps in the last one; row by order within a column."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(scenario.steps)
    graph.add_edges_from(edges_of(scenario))
    distance = nx.single_source_shortest_path_length(graph, scenario.first_step)
    finals = [name for name, step in scenario.steps.items() if step.is_final]
    inner = [name for name in scenario.steps if name not in finals]
    last = 1 + max((distance.get(name, 0) for name in inner), default=0)
    column = {name: last if name in finals else distance.get(name, last - 1) for name in scenario.steps}
    places = {}
    for number in sorted(set(column.values())):
        members = [name for name in scenario.steps if column[name] == number]
        for row, name in enumerate(members):
            places[name] = (float(number), row - (len(members) - 1) / 2 + 0.18 * (number % 2))
    return places


def _draw_step(axes: Axes, scenario: Scenario, name: str, x: float, y: float) -> None:
    step = scenario.steps[name]
    if step.is_final:
        colour = RESULT_COLOURS.get(step.result or "", OTHER_RESULT_COLOUR)
    else:
        colour = HANDLER_COLOUR if step.type is StepType.OBJECTION_HANDLER else STEP_COLOUR
    width, height = BOX
    start = name == scenario.first_step
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0.08",
            facecolor=colour,
            edgecolor=START_EDGE if start or step.is_determinant else "#888888",
            linewidth=2.2 if start else 1.0,
            linestyle="--" if step.is_determinant and not start else "-",
            zorder=3,
        )
    )
    detail = f"result: {step.result or 'completed'}" if step.is_final else _detail(name, scenario)
    axes.text(x, y + 0.1, name, ha="center", va="center", fontsize=9, weight="bold", zorder=4)
    axes.text(x, y - 0.17, detail, ha="center", va="center", fontsize=7, color="#444444", zorder=4)


def _detail(name: str, scenario: Scenario) -> str:
    step = scenario.steps[name]
    if step.type is StepType.OBJECTION_HANDLER:
        return f"objections: {scenario.theme or 'none'}"
    listens = f"listens {step.timeout:g} s" if step.listens else "does not listen"
    return f"{listens}, determinant" if step.is_determinant else listens


def _draw_edge(
    axes: Axes, source: tuple[float, float], target: tuple[float, float], labels: list[str], colour: str
) -> None:
    (x1, y1), (x2, y2) = source, target
    width, height = BOX
    forward = x2 > x1
    if forward:
        start, end, bend = (x1 + width / 2 + 0.1, y1), (x2 - width / 2 - 0.1, y2), 0.04 * (y2 - y1)
        share = 0.32
    elif x2 == x1:
        # Down on the right of the column, up on its left, so that a pair of edges does not overlap.
        side = (width / 2 + 0.1) * (1 if y2 < y1 else -1)
        start, end, bend, share = (x1 + side, y1), (x2 + side, y2), -0.35, 0.5
    else:
        lift = height / 2 + 0.1
        start, end, bend = (x1, y1 + lift), (x2, y2 + lift), 0.28
        share = 0.5
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=11,
            color=colour,
            linewidth=1.1,
            zorder=1,
        )
    )
    x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
    # The middle of an arc lies beside the straight line by half its bend.
    x += (end[1] - start[1]) * bend * 2 * share * (1 - share)
    y -= (end[0] - start[0]) * bend * 2 * share * (1 - share)
    axes.text(
        x,
        y,
        textwrap.fill(", ".join(labels), 26),
        ha="center",
        va="center",
        fontsize=6.8,
        color=colour,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
    )
