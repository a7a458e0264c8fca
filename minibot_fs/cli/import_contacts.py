"""``scripts/import_contacts.py``: contacts from a .csv or .xlsx file into the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from minibot_fs.campaign.contacts_file import ContactsFile, open_contacts
from minibot_fs.campaign.contacts_import import (
    Accepted,
    ImportOrder,
    ImportReport,
    Rejected,
    import_contacts,
    parse_consent,
)
from minibot_fs.campaign.phone_numbers import mask
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.store.connect import open_database

_LINES_SHOWN = 50
"""Without --verbose, each line of a file up to this long is shown."""
_ADVANCE_EVERY = 1000


def main() -> None:
    typer.run(command)


@user_errors
def command(
    file: Annotated[Path, typer.Argument(help=".csv in any encoding and with any separator, or .xlsx")],
    skip_duplicates: Annotated[
        bool, typer.Option("--skip-duplicates", help="Leave contacts whose phone is known as they are")
    ] = False,
    validate_phones: Annotated[
        bool, typer.Option("--validate-phones", help="Take only numbers that can have been given out")
    ] = False,
    add_tags: Annotated[str, typer.Option(help="Tags for every contact, comma-separated")] = "",
    consent: Annotated[str, typer.Option(help='Consent of lines that name none: "source, date"')] = "",
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every line")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, store nothing")] = False,
) -> None:
    """Import contacts. Bad lines go to FILE.rejected.csv with their number and reason, the others in."""
    console = Console(highlight=False)
    settings = load_settings()
    contacts = open_contacts(file)
    order = ImportOrder(
        skip_duplicates=skip_duplicates,
        validate_phones=validate_phones,
        tags=tuple(tag.strip() for tag in add_tags.split(",") if tag.strip()),
        consent=parse_consent(consent) if consent else None,
        region=settings.default_region,
    )
    console.print(f"Importing contacts from {file}{_form(contacts)}")
    console.print(f"Columns: {', '.join(column for column in contacts.columns if column)}", style="dim")
    total = contacts.count_lines()
    show_lines = verbose or (total or _LINES_SHOWN + 1) <= _LINES_SHOWN
    with (
        open_database(settings).connection() as conn,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=show_lines or not console.is_terminal,
        ) as progress,
    ):
        lines = progress.add_task("Reading", total=total)
        seen = 0

        def on_line(line: Accepted | Rejected) -> None:
            nonlocal seen
            seen += 1
            if seen % _ADVANCE_EVERY == 0:
                progress.update(lines, completed=seen)
            if show_lines:
                _print_line(console, line)

        report = import_contacts(conn, file, order, on_line)
        if dry_run:
            conn.rollback()
    _print_report(console, report, dry_run)


def _form(contacts: ContactsFile) -> str:
    if not contacts.separator:
        return " (Excel)"
    separator = {"\t": "tab"}.get(contacts.separator, repr(contacts.separator))
    return f" ({contacts.encoding.removesuffix('-sig')}, separator {separator})"


def _print_line(console: Console, line: Accepted | Rejected) -> None:
    if isinstance(line, Rejected):
        console.print(f"Line {line.line}: rejected, {line.reason}", style="red", markup=False)
    else:
        console.print(f"Line {line.line}: {mask(line.phone)} ({line.name})", markup=False)


def _print_report(console: Console, report: ImportReport, dry_run: bool) -> None:
    console.print("\nSummary:")
    console.print(f"   Total lines: {report.lines}")
    console.print(f"   Imported: {report.imported}")
    console.print(f"   Duplicates: {report.duplicates}{_updated(report)}")
    console.print(f"   Errors: {report.rejected}")
    if report.rejected_file is not None:
        console.print(f"\nRejected lines, with their reasons: {report.rejected_file}")
    console.print("\nDry run: nothing was stored" if dry_run else "\nImport finished")


def _updated(report: ImportReport) -> str:
    return f" ({report.updated} contacts updated)" if report.updated else ""
