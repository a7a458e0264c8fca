"""Campaigns: how they dial, whom they call, where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extensions import connection

from minibot_fs.store.attempts import ContactRow


@dataclass(frozen=True)
class DialPlan:
    """How a campaign dials; fixed when it is created. Times in seconds; ``clock_offset`` of a rehearsal."""

    rehearsal: bool
    gateway: str
    caller_id: str
    calling_rules: str
    legal_basis: str | None
    allowed_prefixes: tuple[str, ...]
    max_concurrent: int
    delay_s: float
    ring_s: float
    longest_call_s: float
    retry_enabled: bool
    max_retry_attempts: int
    retry_delay_s: float
    retry_conditions: tuple[str, ...]
    clock_offset: timedelta = timedelta(0)
    next_call_at: datetime | None = None


@dataclass(frozen=True)
class Campaign:
    """``status`` is draft, running, paused, stopped or completed."""

    id: int
    name: str
    scenario: str
    status: str
    plan: DialPlan


@dataclass(frozen=True)
class Standing:
    """How many contacts of a campaign wait, are being called and are done."""

    waiting: int
    open: int
    done: int
    next_due_at: datetime | None

    @property
    def contacts(self) -> int:
        return self.waiting + self.open + self.done


_PLAN_COLUMNS = (
    "rehearsal, gateway, caller_id, calling_rules, legal_basis, allowed_prefixes, max_concurrent, delay_s,"
    " ring_s, longest_call_s, retry_enabled, max_retry_attempts, retry_delay_s, retry_conditions"
)
_CAMPAIGN = f"""
    SELECT k.id, k.name, k.scenario, k.status, {_PLAN_COLUMNS}, clock_offset, next_call_at
    FROM campaigns k JOIN dial_plans p ON p.campaign_id = k.id
"""


def create(conn: connection, name: str, scenario: str, plan: DialPlan) -> int:
    """A new campaign, in draft; its id."""
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns (name, scenario, status) VALUES (%s, %s, 'draft') RETURNING id",
            (name, scenario),
        )
        row = cursor.fetchone()
        assert row is not None
        cursor.execute(
            f"INSERT INTO dial_plans (campaign_id, {_PLAN_COLUMNS}) VALUES ({', '.join(['%s'] * 15)})",
            (
                row[0],
                plan.rehearsal,
                plan.gateway,
                plan.caller_id,
                plan.calling_rules,
                plan.legal_basis,
                list(plan.allowed_prefixes),
                plan.max_concurrent,
                plan.delay_s,
                plan.ring_s,
                plan.longest_call_s,
                plan.retry_enabled,
                plan.max_retry_attempts,
                plan.retry_delay_s,
                list(plan.retry_conditions),
            ),
        )
    return int(row[0])


def add_contacts(conn: connection, campaign_id: int, tag: str | None, due_at: datetime) -> int:
    """Put every contact, or those with a tag, on a campaign's list; how many were not on it."""
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaign_contacts (campaign_id, contact_id, due_at)"
            " SELECT %s, id, %s FROM contacts WHERE %s::text IS NULL OR %s = ANY(tags)"
            " ON CONFLICT DO NOTHING",
            (campaign_id, due_at, tag, tag),
        )
        return cursor.rowcount


def find(conn: connection, campaign_id: int) -> Campaign | None:
    with conn.cursor() as cursor:
        cursor.execute(f"{_CAMPAIGN} WHERE k.id = %s", (campaign_id,))
        row = cursor.fetchone()
    return _campaign(row) if row else None


def running(conn: connection, rehearsal: bool) -> list[Campaign]:
    """Running campaigns of one kind, the one that waits longest for its turn first."""
    with conn.cursor() as cursor:
        cursor.execute(
            f"{_CAMPAIGN} WHERE k.status = 'running' AND p.rehearsal = %s ORDER BY next_call_at NULLS FIRST",
            (rehearsal,),
        )
        return [_campaign(row) for row in cursor]


