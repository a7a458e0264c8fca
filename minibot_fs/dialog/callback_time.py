"""When a caller wants to be called again: from spoken French (or English) to a moment in the future.

The words of an utterance that name a time are found by expressions; ``dateparser`` turns the day among them
into a date. What people leave open is settled by the tables below, within the hours in which calls are
allowed: "mardi matin" is 10:00, "ce soir" 18:30; "à trois heures" is in the afternoon.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import dateparser

from minibot_fs.dialog.intent import CallbackTime
from minibot_fs.dialog.text_normalisation import digits_for_numbers, without_accents, words

_N = r"\d{1,2}"
_DAY = r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_MONTH = r"janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
_ENGLISH_DAY = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"

# What names a day, in the order in which it is looked for; the date itself is dateparser's work.
_DATE = re.compile(
    rf"\b(?:apres demain|demain|aujourd ?hui|(?:le )?{_N} (?:{_MONTH})|(?:{_DAY})(?= {_N}\b(?! ?h))|{_DAY}"
    rf"|day after tomorrow|tomorrow|today|{_ENGLISH_DAY})\b"
)
_DAY_OF_MONTH = re.compile(rf"\b(?:le|the) ({_N})\b(?! ?h)")
_NEXT_WEEK = re.compile(r"\b(?:semaine (?:prochaine|d apres)|next week)\b")
_NEXT_MONTH = re.compile(r"\b(?:mois prochain|next month)\b")
_END_OF_WEEK = re.compile(r"\bfin de (?:la )?semaine\b")
_WEEKEND = re.compile(r"\bweek ?end\b")
_IN_A_WHILE = re.compile(
    rf"\b(?:dans|d ici|in) (une?|an?|{_N}|quelques|a few) (?:petites? |bonne )?"
    r"(minutes?|heures?|hours?|jours?|days?|semaines?|weeks?|mois|months?|quart d heure|demie? heure)"
    r"( et demie?)?\b"
    r"|\b(?:dans|d ici) ((?:3 )?quarts? d heure|une? demie? heure)\b|\bin (half an hour)\b"
)
_CLOCK = re.compile(
    rf"\b(?:(?P<before>avant|before) )?(?P<hour>une|{_N}) ?(?:heures?\b|h(?=\d|\b)|o clock\b)"
    rf"(?: ?(?P<minute>{_N})\b| (?P<part>et demie?|et quart|moins le quart|moins {_N}))?"
    r"(?: (?P<half>du matin|de l apres midi|du soir))?"
    rf"|\bat (?P<at>{_N})(?: (?P<at_minute>{_N}))?(?: (?P<ampm>a ?m|p ?m))?\b"
    rf"|\b(?P<only>{_N}) ?(?P<only_ampm>am|pm)\b"
)
_NOON = re.compile(r"\b(?:midi|noon)(?P<half> et demie?)?\b")
# The first that occurs decides; "l'après-midi" must be looked for before "midi".
_PARTS_OF_DAY = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), time(hour, minute))
    for pattern, hour, minute in (
        (r"debut (?:de l |d )apres midi", 14, 30),
        (r"fin (?:de l |d )apres midi", 17, 0),
        (r"debut de soiree", 18, 0),
        (r"fin de (?:la )?journee", 18, 0),
        (r"debut de (?:la )?matinee", 10, 0),
        (r"fin de (?:la )?matinee", 11, 30),
        (r"apres midi|afternoon", 15, 0),
        (r"apres le dejeuner|apres (?:le )?repas", 14, 30),
        (r"matin|matinee|morning", 10, 0),
        (r"soir|soiree|tonight|evening", 18, 30),
        (r"midi|noon|lunch", 12, 0),
    )
)
_SOON = re.compile(r"\b(?:tout a l heure|plus tard|later)\b")
_ANY_TIME = re.compile(
    "|".join(
        f"(?:{pattern})"
        for pattern in (
            _DATE.pattern,
            rf"\b(?:le|the) {_N}\b",
            *(p.pattern for p in (_NEXT_WEEK, _NEXT_MONTH, _END_OF_WEEK, _WEEKEND, _SOON)),
            *(re.sub(r"\?P<\w+>", "?:", p.pattern) for p in (_IN_A_WHILE, _CLOCK, _NOON)),
            *(p.pattern for p, _ in _PARTS_OF_DAY),
        )
    )
)
# "pas le matin": a time that will not do.
_NOT_THEN = re.compile(
    r"\b(?:pas|jamais|not) (?:(?:trop|le|la|l|en|a|avant|in|the|at|tot) ?)*"
    r"(?:matin|midi|soir|apres midi|morning|noon|evening)\b"
)
_DEFAULT_TIME = time(10, 0)
_SOON_IS = timedelta(hours=2)
_EARLIEST_SPOKEN_HOUR = 8
_WEEKEND_STARTS, _WEEK_ENDS = 5, 4


def time_words(text: str) -> str | None:
    """What an utterance says of a time, from its first to its last word of time; None where it names none."""
    spoken = _NOT_THEN.sub(" ", _readable(text))
    found = list(_ANY_TIME.finditer(spoken))
    return spoken[found[0].start() : found[-1].end()] if found else None


def callback_time(text: str, now: datetime) -> CallbackTime | None:
    """The moment a caller named, always after ``now`` and in its time zone; None where none was named."""
    said = time_words(text)
    if said is None:
        return None
    spoken = _NOT_THEN.sub(" ", _readable(text))
    awhile = _IN_A_WHILE.search(spoken)
    if awhile is not None:
        at = _after_a_while(awhile, spoken, now)
    elif (day := _day(spoken, now)) is not None:
        at = _on_day(day, _time_of_day(spoken) or _DEFAULT_TIME, now)
        if at <= now:
            at += timedelta(days=7 if re.search(f"{_DAY}|{_ENGLISH_DAY}", spoken) else 1)
    elif (clock := _time_of_day(spoken)) is not None:
        at = _on_day(now, clock, now)
        if at <= now:
            at += timedelta(days=1)
    else:
        at = (now + _SOON_IS).replace(second=0, microsecond=0) if _SOON.search(spoken) else None
    return CallbackTime(at, said) if at is not None and at > now else None


def _readable(text: str) -> str:
    return " ".join(without_accents(word) for word in digits_for_numbers(words(text)))


def _after_a_while(found: re.Match[str], spoken: str, now: datetime) -> datetime | None:
    """``dans deux heures``; whole days get the time of day that was said, else the usual one."""
    amount, unit, half, fraction, _ = found.groups()
    if unit is None or unit.startswith(("quart", "demi")):
        length = (fraction or unit or "demi") if found.group(5) is None else "demi"
        minutes = 45 if length.startswith("3") else 15 if length.startswith("quart") else 30
        return now + timedelta(minutes=minutes)
    count = {"un": "1", "une": "1", "a": "1", "an": "1", "quelques": "3", "a few": "3"}.get(amount, amount)
    at = _parsed(f"in {count} {_ENGLISH_UNIT[unit.rstrip('s')]}s", now)
    if at is None:
        return None
    if half:
        at += timedelta(minutes=30) if unit.startswith(("heure", "hour")) else timedelta(0)
    if unit.startswith(("minute", "heure", "hour")):
        return at
    return _on_day(at, _time_of_day(spoken) or _DEFAULT_TIME, now)


_ENGLISH_UNIT = {
    "minute": "minute", "heure": "hour", "hour": "hour", "jour": "day", "day": "day", "semaine": "week",
    "week": "week", "moi": "month", "month": "month",
}  # fmt: skip


def _day(spoken: str, now: datetime) -> datetime | None:
    found = _DATE.search(spoken)
    if found is not None:
        if found[0] in ("apres demain", "day after tomorrow"):
            return now + timedelta(days=2)
        day = _parsed(found[0].removeprefix("le "), now)
        if day is not None and _NEXT_WEEK.search(spoken) and re.fullmatch(f"{_DAY}|{_ENGLISH_DAY}", found[0]):
            monday = _next_monday(now)
            day = monday + timedelta(days=day.weekday())
        return day
    if _NEXT_WEEK.search(spoken):
        return _next_monday(now) + timedelta(days=_WEEK_ENDS if _END_OF_WEEK.search(spoken) else 0)
    if _NEXT_MONTH.search(spoken):
        return (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    if _END_OF_WEEK.search(spoken):
        return _next_weekday(_WEEK_ENDS, now)
    if _WEEKEND.search(spoken):
        return _next_weekday(_WEEKEND_STARTS, now)
    ordinal = _DAY_OF_MONTH.search(spoken)
    return _next_day_of_month(int(ordinal[1]), now) if ordinal is not None else None


def _parsed(expression: str, now: datetime) -> datetime | None:
    """A day as dateparser reads it, in the future."""
    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future"}
    parsed = dateparser.parse(expression, languages=["fr", "en"], settings=settings)
    return parsed.replace(tzinfo=now.tzinfo) if parsed is not None else None


def _next_monday(now: datetime) -> datetime:
    return now + timedelta(days=7 - now.weekday())


def _next_weekday(weekday: int, now: datetime) -> datetime:
    return now + timedelta(days=(weekday - now.weekday()) % 7)


def _next_day_of_month(day: int, now: datetime) -> datetime | None:
    for month in range(13):
        first = (now.replace(day=1) + timedelta(days=31 * month)).replace(day=1)
        try:
            candidate = first.replace(day=day)
        except ValueError:
            continue
        if candidate > now:
            return candidate
    return None


def _time_of_day(spoken: str) -> time | None:
    found = _CLOCK.search(spoken)
    if found is not None:
        return _clock_time(found, spoken)
    for pattern, clock in _PARTS_OF_DAY:
        if pattern.search(spoken):
            noon = _NOON.search(spoken)
            return time(12, 30) if clock == time(12, 0) and noon is not None and noon["half"] else clock
    return None


def _clock_time(found: re.Match[str], spoken: str) -> time | None:
    raw = found["hour"] or found["at"] or found["only"]
    hour = 1 if raw == "une" else int(raw)
    minutes = int(found["minute"] or found["at_minute"] or 0)
    part = found["part"] or ""
    if part.startswith("et"):
        minutes = 30 if "demi" in part else 15
    elif part.startswith("moins"):
        minutes = -15 if part.endswith("quart") else -int(part.split()[-1])
    half = (found["half"] or found["ampm"] or found["only_ampm"] or "").replace(" ", "")
    if half == "pm" or half in ("dusoir", "delapresmidi"):
        hour += 12 if hour < 12 else 0
    elif half not in ("dumatin", "am") and hour < _EARLIEST_SPOKEN_HOUR and "matin" not in spoken:
        hour += 12
    if found["before"]:
        hour -= 1
    total = hour * 60 + minutes
    return time(total // 60, total % 60) if 0 <= total < 24 * 60 else None


def _on_day(day: datetime, clock: time, now: datetime) -> datetime:
    return day.replace(
        hour=clock.hour, minute=clock.minute, second=0, microsecond=0, tzinfo=now.tzinfo, fold=0
    )
