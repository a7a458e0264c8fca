"""Attempts to reach a contact: claimed by the pacer, dialled by a dialer, ended once.

``queued`` -> ``dialing`` -> ``ended``. Each step is one statement that names the state it leaves, so a
job delivered twice, or a dialer that wakes up after its lease was swept, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg2.extensions import connection
from psycopg2.extras import execute_values

ContactRow = tuple[int, str, str | None, datetime | None, str | None]
"""What the calling rules need to know: contact id, phone, consent source and time, time zone."""


@dataclass(frozen=True)
class Claim:
    """An attempt to insert: who, through what, shown as whom, at what campaign time."""

    contact_id: int
    call_uuid: UUID
    gateway: str
    caller_id: str
    started_at: datetime


@dataclass(frozen=True)
class OpenAttempt:
    """An attempt a dialer has taken, with all that placing the call needs."""

    id: int
    call_uuid: UUID
    campaign_id: int
    contact_id: int
    rehearsal: bool
    gateway: str
    caller_id: str
    started_at: datetime
    number: int
    phone: str
    first_name: str
    last_name: str
    company: str
    email: str
    extra: dict[str, str]
    scenario: str
    consent_source: str | None
    consent_at: datetime | None
    timezone: str | None
    ring_s: float


@dataclass(frozen=True)
class Orphan:
    """An attempt whose dialer is dead; ``result`` is what the handler stored of the call meanwhile.

    ``over``: the call cannot stand any more. A rehearsed call dies with its dialer; a real one goes on
    inside FreeSWITCH until the handler has closed it in ``calls``, or it has outlived the longest call.
    """

    id: int
    call_uuid: str
    result: str | None
    over: bool


@dataclass(frozen=True)
class Ending:
    """How an attempt ended, in the words of ``attempts``."""

    outcome: str
    result: str
    hangup_cause: str
    sip_code: int | None
    ended_at: datetime


def due_contacts(conn: connection, campaign_id: int, now: datetime, limit: int) -> list[ContactRow]:
    """Lock and return up to ``limit`` waiting contacts that are due, as :data:`ContactRow`."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.phone, c.consent_source, c.consent_at, c.timezone
            FROM campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id
            WHERE cc.campaign_id = %s AND cc.state = 'waiting' AND cc.due_at <= %s
            ORDER BY cc.due_at, cc.contact_id
            LIMIT %s
            FOR UPDATE OF cc SKIP LOCKED
            """,
            (campaign_id, now, limit),
        )
        return cursor.fetchall()


def histories(
    conn: connection,
    contact_ids: Sequence[int],
    *,
    since: datetime,
    uncounted_outcomes: Sequence[str],
    refusal_results: Sequence[str],
    rehearsal_id: int,
) -> dict[int, tuple[list[datetime], datetime | None]]:
    """For each contact that was called before: starts of its ended calls since then, its last refusal.

    Real calls count over all campaigns; a rehearsal's (``rehearsal_id`` its campaign, else 0) only in it.
    """
    scope = "campaign_id = %(rehearsal_id)s" if rehearsal_id else "NOT rehearsal"
    with conn.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contact_id,
                   coalesce(array_agg(started_at) FILTER (WHERE started_at > %(since)s
                       AND outcome <> ALL(%(uncounted)s)), '{{}}'),
                   max(ended_at) FILTER (WHERE result = ANY(%(refusals)s))
            FROM attempts
            WHERE contact_id = ANY(%(contacts)s) AND {scope}
            GROUP BY contact_id
            """,
            {
                "since": since,
                "uncounted": list(uncounted_outcomes),
                "refusals": list(refusal_results),
                "contacts": list(contact_ids),
                "rehearsal_id": rehearsal_id,
            },
        )
        return {contact_id: (calls, refused_at) for contact_id, calls, refused_at in cursor}


