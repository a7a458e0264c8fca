"""Where a call hands over what happens in it: at once (rehearsals), or in a thread of its own (live).

A live call never waits for the database: its session thread must go on reading audio. The writer
thread writes each record within milliseconds; while the database is away, records wait in a spool
on the disk and are written, in order, when it is back, by this process or by the next.

    queue ──► database                  as long as it takes them
      └─────► spool ──► database        from the first failure until the spool is empty again
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psycopg2

from minibot_fs.errors import StoreError
from minibot_fs.store import calls
from minibot_fs.store.calls import CallEnded, CallRecord, CallStarted, StepEntered, TurnRecord
from minibot_fs.store.connect import Database
from minibot_fs.store.spool import Spool, abandoned

log = logging.getLogger(__name__)

RETRY_S = 1.0
STACK_BYTES = 1024 * 1024


class CallStore(Protocol):
    """Order of calls: ``started``, any number of ``progress`` and ``turn``, then ``ended``."""

    def started(self, call: CallStarted) -> None: ...

    def turn(self, turn: TurnRecord) -> None: ...

    def progress(self, call_uuid: str, current_step: str) -> None: ...

    def ended(self, call: CallEnded) -> None: ...


def this_process() -> str:
    """Names host and process, as stored in ``calls.owner``."""
    return f"{socket.gethostname()}/{os.getpid()}"


class DirectCallStore:
    """Writes at once, each record in a transaction of its own. Raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def started(self, call: CallStarted) -> None:
        self._write(replace(call, owner=this_process()))

    def turn(self, turn: TurnRecord) -> None:
        self._write(turn)

    def progress(self, call_uuid: str, current_step: str) -> None:
        self._write(StepEntered(call_uuid, current_step))

    def ended(self, call: CallEnded) -> None:
        self._write(call)

    def _write(self, record: CallRecord) -> None:
        with self._database.connection() as conn:
            calls.write(conn, record)


class BackgroundCallStore:
    """Takes records without ever waiting; see the module.

    Args:
        spool_dir: folder of the records that wait for the database.
    """

    def __init__(self, database: Database, spool_dir: Path) -> None:
        self._database = database
        self._spool_dir = spool_dir
        self._spool = Spool(spool_dir)
        self._queue: queue.SimpleQueue[CallRecord | threading.Event | None] = queue.SimpleQueue()
        previous = threading.stack_size(STACK_BYTES)
        try:
            self._thread = threading.Thread(target=self._run, name="call store", daemon=True)
            self._thread.start()
        finally:
            threading.stack_size(previous)

    @property
    def waiting(self) -> int:
        """Records handed over and not written yet, spooled ones included."""
        return self._queue.qsize() + self._spool.records

    def started(self, call: CallStarted) -> None:
        self._queue.put(replace(call, owner=this_process()))

    def turn(self, turn: TurnRecord) -> None:
        self._queue.put(turn)

    def progress(self, call_uuid: str, current_step: str) -> None:
        self._queue.put(StepEntered(call_uuid, current_step))

    def ended(self, call: CallEnded) -> None:
        self._queue.put(call)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was handed over is written or spooled; False when that took too long."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def close(self, timeout_s: float = 10.0) -> None:
        """Write or spool what is left, and end the thread."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    # ------------------------------------------------------------------ the writer thread

    def _run(self) -> None:
        try:
            self._take_over_abandoned()
            while self._handle_next():
                pass
        except Exception:
            log.exception("the call store's thread died; calls go on unsaved")
            raise
        finally:
            self._spool.close()

    def _handle_next(self) -> bool:
        try:
            item = self._queue.get(timeout=RETRY_S if self._spool.records else None)
        except queue.Empty:
            self._empty_spool()
            return True
        if item is None:
            self._empty_spool()
            return False
        if isinstance(item, threading.Event):
            item.set()
        elif self._spool.records or not self._written(item):
            self._spool.append(item)
        return True

    def _empty_spool(self) -> None:
        while (record := self._spool.first()) is not None:
            if not self._written(record):
                return
            self._spool.drop_first()
        log.info("the database took every record that had waited")

    def _take_over_abandoned(self) -> None:
        for path, records in abandoned(self._spool_dir):
            log.warning("writing the turns that a process left in %s", path)
            for record in records:
                if self._spool.records or not self._written(record):
                    self._spool.append(record)

    def _written(self, record: CallRecord) -> bool:
        """Whether the record is done with: written, or refused for good by the database."""
        try:
            with self._database.connection() as conn:
                calls.write(conn, record)
        except StoreError as error:
            if isinstance(error.__cause__, psycopg2.OperationalError | psycopg2.InterfaceError):
                if not self._spool.records:
                    log.warning("the database is away, turns wait in %s: %s", self._spool_dir, error)
                return False
            log.error("the database refuses a record of call %s: %s", record.call_uuid, error)
        return True
