"""Whether a person may be called now: rules as data, one YAML file a country, each with its legal text.

``decide`` is asked before every single dial. The first rule that refuses is the answer; what closes a
number for good stands first in the files, what only waits stands last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from minibot_fs.campaign.calling_window import CallingWindow, HolidayCalendar
from minibot_fs.campaign.phone_numbers import region_of, time_zones_of
from minibot_fs.errors import Problem, UserError

RULES_DIR = Path(__file__).parent / "rules"


class RulesError(UserError):
    """A file of calling rules cannot be used as it is."""

    code = "calling_rules"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKDAY_NUMBER = {day: number for number, day in enumerate(Weekday)}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Rule(_Model):
    text: str = Field(min_length=10)
    """The legal text, named so that a lawyer can find it."""


class OptOutRule(_Rule):
    """Who asked never to be called again is never called again."""

    rule: Literal["opt_out"]


class CallerIdRule(_Rule):
    """A caller id is shown."""

    rule: Literal["caller_id"]


class ConsentRule(_Rule):
    """Consent is on record with its source and date, or the campaign names one of the other legal bases."""

    rule: Literal["consent"]
    other_bases: dict[str, str] = {}


class RefusalRule(_Rule):
    """A call that ended with one of ``results`` closes the number for ``days``."""

    rule: Literal["refusal"]
    days: int = Field(ge=1, le=3650)
    results: tuple[str, ...]


class FrequencyRule(_Rule):
    """At most so many calls to a number in so many days, all campaigns together."""

    rule: Literal["frequency"]
    at_most: int = Field(ge=1)
    in_days: int = Field(ge=1, le=366)


class HoursRule(_Rule):
    """Days, hours and holidays where the callee is."""

    rule: Literal["hours"]
    days: tuple[Weekday, ...]
    windows: tuple[tuple[time, time], ...]
    public_holidays: str | None = None
    holidays_by_region: dict[str, str] = {}
    holidays_by_prefix: dict[str, str] = {}

    @field_validator("windows", mode="before")
    @classmethod
    def _spans(cls, windows: object) -> object:
        if not isinstance(windows, list):
            return windows
        spans = [str(window).split("-") for window in windows]
        if any(len(span) != 2 or span[0] >= span[1] for span in spans):
            raise ValueError('each window is written "10:00-13:00", from before to')
        return [(start.strip(), end.strip()) for start, end in spans]

    def window_for(self, phone: str) -> CallingWindow:
        calendars: tuple[HolidayCalendar, ...] = ()
        if self.public_holidays:
            part = next(
                (part for prefix, part in self.holidays_by_prefix.items() if phone.startswith(prefix)),
                self.holidays_by_region.get(region_of(phone) or ""),
            )
            calendars = (HolidayCalendar(self.public_holidays, part),)
        return CallingWindow(frozenset(_WEEKDAY_NUMBER[day] for day in self.days), self.windows, calendars)


Rule = Annotated[
    OptOutRule | CallerIdRule | ConsentRule | RefusalRule | FrequencyRule | HoursRule,
    Field(discriminator="rule"),
]


class CallingRules(_Model):
    """One country's rules, in the order in which they are asked."""

    country: str
    covers: tuple[str, ...]
    """Regions whose numbers these rules were written for; any other number is refused."""
    rules: tuple[Rule, ...]
    duties: tuple[str, ...] = ()
    """What the law asks beyond what can be checked before a dial; shown at launch."""

    @field_validator("rules")
    @classmethod
    def _each_once(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.rule for rule in rules]
        if missing := {"opt_out", "hours"} - set(names):
            raise ValueError(f"the rule {sorted(missing)[0]} is missing")
        if len(names) != len(set(names)):
            raise ValueError("a rule stands twice")
        return rules

    @property
    def hours(self) -> HoursRule:
        return next(rule for rule in self.rules if isinstance(rule, HoursRule))

    @property
    def lookback_days(self) -> int:
        """How far back ``History`` must reach."""
        return max(
            (rule.in_days for rule in self.rules if isinstance(rule, FrequencyRule)),
            default=0,
        )

    @property
    def refusal_results(self) -> tuple[str, ...]:
        """Results of a call that count as a refusal."""
        return next((rule.results for rule in self.rules if isinstance(rule, RefusalRule)), ())


