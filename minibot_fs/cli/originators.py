"""What the commands dial with: this machine's FreeSWITCH, or rehearsals in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from minibot_fs.assembly import Assembly
from minibot_fs.campaign.originator import CallOrder, CallOutcome, Originator, ThreadedOriginator
from minibot_fs.campaign.runner import CampaignError
from minibot_fs.campaign.switch_originator import SwitchOriginator
from minibot_fs.config import PROJECT_DIR, Settings
from minibot_fs.errors import CallerError, Problem
from minibot_fs.rehearsal import RehearsalOriginator
from minibot_fs.store.call_store import BackgroundCallStore
from minibot_fs.store.connect import Database
from minibot_fs.switch.caller_script import load_caller
from minibot_fs.switch.event_socket import EventSocket

CALLERS = PROJECT_DIR / "callers"
_CONNECT_S = 5.0


@asynccontextmanager
async def open_originator(
    settings: Settings, database: Database, *, rehearsal: bool, channels: int
) -> AsyncIterator[Originator]:
    """An Originator for as long as the context lasts.

    Raises:
        CampaignError: FreeSWITCH cannot be reached.
        CallerError: a rehearsal finds no usable callers.
    """
    if not rehearsal:
        password = settings.freeswitch_esl_password.get_secret_value()
        host, port = settings.freeswitch_esl_host, settings.freeswitch_esl_port
        async with EventSocket(host, port, password) as socket:
            if not await socket.wait_connected(_CONNECT_S):
                raise CampaignError(
                    Problem(
                        f"FreeSWITCH's event socket at {host}:{port} cannot be reached",
                        "start FreeSWITCH, check FREESWITCH_ESL_*, or rehearse with --rehearsal",
                    )
                )
            yield SwitchOriginator(socket, settings.max_call_duration)
        return
    scripts = [load_caller(file) for file in sorted(CALLERS.glob("*.yaml"))]
    if not scripts:
        raise CallerError(Problem("there is no scripted caller", "put some into callers/", file=CALLERS))
    store = BackgroundCallStore(database, settings.data_dir / "spool")
    # The dialer itself closes the number, within the rehearsal, when the call's result says so.
    assembly = Assembly(settings, store, opted_out=lambda _phone, _call: None)
    try:
        yield ThreadedOriginator(RehearsalOriginator(assembly, scripts).place, channels)
    finally:
        store.close()


class AnnouncingOriginator:
    """An Originator that tells of each call before it is placed and after it has ended."""

    def __init__(
        self,
        originator: Originator,
        on_order: Callable[[CallOrder], None],
        on_outcome: Callable[[CallOrder, CallOutcome], None] = lambda _order, _outcome: None,
    ) -> None:
        self._originator = originator
        self._on_order = on_order
        self._on_outcome = on_outcome

    async def place(self, order: CallOrder) -> CallOutcome:
        self._on_order(order)
        outcome = await self._originator.place(order)
        self._on_outcome(order, outcome)
        return outcome
