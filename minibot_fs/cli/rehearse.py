"""``scripts/rehearse.py``: one call of a scenario with a scripted caller, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from minibot_fs.assembly import Assembly
from minibot_fs.call import CallPlan
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import PROJECT_DIR, Settings, load_settings
from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.recognizer import Recognizer
from minibot_fs.hearing.vosk_model import load_model
from minibot_fs.hearing.vosk_recognizer import VoskRecognizer
from minibot_fs.rehearsal import Rehearsed, UnstoredCalls, caller_variables, rehearsal_id, rehearse
from minibot_fs.report.timeline import draw_timeline
from minibot_fs.store.calls import TurnRecord
from minibot_fs.switch.caller_script import load_caller

CALLERS = PROJECT_DIR / "callers"


class Words(StrEnum):
    """Where a rehearsal's recognizer takes the caller's words from."""

    VOSK = "vosk"
    SCRIPTED = "scripted"


def main() -> None:
    typer.run(command)


@user_errors
def command(
    scenario: Annotated[str, typer.Argument(help="Name in scenarios/, or a file")],
    caller: Annotated[str, typer.Option(help="Name in callers/, or a file")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the events here")] = None,
    wav: Annotated[Path | None, typer.Option(help="Stereo recording: bot left, caller right")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the timeline here (.png, .svg)")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the pace of a call")] = False,
    recognizer: Annotated[
        Words | None, typer.Option(help="Who hears the caller; vosk where its model is installed")
    ] = None,
) -> None:
    """Rehearse one call. Exit 0 when it reached the result its caller expects, 1 when not."""
    console = Console(highlight=False)
    settings = load_settings()
    assembly = Assembly(settings, UnstoredCalls(), opted_out=lambda _phone, _call: None)
    conversation = assembly.conversations.named(scenario)
    script = load_caller(caller_file(caller))
    variables = caller_variables(None)
    recording = wav or (picture and picture.with_suffix(".rehearsal.wav"))
    console.print(f"{conversation.scenario.name} with {script.name}: {script.description}")
    words = recognizer or (Words.VOSK if settings.vosk_model_path.is_dir() else Words.SCRIPTED)
    if words is Words.SCRIPTED:
        console.print(recognition_notice(settings), style="dim")
    rehearsed = rehearse(
        assembly,
        conversation,
        script,
        CallPlan(conversation.scenario, variables["phone"], variables, recording=recording),
        call_id=rehearsal_id(conversation.scenario.name, script.name),
        realtime=realtime,
        decoder=vosk_decoder(settings) if words is Words.VOSK else None,
    )
    for record in rehearsed.records:
        print_turn(console, record)
    write_results(rehearsed, json_file, picture, recording, title=f"{scenario} with {script.name}")
    if picture and recording and not wav:
        recording.unlink(missing_ok=True)
    result = rehearsed.summary.result
    if rehearsed.as_expected:
        console.print(f"[green]{result}[/], as expected, after {rehearsed.summary.duration_s:.1f} s")
        return
    console.print(f"[red]{result}[/] where {script.name} expects {rehearsed.expected}")
    raise typer.Exit(1)


def caller_file(name: str) -> Path:
    """The caller's file: a path as it is, else a name in callers/."""
    return Path(name) if name.endswith((".yaml", ".yml")) else CALLERS / f"{name}.yaml"


def vosk_decoder(settings: Settings) -> Callable[[], Recognizer]:
    """Makes recognizers that decode as the audio comes, so that a rehearsal is the same every time."""
    model, inline = load_model(settings.vosk_model_path), DecodingPool(workers=0)
    return lambda: VoskRecognizer(model, inline)


def recognition_notice(settings: Settings) -> str:
    return "The caller's words come from its script: no speech model decodes a rehearsal" + (
        "" if settings.vosk_model_path.is_dir() else f" (none is installed at {settings.vosk_model_path})"
    )


def print_turn(console: Console, record: TurnRecord) -> None:
    """One line of the conversation: time, step, who, and what was said or understood."""
    line = Text(f"{record.at_ms / 1000:6.1f}s  {record.step or '':<20.20}  ", style="dim")
    if record.kind == "prompt":
        line.append(f"bot     {record.transcript or record.prompt}", style="blue")
        if record.data.get("interrupted_at_ms"):
            line.append(
                f"  (interrupted at {record.data['interrupted_at_ms'][-1] / 1000:.1f} s)", style="yellow"
            )
    elif record.kind in ("caller", "remark"):
        line.append(f"caller  {record.transcript or '...'}", style="default")
        line.append(f"  -> {record.intent}", style="magenta")
    elif record.kind == "amd":
        line.append(f"amd     {record.data['result']} ({record.data['class']}): {record.why}", style="cyan")
    else:
        line.append(f"{record.kind:<7} {record.data.get('result', '')} {record.why}", style="dim")
    console.print(line, soft_wrap=True)


def write_results(
    rehearsed: Rehearsed, json_file: Path | None, picture: Path | None, recording: Path | None, *, title: str
) -> None:
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(
            json.dumps(rehearsed.as_data(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    if picture:
        records = [asdict(record) for record in rehearsed.records]
        has_recording = recording is not None and recording.is_file()
        draw_timeline(
            records,
            rehearsed.summary.duration_s,
            picture,
            title=f"{title}: {rehearsed.summary.result}",
            recording=recording if has_recording else None,
        )
