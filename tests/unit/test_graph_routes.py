"""The drawn graph: its edges keep off the steps between, its labels off each other."""

from __future__ import annotations

import pytest

from minibot_fs.report.graph_routes import BOX, Point, label_place, route

LEFT: Point = (0.0, 0.0)
BETWEEN: Point = (4.0, 0.0)
RIGHT: Point = (8.0, 0.0)


def enters(way_points: list[Point], box: Point) -> bool:
    return any(abs(x - box[0]) < BOX[0] / 2 and abs(y - box[1]) < BOX[1] / 2 for x, y in way_points)


@pytest.mark.parametrize(("source", "target"), [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_an_edge_goes_round_a_step_that_lies_between(source: Point, target: Point) -> None:
    way = route(source, target, [LEFT, BETWEEN, RIGHT])
    assert not enters([way.at(number / 100) for number in range(101)], BETWEEN)


def test_an_edge_with_nothing_in_its_way_is_straight() -> None:
    way = route(LEFT, RIGHT, [LEFT, RIGHT, (4.0, 5.0)])
    assert way.at(0.5)[1] == pytest.approx(0)


def test_two_edges_between_the_same_steps_of_a_column_run_on_either_side() -> None:
    above, below = (0.0, 0.0), (0.0, -1.5)
    down, up = route(above, below, [above, below]), route(below, above, [above, below])
    assert down.at(0.5)[0] > BOX[0] / 2
    assert up.at(0.5)[0] < -BOX[0] / 2


def test_a_label_stands_beside_the_one_that_is_there() -> None:
    way = route(LEFT, RIGHT, [])
    size = (0.6, 0.2)
    first = label_place(way, size, [])
    second = label_place(way, size, [(first, size)])
    assert abs(first[0] - second[0]) >= size[0]