@dataclass(frozen=True)
class Callee:
    """What the rules need to know of a person and of the campaign that wants to call.

    ``time_zone`` is one the user knows to be right; otherwise the number tells.
    """

    phone: str
    consent_source: str | None = None
    consent_at: datetime | None = None
    time_zone: str | None = None
    caller_id: str = ""
    legal_basis: str | None = None
    allowed_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """What is on record for the number, over all campaigns.

    ``calls`` are the starts of calls within the rules' ``lookback_days``, whether answered or not.
    """

    opted_out: bool = False
    refused_at: datetime | None = None
    calls: Sequence[datetime] = ()


@dataclass(frozen=True)
class Allowed:
    pass


@dataclass(frozen=True)
class Refused:
    """``until``: when asking again makes sense; ``None`` is never, unless someone changes the contact."""

    rule: str
    text: str
    until: datetime | None = None


Decision = Allowed | Refused


def decide(rules: CallingRules, callee: Callee, history: History, now: datetime) -> Decision:
    """The first refusal, or Allowed. ``now`` and every other time must be aware."""
    prefixes = callee.allowed_prefixes
    if prefixes and not callee.phone.startswith(prefixes):
        return Refused("allowed_prefixes", f"only {', '.join(prefixes)} may be dialled (ALLOWED_PREFIXES)")
    if (region := region_of(callee.phone)) not in rules.covers:
        return Refused("country", f"the rules of {rules.country} do not cover numbers of {region}")
    for rule in rules.rules:
        if refused := _refusal(rule, callee, history, now):
            return refused
    return Allowed()


def zones_of(callee: Callee) -> tuple[str, ...]:
    """Every time zone the callee can be in; a call must be allowed in each. Empty when unknown."""
    if callee.time_zone:
        return (callee.time_zone,) if callee.time_zone in _known_zones() else ()
    return time_zones_of(callee.phone)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def load_rules(name_or_path: str) -> CallingRules:
    """Rules by country (``fr``) or from a YAML file of your own.

    Raises:
        RulesError: no such file, or each thing wrong in it.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = RULES_DIR / f"{name_or_path.lower()}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RULES_DIR.glob("*.yaml")))
        raise RulesError(Problem("no such calling rules", f"CALLING_RULES is one of {known} or a file", path))
    try:
        return CallingRules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise RulesError(Problem("not readable as YAML", "check the indentation", path, line)) from error
    except ValidationError as error:
        raise RulesError(
            [
                Problem(item["msg"], file=path, field=".".join(str(part) for part in item["loc"]))
                for item in error.errors()
            ]
        ) from None


def _refusal(rule: Rule, callee: Callee, history: History, now: datetime) -> Refused | None:
    match rule:
        case OptOutRule():
            refused, until = history.opted_out, None
        case CallerIdRule():
            refused, until = not callee.caller_id, None
        case ConsentRule():
            refused, until = not _has_basis(rule, callee, now), None
        case RefusalRule():
            until = history.refused_at + timedelta(days=rule.days) if history.refused_at else None
            refused = until is not None and now < until
        case FrequencyRule():
            until = _frequency_until(rule, history.calls, now)
            refused = until is not None
        case HoursRule():
            window, zones = rule.window_for(callee.phone), zones_of(callee)
            if not zones:
                return Refused("time_zone", f"{rule.text}; the callee's time zone is unknown")
            refused = not window.is_open(now, zones)
            until = window.next_open(now, zones) if refused else None
    return Refused(rule.rule, rule.text, until) if refused else None


def _has_basis(rule: ConsentRule, callee: Callee, now: datetime) -> bool:
    if callee.legal_basis in rule.other_bases:
        return True
    return bool(callee.consent_source) and callee.consent_at is not None and callee.consent_at <= now


def _frequency_until(rule: FrequencyRule, calls: Sequence[datetime], now: datetime) -> datetime | None:
    period = timedelta(days=rule.in_days)
    recent = sorted(start for start in calls if start > now - period)
    return recent[-rule.at_most] + period if len(recent) >= rule.at_most else None
