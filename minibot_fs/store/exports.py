"""What an export reads: calls with their contacts, streamed, and a campaign's totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

COLUMNS = (
    "call_id", "call_uuid", "campaign_id", "phone", "first_name", "last_name", "company", "email",
    "status", "result", "duration", "started_at", "ended_at", "current_step", "amd_result", "retry_count",
    "transcription",
)  # fmt: skip
"""The columns of an export, in their order."""

_BATCH = 2_000


@dataclass(frozen=True)
class CallFilter:
    """Which calls of a campaign: every condition that is given must hold. Both dates are included."""

    result: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    phones: tuple[str, ...] = ()


def campaign_row(conn: connection, campaign_id: int) -> dict[str, Any] | None:
    """A campaign's name, scenario, status and times; ``None`` when there is none."""
    return _one(conn, "SELECT * FROM campaigns WHERE id = %(campaign_id)s", {"campaign_id": campaign_id})


def calls_of(conn: connection, campaign_id: int, wanted: CallFilter) -> Iterator[dict[str, Any]]:
    """The calls, oldest first, by a cursor on the server: memory stays flat however many there are."""
    where, values = _where(campaign_id, wanted)
    with conn.cursor(name="export_calls", cursor_factory=RealDictCursor) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            f"""
            SELECT c.id AS call_id, c.call_uuid::text, c.campaign_id, c.phone,
                   coalesce(k.first_name, '') AS first_name, coalesce(k.last_name, '') AS last_name,
                   coalesce(k.company, '') AS company, coalesce(k.email, '') AS email,
                   c.status, c.result, c.duration::float8 AS duration, c.started_at, c.ended_at,
                   c.current_step, c.amd_result, c.retry_count, c.transcription
            FROM calls c LEFT JOIN contacts k ON k.id = c.contact_id
            WHERE {where} ORDER BY c.id
            """,
            values,
        )
        for row in cursor:
            yield dict(row)


def totals(conn: connection, campaign_id: int, wanted: CallFilter) -> dict[str, Any]:
    """How many calls, how many of them answered and successful, and how long they took (s)."""
    where, values = _where(campaign_id, wanted)
    found = _one(
        conn,
        f"""
        SELECT count(*) AS total_calls,
               count(*) FILTER (WHERE c.status = 'active') AS active_calls,
               count(*) FILTER (WHERE c.status = 'completed') AS completed,
               count(*) FILTER (WHERE c.status = 'failed') AS failed,
               count(*) FILTER (WHERE c.result = 'success') AS success,
               count(*) FILTER (WHERE c.result = 'opt_out') AS opt_outs,
               count(*) FILTER (WHERE c.amd_result = 'MACHINE') AS machines,
               coalesce(avg(c.duration) FILTER (WHERE c.duration > 0), 0)::float8 AS avg_duration,
               min(c.started_at) AS first_call, max(c.ended_at) AS last_call
        FROM calls c WHERE {where}
        """,
        values,
    )
    assert found is not None
    return found


def result_by_amd(conn: connection, campaign_id: int, wanted: CallFilter) -> list[tuple[str, str, int]]:
    """(result, AMD result, calls) for each pair there is."""
    where, values = _where(campaign_id, wanted)
    with conn.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT coalesce(c.result, 'none'), coalesce(c.amd_result, 'none'), count(*)
            FROM calls c WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2
            """,
            values,
        )
        return list(cursor)


def calls_by_hour(conn: connection, campaign_id: int, wanted: CallFilter) -> list[tuple[Any, int, int]]:
    """(hour, calls, successes), oldest first."""
    where, values = _where(campaign_id, wanted)
    with conn.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT date_trunc('hour', c.started_at) AS hour, count(*),
                   count(*) FILTER (WHERE c.result = 'success')
            FROM calls c WHERE {where} GROUP BY 1 ORDER BY 1
            """,
            values,
        )
        return list(cursor)


def _where(campaign_id: int, wanted: CallFilter) -> tuple[str, Mapping[str, Any]]:
    conditions = ["c.campaign_id = %(campaign_id)s"]
    if wanted.result:
        conditions.append("c.result = %(result)s")
    if wanted.start_date:
        conditions.append("c.started_at >= %(start_date)s")
    if wanted.end_date:
        conditions.append("c.started_at < %(end_date)s::date + 1")
    if wanted.phones:
        conditions.append("c.phone = ANY(%(phones)s)")
    values = {
        "campaign_id": campaign_id,
        "result": wanted.result,
        "start_date": wanted.start_date,
        "end_date": wanted.end_date,
        "phones": list(wanted.phones),
    }
    return " AND ".join(conditions), values


def _one(conn: connection, statement: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return dict(row) if row else None
