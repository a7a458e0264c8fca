"""What a call hands to the store is in the database, or on the disk until the database is back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from minibot_fs.config import load_settings
from minibot_fs.errors import StoreError
from minibot_fs.store import calls
from minibot_fs.store.call_store import BackgroundCallStore, CallStore, DirectCallStore
from minibot_fs.store.calls import CallEnded, CallStarted, TurnRecord
from minibot_fs.store.connect import Database, open_database
from minibot_fs.store.migrate import migrate

PHONE = "+33639980001"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(params=["direct", "background"])
def store(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> Iterator[tuple[CallStore, Callable[[], None]]]:
    """Each kind of store, with what makes sure that everything is written."""
    if request.param == "direct":
        yield DirectCallStore(database), lambda: None
        return
    background = BackgroundCallStore(database, tmp_path / "spool")

    def settle() -> None:
        assert background.flush(5)

    yield background, settle
    background.close()


def a_call(store: CallStore, call_uuid: str, turns: int = 2) -> None:
    store.started(CallStarted(call_uuid, PHONE, "sale", NOW))
    for seq in range(1, turns + 1):
        store.progress(call_uuid, f"step{seq}")
        store.turn(
            TurnRecord(
                call_uuid, seq, seq * 1000, "caller", f"step{seq}", transcript=f"oui {seq}", intent="affirm"
            )
        )


def an_end(call_uuid: str, **fields: Any) -> CallEnded:
    return CallEnded(
        call_uuid,
        **{"status": "completed", "result": "success", "duration_s": 12.34, "ended_at": NOW, **fields},
    )


def read(database: Database, call_uuid: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    with database.connection() as conn:
        return calls.read_call(conn, call_uuid), calls.read_turns(conn, call_uuid)


def wait_until(met: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


class TestEveryStore:
    def test_keeps_a_call_with_its_turns_in_order(
        self, store: tuple[CallStore, Callable[[], None]], database: Database
    ) -> None:
        kept, settle = store
        call_uuid = str(uuid4())
        a_call(kept, call_uuid)
        kept.ended(an_end(call_uuid, amd_result="HUMAN", transcription="oui 1\noui 2"))
        settle()
        call, turns = read(database, call_uuid)
        assert call is not None
        assert (call["status"], call["result"], float(call["duration"]), call["current_step"]) == (
            "completed",
            "success",
            12.34,
            "step2",
        )
        assert (call["amd_result"], call["phone"]) == ("HUMAN", PHONE)
        assert [(turn["seq"], turn["transcript"]) for turn in turns] == [(1, "oui 1"), (2, "oui 2")]

    def test_shows_a_running_call_as_active_at_its_step(
        self, store: tuple[CallStore, Callable[[], None]], database: Database
    ) -> None:
        kept, settle = store
        call_uuid = str(uuid4())
        a_call(kept, call_uuid)
        settle()
        call, _turns = read(database, call_uuid)
        assert call is not None
        assert (call["status"], call["current_step"]) == ("active", "step2")

    def test_changes_nothing_when_a_record_comes_twice(
        self, store: tuple[CallStore, Callable[[], None]], database: Database
    ) -> None:
        kept, settle = store
        call_uuid = str(uuid4())
        a_call(kept, call_uuid)
        kept.ended(an_end(call_uuid))
        a_call(kept, call_uuid)
        kept.ended(an_end(call_uuid, result="hung_up"))
        settle()
        call, turns = read(database, call_uuid)
        assert call is not None
        assert (call["status"], call["result"], len(turns)) == ("completed", "success", 2)


class TestWithoutTheDatabase:
    def shut(self, dsn: str, *, out: bool) -> None:
        """Throw everybody out of the database and keep them out, or let them in again."""
        name = dsn.split("/")[3].split("?")[0]
        admin = psycopg2.connect(dsn.replace(f"/{name}?", "/postgres?"))
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"false" if out else "true"}')
            if out:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
                )
        admin.close()

    def test_turns_wait_on_the_disk_and_are_written_in_order_when_it_is_back(
        self, dsn: str, tmp_path: Path
    ) -> None:
        database = Database(dsn)
        store = BackgroundCallStore(database, tmp_path)
        call_uuid = str(uuid4())
        store.started(CallStarted(call_uuid, PHONE, "sale", NOW))
        assert store.flush(5)
        self.shut(dsn, out=True)
        a_call(store, call_uuid, turns=3)
        store.ended(an_end(call_uuid))
        assert store.flush(10)
        assert store.waiting >= 7
        assert sum(len(file.read_bytes().splitlines()) for file in tmp_path.glob("*.jsonl")) >= 7
        self.shut(dsn, out=False)
        wait_until(lambda: store.waiting == 0)
        store.close()
        call, turns = read(database, call_uuid)
        assert call is not None
        assert (call["result"], [turn["seq"] for turn in turns]) == ("success", [1, 2, 3])
        assert not list(tmp_path.glob("*.jsonl"))

    def test_another_process_writes_what_a_killed_one_had_spooled(self, dsn: str, tmp_path: Path) -> None:
        call_uuid = str(uuid4())
        child = f"""
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from minibot_fs.store.call_store import BackgroundCallStore
from minibot_fs.store.calls import CallStarted, TurnRecord
from minibot_fs.store.connect import Database
store = BackgroundCallStore(Database({dsn!r}), Path({str(tmp_path)!r}))
sys.stdin.readline()
store.started(CallStarted({call_uuid!r}, {PHONE!r}, "sale", datetime.now(UTC)))
store.turn(TurnRecord({call_uuid!r}, 1, 100, "caller", "hello", transcript="oui"))
assert store.flush(10)
print("spooled", flush=True)
time.sleep(60)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        time.sleep(1.0)
        self.shut(dsn, out=True)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "spooled\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.shut(dsn, out=False)
        database = Database(dsn)
        store = BackgroundCallStore(database, tmp_path)
        assert store.flush(10)
        store.close()
        _call, turns = read(database, call_uuid)
        assert [turn["transcript"] for turn in turns] == ["oui"]
        assert not list(tmp_path.glob("*.jsonl"))


