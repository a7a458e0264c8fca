"""Contacts in bulk: COPY into a temporary table, then one merge, all in one transaction."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection

_COLUMNS = (
    "line", "phone", "first_name", "last_name", "company", "email", "tags", "consent_what",
    "consent_source", "consent_at", "timezone", "language", "extra",
)  # fmt: skip
_CHUNK_CHARS = 1 << 16


@dataclass(frozen=True)
class Imported:
    """Lines that made a new contact, those whose phone was known already, and contacts changed by them.

    ``duplicates`` counts lines: a phone that stands twice in the file or is in the database.
    """

    new: int
    duplicates: int
    updated: int


def copy_row(
    line: int,
    phone: str,
    *,
    first_name: str = "",
    last_name: str = "",
    company: str = "",
    email: str = "",
    tags: Iterable[str] = (),
    consent_what: str | None = None,
    consent_source: str | None = None,
    consent_at: str | None = None,
    timezone: str | None = None,
    language: str | None = None,
    extra: str = "{}",
) -> str:
    """One line of COPY's text format. ``consent_at`` is ISO, ``extra`` a JSON object."""
    array = "{" + ",".join('"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"' for tag in tags) + "}"
    values = (
        str(line), phone, first_name, last_name, company, email, array, consent_what, consent_source,
        consent_at, timezone, language, extra,
    )  # fmt: skip
    return "\t".join("\\N" if value is None else _escaped(value) for value in values) + "\n"


def load_contacts(conn: connection, rows: Iterable[str], *, skip_duplicates: bool) -> Imported:
    """Take in rows made by :func:`copy_row`, streaming; inside the caller's transaction.

    A phone that is known already: with ``skip_duplicates`` its contact stays as it is; otherwise what the
    file says replaces what is stored, except that an empty field empties nothing and tags add up.

    Raises:
        Exception: whatever the maker of ``rows`` raises; nothing is stored then.
    """
    with conn.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE incoming (line bigint, phone text, first_name text, last_name text,"
            " company text, email text, tags text[], consent_what text, consent_source text,"
            " consent_at timestamptz, timezone text, language text, extra jsonb) ON COMMIT DROP"
        )
        columns = ", ".join(_COLUMNS)
        reader = _Reader(iter(rows))
        try:
            cursor.copy_expert(f"COPY incoming ({columns}) FROM STDIN", reader)  # type: ignore[arg-type]
        except psycopg2.Error:
            # psycopg2 words an error of the rows' maker as one of the server: bring it back.
            if reader.failure is not None:
                raise reader.failure from None
            raise
        lines = cursor.rowcount
        cursor.execute("ANALYZE incoming")
        cursor.execute(_SKIP if skip_duplicates else _MERGE)
        new, updated = cursor.fetchone() or (0, 0)
        cursor.execute("DROP TABLE incoming")
    return Imported(new=new, duplicates=lines - new, updated=updated)


# Of a phone that stands twice in the file, the last line counts, as if the lines came one by one.
_LAST_OF_EACH = "SELECT DISTINCT ON (phone) * FROM incoming ORDER BY phone, line DESC"
_FIRST_OF_EACH = "SELECT DISTINCT ON (phone) * FROM incoming ORDER BY phone, line"
_FIELDS = ", ".join(column for column in _COLUMNS if column != "line")

_SKIP = f"""
    WITH added AS (
        INSERT INTO contacts ({_FIELDS}) SELECT {_FIELDS} FROM ({_FIRST_OF_EACH}) AS i
        ON CONFLICT (phone) DO NOTHING RETURNING 1)
    SELECT count(*), 0 FROM added
"""

_MERGE = f"""
    WITH merged AS (
        INSERT INTO contacts AS c ({_FIELDS}) SELECT {_FIELDS} FROM ({_LAST_OF_EACH}) AS i
        ON CONFLICT (phone) DO UPDATE SET
            first_name = coalesce(nullif(excluded.first_name, ''), c.first_name),
            last_name = coalesce(nullif(excluded.last_name, ''), c.last_name),
            company = coalesce(nullif(excluded.company, ''), c.company),
            email = coalesce(nullif(excluded.email, ''), c.email),
            tags = ARRAY(SELECT DISTINCT unnest(c.tags || excluded.tags) ORDER BY 1),
            consent_what = coalesce(excluded.consent_what, c.consent_what),
            consent_source = coalesce(excluded.consent_source, c.consent_source),
            consent_at = coalesce(excluded.consent_at, c.consent_at),
            timezone = coalesce(excluded.timezone, c.timezone),
            language = coalesce(excluded.language, c.language),
            extra = c.extra || excluded.extra,
            updated_at = now()
        RETURNING xmax = 0 AS is_new)
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
"""


def _escaped(value: str) -> str:
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value:
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value


class _Reader(io.TextIOBase):
    """What COPY reads from: joins rows into chunks, so that memory stays flat and calls few."""

    def __init__(self, rows: Iterator[str]) -> None:
        self._rows = rows
        self._rest = ""
        self.failure: Exception | None = None

    def read(self, size: int | None = -1) -> str:
        wanted = size if size is not None and size > 0 else _CHUNK_CHARS
        parts, length = [self._rest], len(self._rest)
        while length < wanted:
            try:
                row = next(self._rows, None)
            except Exception as error:
                self.failure = error
                raise
            if row is None:
                break
            parts.append(row)
            length += len(row)
        text = "".join(parts)
        self._rest = text[wanted:]
        return text[:wanted]
