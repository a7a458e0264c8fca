"""A whole campaign in one process: a dialer that stops when the campaign is over, paused or stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from minibot_fs.campaign.dialer import Dialer
from minibot_fs.campaign.originator import Originator
from minibot_fs.config import Settings
from minibot_fs.errors import Problem, UserError
from minibot_fs.store import campaigns
from minibot_fs.store.campaigns import Standing
from minibot_fs.store.connect import Database
from minibot_fs.store.phone_keys import open_phone_keys

_LOOK_EVERY_S = 0.25


class CampaignError(UserError):
    """A campaign cannot be created or changed as asked."""

    code = "campaign"


@dataclass(frozen=True)
class Progress:
    """Where a campaign stands: contacts by state, and the campaign's own time."""

    status: str
    standing: Standing
    now: datetime


@dataclass(frozen=True)
class Summary:
    """What a campaign came to: final outcomes and last results, by number of contacts."""

    campaign_id: int
    status: str
    outcomes: Mapping[str, int]
    results: Mapping[str, int]


def run_campaign(
    settings: Settings,
    database: Database,
    campaign_id: int,
    originator: Originator,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    channels: int | None = None,
    node: str = "local",
) -> Summary:
    """Run a campaign until it is over (or paused or stopped from elsewhere). See :func:`dial_campaign`."""
    return asyncio.run(
        dial_campaign(settings, database, campaign_id, originator, on_progress, channels=channels, node=node)
    )


async def dial_campaign(
    settings: Settings,
    database: Database,
    campaign_id: int,
    originator: Originator,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    channels: int | None = None,
    node: str = "local",
) -> Summary:
    """Set the campaign running and dial until it is over, paused or stopped; calls that stand then end.

    Args:
        channels: calls at once in this process; the campaign's own limit when not given.

    Raises:
        CampaignError: no such campaign, or it is over.
    """
    with database.connection() as conn:
        keys = open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
        campaign = start_campaign(conn, campaign_id)
    dialer = Dialer(
        database,
        keys,
        originator,
        node=node,
        channels=channels or campaign.plan.max_concurrent,
        rehearsal=campaign.plan.rehearsal,
        calls_per_second=settings.calls_per_second,
    )
    dialing = asyncio.create_task(dialer.run(), name="dialer")
    try:
        while not dialing.done():
            progress = await asyncio.to_thread(_progress, database, campaign_id)
            on_progress(progress)
            if progress.status != "running":
                break
            await asyncio.wait([dialing], timeout=_LOOK_EVERY_S)
    finally:
        dialing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await dialing
    on_progress(await asyncio.to_thread(_progress, database, campaign_id))
    with database.connection() as conn:
        return summarise(conn, campaign_id)


def start_campaign(conn: connection, campaign_id: int) -> campaigns.Campaign:
    """Set a campaign running, or let it go on; running already is fine.

    Raises:
        CampaignError: no such campaign, or it is over.
    """
    campaigns.set_status(conn, campaign_id, "running", among=["draft", "paused"])
    campaign = campaigns.find(conn, campaign_id)
    if campaign is None:
        raise CampaignError(Problem(f"there is no campaign {campaign_id}", "see scripts/launch_campaign.py"))
    if campaign.status != "running":
        raise CampaignError(Problem(f"campaign {campaign_id} is {campaign.status}", "launch a new one"))
    return campaign


def summarise(conn: connection, campaign_id: int) -> Summary:
    campaign = campaigns.find(conn, campaign_id)
    assert campaign is not None
    return Summary(
        campaign_id,
        campaign.status,
        campaigns.outcomes(conn, campaign_id),
        campaigns.results(conn, campaign_id),
    )


def _progress(database: Database, campaign_id: int) -> Progress:
    with database.connection() as conn:
        campaign = campaigns.find(conn, campaign_id)
        assert campaign is not None
        return Progress(
            campaign.status,
            campaigns.standing(conn, campaign_id),
            campaigns.clock(conn) + campaign.plan.clock_offset,
        )
