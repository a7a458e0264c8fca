"""``scripts/check_scenario.py``: every problem of a scenario, what must be recorded, and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from minibot_fs.assembly import sounds_root
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.dialog.objections import Theme, load_themes
from minibot_fs.dialog.scenario import Scenario, StepType
from minibot_fs.dialog.scenario_file import check_scenario, find_scenario
from minibot_fs.errors import Problem, ScenarioError
from minibot_fs.report.graph import draw_graph


def main() -> None:
    typer.run(command)


@user_errors
def command(
    file: Annotated[str, typer.Argument(help="Name in scenarios/, or a file")],
    graph: Annotated[Path | None, typer.Option(help="Draw the conversation here (.svg, .png)")] = None,
) -> None:
    """Check a scenario. Exit 0 when it can be used, 2 when it has a problem."""
    console = Console(highlight=False, markup=False)
    settings = load_settings()
    themes = load_themes([settings.objections_dir])
    path = find_scenario(file, settings.scenarios_dir)
    unheard = check_scenario(path, themes=themes)
    voice = unheard.scenario.voice if unheard.scenario else settings.default_voice
    checked = check_scenario(path, sounds_dir=sounds_root(settings, voice), themes=themes)
    warnings = list(checked.warnings)
    scenario = checked.scenario or unheard.scenario
    if scenario is not None:
        sounds = sounds_root(settings, voice)
        prompts = prompts_of(scenario, themes.get(scenario.theme) if scenario.theme else None)
        console.print(script_for_the_speaker(prompts, sounds))
        warnings += unrecorded_answers(scenario, prompts, sounds)
        if graph is not None:
            draw_graph(scenario, graph)
            console.print(f"drawn: {graph}")
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    if checked.problems:
        raise ScenarioError(checked.problems)
    assert scenario is not None
    console.print(f"{scenario.name}: {len(scenario.steps)} steps, no problem, {len(warnings)} warnings")


def prompts_of(scenario: Scenario, theme: Theme | None) -> dict[str, str]:
    """What must be recorded: each file once, with its words."""
    wanted = {step.audio_path: step.text for step in scenario.steps.values() if step.audio_path}
    if scenario.leave_message:
        wanted[scenario.leave_message.audio_path] = scenario.leave_message.text
    answers = any(step.type is StepType.OBJECTION_HANDLER for step in scenario.steps.values())
    if theme is not None and answers:
        folder = f"{scenario.voice}/objections"
        wanted |= {f"{folder}/{objection.audio_file}": objection.response for objection in theme.objections}
    return wanted


def unrecorded_answers(scenario: Scenario, prompts: Mapping[str, str], sounds: Path) -> list[Problem]:
    """A warning where an answer to an objection could not be played."""
    answers = [name for name in prompts if name.startswith(f"{scenario.voice}/objections/")]
    missing = [name for name in answers if not (sounds / name).is_file()]
    if not missing:
        return []
    message = f"{len(missing)} of {len(answers)} answers to objections are not recorded"
    return [Problem(message, "A call that needs one of them fails: record those marked no")]


def script_for_the_speaker(prompts: Mapping[str, str], sounds: Path) -> Table:
    """The prompts as a table, and whether each is there."""
    table = Table(title="To record", title_justify="left", show_lines=False)
    table.add_column("file", no_wrap=True)
    table.add_column("there")
    table.add_column("words")
    for audio_path, words in prompts.items():
        table.add_row(audio_path, "yes" if (sounds / audio_path).is_file() else "no", words)
    return table
