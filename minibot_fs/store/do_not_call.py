"""The do-not-call list: numbers closed for good, for every campaign and node at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection
from psycopg2.extras import execute_values

from minibot_fs.store.phone_keys import PhoneKeys

EVERYWHERE = 0
"""``rehearsal_id`` of an entry that counts for every campaign."""


@dataclass(frozen=True)
class Entry:
    """Why a number is closed. ``phone`` is ``None`` once the person was erased."""

    phone: str | None
    reason: str
    source: str
    added_at: datetime


def close_number(
    conn: connection,
    keys: PhoneKeys,
    phone: str,
    *,
    reason: str,
    source: str,
    rehearsal_id: int = EVERYWHERE,
) -> bool:
    """Never call this number again; True when it was not closed before.

    Args:
        source: who or what says so: ``call <uuid>``, ``command line``, a file's name.
        rehearsal_id: the campaign, when the words were said in a rehearsal; they count only there.
    """
    return close_numbers(conn, keys, [phone], reason=reason, source=source, rehearsal_id=rehearsal_id) == 1


def close_numbers(
    conn: connection,
    keys: PhoneKeys,
    phones: Iterable[str],
    *,
    reason: str,
    source: str,
    rehearsal_id: int = EVERYWHERE,
) -> int:
    """Close many numbers (a Bloctel file); how many were not closed before."""
    rows = {keys.of(phone): phone for phone in phones}
    with conn.cursor() as cursor:
        added = execute_values(
            cursor,
            "INSERT INTO do_not_call (phone_key, rehearsal_id, phone, reason, source) VALUES %s"
            " ON CONFLICT DO NOTHING RETURNING 1",
            [(key, rehearsal_id, phone, reason, source) for key, phone in rows.items()],
            page_size=1000,
            fetch=True,
        )
    return len(added)


def open_number(conn: connection, keys: PhoneKeys, phone: str) -> bool:
    """Take a number off the list; False when it was not on it."""
    with conn.cursor() as cursor:
        cursor.execute(
            "DELETE FROM do_not_call WHERE phone_key = %s AND rehearsal_id = %s",
            (keys.of(phone), EVERYWHERE),
        )
        return bool(cursor.rowcount)


def find(conn: connection, keys: PhoneKeys, phone: str) -> Entry | None:
    """The entry that closes a number for every campaign, if there is one."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT phone, reason, source, added_at FROM do_not_call"
            " WHERE phone_key = %s AND rehearsal_id = %s",
            (keys.of(phone), EVERYWHERE),
        )
        row = cursor.fetchone()
    return Entry(*row) if row else None


def closed_among(conn: connection, keys: PhoneKeys, phones: Sequence[str], rehearsal_id: int) -> set[str]:
    """Those of ``phones`` that may not be called; ``rehearsal_id`` is 0 for a real campaign."""
    by_key = {keys.of(phone): phone for phone in phones}
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT phone_key FROM do_not_call WHERE phone_key = ANY(%s) AND rehearsal_id IN (%s, %s)",
            (list(by_key), EVERYWHERE, rehearsal_id),
        )
        return {by_key[bytes(key)] for (key,) in cursor}


def forget_number(conn: connection, keys: PhoneKeys, phone: str) -> bool:
    """Erase the number itself from its entry; the keyed hash goes on closing it. True if there was one."""
    with conn.cursor() as cursor:
        cursor.execute("UPDATE do_not_call SET phone = NULL WHERE phone_key = %s", (keys.of(phone),))
        return bool(cursor.rowcount)
