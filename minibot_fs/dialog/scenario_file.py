"""Reads scenarios, JSON or YAML, and finds everything that is wrong with one at once, each with its line."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import ValidationError

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.personalise import VARIABLES, variables_in
from minibot_fs.dialog.scenario import FALLBACK, MAX_TIMEOUT_S, Scenario, Step, StepType
from minibot_fs.errors import Problem, ScenarioError

ENDINGS = (".json", ".yaml", ".yml")
Path_ = tuple[str | int, ...]


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
        data, lines = _read(path)
    except ScenarioError as error:
        return Checked(path, None, error.problems, ())
    data.pop("$schema", None)  # an editor's, not a conversation's
    doubled = [_at(path, lines, at, "is there twice", "Keep one of them") for at in lines.doubled]
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        problems = [_invalid(path, lines, dict(item)) for item in error.errors()]
        return Checked(path, None, (*doubled, *problems), ())
    problems = [*doubled, *_problems(path, lines, scenario, sounds_dir, themes)]
    warnings = tuple(_warnings(path, lines, scenario))
    return Checked(path, None if problems else scenario, tuple(problems), warnings)


def _is_scenario(file: Path) -> bool:
    return file.suffix in ENDINGS and not file.name.endswith(".schema.json")


# ---------------------------------------------------------------------- reading


class Lines(dict[Path_, int]):
    """The line of each value by its path, and the paths of keys that are there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.doubled: list[Path_] = []

    def of(self, at: Path_) -> int:
        while at not in self:
            at = at[:-1]
        return self[at]


def _read(path: Path) -> tuple[Any, Lines]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(Problem(f"cannot be read: {error}", "Save it as UTF-8 text", path)) from error
    if path.suffix == ".json":
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            problem = Problem(
                f"is not JSON: {error.msg}", "Mend the line or the one before", path, error.lineno
            )
            raise ScenarioError(problem) from error
        text = re.sub(r"^\t+", lambda tabs: " " * len(tabs[0]), text, flags=re.MULTILINE)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(f"is not YAML: {error.problem}", "", path, mark.line + 1 if mark else None)
        raise ScenarioError(problem) from error
    lines = Lines()
    if not isinstance(root, yaml.MappingNode):
        raise ScenarioError(Problem("has no fields", "It begins with name and steps", path, 1))
    return _plain(root, (), lines), lines


def _plain(node: yaml.Node, at: Path_, lines: Lines) -> Any:
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
    constructor = yaml.constructor.SafeConstructor()
    value = constructor.construct_object(node)
    return value if value is None or isinstance(value, bool | int | float) else node.value


# ---------------------------------------------------------------------- what pydantic found


