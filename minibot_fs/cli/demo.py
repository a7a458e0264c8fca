"""``make demo``: a whole campaign on this machine, with scripted callers in the place of people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from minibot_fs.assembly import Assembly
from minibot_fs.campaign.contacts_import import ImportOrder, import_contacts
from minibot_fs.campaign.launch import LaunchOrder, create_campaign
from minibot_fs.campaign.originator import ThreadedOriginator
from minibot_fs.campaign.runner import Progress, run_campaign
from minibot_fs.cli.rehearse import CALLERS, recognition_notice
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import PROJECT_DIR, Settings, load_settings
from minibot_fs.rehearsal import RehearsalOriginator
from minibot_fs.report.export import CampaignExporter
from minibot_fs.report.timeline import draw_timeline
from minibot_fs.store import calls
from minibot_fs.store.call_store import DirectCallStore
from minibot_fs.store.connect import Database, open_database
from minibot_fs.switch.caller_script import CallerScript, load_caller

SCENARIO = "scenario_or_investissement"
CONTACTS = PROJECT_DIR / "scripts" / "samples" / "contacts.csv"
DEMO = PROJECT_DIR / "demo"
SHOWN_CALLER = "interrupts"
"""The caller whose call is shown in the end: one who interrupts, objects and agrees."""
CALLS_AT_ONCE = 4


def main() -> None:
    typer.run(command)


@user_errors
def command() -> None:
    """Import the sample contacts, run a rehearsed campaign over them and show what came of it."""
    console = Console(highlight=False)
    settings = load_settings(data_dir=DEMO / "data", retry_enabled=False)
    database = open_database(settings)
    store = DirectCallStore(database)
    callers = scenario_callers()
    assembly = Assembly(settings, store, opted_out=lambda _phone, _call: None)
    rehearsals = RehearsalOriginator(assembly, callers, recordings=DEMO / "recordings")
    console.print(recognition_notice(settings), style="dim")

    campaign_id = prepare(database, settings)
    originator = ThreadedOriginator(rehearsals.place, CALLS_AT_ONCE)
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def show(progress: Progress) -> None:
            live.update(progress_table(progress, campaign_id))

        run_campaign(settings, database, campaign_id, originator, show)

    held = read_calls(database, campaign_id)
    console.print(results_table(held, rehearsals))
    shown = next(call for call in held if rehearsals.caller_of(call["contact_id"]).name == SHOWN_CALLER)
    for what, path in write_files(database, campaign_id, shown).items():
        console.print(f"{what:<10} {path.relative_to(PROJECT_DIR)}")


def scenario_callers() -> list[CallerScript]:
    """The callers written for the demo's scenario."""
    scripts = [load_caller(file) for file in sorted(CALLERS.glob("*.yaml"))]
    return [script for script in scripts if script.scenario == SCENARIO]


def prepare(database: Database, settings: Settings) -> int:
    """Import the contacts and make a campaign of them."""
    order = LaunchOrder(SCENARIO, name="Demo", max_concurrent=CALLS_AT_ONCE, delay_s=0, rehearsal=True)
    with database.connection() as conn:
        import_contacts(conn, CONTACTS, ImportOrder(tags=("demo",)))
        return create_campaign(conn, settings, order)


def progress_table(progress: Progress, campaign_id: int) -> Table:
    table = Table(title=f"Campaign {campaign_id}: {progress.status}", title_justify="left")
    for name in ("waiting", "in call", "done"):
        table.add_column(name, justify="right", min_width=8)
    standing = progress.standing
    table.add_row(str(standing.waiting), str(standing.open), str(standing.done))
    return table


def read_calls(database: Database, campaign_id: int) -> list[dict[str, Any]]:
    with database.connection() as conn:
        return calls.read_campaign_calls(conn, campaign_id)


def results_table(held: list[dict[str, Any]], rehearsals: RehearsalOriginator) -> Table:
    """One line a caller: how often it was called, and how its last call went."""
    table = Table(title=f"{len(held)} calls", title_justify="left")
    table.add_column("caller", no_wrap=True)
    table.add_column("calls", justify="right", min_width=5)
    table.add_column("result", no_wrap=True, min_width=17)
    table.add_column("seconds", justify="right", min_width=7)
    table.add_column("last words", overflow="ellipsis", no_wrap=True)
    by_caller: dict[str, list[dict[str, Any]]] = {}
    for call in held:
        by_caller.setdefault(rehearsals.caller_of(call["contact_id"]).name, []).append(call)
    for caller, of_caller in sorted(by_caller.items()):
        last = of_caller[-1]
        words = (last["transcription"] or "").splitlines()
        seconds = f"{last['duration'] or 0:.1f}"
        table.add_row(caller, str(len(of_caller)), last["result"], seconds, words[-1] if words else "")
    return table


def write_files(database: Database, campaign_id: int, shown: Mapping[str, Any]) -> dict[str, Path]:
    """The exports of the campaign, and one call's recording, events and timeline."""
    exporter = CampaignExporter(campaign_id, database=database)
    files = {
        "CSV": DEMO / f"campaign_{campaign_id}.csv",
        "Excel": DEMO / f"campaign_{campaign_id}.xlsx",
        "recording": Path(shown["recording_path"]),
        "events": DEMO / f"campaign_{campaign_id}_call.json",
        "timeline": DEMO / f"campaign_{campaign_id}_call.png",
    }
    exporter.export_csv(files["CSV"])
    exporter.export_excel(files["Excel"])
    with database.connection() as conn:
        turns = calls.read_turns(conn, shown["call_uuid"])
    events = {"call": shown, "events": turns}
    files["events"].write_text(
        json.dumps(events, ensure_ascii=False, indent=2, default=_as_text) + "\n", encoding="utf-8"
    )
    draw_timeline(
        turns,
        float(shown["duration"]),
        files["timeline"],
        title=f"{SCENARIO} with {SHOWN_CALLER}: {shown['result']}",
        recording=files["recording"],
    )
    return files


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
