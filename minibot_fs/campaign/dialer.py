"""A dialer process: signs of life, ticks of the pacer, and as many calls at once as it has channels.

Any number of them, on any number of nodes, work on the same campaigns; each adds its channels.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import psycopg2
from psycopg2.extensions import connection
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception, wait_exponential

from minibot_fs.campaign import calls
from minibot_fs.campaign.job_queue import JobQueue, QueueUnreachable
from minibot_fs.campaign.originator import CallOutcome, Originator
from minibot_fs.campaign.pacer import Tick, tick
from minibot_fs.errors import StoreError
from minibot_fs.store import dialed_calls, dialers
from minibot_fs.store.connect import Database
from minibot_fs.store.phone_keys import PhoneKeys

log = logging.getLogger(__name__)

DEAD_AFTER_S = 15.0
_BEATS = 5
"""Signs of life within DEAD_AFTER_S."""
_DATABASE_THREADS = 4
_RESULT_LOOKS = 20
_RESULT_LOOK_S = 0.5
_IDLE_TICK_S = 0.5
_BUSY_TICK_S = 0.05
ORIGINATOR_FAILED = "ORIGINATOR_FAILED"
"""Hangup cause of a call that ended with an exception of the originator."""

P = ParamSpec("P")
T = TypeVar("T")


def _database_is_away(error: BaseException) -> bool:
    """True for what passes when the server is back; a refused statement does not."""
    cause = error.__cause__ if isinstance(error, StoreError) else error
    return isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError)


class Dialer:
    """Runs until cancelled. One event loop; the database is asked from a few threads.

    Args:
        channels: calls at once in this process.
        calls_per_second: the rate of a gateway without a limit of its own.
        dead_after_s: a dialer that gives no sign of life for so long is dead; the same for all dialers.
    """

    def __init__(
        self,
        database: Database,
        keys: PhoneKeys,
        originator: Originator,
        *,
        node: str,
        channels: int,
        rehearsal: bool,
        calls_per_second: float,
        dead_after_s: float = DEAD_AFTER_S,
    ) -> None:
        self.id = uuid4()
        self._database = database
        self._keys = keys
        self._originator = originator
        self._node = node
        self._channels = channels
        self._rehearsal = rehearsal
        self._calls_per_second = calls_per_second
        self._dead_after_s = dead_after_s
        self._threads = ThreadPoolExecutor(_DATABASE_THREADS, thread_name_prefix="database")
        self._call_ended = asyncio.Event()

    async def run(self) -> None:
        """Dial until cancelled; calls that stand then are waited for."""
        async with JobQueue(self._database.dsn, self._rehearsal) as queue:
            await self._in_database(self._beat)
            loops = [
                asyncio.create_task(self._keep_alive(queue), name="heartbeat"),
                asyncio.create_task(self._pace(queue), name="pacer"),
                asyncio.create_task(self._work(queue), name="worker"),
            ]
            try:
                await asyncio.gather(*loops)
            finally:
                await self._stop(loops)

    async def _stop(self, loops: list[asyncio.Task[None]]) -> None:
        heartbeat, pacer, worker = loops
        for task in (pacer, worker):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        heartbeat.cancel()
        with contextlib.suppress(StoreError):
            await self._in_database(dialers.leave, self.id)
        self._threads.shutdown()

    # ------------------------------------------------------------------------- loops

    async def _keep_alive(self, queue: JobQueue) -> None:
        loop, pause_s = asyncio.get_running_loop(), self._dead_after_s / _BEATS
        steady_since = last = loop.time()
        while True:
            await self._in_database(self._beat)
            # After an outage of the database every dialer looks dead for a moment: give them time.
            if loop.time() - last > 2 * pause_s:
                steady_since = loop.time()
            last = loop.time()
            if last - steady_since > self._dead_after_s:
                await self._sweep(queue)
            await asyncio.sleep(pause_s)

    async def _sweep(self, queue: JobQueue) -> None:
        freed = await self._in_database(calls.sweep, self._keys, self._rehearsal, self._dead_after_s)
        if freed:
            log.warning("%d attempts freed whose dialer had died", freed)
        with contextlib.suppress(QueueUnreachable):
            await queue.clear_stalled()

    async def _pace(self, queue: JobQueue) -> None:
        while True:
            paced = await self._in_database(
                tick, self._keys, self._rehearsal, self._calls_per_second, self._dead_after_s
            )
            with contextlib.suppress(QueueUnreachable):
                # What is not put in the queue goes back to waiting when its lease ends.
                await queue.put(paced.claimed)
            await self._until_next_tick(paced)

    async def _until_next_tick(self, paced: Tick) -> None:
        if paced.claimed or paced.jumped:
            await asyncio.sleep(_BUSY_TICK_S)
            return
        self._call_ended.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._call_ended.wait(), _IDLE_TICK_S)

    async def _work(self, queue: JobQueue) -> None:
        while True:
            await queue.work(self._dial, self._channels)
            log.warning("the job queue was lost, joining it again")
            await asyncio.sleep(1.0)

    # ------------------------------------------------------------------------ one call

    async def _dial(self, attempt_id: int) -> None:
        order = await self._in_database(calls.take, self._keys, attempt_id, self.id)
        if order is None:
            return
        try:
            outcome = await self._originator.place(order)
        except Exception:
            # Whatever an originator raises, the slot must be freed and the contact must go on.
            log.exception("call %s failed", order.call_uuid)
            outcome = CallOutcome(order.call_uuid, answered=False, hangup_cause=ORIGINATOR_FAILED)
        if outcome.answered and outcome.result is None:
            outcome = await self._with_stored_result(outcome)
        await self._in_database(calls.finish, self._keys, attempt_id, order, outcome)
        self._call_ended.set()

    async def _with_stored_result(self, outcome: CallOutcome) -> CallOutcome:
        """The handler inside FreeSWITCH stores its call a moment after the hang-up."""
        for _ in range(_RESULT_LOOKS):
            stored = await self._in_database(dialed_calls.stored_result, outcome.call_uuid)
            if stored is not None:
                return replace(
                    outcome,
                    result=stored.result,
                    amd_result=stored.amd_result,
                    callback_at=stored.callback_at,
                )
            await asyncio.sleep(_RESULT_LOOK_S)
        log.warning("call %s was answered but its handler stored no result", outcome.call_uuid)
        return outcome

    # ---------------------------------------------------------------------- the database

    def _beat(self, conn: connection) -> None:
        dialers.beat(conn, self.id, self._node, self._rehearsal, self._channels)

    async def _in_database(
        self, function: Callable[Concatenate[connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function in a transaction of its own, again and again while the database is away."""

        def transact() -> T:
            with self._database.connection() as conn:
                return function(conn, *args, **kwargs)

        async for attempt in AsyncRetrying(
            wait=wait_exponential(multiplier=0.1, max=5),
            retry=retry_if_exception(_database_is_away),
            before_sleep=before_sleep_log(log, logging.WARNING),
        ):
            with attempt:
                return await asyncio.get_running_loop().run_in_executor(self._threads, transact)
        raise AssertionError("tenacity tries for ever")
