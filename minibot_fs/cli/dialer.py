"""``scripts/dialer.py``: one dialer process; start as many as you have FreeSWITCH nodes and cores."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from typing import Annotated

import typer

from minibot_fs.campaign.dialer import Dialer
from minibot_fs.cli.originators import open_originator
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.store.connect import open_database
from minibot_fs.store.phone_keys import open_phone_keys

log = logging.getLogger(__name__)


def main() -> None:
    typer.run(command)


@user_errors
def command(
    node: Annotated[str, typer.Option(help="Name of this node, for the monitor")] = socket.gethostname(),
    channels: Annotated[int, typer.Option(min=1, help="Calls at once through this dialer")] = 30,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Work on rehearsal campaigns, without a telephone")
    ] = False,
) -> None:
    """Take calls of running campaigns until stopped (Ctrl+C, SIGTERM); calls that stand then end first.

    The FreeSWITCH of a node is the one FREESWITCH_ESL_* names. Campaigns are launched with
    scripts/launch_campaign.py --detach.
    """
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s | %(levelname)s | %(message)s")
    for chatty in ("procrastinate", "genesis"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(settings, node, channels, rehearsal))


async def _run(settings: Settings, node: str, channels: int, rehearsal: bool) -> None:
    database = open_database(settings)
    with database.connection() as conn:
        keys = open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
    async with open_originator(settings, database, rehearsal=rehearsal, channels=channels) as originator:
        dialer = Dialer(
            database,
            keys,
            originator,
            node=node,
            channels=channels,
            rehearsal=rehearsal,
            calls_per_second=settings.calls_per_second,
        )
        dialing = asyncio.create_task(dialer.run(), name="dialer")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, dialing.cancel)
        log.info("dialer %s of node %s: %d channels", dialer.id, node, channels)
        await dialing
