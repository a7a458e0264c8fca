"""How many calls to start now. Pure: counts, limits and the time come in, a number comes out.

Claiming contacts and originating calls are other steps (:mod:`minibot_fs.campaign.pacer`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Limit:
    """A limit of concurrency and of rate, with where it stands.

    ``calls_per_second`` of 0 is no limit of rate. ``next_call_at`` is when the rate allows the next one.
    """

    max_concurrent: int
    calls_per_second: float = 0.0
    open_calls: int = 0
    next_call_at: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """``calls`` to start now, and the ``next_call_at`` to keep for each limit, in the order given."""

    calls: int
    next_call_at: tuple[datetime | None, ...]


_LONGEST_BURST_S = 1.0
"""A dialer that slept does not make up for it with a burst longer than this."""


def calls_to_start(limits: tuple[Limit, ...], due: int, now: datetime) -> Pace:
    """The most calls that every limit allows at once (campaign, gateway, all campaigns, free channels)."""
    calls = max(0, min([due, *(_allowed(limit, now) for limit in limits)]))
    return Pace(calls, tuple(_after(limit, calls, now) for limit in limits))


def _allowed(limit: Limit, now: datetime) -> int:
    free = limit.max_concurrent - limit.open_calls
    if free <= 0 or not limit.calls_per_second:
        return max(free, 0)
    start = _rate_start(limit, now)
    if start > now:
        return 0
    return min(free, 1 + int((now - start).total_seconds() * limit.calls_per_second))


def _after(limit: Limit, calls: int, now: datetime) -> datetime | None:
    if not limit.calls_per_second or not calls:
        return limit.next_call_at
    return _rate_start(limit, now) + timedelta(seconds=calls / limit.calls_per_second)


def _rate_start(limit: Limit, now: datetime) -> datetime:
    """From when the rate counts: never further back than a burst, and not at all for slow rates."""
    if limit.next_call_at is None:
        return now
    burst = timedelta(seconds=_LONGEST_BURST_S if limit.calls_per_second > 1 else 0.0)
    return max(limit.next_call_at, now - burst)
