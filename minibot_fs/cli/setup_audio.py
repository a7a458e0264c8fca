"""``scripts/setup_audio.py``: a voice's recordings to telephone prompts where FreeSWITCH plays them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.errors import AudioError, Problem
from minibot_fs.prompts.deploy import unreadable_parent
from minibot_fs.prompts.treatment import Treatment
from minibot_fs.prompts.voice import Levels, PromptFailed, PromptReady, recordings, set_up_voice

Outcome = PromptReady | PromptFailed


def main() -> None:
    typer.run(command)


@user_errors
def command(
    voice: Annotated[str, typer.Argument(help="A folder of AUDIO_DIR: julie")],
    volume_adjust: Annotated[
        float | None,
        typer.Option(min=-30, max=30, help="dB after levelling (AUDIO_VOLUME_ADJUST; 0 with --loudness)"),
    ] = None,
    background_reduction: Annotated[
        float | None,
        typer.Option(min=-60, max=0, help="dB of background noise, 0 = none (AUDIO_BACKGROUND_REDUCTION)"),
    ] = None,
    loudness: Annotated[
        float | None,
        typer.Option(min=-40, max=-8, metavar="LUFS", help="EBU R128 loudness instead of peak and RMS"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Prepare everything, write nothing")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also what has not changed")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Levels before and on the way")] = False,
) -> None:
    """Make telephone prompts (8 kHz, mono, µ-law) of a voice's recordings and deploy them.

    Exit 0 when all are ready, 1 when a recording could not be used (the others are done), 2 when
    nothing could be done.
    """
    settings = load_settings()
    if volume_adjust is None:
        volume_adjust = settings.audio_volume_adjust if loudness is None else 0.0
    if background_reduction is None:
        background_reduction = settings.audio_background_reduction
    treatment = Treatment(volume_adjust, background_reduction, loudness)
    found = recordings(settings.audio_dir, voice)
    target = settings.freeswitch_sounds_dir / voice
    _check_apart(settings.audio_dir, settings.freeswitch_sounds_dir)

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Voice: {voice}", markup=False)
    console.print(f"Source: {settings.audio_dir / voice}", markup=False)
    console.print(f"Target: {target}", markup=False)
    if verbose:
        console.print(f"Treatment: {treatment}", style="dim", markup=False)
    outcomes: list[Outcome] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Preparing", total=len(found))
        for outcome in set_up_voice(found, target, treatment, dry_run=dry_run, force=force):
            outcomes.append(outcome)
            progress.advance(task)
    _print_outcomes(console, outcomes, verbose)
    failed = sum(isinstance(outcome, PromptFailed) for outcome in outcomes)
    _print_totals(console, [it for it in outcomes if isinstance(it, PromptReady)], failed, dry_run)
    closed = None if dry_run else unreadable_parent(target)
    if closed is not None:
        console.print(f"[yellow]FreeSWITCH's user may not enter {escape(str(closed))}: chmod o+x it[/]")
    if failed:
        raise typer.Exit(1)


def _check_apart(audio_dir: Path, sounds_dir: Path) -> None:
    if audio_dir.resolve() == sounds_dir.resolve():
        raise AudioError(
            Problem(
                "is the folder of the recordings too, which prompts would overwrite",
                "Set AUDIO_DIR or FREESWITCH_SOUNDS_DIR to another folder",
                file=sounds_dir,
                field="FREESWITCH_SOUNDS_DIR",
            )
        )


def _print_outcomes(console: Console, outcomes: list[Outcome], verbose: bool) -> None:
    by_folder = sorted(outcomes, key=lambda it: (PurePosixPath(it.name).parent, it.name))
    for folder, inside in groupby(by_folder, key=lambda it: PurePosixPath(it.name).parent):
        console.print(f"\nProcessing: {folder}/", markup=False)
        for outcome in inside:
            _print_outcome(console, outcome, verbose)


def _print_outcome(console: Console, outcome: Outcome, verbose: bool) -> None:
    file = escape(PurePosixPath(outcome.name).name)
    if isinstance(outcome, PromptFailed):
        console.print(f"  [red]✗ {file}: {escape(outcome.problem)}[/]")
        return
    unchanged = " [dim](unchanged)[/]" if outcome.unchanged else ""
    console.print(f"  [green]✓[/] {file} ({outcome.duration_s:.1f}s) → {_levels(outcome.levels)}{unchanged}")
    if verbose:
        console.print(
            f"      [dim]recorded {_levels(outcome.source)}; levelled {_levels(outcome.levelled)}[/]"
        )


def _print_totals(console: Console, ready: list[PromptReady], failed: int, dry_run: bool) -> None:
    files = f"{len(ready)} file{'' if len(ready) == 1 else 's'}"
    unchanged = sum(outcome.unchanged for outcome in ready)
    if failed:
        console.print(f"\n[red]✗ Processed {files}, {failed} failed[/]")
    else:
        console.print(f"\n[green]✓[/] Processed {files} successfully")
    if unchanged:
        console.print(f"  Unchanged since the last time: {unchanged}")
    minutes, seconds = divmod(round(sum(outcome.duration_s for outcome in ready)), 60)
    console.print(f"  Total duration: {minutes}m {seconds:02d}s")
    if dry_run:
        console.print("  Dry run: nothing was written")
    elif not failed:
        console.print("  All files copied to FreeSWITCH with correct permissions")


def _levels(levels: Levels) -> str:
    return f"Peak: {levels.peak_dbfs:.1f} dB, RMS: {levels.rms_dbfs:.1f} dB"
