"""The dialer's side of a row of ``calls``: written when a number is dialled, closed when nobody answered.

Between the two, from the answer on, the row belongs to the call itself (``store.call_store``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from minibot_fs.store.attempts import OpenAttempt


@dataclass(frozen=True)
class StoredResult:
    """What the answered call came to, as its handler stored it."""

    result: str
    amd_result: str | None
    callback_at: datetime | None


def dialing(conn: connection, attempt: OpenAttempt) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO calls (call_uuid, campaign_id, contact_id, phone, scenario, status, retry_count,"
            " gateway, caller_id) VALUES (%s, %s, %s, %s, %s, 'dialing', %s, %s, %s)"
            " ON CONFLICT (call_uuid) DO NOTHING",
            (
                str(attempt.call_uuid),
                attempt.campaign_id,
                attempt.contact_id,
                attempt.phone,
                attempt.scenario,
                attempt.number - 1,
                attempt.gateway,
                attempt.caller_id,
            ),
        )


def ended(
    conn: connection,
    call_uuid: str,
    *,
    failed: bool,
    result: str,
    hangup_cause: str,
    sip_code: int | None,
    amd_result: str | None,
    duration_s: float | None,
) -> None:
    """Close the row; whatever the call itself has stored stays as it is.

    Not for a call that was answered and has a result: its handler closes it, perhaps a moment later.
    """
    with conn.cursor() as cursor:
        cursor.execute(
            """
            UPDATE calls SET
                status = CASE WHEN ended_at IS NULL THEN %s ELSE status END,
                result = coalesce(result, %s),
                hangup_cause = coalesce(hangup_cause, %s),
                sip_code = coalesce(sip_code, %s),
                amd_result = coalesce(amd_result, %s),
                duration = coalesce(duration, %s),
                ended_at = coalesce(ended_at, now())
            WHERE call_uuid = %s
            """,
            (
                "failed" if failed else "completed",
                result,
                hangup_cause,
                sip_code,
                amd_result,
                duration_s,
                call_uuid,
            ),
        )


def stored_result(conn: connection, call_uuid: str) -> StoredResult | None:
    """The result of an answered call, once its handler has closed it."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT result, amd_result, callback_at FROM calls"
            " WHERE call_uuid = %s AND ended_at IS NOT NULL AND result IS NOT NULL",
            (call_uuid,),
        )
        row = cursor.fetchone()
    return StoredResult(*row) if row else None