def test_a_call_killed_in_the_middle_keeps_every_turn_already_spoken(data_folder: Path) -> None:
    """kill -9 of a paced call; its turns so far are there, and the next process closes it."""
    project = Path(__file__).resolve().parents[2]
    child = f"""
from pathlib import Path
from minibot_fs.assembly import Assembly
from minibot_fs.call import CallPlan
from minibot_fs.config import load_settings
from minibot_fs.rehearsal import caller_variables, rehearse
from minibot_fs.store.call_store import DirectCallStore
from minibot_fs.store.connect import open_database
from minibot_fs.switch.caller_script import load_caller
settings = load_settings(data_dir=Path({str(data_folder)!r}))
assembly = Assembly(settings, DirectCallStore(open_database(settings)), opted_out=print)
conversation = assembly.conversations.named("scenario_or_investissement")
plan = CallPlan(conversation.scenario, {PHONE!r}, caller_variables(None))
script = load_caller(Path("callers/interested.yaml").resolve())
rehearse(assembly, conversation, script, plan, call_id={str(uuid4())!r}, realtime=True)
"""
    process = subprocess.Popen([sys.executable, "-c", child], cwd=project)
    database = open_database(load_settings(data_dir=data_folder))

    def turns() -> list[tuple[Any, ...]]:
        with database.connection() as conn, conn.cursor() as cursor:
            cursor.execute("SELECT kind, transcript FROM call_events ORDER BY seq")
            return list(cursor)

    wait_until(lambda: ("caller", "oui bonjour je vous écoute") in turns(), seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    spoken = turns()
    assert ("caller", "oui bonjour je vous écoute") in spoken
    with database.connection() as conn:
        [owner] = calls.active_owners(conn)
        assert owner.endswith(f"/{process.pid}")
        assert calls.close_orphans(conn, [owner]) == 1
        assert calls.active_owners(conn) == []
    assert turns() == spoken
    database.close()


def test_two_processes_share_the_embedded_server_and_outlive_each_other(data_folder: Path) -> None:
    child = (
        "import sys; from pathlib import Path; from minibot_fs.config import load_settings;"
        "from minibot_fs.store.connect import open_database;"
        f"db = open_database(load_settings(data_dir=Path({str(data_folder)!r})));"
        "print('open', flush=True); sys.stdin.readline()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    database = open_database(load_settings(data_dir=data_folder))
    processes[0].send_signal(signal.SIGKILL)
    processes[0].wait()
    processes[1].communicate("\n")
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM calls")
        assert cursor.fetchone() == (0,)
    database.close()


def test_migrations_are_applied_once(dsn: str) -> None:
    assert migrate(dsn) == []


def test_a_server_that_is_not_there_is_named_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "127.0.0.1")
    monkeypatch.setenv("DB_PORT", "1")
    monkeypatch.setenv("DB_PASSWORD", "hunter2-secret")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1.*Check DB_\* in \.env") as caught:
        open_database(load_settings())
    assert "hunter2" not in str(caught.value)


def test_the_guides_queries_work_unchanged(database: Database) -> None:
    store = DirectCallStore(database)
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute("INSERT INTO campaigns (name, scenario) VALUES ('Or', 'sale') RETURNING id")
        assert cursor.fetchone() == (1,)
    for result in ("success", "success", "not_interested"):
        call_uuid = str(uuid4())
        store.started(CallStarted(call_uuid, PHONE, "sale", NOW, campaign_id=1))
        store.ended(an_end(call_uuid, result=result))
    store.started(CallStarted(str(uuid4()), PHONE, "sale", NOW, campaign_id=1))
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT
              campaign_id,
              COUNT(*) as total_calls,
              COUNT(*) FILTER (WHERE status = 'completed') as completed,
              COUNT(*) FILTER (WHERE result = 'success') as success,
              COUNT(*) FILTER (WHERE result = 'not_interested') as not_interested,
              AVG(duration) as avg_duration
            FROM calls
            WHERE campaign_id = 1
            GROUP BY campaign_id;
            """
        )
        assert [tuple(map(float, row)) for row in cursor] == [(1, 4, 3, 2, 1, 12.34)]
        cursor.execute(
            """
            SELECT call_uuid, phone, status, current_step, started_at
            FROM calls
            WHERE status = 'active'
            ORDER BY started_at;
            """
        )
        assert [row[1:3] for row in cursor] == [(PHONE, "active")]
        cursor.execute(
            """
            SELECT result, COUNT(*) as count,
                   ROUND(COUNT(*) * 100.0 / SUM(COUNT(*)) OVER (), 2) as percentage
            FROM calls
            WHERE campaign_id = 1
            GROUP BY result
            ORDER BY count DESC;
            """
        )
        assert next(iter(cursor))[:2] == ("success", 2)
        cursor.execute("SELECT COUNT(*) FROM contacts;")
        cursor.execute(
            """
            SELECT id, phone, first_name, last_name, created_at
            FROM contacts
            ORDER BY created_at DESC
            LIMIT 10;
            """
        )
        cursor.execute(
            """
            SELECT call_uuid, phone, status, result, duration FROM calls ORDER BY started_at DESC LIMIT 1;
            """
        )
        assert len(list(cursor)) == 1
