"""Contacts files as people have them: CSV in any encoding and with any separator, or Excel's .xlsx.

Both are streamed: a file of a million lines takes no more memory than one of ten.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl
from charset_normalizer import from_bytes

from minibot_fs.errors import ContactError, Problem

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "phone": (
        "phone", "phone number", "telephone", "telephone number", "tel", "numero", "numero de telephone",
        "n telephone", "no telephone", "num tel", "numero tel", "mobile", "mobile phone", "portable",
        "telephone portable", "tel portable", "telephone mobile", "tel mobile", "gsm", "cell", "cell phone",
        "msisdn",
    ),
    "first_name": ("first name", "firstname", "given name", "forename", "prenom"),
    "last_name": ("last name", "lastname", "surname", "family name", "name", "nom", "nom de famille"),
    "company": (
        "company", "company name", "organisation", "organization", "societe", "entreprise",
        "raison sociale",
    ),
    "email": ("email", "e mail", "mail", "courriel", "adresse email", "adresse e mail", "adresse mail"),
    "tags": ("tags", "tag", "labels", "etiquettes", "etiquette", "segment", "segments"),
    "consent_source": (
        "consent source", "consent", "consentement", "source consentement", "source du consentement",
        "origine du consentement", "opt in source",
    ),
    "consent_at": (
        "consent date", "consent at", "consented at", "consented on", "date consentement",
        "date du consentement", "date de consentement", "opt in date",
    ),
    "consent_what": (
        "consent what", "consent text", "texte consentement", "texte du consentement", "consent wording",
    ),
}  # fmt: skip
"""What a column may be called (without accents, case or punctuation), for each field of a contact."""

_FIELD_OF = {name: field for field, names in COLUMN_NAMES.items() for name in names}
_SEPARATORS = ";,\t|"
_SAMPLE_BYTES = 256 * 1024
_LONGEST_FIELD = 10_000


@dataclass(frozen=True)
class Row:
    """One line of data. ``values`` holds known fields by name and other columns by their own header."""

    line: int
    values: dict[str, str]
    cells: Sequence[str]
    problem: str = ""


@dataclass(frozen=True)
class ContactsFile:
    """What was found out about a file, before its rows are read.

    ``columns`` are the fields in the file's order (an unknown header stands as written); ``encoding`` and
    ``separator`` are empty for Excel.
    """

    path: Path
    headers: tuple[str, ...]
    columns: tuple[str, ...]
    encoding: str
    separator: str

    def count_lines(self) -> int | None:
        """Lines of the file, for a progress bar; ``None`` when Excel did not say how many."""
        if not self.separator:
            book = openpyxl.load_workbook(self.path, read_only=True)
            try:
                return book.worksheets[0].max_row
            finally:
                book.close()
        with self.path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    def rows(self) -> Iterator[Row]:
        """Stream the data lines; an unreadable one comes with ``problem`` set.

        Raises:
            ContactError: the file stops being readable (a quote that never closes).
        """
        with _records(self.path, self.encoding, self.separator) as records:
            header_passed = False
            for line, cells in records:
                if not any(cells):
                    continue
                if not header_passed:
                    header_passed = True
                    continue
                yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        while len(cells) > len(self.columns) and not cells[-1]:
            cells = cells[:-1]
        if len(cells) > len(self.columns):
            problem = f"{len(cells)} fields where the first line names {len(self.columns)}"
            return Row(line, {}, cells, problem)
        values = {name: cell for name, cell in zip(self.columns, cells, strict=False) if cell and name}
        return Row(line, values, cells)


def open_contacts(path: Path) -> ContactsFile:
    """Find out the encoding, the separator and the columns of a contacts file.

    Raises:
        ContactError: no such file, an unknown type, or no column of phone numbers.
    """
    if not path.is_file():
        raise ContactError(Problem("no such file", "check the path", file=path))
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        encoding, separator = "", ""
    elif path.suffix.lower() == ".xls":
        raise ContactError(Problem("old Excel format", "save it as .xlsx or .csv", file=path))
    else:
        encoding = _encoding_of(path)
        separator = _separator_of(path, encoding)
    with _records(path, encoding, separator) as records:
        headers = next((cells for _, cells in records if any(cells)), None)
    if headers is None:
        raise ContactError(Problem("the file is empty", "its first line must name the columns", file=path))
    columns = columns_of(headers)
    if "phone" not in columns:
        raise ContactError(
            Problem(
                f"no column of phone numbers among: {', '.join(filter(None, headers)) or 'nothing'}",
                "the first line must name the columns; call one phone, téléphone or mobile",
                file=path,
                line=1,
            )
        )
    return ContactsFile(path, tuple(headers), columns, encoding, separator)


def columns_of(headers: Iterable[str]) -> tuple[str, ...]:
    """The field of each header: known ones by their meaning, others as written; a repeated one is ``""``."""
    columns: list[str] = []
    for header in headers:
        field = _FIELD_OF.get(_plain(header), header)
        columns.append("" if field in columns else field)
    return tuple(columns)


def _plain(header: str) -> str:
    """``Numéro_de Téléphone`` becomes ``numero de telephone``."""
    decomposed = unicodedata.normalize("NFKD", header.replace("°", " "))
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", letters.lower()).strip()


def _encoding_of(path: Path) -> str:
    """UTF-8 when every byte of the file agrees; else its byte order mark, else a guess from its text."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
        if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            chunk = sample
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_SAMPLE_BYTES)
            decoder.decode(b"", final=True)
            return "utf-8-sig"
        except UnicodeDecodeError:
            pass
    # cp1252 first: it is what Excel writes in Western Europe, and a short file is too little to guess from.
    guess = from_bytes(sample, cp_isolation=["cp1252", "mac_roman", "cp1250", "cp850"]).best()
    return guess.encoding if guess is not None and guess.encoding != "cp1250" else "cp1252"


def _separator_of(path: Path, encoding: str) -> str:
    """The separator that makes the most known columns of the first line (Excel's ``sep=`` line wins)."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = next((line for line in file if line.strip()), "")
    if named := re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE):
        return named[1]

    def score(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=separator), [])
        return sum(_plain(cell) in _FIELD_OF for cell in cells), len(cells)

    return max(_SEPARATORS, key=score)


@contextmanager
def _records(path: Path, encoding: str, separator: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """(line number, stripped cells) of every line, blank ones included."""
    if separator:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            yield _csv_records(path, file, separator)
    else:
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except Exception as error:
            # openpyxl lets zipfile's, XML's and its own errors through for a damaged file.
            raise ContactError(Problem("not a readable Excel file", "save it again", file=path)) from error
        try:
            sheet = book.worksheets[0]
            yield (
                (line, [_cell_text(cell) for cell in cells])
                for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
            )
        finally:
            book.close()


def _csv_records(path: Path, lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    # A quote that never closes would swallow the rest of the file as one field: refuse it, by its line.
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=separator)
    start = 1
    try:
        for cells in reader:
            is_separator_line = (
                start == 1 and len(cells) <= 2 and cells and cells[0].lower().startswith("sep=")
            )
            yield start, [] if is_separator_line else [cell.strip() for cell in cells]
            start = reader.line_num + 1
    except csv.Error as error:
        problem = Problem(f"unreadable from here on ({error})", "look for an unclosed quote", path, start)
        raise ContactError(problem) from None


def _cell_text(value: object) -> str:
    """A cell as its user sees it: a phone number typed as a number has no ``.0``, a date is ISO."""
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time().isoformat() == "00:00:00":
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value).strip()
