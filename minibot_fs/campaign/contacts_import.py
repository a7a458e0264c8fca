"""Importing a contacts file: every line is read, checked, and either stored or reported with its reason."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import dateparser
from psycopg2.extensions import connection

from minibot_fs.campaign.contacts_file import COLUMN_NAMES, ContactsFile, Row, open_contacts
from minibot_fs.campaign.phone_numbers import PhoneNumberError, to_e164
from minibot_fs.errors import ContactError, Problem
from minibot_fs.store.contacts import copy_row, load_contacts

_LIMITS = {"first_name": 100, "last_name": 100, "company": 200, "email": 254}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TAG_SEPARATORS = re.compile(r"[,;|]")
_NO = frozenset({"non", "no", "n", "0", "false", "faux", "aucun"})
_YES = frozenset({"oui", "yes", "o", "y", "1", "x", "true", "vrai", "ok"})
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%d-%m-%Y")


@dataclass(frozen=True)
class Consent:
    """Consent that holds for every line of a file that names none: where from, and when; what if known."""

    source: str
    at: datetime


@dataclass(frozen=True)
class ImportOrder:
    """What the person who imports decides."""

    skip_duplicates: bool = False
    validate_phones: bool = False
    tags: tuple[str, ...] = ()
    consent: Consent | None = None
    region: str = "FR"


@dataclass(frozen=True)
class Accepted:
    line: int
    phone: str
    name: str


@dataclass(frozen=True)
class Rejected:
    line: int
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """Lines of data by what became of them. ``rejected_file`` is ``None`` when no line was rejected."""

    lines: int
    imported: int
    duplicates: int
    updated: int
    rejected: int
    rejected_file: Path | None


class _LineError(ValueError):
    pass


def parse_consent(text: str) -> Consent:
    """``"web form, 2026-09-01"``: where the consent comes from, and its date.

    Raises:
        ContactError: no date, or one in the future.
    """
    source, _, written = text.rpartition(",")
    try:
        at = _parse_date(written.strip())
    except _LineError as error:
        problem = Problem(
            f"{error}", 'write "source, date", for one "web form, 2026-09-01"', field="--consent"
        )
        raise ContactError(problem) from None
    if not source.strip():
        raise ContactError(Problem("no source of the consent", 'write "source, date"', field="--consent"))
    return Consent(source.strip(), at)


def import_contacts(
    conn: connection,
    path: Path,
    order: ImportOrder,
    on_line: Callable[[Accepted | Rejected], None] = lambda _: None,
) -> ImportReport:
    """Import a file in the caller's transaction; memory stays flat whatever its size.

    Bad lines go to ``<file>.rejected.csv`` with their number and reason; the others are imported.

    Args:
        on_line: told of every line of data.

    Raises:
        ContactError: the file cannot be read; nothing is imported.
    """
    contacts = open_contacts(path)
    with ExitStack() as stack:
        reading = _Reading(contacts, order, on_line, stack)
        stored = load_contacts(conn, reading.accepted(), skip_duplicates=order.skip_duplicates)
    return ImportReport(
        lines=reading.lines,
        imported=stored.new,
        duplicates=stored.duplicates,
        updated=stored.updated,
        rejected=reading.rejected,
        rejected_file=reading.rejected_file,
    )


class _Reading:
    """One pass over a file: accepted lines are handed on, rejected ones written beside the file."""

    def __init__(
        self,
        contacts: ContactsFile,
        order: ImportOrder,
        on_line: Callable[[Accepted | Rejected], None],
        stack: ExitStack,
    ) -> None:
        self._contacts = contacts
        self._order = order
        self._on_line = on_line
        self._stack = stack
        self._writer: Any = None
        self.lines = 0
        self.rejected = 0
        self.rejected_file: Path | None = None

    def accepted(self) -> Iterator[str]:
        _rejected_path(self._contacts.path).unlink(missing_ok=True)
        for row in self._contacts.rows():
            self.lines += 1
            try:
                phone, fields = _checked(row, self._order)
            except _LineError as error:
                self._reject(row, str(error))
                continue
            name = f"{fields['first_name']} {fields['last_name']}".strip()
            self._on_line(Accepted(row.line, phone, name))
            yield copy_row(row.line, phone, **fields)

    def _reject(self, row: Row, reason: str) -> None:
        self.rejected += 1
        if self._writer is None:
            self.rejected_file = _rejected_path(self._contacts.path)
            file = self._stack.enter_context(self.rejected_file.open("w", encoding="utf-8-sig", newline=""))
            self._writer = csv.writer(file, delimiter=self._contacts.separator or ",")
            self._writer.writerow(["line", "reason", *self._contacts.headers])
        self._writer.writerow([row.line, reason, *row.cells])
        self._on_line(Rejected(row.line, reason))


def _rejected_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected.csv")


def _checked(row: Row, order: ImportOrder) -> tuple[str, dict[str, Any]]:
    """The phone and the other fields of a contact, for :func:`copy_row`."""
    if row.problem:
        raise _LineError(row.problem)
    values = row.values
    for value in values.values():
        if "\x00" in value:
            raise _LineError("a character that text cannot hold (NUL)")
    try:
        phone = to_e164(values.get("phone", ""), order.region, order.validate_phones)
    except PhoneNumberError as error:
        raise _LineError(str(error)) from None
    for field, limit in _LIMITS.items():
        if len(values.get(field, "")) > limit:
            raise _LineError(f"{field} is longer than {limit} characters")
    if (email := values.get("email", "")) and not _EMAIL.fullmatch(email):
        raise _LineError("not an e-mail address")
    if (zone := values.get("timezone")) and zone not in _zones():
        raise _LineError("not a time zone (Europe/Paris, Indian/Reunion ...)")
    tags = [tag.strip() for tag in _TAG_SEPARATORS.split(values.get("tags", "")) if tag.strip()]
    extra = {name: value for name, value in values.items() if name not in COLUMN_NAMES}
    return phone, {
        "first_name": values.get("first_name", ""),
        "last_name": values.get("last_name", ""),
        "company": values.get("company", ""),
        "email": email,
        "tags": dict.fromkeys([*tags, *order.tags]),
        "timezone": zone,
        "language": values.get("language"),
        "extra": json.dumps(extra, ensure_ascii=False) if extra else "{}",
        **_consent(values, order.consent),
    }


def _consent(values: dict[str, str], of_file: Consent | None) -> dict[str, str | None]:
    source, written = values.get("consent_source"), values.get("consent_at")
    what = values.get("consent_what")
    if source and source.casefold() in _NO:
        return {}
    if source and source.casefold() in _YES:
        raise _LineError(f"the consent says {source!r} but not where it was given")
    if source and not written:
        raise _LineError("a consent without its date")
    if written and not source:
        raise _LineError("a consent without its source")
    if source and written:
        return {
            "consent_what": what,
            "consent_source": source,
            "consent_at": _parse_date(written).isoformat(),
        }
    if of_file is None:
        return {}
    return {"consent_what": what, "consent_source": of_file.source, "consent_at": of_file.at.isoformat()}


_dates: dict[str, datetime] = {}


def _parse_date(written: str) -> datetime:
    """A date as people write it, day before month; a file repeats few dates, so each is read once."""
    if (known := _dates.get(written)) is not None:
        return known
    at = _read_date(written)
    if at is None:
        raise _LineError(f"{written!r} is not a date")
    if at > datetime.now(UTC):
        raise _LineError("a consent in the future")
    if len(_dates) < 100_000:
        _dates[written] = at
    return at


def _read_date(written: str) -> datetime | None:
    try:
        at: datetime | None = datetime.fromisoformat(written)
    except ValueError:
        at = dateparser.parse(
            written,
            date_formats=list(_DATE_FORMATS),
            languages=["fr", "en"],
            settings={
                "DATE_ORDER": "DMY",
                "REQUIRE_PARTS": ["day", "month", "year"],
                # No "last month": a consent has a date, not one that moves with the day of the import.
                "PARSERS": ["custom-formats", "absolute-time"],
            },
        )
    if at is None:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@cache
def _zones() -> set[str]:
    return available_timezones()
