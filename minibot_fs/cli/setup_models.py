"""``scripts/setup_models.py``: a French Vosk model, downloaded or taken from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import PROJECT_DIR, load_settings
from minibot_fs.model_download import SITE, SIZES, Published, check_name, download, find_published, unpack


def main() -> None:
    typer.run(command)


@user_errors
def command(
    model: Annotated[
        str, typer.Argument(help="small (41 MB), large (1.4 GB, hears better), or a model's full name")
    ] = "small",
    from_file: Annotated[
        Path | None, typer.Option("--from", help="A zip downloaded elsewhere; needs no network")
    ] = None,
    site: Annotated[str, typer.Option(help="Where the models and their list lie")] = SITE,
    force: Annotated[bool, typer.Option("--force", help="Also if it is installed already")] = False,
) -> None:
    """Install a Vosk model beside the one of VOSK_MODEL_PATH (models/ by default)."""
    settings = load_settings()
    folder = settings.vosk_model_path.parent
    console = Console(highlight=False, soft_wrap=True)
    if from_file is not None:
        installed = unpack(from_file, folder)
    else:
        name = SIZES.get(model, model)
        check_name(name)
        installed = folder / name
        if installed.is_dir() and not force:
            console.print(f"{installed} is there already", markup=False)
        else:
            archive = _download(find_published(name, site), folder)
            console.print("Unpacking", style="dim")
            installed = unpack(archive, folder)
            archive.unlink()
    console.print(f"Installed: {installed}", markup=False)
    if installed != settings.vosk_model_path:
        shown = installed.relative_to(PROJECT_DIR) if installed.is_relative_to(PROJECT_DIR) else installed
        console.print(f"To use it, put this line into .env: VOSK_MODEL_PATH={shown}", markup=False)


def _download(model: Published, folder: Path) -> Path:
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(model.name, total=model.size_bytes)
        return download(model, folder, lambda done, total: progress.update(task, completed=done, total=total))
