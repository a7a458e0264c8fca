"""Ways for the edges of a drawn graph: curves that keep off the boxes, labels that keep off each other.

All lengths are in the picture's own units; a box is known by its middle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

Point = tuple[float, float]

BOX: Point = (2.1, 0.78)
"""Width and height of every box, with its border."""
PORT_SPREAD = 0.3
"""Edges leave and reach a box up to so far from its middle line, so that they can be told apart."""
BENDS = (0.0, 0.5, -0.5, 1.0, -1.0, 1.6, -1.6, 2.3, -2.3, 3.2, -3.2)
"""How far a curve is pulled aside; the first that crosses the fewest boxes is taken."""
SIDE_REACH = 0.5
"""A curve within a column is pulled aside by this much of its height: longer ones run further out."""
SHARES = (0.3, 0.4, 0.5, 0.6, 0.22, 0.7, 0.8)
"""Where along a curve a label may stand, best first."""
CURVE_POINTS = 40


@dataclass(frozen=True)
class Route:
    """A quadratic curve: pulled from ``start`` to ``end`` by ``control``."""

    start: Point
    control: Point
    end: Point

    def at(self, share: float) -> Point:
        """The point this share of the way along."""
        a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
        x, y = (a * p + b * q + c * r for p, q, r in zip(self.start, self.control, self.end, strict=True))
        return x, y


def route(source: Point, target: Point, boxes: Collection[Point]) -> Route:
    """The least bent curve among those that cross the fewest boxes."""
    others = [box for box in boxes if box not in (source, target)]
    return min(_routes(source, target), key=lambda way: _crossed(way, others))


def label_place(way: Route, size: Point, taken: Sequence[tuple[Point, Point]]) -> Point:
    """Where on its curve a label of this size overlaps the places taken (middle, size) the least."""
    return min((way.at(share) for share in SHARES), key=lambda at: _overlap(at, size, taken))


def _routes(source: Point, target: Point) -> Iterator[Route]:
    (x1, y1), (x2, y2) = source, target
    half_width, half_height = BOX[0] / 2, BOX[1] / 2
    if x1 == x2:
        # Beside the column: down on its right, up on its left, so that a pair does not overlap.
        side = 1 if y2 < y1 else -1
        reach = half_width + SIDE_REACH * abs(y2 - y1)
        start, end = (x1 + side * half_width, y1 - side * 0.15), (x2 + side * half_width, y2 + side * 0.15)
        yield Route(start, (x1 + side * reach, (y1 + y2) / 2), end)
        return
    spread = max(-PORT_SPREAD, min(PORT_SPREAD, (y2 - y1) * 0.08))
    for bend in BENDS:
        if x2 > x1:
            start, end = (x1 + half_width, y1 + spread), (x2 - half_width, y2 - spread)
        else:
            # Backwards: over or under the boxes that lie between.
            edge = half_height if bend >= 0 else -half_height
            start, end = (x1, y1 + edge), (x2, y2 + edge)
        yield Route(start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + bend), end)


def _crossed(way: Route, boxes: Collection[Point]) -> int:
    points = [way.at(number / CURVE_POINTS) for number in range(1, CURVE_POINTS)]
    return sum(any(_within(point, box) for point in points) for box in boxes)


def _within(point: Point, box: Point) -> bool:
    return all(abs(p - middle) < extent / 2 for p, middle, extent in zip(point, box, BOX, strict=True))


def _overlap(at: Point, size: Point, taken: Sequence[tuple[Point, Point]]) -> float:
    """The area that a label at this place shares with what is there."""
    area = 0.0
    for middle, extent in taken:
        width, height = (
            max(0.0, (size[axis] + extent[axis]) / 2 - abs(at[axis] - middle[axis])) for axis in (0, 1)
        )
        area += width * height
    return area
