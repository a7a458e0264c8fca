"""Days and hours at which a person may be called, where that person is. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_FURTHEST_DAYS = 60
"""A window that does not open within this many days is taken to be never open."""


@dataclass(frozen=True)
class HolidayCalendar:
    """Public holidays of a country, and of one of its parts (``FR``, ``974``), as ``holidays`` names them."""

    country: str
    subdivision: str | None = None

    def __contains__(self, day: date) -> bool:
        return day in _holidays(self.country, self.subdivision)


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision)


@dataclass(frozen=True)
class CallingWindow:
    """When calls may start. ``weekdays`` counts from Monday 0; each span is [from, to) in local time."""

    weekdays: frozenset[int]
    spans: tuple[tuple[time, time], ...]
    calendars: tuple[HolidayCalendar, ...] = field(default=())

    def is_open(self, at: datetime, zones: Sequence[str]) -> bool:
        """True when calls may start in every one of ``zones``; never true without a zone."""
        return bool(zones) and all(self._is_open_in(at.astimezone(ZoneInfo(zone))) for zone in zones)

    def next_open(self, after: datetime, zones: Sequence[str]) -> datetime | None:
        """The first moment from ``after`` on at which the window is open in every zone (UTC).

        ``None`` when the zones are unknown or share no open time in the next 60 days.
        """
        if not zones:
            return None
        at = after.astimezone(UTC)
        latest = at + timedelta(days=_FURTHEST_DAYS)
        while at <= latest:
            openings = [self._next_open_in(at, ZoneInfo(zone)) for zone in zones]
            if None in openings:
                return None
            latest_opening = max(opening for opening in openings if opening is not None)
            if latest_opening == at:
                return at
            at = latest_opening
        return None

    def _is_open_in(self, local: datetime) -> bool:
        return self._is_calling_day(local.date()) and any(
            start <= local.time() < end for start, end in self.spans
        )

    def _is_calling_day(self, day: date) -> bool:
        return day.weekday() in self.weekdays and not any(day in calendar for calendar in self.calendars)

    def _next_open_in(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        local = at.astimezone(zone)
        if self._is_open_in(local):
            return at
        for days in range(_FURTHEST_DAYS + 1):
            day = local.date() + timedelta(days=days)
            if not self._is_calling_day(day):
                continue
            for start, _ in sorted(self.spans):
                opening = datetime.combine(day, start, zone).astimezone(UTC)
                if opening > at:
                    return opening
        return None
