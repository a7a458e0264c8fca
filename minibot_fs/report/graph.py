"""A scenario as a picture: steps from left to right, edges with the intents that lead along them."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from minibot_fs.dialog.scenario import Scenario, StepType
from minibot_fs.errors import Problem, UserError
from minibot_fs.report.graph_routes import BOX, Point, label_place, route

ENDINGS = (".svg", ".png", ".pdf")

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
BORDER = 0.08
COLUMN_WIDTH, ROW_HEIGHT = 4.1, 1.45
LABEL_CHARACTERS = 16
CHARACTER: Point = (0.066, 0.18)
"""About the size of a letter of a label."""
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
    """Write the picture; the file's ending says the format.

    Raises:
        UserError: the ending is none of ENDINGS.
    """
    if file.suffix not in ENDINGS:
        raise UserError(Problem(f"no picture is drawn as {file.name}", f"End it in {', '.join(ENDINGS)}"))
    places = _places(scenario)
    columns = max(x for x, _y in places.values()) + 1
    rows = max(y for _x, y in places.values()) - min(y for _x, y in places.values()) + 1
    figure = Figure(figsize=(1.5 + columns * 3.3, 1.6 + rows * 1.25), layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.set_axis_off()
    at = {name: (x * COLUMN_WIDTH, -y * ROW_HEIGHT) for name, (x, y) in places.items()}
    taken = [(middle, BOX) for middle in at.values()]
    # Short edges first: their labels have the least choice of a place.
    edges = sorted(edges_of(scenario).items(), key=lambda edge: math.dist(at[edge[0][0]], at[edge[0][1]]))
    for number, ((source, target), labels) in enumerate(edges):
        if source == target:
            _draw_again(axes, at[source], labels)
        else:
            _draw_edge(axes, at[source], at[target], labels, EDGE_COLOURS[number % len(EDGE_COLOURS)], taken)
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
            (x - width / 2 + BORDER, y - height / 2 + BORDER),
            width - 2 * BORDER,
            height - 2 * BORDER,
            boxstyle=f"round,pad={BORDER}",
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


def _draw_again(axes: Axes, middle: Point, labels: list[str]) -> None:
    """What leads from a step to itself stands below it."""
    text = f"again: {', '.join(labels)}"
    axes.text(
        middle[0], middle[1] - BOX[1] / 2 - 0.13, text, ha="center", va="center", fontsize=6.8, zorder=5
    )


def _draw_edge(
    axes: Axes,
    source: Point,
    target: Point,
    labels: list[str],
    colour: str,
    taken: list[tuple[Point, Point]],
) -> None:
    """Draw one edge and its label; ``taken`` holds the boxes and labels there are, and gets this one."""
    boxes = [middle for middle, size in taken if size == BOX]
    way = route(source, target, boxes)
    curve = Curve([way.start, way.control, way.end], [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])
    axes.add_patch(
        FancyArrowPatch(
            path=curve, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.1, zorder=1
        )
    )
    lines = textwrap.wrap(", ".join(labels), LABEL_CHARACTERS)
    size = (CHARACTER[0] * max(map(len, lines)) + 0.1, CHARACTER[1] * len(lines) + 0.04)
    place = label_place(way, size, taken)
    taken.append((place, size))
    axes.text(
        *place,
        "\n".join(lines),
        ha="center",
        va="center",
        fontsize=6.8,
        color=colour,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
    )
