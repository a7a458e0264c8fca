"""The queue between the pacer, which claims attempts, and the dialers, which place them: procrastinate.

It carries an attempt's id to whichever dialer has a free channel, wakes it by LISTEN/NOTIFY and survives
any process. It need not be exact: an attempt is taken by one statement that names the state it leaves, so
a job delivered twice, late or never only costs the attempt its lease.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

log = logging.getLogger(__name__)

_SCHEMA_LOCK = 0x4D42_5150
_STALLED_AFTER_S = 30.0


class JobQueue:
    """One process's end of the queue. Use as ``async with``; one queue for each kind of campaigns."""

    def __init__(self, dsn: str, rehearsal: bool) -> None:
        self._dsn = dsn
        self._name = "rehearsal" if rehearsal else "dial"
        self._app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=4, timeout=10))

    async def __aenter__(self) -> JobQueue:
        await self._app.open_async()
        await self._create_tables()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._app.close_async()

    async def put(self, attempt_ids: Sequence[int]) -> None:
        if attempt_ids:
            jobs: list[dict[str, Any]] = [{"attempt_id": attempt_id} for attempt_id in attempt_ids]
            deferrer = self._app.configure_task("dial", queue=self._name)
            await deferrer.batch_defer_async(*jobs)

    async def work(self, dial: Callable[[int], Awaitable[None]], channels: int) -> None:
        """Dial as many at once as there are channels, until cancelled; then wait for the running calls.

        Returns early when the database was lost: the caller starts it again.
        """
        if "dial" not in self._app.tasks:
            self._app.task(name="dial", queue=self._name)(dial)
        await self._app.run_worker_async(
            queues=[self._name],
            concurrency=channels,
            fetch_job_polling_interval=1.0,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=5.0,
            stalled_worker_timeout=_STALLED_AFTER_S,
        )

    async def clear_stalled(self) -> None:
        """Drop jobs of workers that died; their attempts are swept by their lease."""
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(queue=self._name, seconds_since_heartbeat=_STALLED_AFTER_S):
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)

    async def _create_tables(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn) as conn:
            await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            found = await (await conn.execute("SELECT to_regclass('procrastinate_jobs')")).fetchone()
            if found is None or found[0] is None:
                await self._app.schema_manager.apply_schema_async()


QueueUnreachable = ConnectorException
