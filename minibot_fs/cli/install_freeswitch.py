"""``scripts/install_freeswitch.py``: the project's configuration into an existing FreeSWITCH."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax

from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.freeswitch_files import configuration_files, install


def main() -> None:
    typer.run(command)


@user_errors
def command(
    folder: Annotated[Path, typer.Argument(help="FreeSWITCH's configuration folder")] = Path(
        "/etc/freeswitch"
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference")] = False,
) -> None:
    """Copy freeswitch/ and dialplan/ into a FreeSWITCH; shows the difference, keeps what was there."""
    console = Console(highlight=False, soft_wrap=True)
    files = configuration_files(load_settings(), folder)
    changed = [file for file in files if file.changes]
    for file in changed:
        console.print(Syntax(file.difference(), "diff", background_color="default"))
    if not changed:
        console.print(f"{folder} has all of it already: nothing to do")
        return
    if dry_run or not (yes or typer.confirm(f"Write {len(changed)} file(s)?")):
        raise typer.Exit(1)
    for backup in install(changed, datetime.now()):
        console.print(f"kept {backup}")
    console.print(f"{len(changed)} file(s) written. Restart FreeSWITCH, then run scripts/check_system.py")
