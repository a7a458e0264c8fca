"""Where a campaign's calls are placed: one Protocol, the event socket behind it, or a rehearsal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Contact:
    """The person to call. ``fields`` are what prompts and the conversation may name of them."""

    id: int
    phone: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CallOrder:
    """One call to place now. ``attempt`` counts from 1; ``timeout_s`` is how long it may ring.

    ``at`` is the campaign's time: now for a real campaign, the rehearsal's own time for a rehearsal.
    """

    call_uuid: str
    contact: Contact
    campaign_id: int
    scenario: str
    phone: str
    caller_id: str
    gateway: str
    attempt: int
    timeout_s: float
    at: datetime


@dataclass(frozen=True)
class CallOutcome:
    """How the call ended. ``hangup_cause`` is FreeSWITCH's word, ``sip_code`` the final status if any.

    ``result`` and ``amd_result`` are ``None`` when whoever answered the call stores them itself.
    ``callback_at`` is when the person asked to be called again; aware.
    """

    call_uuid: str
    answered: bool
    hangup_cause: str = "NORMAL_CLEARING"
    sip_code: int | None = None
    result: str | None = None
    amd_result: str | None = None
    duration_s: float = 0.0
    callback_at: datetime | None = None


class Originator(Protocol):
    """Places calls. One object serves many calls at once, from one event loop."""

    async def place(self, order: CallOrder) -> CallOutcome:
        """Place the call and wait for its end. An exception counts as a call that failed."""


class ThreadedOriginator:
    """An Originator made of a blocking function: each call has a thread of its own while it lasts."""

    def __init__(self, place: Callable[[CallOrder], CallOutcome], threads: int) -> None:
        self._place = place
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="call")

    async def place(self, order: CallOrder) -> CallOutcome:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._place, order)
