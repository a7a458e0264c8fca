"""``scripts/do_not_call.py``: numbers that are never called again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from psycopg2.extensions import connection
from rich.console import Console

from minibot_fs.campaign.contacts_file import open_contacts
from minibot_fs.campaign.phone_numbers import PhoneNumberError, mask, to_e164
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.errors import ContactError, Problem
from minibot_fs.store import do_not_call
from minibot_fs.store.connect import open_database
from minibot_fs.store.phone_keys import PhoneKeys, open_phone_keys

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
console = Console(highlight=False)

Phone = Annotated[str, typer.Argument(help="A number, as people write it")]
_BATCH = 5000


def main() -> None:
    app()


@app.command()
@user_errors
def add(
    phone: Phone,
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "asked not to be called",
) -> None:
    """Close a number for every campaign, from the next dial on."""
    settings = load_settings()
    number = _number(phone, settings)
    with open_database(settings).connection() as conn:
        keys = _keys(conn, settings)
        new = do_not_call.close_number(conn, keys, number, reason=reason, source="command line")
    console.print(f"{mask(number)} is closed" if new else f"{mask(number)} was closed already")


@app.command()
@user_errors
def remove(phone: Phone) -> None:
    """Take a number off the list (the person asked for it)."""
    settings = load_settings()
    number = _number(phone, settings)
    with open_database(settings).connection() as conn:
        removed = do_not_call.open_number(conn, _keys(conn, settings), number)
    console.print(f"{mask(number)} is off the list" if removed else f"{mask(number)} is not on the list")
    if not removed:
        raise typer.Exit(1)


@app.command()
@user_errors
def check(phone: Phone) -> None:
    """Say whether a number is closed: exit 0 when it may be called, 1 when it is closed."""
    settings = load_settings()
    number = _number(phone, settings)
    with open_database(settings).connection() as conn:
        entry = do_not_call.find(conn, _keys(conn, settings), number)
    if entry is None:
        console.print(f"{mask(number)} is not on the list")
        return
    console.print(
        f"{mask(number)} is closed since {entry.added_at:%Y-%m-%d}: {entry.reason} ({entry.source})"
    )
    raise typer.Exit(1)


@app.command("import")
@user_errors
def import_(
    file: Annotated[
        Path, typer.Argument(help=".csv or .xlsx with a column of numbers, or one number a line")
    ],
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "opposition list",
) -> None:
    """Close every number of a file (Bloctel and the like)."""
    settings = load_settings()
    numbers: list[str] = []
    unreadable = added = known = 0
    texts = _numbers_of(file)
    with open_database(settings).connection() as conn:
        keys = _keys(conn, settings)

        def close() -> None:
            nonlocal added, known
            new = do_not_call.close_numbers(conn, keys, numbers, reason=reason, source=file.name)
            added, known = added + new, known + len(numbers) - new
            numbers.clear()

        for text in texts:
            try:
                numbers.append(to_e164(text, settings.default_region))
            except PhoneNumberError:
                unreadable += 1
            if len(numbers) >= _BATCH:
                close()
        if numbers:
            close()
    console.print(f"Closed: {added}   Known: {known}   Unreadable: {unreadable}")


def _numbers_of(file: Path) -> list[str]:
    """Numbers of a contacts file, or of a plain list with one a line."""
    try:
        return [row.values.get("phone", "") for row in open_contacts(file).rows()]
    except ContactError:
        if not file.is_file() or file.suffix.lower() not in (".txt", ".csv"):
            raise
    lines = [line.strip().strip('";,') for line in file.read_text(encoding="latin-1").splitlines()]
    return [line for line in lines if line]


def _number(text: str, settings: Settings) -> str:
    try:
        return to_e164(text, settings.default_region)
    except PhoneNumberError as error:
        raise ContactError(Problem(f"{text!r}: {error}", "write it like 06 39 98 00 01")) from None


def _keys(conn: connection, settings: Settings) -> PhoneKeys:
    return open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