def _invalid(path: Path, lines: Lines, item: dict[str, Any]) -> Problem:
    at: Path_ = tuple(part for part in item["loc"] if part != "[key]")
    message = str(item["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    remedy = ""
    name = str(at[-1]) if at else ""
    if item["type"] == "extra_forbidden":
        known = list(Step.model_fields if at[:1] == ("steps",) else Scenario.model_fields)
        message = f"{name!r} is not a field of a {'step' if at[:1] == ('steps',) else 'scenario'}"
        remedy = _nearest(name, known)
    elif name == "timeout":
        message = f"timeout is {item['input']!r}"
        remedy = f"It is 0 to {MAX_TIMEOUT_S} seconds; 0 does not listen"
    elif item["type"] == "enum" and len(at) > 1 and at[-2] == "dtmf":
        remedy = _nearest(str(item["input"]), [intent.value for intent in Intent])
    elif item["type"] == "missing":
        remedy = f"Add {name}"
    return _at(path, lines, at, message, remedy)


# ---------------------------------------------------------------------- what the steps mean together


def _problems(
    path: Path, lines: Lines, scenario: Scenario, sounds_dir: Path | None, themes: Collection[str] | None
) -> Iterator[Problem]:
    steps = scenario.steps
    known_targets = True
    for at, target in _named_steps(scenario):
        if target not in steps:
            known_targets = False
            yield _at(path, lines, at, f"there is no step {target!r}", _nearest(target, list(steps)))
    for name, step in steps.items():
        yield from _step_problems(path, lines, name, step, sounds_dir)
    if scenario.leave_message is not None:
        at = ("leave_message", "audio_path")
        yield from _sound_problems(path, lines, at, scenario.leave_message.audio_path, sounds_dir)
    if scenario.opt_out_step in steps and not steps[str(scenario.opt_out_step)].is_final:
        yield _at(
            path, lines, ("opt_out_step",), "opt_out_step is not final", "Give that step is_final: true"
        )
    if scenario.theme is not None and themes is not None and scenario.theme not in themes:
        remedy = _nearest(scenario.theme, list(themes))
        yield _at(path, lines, ("theme",), f"there is no theme {scenario.theme!r}", remedy)
    if known_targets:
        yield from _path_problems(path, lines, scenario)


def _named_steps(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    if scenario.opt_out_step:
        yield ("opt_out_step",), scenario.opt_out_step
    for name, step in scenario.steps.items():
        for intent, target in step.transitions.items():
            yield ("steps", name, "transitions", intent), target
        if step.fallback_step:
            yield ("steps", name, "fallback_step"), step.fallback_step
        if step.success_step:
            yield ("steps", name, "success_step"), step.success_step


def _step_problems(
    path: Path, lines: Lines, name: str, step: Step, sounds_dir: Path | None
) -> Iterator[Problem]:
    at: Path_ = ("steps", name)
    intents = [intent.value for intent in Intent]
    for intent in step.transitions:
        if intent != FALLBACK and intent not in intents:
            place = (*at, "transitions", intent)
            yield _at(path, lines, place, f"{intent!r} is not an intent", _nearest(intent, intents))
    for variable in variables_in(step.text):
        if variable not in VARIABLES:
            message = f"{{{{{variable}}}}} is not a variable"
            yield _at(path, lines, (*at, "text"), message, _nearest(variable, list(VARIABLES)))
    if step.type is StepType.AUDIO:
        yield from _sound_problems(path, lines, (*at, "audio_path"), step.audio_path, sounds_dir)
        if not step.is_final and not step.transitions:
            yield _at(path, lines, at, "nothing follows this step", "Give it transitions, or is_final: true")
    if step.is_final and step.transitions:
        yield _at(path, lines, (*at, "transitions"), "a final step has transitions", "Drop them, or is_final")
    if step.is_determinant:
        yield from _determinant_problems(path, lines, at, name, step)


def _determinant_problems(path: Path, lines: Lines, at: Path_, name: str, step: Step) -> Iterator[Problem]:
    """A determinant question whose refusal does not eliminate contradicts itself."""
    place = (*at, "is_determinant")
    refused = step.transitions.get(Intent.DENY) or step.transitions.get(FALLBACK)
    if step.is_final or not step.listens:
        message = "the step is determinant but hears no answer"
        yield _at(path, lines, place, message, "Give it a timeout, or drop is_determinant")
    elif refused is not None and refused in (name, step.transitions.get(Intent.AFFIRM)):
        message = f"the step is determinant but its refusal leads to {refused!r}, as if it were none"
        yield _at(path, lines, place, message, "Lead deny to a goodbye, or drop is_determinant")


def _sound_problems(
    path: Path, lines: Lines, at: Path_, audio_path: str, sounds_dir: Path | None
) -> Iterator[Problem]:
    if not audio_path:
        yield _at(path, lines, at, "the step has no recording", "Give it an audio_path")
        return
    parts = PurePosixPath(audio_path)
    if parts.is_absolute() or ".." in parts.parts:
        message = f"{audio_path!r} leads out of the sounds folder"
        yield _at(path, lines, at, message, "Name a file below it, such as julie/base/hello.wav")
    elif sounds_dir is not None and not (sounds_dir / parts).is_file():
        message = f"there is no recording {audio_path} in {sounds_dir}"
        yield _at(path, lines, at, message, "Record it and run scripts/setup_audio.py")


def _path_problems(path: Path, lines: Lines, scenario: Scenario) -> Iterator[Problem]:
    steps = scenario.steps
    reached = _reachable(scenario, scenario.first_step)
    opt_out = {scenario.opt_out_step}
    for name in steps:
        if name not in reached and name not in opt_out:
            yield _at(path, lines, ("steps", name), f"no step leads to {name!r}", "Name it in a transition")
    for name in reached:
        if not any(steps[other].is_final for other in _reachable(scenario, name)):
            message = f"no final step can be reached from {name!r}"
            yield _at(path, lines, ("steps", name), message, "Lead it to a step with is_final: true")


def _reachable(scenario: Scenario, start: str) -> list[str]:
    reached, ahead = [start], [start]
    while ahead:
        for target in scenario.steps[ahead.pop()].targets():
            if target not in reached:
                reached.append(target)
                ahead.append(target)
    return reached


def _warnings(path: Path, lines: Lines, scenario: Scenario) -> Iterator[Problem]:
    for name, step in scenario.steps.items():
        at: Path_ = ("steps", name)
        covered = FALLBACK in step.transitions
        if step.listens and not covered and Intent.SILENCE not in step.transitions:
            message = "nothing is said for silence: the step is repeated once, then the call ends"
            yield _at(path, lines, at, message, "Give it a silence transition")
        refused = step.transitions.get(Intent.DENY, "")
        target = scenario.steps.get(refused)
        if step.is_determinant and target and target.is_final and target.result == "success":
            message = f"a refusal leads to {refused!r}, whose result is success; it will be not_interested"
            yield _at(
                path, lines, (*at, "transitions", "deny"), message, "Lead it to a step with that result"
            )
        if step.is_final and not step.result:
            yield _at(
                path, lines, at, "the final step has no result; it will be completed", "Give it a result"
            )
        if step.type is StepType.OBJECTION_HANDLER and not scenario.theme:
            yield _at(
                path, lines, at, "the scenario has no theme to answer objections from", "Give it a theme"
            )


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}" if close else f"Known are {', '.join(known)}"


def _at(path: Path, lines: Lines, at: Path_, message: str, remedy: str) -> Problem:
    return Problem(message, remedy, path, lines.of(at), ".".join(map(str, at)) or None)
