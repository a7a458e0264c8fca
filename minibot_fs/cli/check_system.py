"""``scripts/check_system.py``: a line for everything a call needs."""

from __future__ import annotations

import typer
from rich.console import Console

from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.system_check import check_system


def main() -> None:
    typer.run(command)


@user_errors
def command() -> None:
    """Check FreeSWITCH, handler, sounds, database, models, disk and clock. Exit 1 if something is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    for finding in check_system(load_settings()):
        failed += finding.failed
        colour, word = ("red", "wrong") if finding.failed else ("green", "ok")
        if finding.remedy and finding.optional:
            colour, word = "yellow", "missing"
        console.print(f"[{colour}]{word:8}[/]{finding.subject:12}{finding.found}")
        if finding.remedy:
            console.print(f"{'':20}→ {finding.remedy}")
    if failed:
        raise typer.Exit(1)
