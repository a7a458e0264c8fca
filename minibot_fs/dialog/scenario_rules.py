"""What the steps of a scenario must mean together: each rule yields what breaks it, with the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.personalise import VARIABLES, variables_in
from minibot_fs.dialog.scenario import FALLBACK, Scenario, Step, StepType
from minibot_fs.dialog.scenario_source import Place

INTENTS = tuple(intent.value for intent in Intent)


@dataclass(frozen=True)
class Finding:
    """Something wrong, or perhaps meant otherwise, at a place of the scenario."""

    at: Place
    message: str
    remedy: str


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}" if close else f"Known are {', '.join(known)}"


def step_findings(
    scenario: Scenario, sounds_dir: Path | None, themes: Collection[str] | None
) -> Iterator[Finding]:
    """What is wrong in single fields: names of steps, intents, themes and variables, recordings."""
    for at, target in _named_steps(scenario):
        if target not in scenario.steps:
            yield Finding(at, f"there is no step {target!r}", nearest(target, scenario.steps))
    for name, step in scenario.steps.items():
        yield from _intents_and_variables(("steps", name), step)
        if step.type is StepType.AUDIO:
            yield from _audio_step(("steps", name), name, step, sounds_dir)
        else:
            yield from _handler(("steps", name), step)
    if scenario.leave_message is not None:
        yield from _recording(("leave_message", "audio_path"), scenario.leave_message.audio_path, sounds_dir)
    opt_out = scenario.steps.get(scenario.opt_out_step or "")
    if opt_out is not None and not opt_out.is_final:
        yield Finding(("opt_out_step",), "opt_out_step is not final", "Give that step is_final: true")
    if scenario.theme is not None and themes is not None and scenario.theme not in themes:
        yield Finding(("theme",), f"there is no theme {scenario.theme!r}", nearest(scenario.theme, themes))


def path_findings(scenario: Scenario) -> Iterator[Finding]:
    """Steps that nothing leads to or that lead to no end; none while a step is named that is not there."""
    steps = scenario.steps
    if any(target not in steps for _at, target in _named_steps(scenario)):
        return
    reached = _reachable(scenario, scenario.first_step)
    for name in steps:
        if name not in reached and name != scenario.opt_out_step:
            yield Finding(("steps", name), f"no step leads to {name!r}", "Name it in a transition")
    for name in reached:
        if not any(steps[other].is_final for other in _reachable(scenario, name)):
            message = f"no final step can be reached from {name!r}"
            yield Finding(("steps", name), message, "Lead it to a step with is_final: true")


def warnings(scenario: Scenario) -> Iterator[Finding]:
    """What works, but perhaps not as it was meant."""
    for name, step in scenario.steps.items():
        at: Place = ("steps", name)
        if step.listens and not {FALLBACK, Intent.SILENCE} & step.transitions.keys():
            message = "nothing is said for silence: the step is repeated once, then the call ends"
            yield Finding(at, message, "Give it a silence transition")
        silent = step.type is StepType.AUDIO and not step.listens and not step.is_final
        if silent and step.transitions and FALLBACK not in step.transitions:
            first = next(iter(step.transitions.values()))
            message = f"the step does not listen: it always goes on to {first!r}"
            yield Finding((*at, "transitions"), message, f'Write "*": {first}, or give it a timeout')
        refused = step.transitions.get(Intent.DENY, "")
        target = scenario.steps.get(refused)
        if step.is_determinant and target and target.is_final and target.result == "success":
            message = f"a refusal leads to {refused!r}, whose result is success; it will be not_interested"
            yield Finding((*at, "transitions", "deny"), message, "Lead it to a step with that result")
        if step.is_final and not step.result:
            yield Finding(at, "the final step has no result; it will be completed", "Give it a result")
        if step.type is StepType.OBJECTION_HANDLER and not scenario.theme:
            yield Finding(at, "the scenario has no theme to answer objections from", "Give it a theme")


# ---------------------------------------------------------------------- one step


def _named_steps(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    if scenario.opt_out_step:
        yield ("opt_out_step",), scenario.opt_out_step
    for name, step in scenario.steps.items():
        for intent, target in step.transitions.items():
            yield ("steps", name, "transitions", intent), target
        if step.fallback_step:
            yield ("steps", name, "fallback_step"), step.fallback_step
        if step.success_step:
            yield ("steps", name, "success_step"), step.success_step


def _intents_and_variables(at: Place, step: Step) -> Iterator[Finding]:
    for intent in step.transitions:
        if intent != FALLBACK and intent not in INTENTS:
            yield Finding(
                (*at, "transitions", intent), f"{intent!r} is not an intent", nearest(intent, INTENTS)
            )
    for variable in variables_in(step.text):
        if variable not in VARIABLES:
            message = f"{{{{{variable}}}}} is not a variable"
            yield Finding((*at, "text"), message, nearest(variable, VARIABLES))


def _audio_step(at: Place, name: str, step: Step, sounds_dir: Path | None) -> Iterator[Finding]:
    yield from _recording((*at, "audio_path"), step.audio_path, sounds_dir)
    if not step.is_final and not step.transitions:
        yield Finding(at, "nothing follows this step", "Give it transitions, or is_final: true")
    if step.is_final and step.transitions:
        yield Finding((*at, "transitions"), "a final step has transitions", "Drop them, or is_final")
    for field in ("success_step", "fallback_step"):
        if getattr(step, field):
            message = f"only an objection_handler has a {field}"
            yield Finding((*at, field), message, "Name that step in the transitions")
    if step.is_determinant:
        yield from _determinant((*at, "is_determinant"), name, step)


def _handler(at: Place, step: Step) -> Iterator[Finding]:
    if step.is_final:
        message = "an objection_handler listens after its answers and cannot be final"
        yield Finding((*at, "is_final"), message, "Lead it to a final step")
    elif not step.success_step:
        message = "an objection that was settled leads nowhere"
        yield Finding(at, message, "Give it a success_step: the question to ask again")
    if FALLBACK in step.transitions:
        message = "an objection_handler does not take *"
        yield Finding((*at, "transitions", FALLBACK), message, "Name that step as fallback_step")


def _determinant(at: Place, name: str, step: Step) -> Iterator[Finding]:
    """A determinant question whose refusal does not eliminate contradicts itself."""
    refused = step.transitions.get(Intent.DENY) or step.transitions.get(FALLBACK)
    if not step.listens:
        message = "the step is determinant but hears no answer"
        yield Finding(at, message, "Give it a timeout, or drop is_determinant")
    elif refused is not None and refused in (name, step.transitions.get(Intent.AFFIRM)):
        message = f"the step is determinant but its refusal leads to {refused!r}, as if it were none"
        yield Finding(at, message, "Lead deny to a goodbye, or drop is_determinant")


def _recording(at: Place, audio_path: str, sounds_dir: Path | None) -> Iterator[Finding]:
    parts = PurePosixPath(audio_path)
    if not audio_path:
        yield Finding(at, "the step has no recording", "Give it an audio_path")
    elif parts.is_absolute() or ".." in parts.parts:
        message = f"{audio_path!r} leads out of the sounds folder"
        yield Finding(at, message, "Name a file below it, such as julie/base/hello.wav")
    elif sounds_dir is not None and not (sounds_dir / parts).is_file():
        message = f"there is no recording {audio_path} in {sounds_dir}"
        yield Finding(at, message, "Record it and run scripts/setup_audio.py")


def _reachable(scenario: Scenario, start: str) -> list[str]:
    reached, ahead = [start], [start]
    while ahead:
        for target in scenario.steps[ahead.pop()].targets():
            if target not in reached:
                reached.append(target)
                ahead.append(target)
    return reached
