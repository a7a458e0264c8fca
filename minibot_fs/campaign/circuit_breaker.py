"""A gateway that fails is slowed down, then left alone for a while. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Breaker(StrEnum):
    """State of a gateway's circuit breaker.

    ::

        CLOSED --(half of the last calls failed)--> OPEN --(pause over)--> HALF_OPEN
        HALF_OPEN --(a call gets through)--> CLOSED
        HALF_OPEN --(it fails)--> OPEN, with twice the pause
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class GatewayHealth:
    """``faults`` of the last ``calls`` in the window; ``pause_s`` is how long the breaker last opened."""

    state: Breaker = Breaker.CLOSED
    calls: int = 0
    faults: int = 0
    pause_s: float = 0.0
    opened_until: datetime | None = None


_FAILURE_THRESHOLD = 0.5
_MIN_CALLS = 5
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0


def after_call(health: GatewayHealth, fault: bool, now: datetime) -> GatewayHealth:
    """The gateway's health after one more call ended."""
    calls, faults = health.calls + 1, health.faults + fault
    if health.state is Breaker.HALF_OPEN:
        if not fault:
            return GatewayHealth()
        return _opened(min(health.pause_s * 2, _LONGEST_PAUSE_S), now)
    if health.state is Breaker.CLOSED and calls >= _MIN_CALLS and faults / calls >= _FAILURE_THRESHOLD:
        return _opened(_FIRST_PAUSE_S, now)
    if calls >= 4 * _MIN_CALLS:
        # Older calls count half: what happens now decides.
        calls, faults = calls // 2, faults // 2
    return GatewayHealth(health.state, calls, faults, health.pause_s, health.opened_until)


def as_time_passes(health: GatewayHealth, now: datetime) -> GatewayHealth:
    """The gateway's health as time passes: an open breaker lets one call try after its pause."""
    if health.state is Breaker.OPEN and health.opened_until is not None and now >= health.opened_until:
        return GatewayHealth(Breaker.HALF_OPEN, pause_s=health.pause_s)
    return health


def concurrency(health: GatewayHealth, max_concurrent: int) -> int:
    """How many calls a gateway may carry: fewer while calls fail, one to try, none while it is open."""
    match health.state:
        case Breaker.OPEN:
            return 0
        case Breaker.HALF_OPEN:
            return min(1, max_concurrent)
        case Breaker.CLOSED:
            share = 1.0 - (health.faults / health.calls if health.calls >= _MIN_CALLS else 0.0)
            return max(1, int(max_concurrent * share)) if max_concurrent else 0


def _opened(pause_s: float, now: datetime) -> GatewayHealth:
    return GatewayHealth(Breaker.OPEN, pause_s=pause_s, opened_until=now + timedelta(seconds=pause_s))