def set_status(conn: connection, campaign_id: int, status: str, among: Sequence[str]) -> bool:
    """Change a campaign's status if it is one of ``among`` now; False otherwise."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE campaigns SET status = %(status)s,
                started_at = CASE WHEN %(status)s = 'running' THEN coalesce(started_at, now())
                                  ELSE started_at END,
                ended_at = CASE WHEN %(status)s IN ('completed', 'stopped') THEN now() END
            WHERE id = %(id)s AND status = ANY(%(among)s)
            """,
            {"status": status, "id": campaign_id, "among": list(among)},
        )
        return bool(cursor.rowcount)


def set_next_call(conn: connection, campaign_id: int, next_call_at: datetime | None) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE dial_plans SET next_call_at = %s WHERE campaign_id = %s", (next_call_at, campaign_id)
        )


def jump(conn: connection, campaign_id: int, forward: timedelta) -> None:
    """Move a rehearsal's clock forward over the time in which nothing is due."""
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE dial_plans SET clock_offset = clock_offset + %s WHERE campaign_id = %s AND rehearsal",
            (forward, campaign_id),
        )


def standing(conn: connection, campaign_id: int) -> Standing:
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'open'),"
            " count(*) FILTER (WHERE state = 'done'), min(due_at) FILTER (WHERE state = 'waiting')"
            " FROM campaign_contacts WHERE campaign_id = %s",
            (campaign_id,),
        )
        row = cursor.fetchone()
    assert row is not None
    return Standing(*row)


def clock(conn: connection) -> datetime:
    """The database's clock: the one all dialers share."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def next_due(conn: connection, campaign_id: int) -> tuple[datetime | None, bool]:
    """When the next waiting contact is due (``None``: none waits), and whether a call is open."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT min(due_at) FROM campaign_contacts WHERE campaign_id = %(id)s"
            " AND state = 'waiting'), EXISTS (SELECT FROM campaign_contacts WHERE campaign_id = %(id)s"
            " AND state = 'open')",
            {"id": campaign_id},
        )
        row = cursor.fetchone()
    assert row is not None
    return row[0], row[1]


def open_calls(conn: connection, rehearsal: bool) -> dict[tuple[int, str], int]:
    """Open attempts by (campaign, gateway)."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, gateway, count(*) FROM attempts"
            " WHERE state <> 'ended' AND rehearsal = %s GROUP BY 1, 2",
            (rehearsal,),
        )
        return {(campaign_id, gateway): count for campaign_id, gateway, count in cursor}


def outcomes(conn: connection, campaign_id: int) -> dict[str, int]:
    """How many contacts ended how: the final outcome of each."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM campaign_contacts"
            " WHERE campaign_id = %s AND state = 'done' GROUP BY 1 ORDER BY 2 DESC",
            (campaign_id,),
        )
        return dict(cursor.fetchall())


def results(conn: connection, campaign_id: int) -> dict[str, int]:
    """How many contacts came to which result in their last call."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT result, count(*) FROM (
                SELECT DISTINCT ON (contact_id) result FROM attempts
                WHERE campaign_id = %s AND state = 'ended' ORDER BY contact_id, id DESC) last
            GROUP BY 1 ORDER BY 2 DESC
            """,
            (campaign_id,),
        )
        return dict(cursor.fetchall())


def listed(conn: connection, campaign_id: int, batch: int = 5000) -> Iterator[list[ContactRow]]:
    """Stream a campaign's waiting contacts in batches."""
    with conn.cursor(name=f"listed_{campaign_id}") as cursor:
        cursor.itersize = batch
        cursor.execute(
            "SELECT c.id, c.phone, c.consent_source, c.consent_at, c.timezone"
            " FROM campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id"
            " WHERE cc.campaign_id = %s AND cc.state = 'waiting' ORDER BY c.id",
            (campaign_id,),
        )
        while rows := cursor.fetchmany(batch):
            yield rows


def _campaign(row: Sequence[Any]) -> Campaign:
    campaign_id, name, scenario, status, *plan = row
    plan[5], plan[13] = tuple(plan[5]), tuple(plan[13])
    return Campaign(campaign_id, name, scenario, status, DialPlan(*plan))
