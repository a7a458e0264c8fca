"""Whether and when to try a contact again. Pure: time and history come in, a moment comes out.

What is found during a call (a machine, silence to its end) is retried like what is found before it. A
person who could not be reached at one hour is tried at another; a busy one soon, for they are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from minibot_fs.campaign.calling_window import CallingWindow
from minibot_fs.campaign.outcomes import Outcome

_CONDITION_OF = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.TIMEOUT: "timeout",
    Outcome.BUSY: "busy",
    Outcome.FAILED: "failed",
    Outcome.MACHINE: "machine",
    Outcome.HUNG_UP: "hung_up",
    Outcome.SILENCE: "silence",
}
"""The word of RETRY_CONDITIONS that lets an outcome be retried; others never are."""

_NOT_THE_PERSON = frozenset({Outcome.CONGESTION, Outcome.LOST})
"""Nobody's phone rang: always tried again, soon, and not counted as one of the attempts."""

_DELAY_FACTOR = {Outcome.BUSY: 0.25, Outcome.MACHINE: 2.0}
"""Of RETRY_DELAY: a busy person is there; one whose machine answered is out for a while."""

_SOON_S = 60.0
_SPREAD = frozenset({Outcome.NO_ANSWER, Outcome.TIMEOUT, Outcome.MACHINE, Outcome.SILENCE})
_APART_H = 2
_SPREAD_WITHIN = timedelta(days=2)
_MOST_FAULTS = 20
"""After so many congestions in a row the contact is given up, so that a dead route ends a campaign."""


@dataclass(frozen=True)
class RetryPolicy:
    """``max_attempts`` counts further attempts after the first; ``delay_s`` is between two attempts."""

    enabled: bool = True
    max_attempts: int = 3
    delay_s: float = 3600.0
    conditions: tuple[str, ...] = ("no_answer", "busy", "timeout")

    def allows(self, outcome: Outcome) -> bool:
        return self.enabled and _CONDITION_OF.get(outcome) in self.conditions


@dataclass(frozen=True)
class Tries:
    """Earlier attempts of this campaign to the contact, the one that just ended included.

    ``faults`` counts those that failed before the phone could ring; ``starts`` are the others'.
    """

    starts: Sequence[datetime]
    faults: int = 0


def next_attempt_at(
    policy: RetryPolicy,
    outcome: Outcome,
    tries: Tries,
    now: datetime,
    window: CallingWindow,
    zones: Sequence[str],
    asked_for: datetime | None = None,
) -> datetime | None:
    """When to try again, always inside the calling window; ``None`` when this was the last attempt.

    Args:
        asked_for: the time at which the person asked to be called back (outcome CALLBACK). Even with
            retries off such a wish is met once; who keeps postponing is called no more than others.
    """
    if outcome is Outcome.CALLBACK:
        if len(tries.starts) > max(policy.max_attempts, 1):
            return None
        wanted = asked_for if asked_for and asked_for > now else now + timedelta(seconds=policy.delay_s)
        return window.next_open(wanted, zones)
    if outcome in _NOT_THE_PERSON:
        if tries.faults > _MOST_FAULTS:
            return None
        return window.next_open(now + timedelta(seconds=_SOON_S * min(tries.faults, 10)), zones)
    if not policy.allows(outcome) or len(tries.starts) > policy.max_attempts:
        return None
    earliest = now + timedelta(seconds=policy.delay_s * _DELAY_FACTOR.get(outcome, 1.0))
    first = window.next_open(earliest, zones)
    if first is None or outcome not in _SPREAD:
        return first
    return _at_another_hour(first, tries.starts, window, zones)


def _at_another_hour(
    first: datetime, starts: Sequence[datetime], window: CallingWindow, zones: Sequence[str]
) -> datetime:
    """The first open moment at least two hours of the day away from every earlier attempt."""
    zone = ZoneInfo(zones[0])
    tried = [_hour_of_day(start, zone) for start in starts]
    at: datetime | None = first
    while at is not None and at <= first + _SPREAD_WITHIN:
        hour = _hour_of_day(at, zone)
        if all(min(abs(hour - other), 24 - abs(hour - other)) >= _APART_H for other in tried):
            return at
        at = window.next_open(at + timedelta(minutes=30), zones)
    return first


def _hour_of_day(at: datetime, zone: ZoneInfo) -> float:
    local = at.astimezone(zone)
    return local.hour + local.minute / 60
