"""Dialer processes and the gateways they dial through: capacity, signs of life, health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg2.extensions import connection


@dataclass(frozen=True)
class Gateway:
    """A gateway's limits (``None``: the settings' own) and its breaker, as stored."""

    name: str
    max_concurrent: int | None
    calls_per_second: float | None
    next_call_at: datetime | None
    breaker: str
    calls: int
    faults: int
    pause_s: float
    opened_until: datetime | None


def beat(conn: connection, dialer_id: UUID, node: str, rehearsal: bool, channels: int) -> None:
    """Say that a dialer is alive and how many channels it adds."""
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dialers (id, node, rehearsal, channels) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), channels = excluded.channels",
            (str(dialer_id), node, rehearsal, channels),
        )


def leave(conn: connection, dialer_id: UUID) -> None:
    with conn.cursor() as cursor:
        cursor.execute("DELETE FROM dialers WHERE id = %s", (str(dialer_id),))


def forget_dead(conn: connection, dead_after_s: float) -> None:
    """Drop dialers that stopped long ago and left no open attempt."""
    with conn.cursor() as cursor:
        cursor.execute(
            "DELETE FROM dialers d WHERE heartbeat_at < now() - make_interval(secs => %s) AND NOT EXISTS"
            " (SELECT 1 FROM attempts a WHERE a.dialer_id = d.id AND a.state = 'dialing')",
            (dead_after_s,),
        )


def capacity(conn: connection, rehearsal: bool, dead_after_s: float) -> int:
    """Channels of all living dialers."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(channels), 0) FROM dialers"
            " WHERE rehearsal = %s AND heartbeat_at > now() - make_interval(secs => %s)",
            (rehearsal, dead_after_s),
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def lock_gateway(conn: connection, name: str) -> Gateway:
    """A gateway's row, made when it is the first call through it, locked until the transaction ends."""
    with conn.cursor() as cursor:
        cursor.execute("INSERT INTO gateways (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
        cursor.execute(
            "SELECT name, max_concurrent, calls_per_second, next_call_at, breaker, calls, faults, pause_s,"
            " opened_until FROM gateways WHERE name = %s FOR UPDATE",
            (name,),
        )
        row = cursor.fetchone()
    assert row is not None
    return Gateway(*row)


def save_gateway(conn: connection, gateway: Gateway) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "UPDATE gateways SET next_call_at = %s, breaker = %s, calls = %s, faults = %s, pause_s = %s,"
            " opened_until = %s WHERE name = %s",
            (
                gateway.next_call_at,
                gateway.breaker,
                gateway.calls,
                gateway.faults,
                gateway.pause_s,
                gateway.opened_until,
                gateway.name,
            ),
        )