def claim(
    conn: connection, campaign_id: int, rehearsal: bool, claims: Sequence[Claim], lease_s: float
) -> list[int]:
    """Open an attempt for each claim whose contact has none open anywhere; the new attempts' ids.

    A contact that another campaign is calling right now waits two minutes more.

    Args:
        lease_s: a claim that no dialer takes in this time goes back to waiting.
    """
    if not claims:
        return []
    with conn.cursor() as cursor:
        opened = execute_values(
            cursor,
            "INSERT INTO attempts (call_uuid, campaign_id, contact_id, rehearsal, gateway, caller_id,"
            " started_at, lease_until) VALUES %s ON CONFLICT DO NOTHING RETURNING id, contact_id",
            [
                (str(one.call_uuid), campaign_id, one.contact_id, rehearsal, one.gateway, one.caller_id,
                 one.started_at, lease_s)
                for one in claims
            ],
            template="(%s, %s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s))",
            page_size=1000,
            fetch=True,
        )  # fmt: skip
        taken = [contact_id for _, contact_id in opened]
        elsewhere = [one.contact_id for one in claims if one.contact_id not in set(taken)]
        cursor.execute(
            "UPDATE campaign_contacts SET state = 'open' WHERE campaign_id = %s AND contact_id = ANY(%s)",
            (campaign_id, taken),
        )
        cursor.execute(
            "UPDATE campaign_contacts SET due_at = due_at + interval '2 minutes'"
            " WHERE campaign_id = %s AND contact_id = ANY(%s)",
            (campaign_id, elsewhere),
        )
        cursor.execute(
            "DELETE FROM contact_refusals WHERE campaign_id = %s AND contact_id = ANY(%s)",
            (campaign_id, taken),
        )
    return [attempt_id for attempt_id, _ in opened]


def refuse(
    conn: connection,
    campaign_id: int,
    refusals: Sequence[tuple[int, str, str, datetime | None]],
    now: datetime,
) -> None:
    """Store refusals (contact, rule, text, until): the contact waits until then, or is done."""
    if not refusals:
        return
    with conn.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO contact_refusals (contact_id, campaign_id, rule, text, until, refused_at) VALUES %s"
            " ON CONFLICT (contact_id, campaign_id) DO UPDATE SET rule = excluded.rule,"
            " text = excluded.text, until = excluded.until, refused_at = excluded.refused_at",
            [(contact, campaign_id, rule, text, until, now) for contact, rule, text, until in refusals],
        )
        execute_values(
            cursor,
            "UPDATE campaign_contacts cc SET due_at = coalesce(r.until, cc.due_at),"
            " state = CASE WHEN r.until IS NULL THEN 'done' ELSE 'waiting' END,"
            " outcome = CASE WHEN r.until IS NULL THEN 'refused' END"
            " FROM (VALUES %s) AS r (contact_id, until)"
            f" WHERE cc.campaign_id = {int(campaign_id)} AND cc.contact_id = r.contact_id",
            [(contact, until) for contact, _, _, until in refusals],
            template="(%s, %s::timestamptz)",
        )


def start(conn: connection, attempt_id: int, dialer_id: UUID) -> OpenAttempt | None:
    """Take a queued attempt: it is this dialer's from now on.

    ``None`` when it is no longer to be dialled: taken by another dialer, swept, or its campaign paused.
    """
    with conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE attempts a
            SET state = 'dialing', dialer_id = %(dialer)s,
                lease_until = now() + make_interval(secs => p.ring_s + p.longest_call_s + 60)
            FROM campaigns k JOIN dial_plans p ON p.campaign_id = k.id
            WHERE a.id = %(attempt)s AND a.state = 'queued' AND a.lease_until > now()
              AND k.id = a.campaign_id AND k.status = 'running'
            """,
            {"attempt": attempt_id, "dialer": str(dialer_id)},
        )
        taken = bool(cursor.rowcount)
    return dialing(conn, attempt_id) if taken else None


def dialing(conn: connection, attempt_id: int) -> OpenAttempt | None:
    """The attempt, if it is being dialled."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, a.call_uuid, a.campaign_id, a.contact_id, a.rehearsal, a.gateway, a.caller_id,
                a.started_at,
                (SELECT count(*) FROM attempts b
                 WHERE b.contact_id = a.contact_id AND b.campaign_id = a.campaign_id AND b.id <= a.id),
                c.phone, c.first_name, c.last_name, c.company, c.email, c.extra, k.scenario,
                c.consent_source, c.consent_at, c.timezone, p.ring_s
            FROM attempts a
            JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns k ON k.id = a.campaign_id
            JOIN dial_plans p ON p.campaign_id = a.campaign_id
            WHERE a.id = %s AND a.state = 'dialing'
            """,
            (attempt_id,),
        )
        row = cursor.fetchone()
    return OpenAttempt(row[0], UUID(str(row[1])), *row[2:]) if row else None


def release(conn: connection, attempt_id: int) -> None:
    """Give back an attempt that was not dialled: the contact waits on, nothing is counted."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            WITH gone AS (DELETE FROM attempts WHERE id = %s AND state <> 'ended'
                          RETURNING campaign_id, contact_id)
            UPDATE campaign_contacts cc SET state = 'waiting' FROM gone
            WHERE cc.campaign_id = gone.campaign_id AND cc.contact_id = gone.contact_id
            """,
            (attempt_id,),
        )


def release_queued(conn: connection, attempt_id: int) -> None:
    """The same for an attempt that nobody has taken yet; one that was taken is left alone."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT 1 FROM attempts WHERE id = %s AND state = 'queued' FOR UPDATE", (attempt_id,))
        if cursor.fetchone():
            release(conn, attempt_id)


