"""``scripts/check_scenario.py``: every problem of a scenario, what must be recorded, and its picture."""

from __future__ import annotations

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
from minibot_fs.errors import ScenarioError
from minibot_fs.report.graph import draw_graph


def main() -> None:
    typer.run(command)


@user_errors
def command(
    file: Annotated[str, typer.Argument(help="Name in scenarios/, or a file")],
    graph: Annotated[Path | None, typer.Option(help="Draw the conversation here (.svg, .png)")] = None,
) -> None:
    """Check a scenario. Exit 0 when it can be used, 2 when it has a problem."""
    console = Console(highlight=False)
    settings = load_settings()
    themes = load_themes([settings.objections_dir])
    path = find_scenario(file, settings.scenarios_dir)
    unheard = check_scenario(path, themes=themes)
    voice = unheard.scenario.voice if unheard.scenario else settings.default_voice
    checked = check_scenario(path, sounds_dir=sounds_root(settings, voice), themes=themes)
    for warning in checked.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    scenario = checked.scenario or unheard.scenario
    if scenario is not None:
        theme = themes.get(scenario.theme) if scenario.theme else None
        console.print(script_for_the_speaker(scenario, theme, sounds_root(settings, voice)))
        if graph is not None:
            draw_graph(scenario, graph)
            console.print(f"drawn: {graph}")
    if checked.problems:
        raise ScenarioError(checked.problems)
    assert scenario is not None
    console.print(
        f"{scenario.name}: {len(scenario.steps)} steps, no problem, {len(checked.warnings)} warnings"
    )


def script_for_the_speaker(scenario: Scenario, theme: Theme | None, sounds: Path) -> Table:
    """What must be recorded: each file once, with its words, and whether it is there."""
    wanted = {step.audio_path: step.text for step in scenario.steps.values() if step.audio_path}
    if scenario.leave_message:
        wanted[scenario.leave_message.audio_path] = scenario.leave_message.text
    answers = any(step.type is StepType.OBJECTION_HANDLER for step in scenario.steps.values())
    if theme is not None and answers:
        folder = f"{scenario.voice}/objections"
        wanted |= {f"{folder}/{objection.audio_file}": objection.response for objection in theme.objections}
    table = Table(title="To record", title_justify="left", show_lines=False)
    table.add_column("file", no_wrap=True)
    table.add_column("there")
    table.add_column("words")
    for audio_path, words in wanted.items():
        table.add_row(audio_path, "yes" if (sounds / audio_path).is_file() else "no", words)
    return table
