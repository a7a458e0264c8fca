"""Calls and their turns: what is written while a call runs, and read afterwards.

Every write may be repeated: a record that is written twice (by a spool that is read again) changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import Json, RealDictCursor


@dataclass(frozen=True)
class CallStarted:
    """The call was answered and the handler runs. ``owner`` is the process that holds it."""

    call_uuid: str
    phone: str
    scenario: str
    started_at: datetime
    campaign_id: int | None = None
    contact_id: int | None = None
    retry_count: int = 0
    owner: str = ""


@dataclass(frozen=True)
class TurnRecord:
    """One row of ``call_events``; ``at_ms`` counts caller audio since the answer."""

    call_uuid: str
    seq: int
    at_ms: int
    kind: str
    step: str | None = None
    prompt: str | None = None
    prompt_position_ms: int | None = None
    transcript: str = ""
    intent: str | None = None
    confidence: float | None = None
    why: str = ""
    latencies: dict[str, int] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StepEntered:
    """The dialog entered a step."""

    call_uuid: str
    current_step: str


@dataclass(frozen=True)
class CallEnded:
    """The call is over. ``duration_s`` counts from the answer."""

    call_uuid: str
    status: str
    result: str
    duration_s: float
    ended_at: datetime
    current_step: str | None = None
    amd_result: str | None = None
    amd_class: str | None = None
    hangup_cause: str | None = None
    transcription: str = ""
    callback_at: datetime | None = None
    recording_path: str | None = None


CallRecord = CallStarted | TurnRecord | StepEntered | CallEnded


def write(conn: connection, record: CallRecord) -> None:
    """Write one record of a call."""
    _WRITERS[type(record)](conn, asdict(record))


def _started(conn: connection, row: dict[str, Any]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO calls (call_uuid, phone, scenario, campaign_id, contact_id, retry_count, owner,
                               started_at, status)
            VALUES (%(call_uuid)s, %(phone)s, %(scenario)s, %(campaign_id)s, %(contact_id)s, %(retry_count)s,
                    %(owner)s, %(started_at)s, 'active')
            ON CONFLICT (call_uuid) DO UPDATE
            SET status = 'active', owner = excluded.owner, started_at = excluded.started_at
            WHERE calls.status IN ('queued', 'dialing')
            """,
            row,
        )


def _turn(conn: connection, row: dict[str, Any]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO call_events (call_uuid, seq, at_ms, kind, step, prompt, prompt_position_ms,
                                     transcript, intent, confidence, why, latencies, data)
            VALUES (%(call_uuid)s, %(seq)s, %(at_ms)s, %(kind)s, %(step)s, %(prompt)s, %(prompt_position_ms)s,
                    %(transcript)s, %(intent)s, %(confidence)s, %(why)s, %(latencies)s, %(data)s)
            ON CONFLICT (call_uuid, seq) DO NOTHING
            """,
            {**row, "latencies": Json(row["latencies"]), "data": Json(row["data"])},
        )


def _step(conn: connection, row: dict[str, Any]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE calls SET current_step = %(current_step)s"
            " WHERE call_uuid = %(call_uuid)s AND status = 'active'",
            row,
        )


def _ended(conn: connection, row: dict[str, Any]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE calls
            SET status = %(status)s, result = %(result)s, duration = %(duration_s)s, ended_at = %(ended_at)s,
                current_step = coalesce(%(current_step)s, current_step), amd_result = %(amd_result)s,
                amd_class = %(amd_class)s, hangup_cause = %(hangup_cause)s, transcription = %(transcription)s,
                callback_at = %(callback_at)s, recording_path = %(recording_path)s, owner = NULL
            WHERE call_uuid = %(call_uuid)s AND (ended_at IS NULL OR result = 'error')
            """,
            row,
        )


_WRITERS = {CallStarted: _started, TurnRecord: _turn, StepEntered: _step, CallEnded: _ended}


def close_orphans(conn: connection, owners: Sequence[str]) -> int:
    """Close active calls of processes that are dead: status failed, result error; their turns stay.

    Returns:
        How many calls were closed.
    """
    with conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE calls
            SET status = 'failed', result = 'error', ended_at = now(), hangup_cause = 'CRASH', owner = NULL,
                duration = (SELECT max(at_ms) / 1000.0 FROM call_events e WHERE e.call_uuid = calls.call_uuid)
            WHERE status = 'active' AND owner = ANY(%s)
            """,
            (list(owners),),
        )
        return cursor.rowcount


def active_owners(conn: connection) -> list[str]:
    """The processes that hold active calls, by the database."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT DISTINCT owner FROM calls WHERE status = 'active' AND owner IS NOT NULL")
        return [owner for (owner,) in cursor]


def read_call(conn: connection, call_uuid: str) -> dict[str, Any] | None:
    """One call as a row of ``calls``; ``None`` when there is none."""
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("SELECT * FROM calls WHERE call_uuid = %s", (call_uuid,))
        row = cursor.fetchone()
    return dict(row) if row else None


def read_turns(conn: connection, call_uuid: str) -> list[dict[str, Any]]:
    """The turns of a call, in order."""
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("SELECT * FROM call_events WHERE call_uuid = %s ORDER BY seq", (call_uuid,))
        return [dict(row) for row in cursor]


def read_campaign_calls(conn: connection, campaign_id: int) -> list[dict[str, Any]]:
    """A small campaign's calls as rows of ``calls``, in the order of their beginning."""
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("SELECT * FROM calls WHERE campaign_id = %s ORDER BY id", (campaign_id,))
        return [dict(row) for row in cursor]