def time_zone(conn: connection, contact_id: int) -> str | None:
    """The time zone the user knows the contact to be in."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT timezone FROM contacts WHERE id = %s", (contact_id,))
        row = cursor.fetchone()
    return row[0] if row else None


def lock_dialing(conn: connection, attempt_id: int) -> bool:
    """Lock an attempt that is being dialled; False when it has ended already."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT 1 FROM attempts WHERE id = %s AND state = 'dialing' FOR UPDATE", (attempt_id,))
        return cursor.fetchone() is not None


def tries(
    conn: connection, campaign_id: int, contact_id: int, uncounted_outcomes: Sequence[str]
) -> tuple[list[datetime], int]:
    """Starts of the ended attempts of this campaign that counted, and how many did not count."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(array_agg(started_at ORDER BY started_at)
                       FILTER (WHERE outcome <> ALL(%(uncounted)s)), '{}'),
                   count(*) FILTER (WHERE outcome = ANY(%(uncounted)s))
            FROM attempts
            WHERE campaign_id = %(campaign)s AND contact_id = %(contact)s AND state = 'ended'
            """,
            {"uncounted": list(uncounted_outcomes), "campaign": campaign_id, "contact": contact_id},
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row else ([], 0)


def end(conn: connection, attempt_id: int, ending: Ending) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE attempts SET state = 'ended', outcome = %s, result = %s, hangup_cause = %s,"
            " sip_code = %s, ended_at = %s WHERE id = %s",
            (
                ending.outcome,
                ending.result,
                ending.hangup_cause,
                ending.sip_code,
                ending.ended_at,
                attempt_id,
            ),
        )


def settle(
    conn: connection, campaign_id: int, contact_id: int, outcome: str, due_at: datetime | None
) -> None:
    """Let the contact wait for another attempt at ``due_at``, or be done with ``outcome``."""
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE campaign_contacts SET state = %s, outcome = %s, due_at = coalesce(%s, due_at)"
            " WHERE campaign_id = %s AND contact_id = %s",
            ("done" if due_at is None else "waiting", outcome, due_at, campaign_id, contact_id),
        )


def lost_queued(conn: connection, rehearsal: bool) -> list[int]:
    """Claims that no dialer took in time."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM attempts WHERE state = 'queued' AND rehearsal = %s AND lease_until < now()",
            (rehearsal,),
        )
        return [attempt_id for (attempt_id,) in cursor]


def orphans(conn: connection, rehearsal: bool, dead_after_s: float) -> list[Orphan]:
    """Attempts whose dialer gave no sign of life for ``dead_after_s``."""
    with conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, a.call_uuid, k.result,
                   a.rehearsal OR a.lease_until < now() OR k.ended_at IS NOT NULL
            FROM attempts a
            LEFT JOIN dialers d ON d.id = a.dialer_id
            LEFT JOIN calls k ON k.call_uuid = a.call_uuid
            WHERE a.state = 'dialing' AND a.rehearsal = %s
              AND (d.id IS NULL OR d.heartbeat_at < now() - make_interval(secs => %s))
            """,
            (rehearsal, dead_after_s),
        )
        return [Orphan(*row) for row in cursor]
