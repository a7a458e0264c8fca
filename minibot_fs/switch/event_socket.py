"""Originating calls from outside FreeSWITCH, over its event socket (``genesis``), reconnecting.

A call's fate is told by three events: BACKGROUND_JOB (the originate succeeded or failed),
CHANNEL_HANGUP_COMPLETE (cause, SIP status, duration) and, after the connection was lost, by asking
``uuid_exists``: a call that went on while nobody listened is waited for, one that is gone has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from genesis import Inbound
from genesis.exceptions import CommandStage, ConnectionLost, GenesisError
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception_type, wait_exponential

from minibot_fs.switch.dial_string import DialString

log = logging.getLogger(__name__)

EVENTS = "event plain BACKGROUND_JOB CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE"
_HANGUP_FOLLOWS_S = 1.0
"""How long the hang-up event of a failed originate may come after its BACKGROUND_JOB."""
_CHECK_EVERY_S = 30.0
"""A call of which nothing was heard for so long is asked for: no lost event keeps a slot for ever."""
_SETTLE_S = 2.0
"""After a reconnection, a call just ordered may not have its channel yet: ask a little later."""
LOST_EVENT = "LOST_EVENT"


@dataclass(frozen=True)
class Ended:
    """How a channel ended. ``cause`` is FreeSWITCH's word; ``variables`` are the channel's at its end.

    ``cause`` is ``LOST_EVENT`` when the call ended while the connection was down.
    """

    answered: bool
    cause: str
    sip_code: int | None = None
    duration_s: float = 0.0
    variables: Mapping[str, str] = field(default_factory=dict)


class SwitchUnreachable(Exception):
    """The event socket is down; the command was not carried out."""


class CommandUnconfirmed(SwitchUnreachable):
    """The connection was lost after the command went out: it may have been carried out."""


class _Pending:
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.job: asyncio.Future[str] = loop.create_future()
        self.ended: asyncio.Future[Ended] = loop.create_future()
        self.answered = False


class EventSocket:
    """One connection to one FreeSWITCH, shared by every call of a dialer. Use as ``async with``.

    Args:
        custom: what gets CUSTOM events, by their subclass.
    """

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        custom: Mapping[str, Callable[[Mapping[str, Any]], None]] = MappingProxyType({}),
    ) -> None:
        self._host, self._port, self._password = host, port, password
        self._custom = custom
        self._client: Inbound | None = None
        self._connected = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._calls: dict[str, _Pending] = {}
        self._jobs: dict[str, str] = {}

    async def __aenter__(self) -> EventSocket:
        self._keeper = asyncio.create_task(self._keep_connected(), name="event socket")
        self._keeper.add_done_callback(_log_death)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    async def wait_connected(self, timeout_s: float) -> bool:
        """Whether the connection stands, within ``timeout_s``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), timeout_s)
        return self.is_connected

    async def api(self, command: str) -> str:
        """A console command's answer. Raises SwitchUnreachable."""
        return await self._api(command)

    async def call(self, dial: DialString, longest_s: float) -> Ended:
        """Place a call and wait for its end.

        Args:
            longest_s: from the answer on; a call that still stands then is hung up.

        Raises:
            SwitchUnreachable: no connection, nothing was dialled.
            DialStringError: the dial string is not sound, nothing was dialled.
        """
        job, command = str(uuid4()), f"bgapi originate {dial}"
        pending = self._calls[dial.call_uuid] = _Pending()
        self._jobs[job] = dial.call_uuid
        try:
            try:
                await self._send(f"{command}\nJob-UUID: {job}")
            except CommandUnconfirmed:
                log.warning("call %s: the connection was lost over its order", dial.call_uuid)
            return await self._end_of(dial.call_uuid, pending, dial.timeout_s, longest_s)
        finally:
            self._jobs.pop(job, None)
            self._calls.pop(dial.call_uuid, None)

    async def exists(self, call_uuid: str) -> bool:
        """Whether the switch still knows this call. Raises SwitchUnreachable."""
        return await self._api(f"uuid_exists {call_uuid}") == "true"

    async def hang_up(self, call_uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """End a call; harmless when it is gone. Raises SwitchUnreachable."""
        await self._api(f"uuid_kill {call_uuid} {cause}")

    async def gateway_is_up(self, gateway: str) -> bool:
        """Whether sofia holds the gateway to be reachable. Raises SwitchUnreachable."""
        return re.search(r"Status\s+UP\b", await self._api(f"sofia status gateway {gateway}")) is not None

    # --------------------------------------------------------------------- one call

    async def _end_of(self, call_uuid: str, pending: _Pending, ring_s: float, longest_s: float) -> Ended:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + ring_s + longest_s
        while True:
            waits: list[asyncio.Future[Any]] = [pending.ended]
            if not pending.job.done():
                waits.append(pending.job)
            await asyncio.wait(waits, timeout=_CHECK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if pending.ended.done():
                return pending.ended.result()
            if pending.job.done() and not pending.job.result().startswith("+OK"):
                return await self._refused(pending)
            pending.answered = pending.answered or pending.job.done()
            if loop.time() > give_up_at:
                log.warning("call %s outlasted its limit, hanging up", call_uuid)
                await self._quietly(self.hang_up(call_uuid, "ALLOTTED_TIMEOUT"))
                give_up_at = loop.time() + _CHECK_EVERY_S
            await self._quietly(self._check(call_uuid, pending))

    async def _refused(self, pending: _Pending) -> Ended:
        """The originate failed: the hang-up event has the SIP status, when there was a channel at all."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(pending.ended), _HANGUP_FOLLOWS_S)
        words = pending.job.result().split()
        return Ended(False, words[1] if len(words) > 1 else "NORMAL_TEMPORARY_FAILURE")

    async def _check(self, call_uuid: str, pending: _Pending) -> None:
        if not await self.exists(call_uuid) and not pending.ended.done():
            pending.ended.set_result(Ended(pending.answered, LOST_EVENT))

    async def _quietly(self, action: Any) -> None:
        with contextlib.suppress(SwitchUnreachable):
            await action

    # --------------------------------------------------------------- the connection

    async def _keep_connected(self) -> None:
        while True:
            async for attempt in AsyncRetrying(
                wait=wait_exponential(multiplier=0.2, max=10),
                retry=retry_if_exception_type((OSError, GenesisError)),
                before_sleep=before_sleep_log(log, logging.WARNING),
            ):
                with attempt:
                    client = await self._connect()
            try:
                await self._watch(client)
            finally:
                self._connected.clear()
                self._client = None
                await client.stop()
            log.warning("event socket of %s:%d lost, reconnecting", self._host, self._port)

    async def _connect(self) -> Inbound:
        client = Inbound(self._host, self._port, self._password)
        client.on("BACKGROUND_JOB", self._on_job)
        client.on("CHANNEL_ANSWER", self._on_answer)
        client.on("CHANNEL_HANGUP_COMPLETE", self._on_hangup)
        await client.start()
        for subclass, handle in self._custom.items():
            client.on(subclass, _as_coroutine(handle))
        await client.send(" ".join([EVENTS, *(["CUSTOM", *self._custom] if self._custom else [])]))
        self._client = client
        self._connected.set()
        log.info("event socket of %s:%d connected", self._host, self._port)
        return client

    async def _watch(self, client: Inbound) -> None:
        """Returns when the connection is lost."""
        before = list(self._calls.items())
        await asyncio.sleep(_SETTLE_S if before else 0)
        for call_uuid, pending in before:
            await self._quietly(self._check(call_uuid, pending))
        while client.is_connected:
            await asyncio.sleep(0.1)

    async def _api(self, command: str) -> str:
        reply = await self._send(f"api {command}")
        return (getattr(reply, "body", None) or "").strip()

    async def _send(self, command: str) -> Any:
        client = self._client
        if client is None:
            raise SwitchUnreachable(f"{self._host}:{self._port}")
        try:
            return await client.send(command)
        except ConnectionLost as error:
            lost = SwitchUnreachable if error.stage is CommandStage.NOT_SENT else CommandUnconfirmed
            raise lost(f"{self._host}:{self._port}") from error
        except (GenesisError, OSError) as error:
            raise SwitchUnreachable(f"{self._host}:{self._port}") from error

    # -------------------------------------------------------------------- its events
    # Coroutines, because genesis runs plain functions in threads of their own.

    async def _on_job(self, event: Mapping[str, Any]) -> None:
        call_uuid = self._jobs.get(_text(event, "Job-UUID"))
        pending = self._calls.get(call_uuid) if call_uuid else None
        if pending is not None and not pending.job.done():
            pending.job.set_result((getattr(event, "body", None) or "-ERR NORMAL_TEMPORARY_FAILURE").strip())

    async def _on_answer(self, event: Mapping[str, Any]) -> None:
        if pending := self._calls.get(_text(event, "Unique-ID")):
            pending.answered = True

    async def _on_hangup(self, event: Mapping[str, Any]) -> None:
        pending = self._calls.get(_text(event, "Unique-ID"))
        if pending is not None and not pending.ended.done():
            pending.ended.set_result(_ended(event))


def _as_coroutine(
    handle: Callable[[Mapping[str, Any]], None],
) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    """genesis runs plain functions in threads; a coroutine stays on the loop."""

    async def on_event(event: Mapping[str, Any]) -> None:
        handle(event)

    return on_event


def _log_death(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and keeper.exception() is not None:
        log.error("the event socket is given up", exc_info=keeper.exception())


def _ended(event: Mapping[str, Any]) -> Ended:
    variables = {
        name.removeprefix("variable_"): _text(event, name) for name in event if name.startswith("variable_")
    }
    billed_s = int(variables.get("billsec") or 0)
    answered = int(_text(event, "Caller-Channel-Answered-Time") or 0) > 0 or billed_s > 0
    status = variables.get("sip_term_status") or variables.get("sip_invite_failure_status") or ""
    return Ended(
        answered=answered,
        cause=_text(event, "Hangup-Cause") or variables.get("hangup_cause", "NORMAL_CLEARING"),
        sip_code=int(status) if status.isdigit() else None,
        duration_s=float(billed_s),
        variables=variables,
    )


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name, "")
    return str(value[0]) if isinstance(value, list) else str(value)
