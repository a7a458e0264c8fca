"""Reads scenarios, JSON or YAML, and finds everything that is wrong with one at once, each with its line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from minibot_fs.dialog.scenario import MAX_TIMEOUT_S, Message, Scenario, Step
from minibot_fs.dialog.scenario_rules import (
    INTENTS,
    Finding,
    nearest,
    path_findings,
    step_findings,
    warnings,
)
from minibot_fs.dialog.scenario_source import Lines, Place, read_source
from minibot_fs.errors import Problem, ScenarioError

ENDINGS = (".json", ".yaml", ".yml")

WRONG_TYPE = {
    "string_type": ("is {input!r}, not a text", "Put it between quotes"),
    "bool_parsing": ("is {input!r}", "It is true or false"),
    "bool_type": ("is {input!r}", "It is true or false"),
    "int_parsing": ("is {input!r}", "It is a whole number"),
    "int_from_float": ("is {input!r}", "It is a whole number"),
    "float_parsing": ("is {input!r}", "It is a number"),
    "string_pattern_mismatch": ("is {input!r}", "Use letters without accents, digits and _"),
    "string_too_short": ("is empty", "Write one"),
    "too_short": ("is empty", "Write at least one"),
    "enum": ("is {input!r}", "It is audio or objection_handler"),
    "dict_type": ("holds no names with values", "Write name: value, one a line"),
    "model_type": ("holds no fields", "Write field: value, one a line"),
    "tuple_type": ("is {input!r}", "It is a list"),
}
"""What pydantic found, by its own name, in an author's words: message and remedy."""


@dataclass(frozen=True)
class Checked:
    """A scenario file looked at: ``scenario`` is there unless a problem is."""

    file: Path
    scenario: Scenario | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def find_scenario(name: str, folder: Path) -> Path:
    """The file of a scenario: a path as it is, else a name in the folder, with or without its ending.

    Raises:
        ScenarioError: there is none; the message names those that look like it.
    """
    if (given := Path(name)).suffix in ENDINGS and given.is_file():
        return given.resolve()
    for candidate in (folder / name, *(folder / f"{name}{ending}" for ending in ENDINGS)):
        if candidate.suffix in ENDINGS and candidate.is_file():
            return candidate
    known = sorted(file.stem for file in folder.glob("*") if _is_scenario(file))
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"Did you mean {close[0]}" if close else f"There are {', '.join(known) or 'none'}"
    raise ScenarioError(Problem(f"there is no scenario {name!r} in {folder}", remedy))


def load_scenario(
    path: Path, *, sounds_dir: Path | None = None, themes: Collection[str] | None = None
) -> Scenario:
    """Read a scenario and check it.

    Args:
        sounds_dir: where its recordings must be; ``None`` to leave them unchecked.
        themes: names of the themes there are; ``None`` to leave the theme unchecked.

    Raises:
        ScenarioError: with every problem of the file.
    """
    checked = check_scenario(path, sounds_dir=sounds_dir, themes=themes)
    if checked.scenario is None:
        raise ScenarioError(checked.problems)
    return checked.scenario


def check_scenario(
    path: Path, *, sounds_dir: Path | None = None, themes: Collection[str] | None = None
) -> Checked:
    """Everything that is wrong with a scenario file, and what may be meant otherwise. Raises nothing."""
    try:
        data, lines = read_source(path)
    except ScenarioError as error:
        return Checked(path, None, error.problems, ())
    data.pop("$schema", None)  # an editor's, not a conversation's
    findings = [Finding(at, "is there twice", "Keep one of them") for at in lines.doubled]
    scenario, invalid = _validated(data)
    findings += invalid
    if scenario is not None:
        findings += [
            finding
            for finding in step_findings(scenario, sounds_dir, themes)
            if not any(_follows(finding.at, wrong.at) for wrong in invalid)
        ]
        findings += [] if invalid else path_findings(scenario)
    problems = _located(path, lines, findings)
    if problems or scenario is None:
        return Checked(path, None, problems, ())
    return Checked(path, scenario, (), _located(path, lines, warnings(scenario)))


def _is_scenario(file: Path) -> bool:
    return file.suffix in ENDINGS and not file.name.endswith(".schema.json")


def _located(path: Path, lines: Lines, findings: list[Finding] | Iterator[Finding]) -> tuple[Problem, ...]:
    problems = [
        Problem(found.message, found.remedy, path, lines.of(found.at), ".".join(map(str, found.at)) or None)
        for found in findings
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


# ---------------------------------------------------------------------- fields that are no fields


def _validated(data: dict[str, Any]) -> tuple[Scenario | None, list[Finding]]:
    """The scenario as far as it can be read, so that the rest of it is checked too, and what cannot."""
    try:
        return Scenario.model_validate(data), []
    except ValidationError as error:
        items = [dict(item) for item in error.errors()]
    findings = [_invalid(item) for item in items]
    for finding in findings:
        _drop(data, finding.at)
    try:
        return Scenario.model_validate({"name": "?", **data}), findings
    except ValidationError:
        return None, findings


def _drop(data: dict[str, Any], at: Place) -> None:
    """Leave out what is wrong: the field, or of a message or a list all of it. A step stays, empty."""
    if at[:1] == ("leave_message",):
        at = at[:1]
    elif "expected" in at:
        at = at[: at.index("expected") + 1]
    *parents, last = at
    holder: Any = data
    for parent in parents:
        if not isinstance(holder, dict) or parent not in holder:
            return
        holder = holder[parent]
    if isinstance(holder, dict):
        holder.pop(last, None)
        if len(at) == 2 and at[0] == "steps":
            holder[last] = {}


def _follows(at: Place, wrong: Place) -> bool:
    """Whether what is found at a place may only come of a wrong field that was left out."""
    step = wrong[:2]
    if at[: len(wrong)] == wrong or at == step:
        return True
    if len(wrong) < 3 or at[:2] != step:
        return False
    # A misspelt field is missing under its right name; without its type a step is another.
    meant = difflib.get_close_matches(str(wrong[2]), Step.model_fields, n=1)
    return meant == ["type"] or list(at[2:3]) == meant


def _invalid(item: dict[str, Any]) -> Finding:
    at: Place = tuple(part for part in item["loc"] if part != "[key]")
    name = str(at[-1]) if at else ""
    if item["type"] == "extra_forbidden":
        kind, model = _holder(at)
        return Finding(at, f"{name!r} is not a field of a {kind}", nearest(name, model.model_fields))
    if name == "timeout":
        remedy = f"It is 0 to {MAX_TIMEOUT_S} seconds; 0 does not listen"
        return Finding(at, f"timeout is {item['input']!r}", remedy)
    if item["type"] == "missing":
        return Finding(at, f"{name} is missing", f"Add {name}")
    if len(at) > 1 and at[-2] == "dtmf":
        intent = str(item["input"])
        return Finding(at, f"{intent!r} is not an intent", nearest(intent, INTENTS))
    if item["type"] in WRONG_TYPE:
        message, remedy = WRONG_TYPE[item["type"]]
        return Finding(at, f"{name or 'the name'} {message.format(input=item['input'])}", remedy)
    message = str(item["msg"]).removeprefix("Value error, ")
    return Finding(at, message[:1].lower() + message[1:], "")


def _holder(at: Place) -> tuple[str, type[BaseModel]]:
    if at[:1] == ("steps",):
        return "step", Step
    return ("message", Message) if len(at) > 1 else ("scenario", Scenario)
