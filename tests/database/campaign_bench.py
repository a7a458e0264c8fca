"""What the tests of campaigns share: a database of their own, contacts, callers that answer by number.

Run as a program it is a dialer process with those callers, which the tests kill and restart.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from minibot_fs.campaign.dialer import Dialer
from minibot_fs.campaign.launch import LaunchOrder, create_campaign
from minibot_fs.campaign.originator import CallOrder, CallOutcome, ThreadedOriginator
from minibot_fs.config import Settings, load_settings
from minibot_fs.store import campaigns
from minibot_fs.store.connect import Database, open_database
from minibot_fs.store.contacts import copy_row, load_contacts
from minibot_fs.store.phone_keys import PhoneKeys, open_phone_keys

DEAD_AFTER_S = 2.0
WITNESS = "witness"
"""Connections by this name stand for the telephone network: they outlive what the tests kill."""
CONSENT_AT = datetime(2026, 1, 2, tzinfo=UTC)

Answers = Callable[[CallOrder], CallOutcome]


def add_contacts(database: Database, count: int, **changes: str) -> None:
    consent = {"consent_source": "web form", "consent_at": CONSENT_AT.isoformat()}
    rows = (
        copy_row(line, f"+3363998{line:04d}", first_name=f"Zoé{line}", **{**consent, **changes})  # type: ignore[arg-type]
        for line in range(count)
    )
    with database.connection() as conn:
        load_contacts(conn, rows, skip_duplicates=False)


def new_campaign(database: Database, settings: Settings, max_concurrent: int = 10, **order: object) -> int:
    launch = LaunchOrder("any", max_concurrent=max_concurrent, rehearsal=True, **order)  # type: ignore[arg-type]
    with database.connection() as conn:
        return create_campaign(conn, settings, launch)


def phone_keys(database: Database, settings: Settings) -> PhoneKeys:
    with database.connection() as conn:
        return open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)


def rows(database: Database, query: str, *values: object) -> list[tuple[object, ...]]:
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def set_running(database: Database, campaign_id: int) -> None:
    with database.connection() as conn:
        campaigns.set_status(conn, campaign_id, "running", ["draft", "paused"])


class Switchboard:
    """An originator of many calls that counts them, and knows whom it calls at this moment."""

    def __init__(self, answers: Answers, call_s: float = 0.005) -> None:
        self._answers = answers
        self._call_s = call_s
        self._lock = threading.Lock()
        self.orders: list[CallOrder] = []
        self.at_once = 0
        self.most_at_once = 0
        self.called_twice_at_once: list[str] = []
        self._engaged: set[str] = set()

    def originator(self, threads: int = 20) -> ThreadedOriginator:
        return ThreadedOriginator(self._place, threads)

    def _place(self, order: CallOrder) -> CallOutcome:
        with self._lock:
            self.orders.append(order)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if order.phone in self._engaged:
                self.called_twice_at_once.append(order.phone)
            self._engaged.add(order.phone)
        try:
            time.sleep(self._call_s)
            return self._answers(order)
        finally:
            with self._lock:
                self.at_once -= 1
                self._engaged.discard(order.phone)


@contextmanager
def written_down(dsn: str, order: CallOrder) -> Iterator[None]:
    """Leave a trace of the call in ``placed``, so that no process's death hides that it took place."""
    conn = psycopg2.connect(dsn, application_name=WITNESS)
    conn.autocommit = True
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO placed (call_uuid, phone) VALUES (%s, %s)", (order.call_uuid, order.phone)
        )
        try:
            yield
        finally:
            cursor.execute(
                "UPDATE placed SET ended_at = clock_timestamp() WHERE call_uuid = %s", (order.call_uuid,)
            )
            conn.close()


def any_outcome(order: CallOrder) -> CallOutcome:
    """An outcome that the number and the attempt decide: some answer, some at the second try, some never."""
    kind = random.Random(f"{order.phone}/{order.attempt}").randrange(10)
    match kind:
        case 0 | 1:
            return CallOutcome(order.call_uuid, False, "NO_ANSWER", 480)
        case 2:
            return CallOutcome(order.call_uuid, False, "USER_BUSY", 486)
        case 3:
            return CallOutcome(order.call_uuid, False, "UNALLOCATED_NUMBER", 404)
        case 4:
            raise ConnectionResetError("the line broke")
        case 5:
            return CallOutcome(order.call_uuid, True, result="opt_out")
        case _:
            return CallOutcome(order.call_uuid, True, result="success", duration_s=30)


async def dial_until_killed(settings: Settings, channels: int) -> None:
    database = open_database(settings)

    def place(order: CallOrder) -> CallOutcome:
        with written_down(database.dsn, order):
            time.sleep(random.uniform(0.05, 0.15))
            return any_outcome(order)

    await Dialer(
        database,
        phone_keys(database, settings),
        ThreadedOriginator(place, channels),
        node="test",
        channels=channels,
        rehearsal=True,
        calls_per_second=10,
        dead_after_s=DEAD_AFTER_S,
    ).run()


CREATE_PLACED = """
    CREATE TABLE placed (call_uuid uuid PRIMARY KEY, phone text NOT NULL,
        began_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz)
"""

TWICE_AT_ONCE = """
    SELECT count(*) FROM placed a JOIN placed b ON a.phone = b.phone AND a.call_uuid < b.call_uuid
    WHERE a.began_at < b.ended_at AND b.began_at < a.ended_at
"""

if __name__ == "__main__":
    asyncio.run(dial_until_killed(load_settings(data_dir=Path(sys.argv[1])), int(sys.argv[2])))
