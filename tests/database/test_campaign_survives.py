"""Three dialer processes, killed and restarted during a campaign, and the database with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from minibot_fs.campaign.calling_rules import load_rules
from minibot_fs.config import PROJECT_DIR, Settings, load_settings
from minibot_fs.store.connect import Database, open_database
from tests.database.campaign_bench import (
    CREATE_PLACED,
    TWICE_AT_ONCE,
    WITNESS,
    add_contacts,
    new_campaign,
    rows,
    set_running,
)

CONTACTS = int(os.environ.get("CAMPAIGN_CONTACTS", "150"))
CHANNELS = 8
AT_MOST = 20
PATIENCE_S = 100


@pytest.fixture
def settings() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="minibot") as folder:
        yield load_settings(data_dir=Path(folder))


class Dialers:
    """Dialer processes by place; a killed one's place can be taken by a new one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.database.campaign_bench"]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR), "PYTHONWARNINGS": "ignore"}
        self._processes.append(
            subprocess.Popen(
                [*command, str(self._settings.data_dir), str(CHANNELS)], cwd=PROJECT_DIR, env=environment
            )
        )

    def kill(self, number: int) -> None:
        self._processes[number].send_signal(signal.SIGKILL)
        self._processes[number].wait()

    def kill_all(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Give up after PATIENCE_S: how long a condition takes is not what is tested."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.1)


def done(database: Database) -> int:
    return int(str(rows(database, "SELECT count(*) FROM campaign_contacts WHERE state = 'done'")[0][0]))


def end_every_connection(database: Database) -> None:
    """What a restart of PostgreSQL does to those who are connected."""
    conn = psycopg2.connect(database.dsn)
    conn.autocommit = True
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND application_name <> %s",
            (WITNESS,),
        )
    conn.close()


@pytest.mark.timeout(180)
def test_killing_dialers_and_connections_loses_no_contact_and_calls_nobody_twice_at_once(
    settings: Settings,
) -> None:
    database = open_database(settings)
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute(CREATE_PLACED)
    add_contacts(database, CONTACTS)
    campaign_id = new_campaign(database, settings, max_concurrent=AT_MOST)
    set_running(database, campaign_id)
    dialers = Dialers(settings)
    try:
        for _ in range(3):
            dialers.start()
        wait_until(lambda: done(database) > CONTACTS // 10, "the first calls")
        dialers.kill(0)
        wait_until(lambda: done(database) > CONTACTS // 4, "calls of the two others")
        end_every_connection(database)
        database = Database(database.dsn)
        wait_until(lambda: done(database) > CONTACTS // 2, "calls after the database was away")
        dialers.kill(1)
        dialers.start()
        wait_until(lambda: done(database) == CONTACTS, "the end of the campaign")
    finally:
        dialers.kill_all()

    assert rows(database, "SELECT count(*) FROM attempts WHERE state <> 'ended'") == [(0,)]
    assert rows(database, "SELECT count(*) FROM campaign_contacts WHERE outcome IS NULL") == [(0,)]
    assert rows(database, TWICE_AT_ONCE) == [(0,)]
    cut_off = "SELECT count(*) FROM placed JOIN attempts USING (call_uuid) WHERE placed.ended_at IS NULL"
    assert rows(database, f"{cut_off} AND outcome <> 'lost'") == [(0,)]
    frequency = next(rule for rule in load_rules("fr").rules if rule.rule == "frequency")
    most = rows(
        database,
        "SELECT max(n) FROM (SELECT count(*) n FROM attempts"
        " WHERE outcome NOT IN ('invalid_number', 'congestion', 'failed', 'lost') GROUP BY contact_id) x",
    )
    assert int(str(most[0][0])) <= frequency.at_most
    database.close()
