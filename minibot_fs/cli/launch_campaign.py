"""``scripts/launch_campaign.py``: call the contacts, and steer campaigns that run."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import typer
from rich.console import Console

from minibot_fs.campaign.launch import (
    CallableReport,
    LaunchOrder,
    create_campaign,
    report_callable,
)
from minibot_fs.campaign.originator import CallOrder, CallOutcome
from minibot_fs.campaign.phone_numbers import mask
from minibot_fs.campaign.runner import (
    CampaignError,
    Progress,
    Summary,
    dial_campaign,
    start_campaign,
    summarise,
)
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.dialog.scenario_file import find_scenario
from minibot_fs.errors import Problem
from minibot_fs.store import campaigns
from minibot_fs.store.connect import Database, open_database
from minibot_fs.store.phone_keys import open_phone_keys

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    typer.run(command)


@user_errors
def command(
    scenario: Annotated[str, typer.Option(help="Name in scenarios/")] = "",
    name: Annotated[str | None, typer.Option(help="Name of the campaign")] = None,
    contacts_tag: Annotated[str | None, typer.Option(help="Only contacts with this tag")] = None,
    max_concurrent: Annotated[int | None, typer.Option(min=1, help="Calls at once")] = None,
    delay: Annotated[float | None, typer.Option(min=0, help="Seconds between two originations")] = None,
    retry_enabled: Annotated[
        bool | None, typer.Option("--retry-enabled/--no-retry", help="Call again who was not reached")
    ] = None,
    caller_id: Annotated[str | None, typer.Option(help="Number shown; one you may show")] = None,
    legal_basis: Annotated[
        str | None, typer.Option(help="Legal basis other than consent (see campaign/rules)")
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Scripted callers instead of telephones, at any hour")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say who may be called")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the calls to scripts/dialer.py")] = False,
    resume: Annotated[int | None, typer.Option(metavar="ID", help="Let a campaign go on")] = None,
    pause: Annotated[
        int | None, typer.Option(metavar="ID", help="Pause a campaign, wherever it runs")
    ] = None,
    stop: Annotated[int | None, typer.Option(metavar="ID", help="End a campaign for good")] = None,
) -> None:
    """Launch a campaign, or steer one: --pause ID, --resume ID, --stop ID work from any terminal.

    Ctrl+C pauses the campaign once the calls that stand have ended.
    """
    settings = load_settings()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s | %(levelname)s | %(message)s")
    database = open_database(settings)
    if pause is not None or stop is not None:
        _steer(database, pause, stop)
        return
    if resume is None:
        if not scenario:
            raise CampaignError(Problem("no scenario", "name one with --scenario", field="--scenario"))
        find_scenario(scenario, settings.scenarios_dir)
        order = LaunchOrder(
            scenario=scenario,
            name=name,
            tag=contacts_tag,
            max_concurrent=max_concurrent,
            delay_s=delay,
            retry_enabled=retry_enabled,
            caller_id=caller_id,
            legal_basis=legal_basis,
            rehearsal=rehearsal,
        )
        campaign_id = _prepare(database, settings, order, dry_run)
        if dry_run:
            return
    else:
        campaign_id = resume
    if detach:
        with database.connection() as conn:
            start_campaign(conn, campaign_id)
        console.print(f"Campaign {campaign_id} is running; dialers take its calls: scripts/dialer.py")
        return
    try:
        summary = asyncio.run(_dial(database, settings, campaign_id))
    except KeyboardInterrupt:
        with database.connection() as conn:
            campaigns.set_status(conn, campaign_id, "paused", ["running"])
            summary = summarise(conn, campaign_id)
    _print_summary(summary)


def _prepare(database: Database, settings: Settings, order: LaunchOrder, dry_run: bool) -> int:
    """Create the campaign and say who of its contacts may be called, before anyone is."""
    with database.connection() as conn:
        keys = open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
        campaign_id = create_campaign(conn, settings, order)
        campaign = campaigns.find(conn, campaign_id)
        assert campaign is not None
        with console.status("Asking the calling rules about every contact"):
            report = report_callable(conn, keys, campaign_id)
        if dry_run:
            conn.rollback()
    plan = campaign.plan
    console.print("Campaign launcher" if not dry_run else "Campaign launcher (dry run: nothing is stored)")
    console.print(f"Scenario: {campaign.scenario}")
    if not dry_run:
        console.print(f"Campaign: {campaign_id} ({campaign.name})", markup=False)
    console.print(f"Contacts: {report.contacts} (from the database)")
    console.print(f"Max concurrent: {plan.max_concurrent}")
    console.print(f"Delay: {plan.delay_s:g} s")
    console.print(f"Caller id: {mask(plan.caller_id)}")
    _print_report(report)
    return campaign_id


def _print_report(report: CallableReport) -> None:
    console.print(f"\nCallable now: {report.callable_now}")
    for rule, count in report.later.items():
        console.print(f"Later: {count} ({rule}: {report.texts[rule]})", markup=False)
    for rule, count in report.never.items():
        console.print(f"Not called: {count} ({rule}: {report.texts[rule]})", markup=False)
    if report.next_at is not None and not report.callable_now:
        console.print(f"First call: {report.next_at.astimezone():%A %d %B %H:%M}")
    for duty in report.duties:
        console.print(f"To be seen to by you: {duty}", style="dim", markup=False)
    console.print()


async def _dial(database: Database, settings: Settings, campaign_id: int) -> Summary:
    # Imported late: what dials takes a second to load, and a dry run, a pause or a mistake needs none of it.
    from minibot_fs.cli.originators import AnnouncingOriginator, open_originator

    with database.connection() as conn:
        plan = start_campaign(conn, campaign_id).plan
        total = campaigns.standing(conn, campaign_id).contacts
    screen = _Screen(total)
    async with open_originator(
        settings, database, rehearsal=plan.rehearsal, channels=plan.max_concurrent
    ) as originator:
        announcing = AnnouncingOriginator(originator, screen.on_order, screen.on_outcome)
        return await dial_campaign(settings, database, campaign_id, announcing, screen.on_progress)


class _Screen:
    """One line a call, as it is placed; and what the campaign waits for, when it waits."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self._called: set[int] = set()
        self._waits_until: object = None

    def on_order(self, order: CallOrder) -> None:
        self._called.add(order.contact.id)
        person = f"{order.contact.first_name} {order.contact.last_name}".strip()
        again = f", attempt {order.attempt}" if order.attempt > 1 else ""
        console.print(
            f"  [{len(self._called)}/{self._contacts}] Calling {mask(order.phone)} ({person}){again}",
            markup=False,
        )

    def on_outcome(self, order: CallOrder, outcome: CallOutcome) -> None:
        words = outcome.result or outcome.hangup_cause
        console.print(f"    {mask(order.phone)}: {words}", style="dim", markup=False)

    def on_progress(self, progress: Progress) -> None:
        standing = progress.standing
        due_at = standing.next_due_at
        waits = not standing.open and due_at is not None and (due_at - progress.now).total_seconds() > 5
        if waits and due_at != self._waits_until:
            self._waits_until = due_at
            console.print(f"  Waiting until {due_at.astimezone():%A %d %B %H:%M}..." if due_at else "")


def _print_summary(summary: Summary) -> None:
    console.print(f"\nCampaign {summary.campaign_id} {summary.status}")
    for outcome, count in summary.outcomes.items():
        console.print(f"   {outcome}: {count}")
    if summary.results:
        results = ", ".join(f"{result} {count}" for result, count in summary.results.items())
        console.print(f"Results of the last call to each: {results}")
    if summary.status == "paused":
        console.print(f"Go on with: scripts/launch_campaign.py --resume {summary.campaign_id}")


def _steer(database: Database, pause: int | None, stop: int | None) -> None:
    campaign_id = pause if pause is not None else stop
    assert campaign_id is not None
    status, among = (
        ("paused", ["running"]) if pause is not None else ("stopped", ["running", "paused", "draft"])
    )
    with database.connection() as conn:
        changed = campaigns.set_status(conn, campaign_id, status, among)
        campaign = campaigns.find(conn, campaign_id)
    if campaign is None:
        raise CampaignError(Problem(f"there is no campaign {campaign_id}"))
    if not changed and campaign.status != status:
        raise CampaignError(Problem(f"campaign {campaign_id} is {campaign.status}"))
    console.print(f"Campaign {campaign_id} is {status}; calls that stand are not cut off")
