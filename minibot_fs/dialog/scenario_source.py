"""The text of a scenario file as plain data, JSON or YAML, with the line of every value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from minibot_fs.errors import Problem, ScenarioError

Place = tuple[str | int, ...]
"""Where in the data: ``("steps", "hello", "timeout")``."""

TRUTH_VALUES = ("true", "false")


class Lines(dict[Place, int]):
    """The line of each value by its place, and the places of keys that are there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.doubled: list[Place] = []

    def of(self, at: Place) -> int:
        """The line of the value, or of the nearest one that holds it."""
        while at not in self:
            at = at[:-1]
        return self[at]


def read_source(path: Path) -> tuple[dict[str, Any], Lines]:
    """The file's fields and their lines.

    Raises:
        ScenarioError: unreadable, no JSON or YAML, or no fields.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(Problem(f"cannot be read: {error}", "Save it as UTF-8 text", path)) from error
    lines = Lines()
    try:
        root = _nodes(path, text)
        if not isinstance(root, yaml.MappingNode):
            raise ScenarioError(Problem("has no fields", "It begins with name and steps", path, 1))
        return _plain(root, (), lines), lines
    except RecursionError as error:
        # A YAML alias can even name the mapping that it stands in.
        problem = Problem("is nested without end", "Scenario, steps, transitions: no deeper", path)
        raise ScenarioError(problem) from error


def _nodes(path: Path, text: str) -> yaml.Node | None:
    if path.suffix == ".json":
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            problem = Problem(
                f"is not JSON: {error.msg}", "Mend the line or the one before", path, error.lineno
            )
            raise ScenarioError(problem) from error
        # JSON allows tabs between its values, YAML does not; within its strings there are none.
        text = text.replace("\t", " ")
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(f"is not YAML: {error.problem}", "", path, mark.line + 1 if mark else None)
        raise ScenarioError(problem) from error
    except yaml.YAMLError as error:
        raise ScenarioError(Problem(f"is not YAML: {error}", "", path)) from error


def _plain(node: yaml.Node, at: Place, lines: Lines) -> Any:
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping = {}
        for key, value in node.value:
            inner = (*at, str(key.value))
            mapping[str(key.value)] = _plain(value, inner, lines)
            lines[inner] = key.start_mark.line + 1
        names = [str(key.value) for key, _value in node.value]
        lines.doubled += [(*at, name) for name in dict.fromkeys(names) if names.count(name) > 1]
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, number), lines) for number, item in enumerate(node.value)]
    value = yaml.constructor.SafeConstructor().construct_object(node)
    if isinstance(value, bool) and node.value.lower() not in TRUTH_VALUES:
        return node.value  # YAML takes a spoken "yes" or "no" for a truth value
    return value if value is None or isinstance(value, bool | int | float) else node.value
