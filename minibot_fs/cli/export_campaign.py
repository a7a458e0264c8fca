"""``scripts/export_campaign.py``: a campaign's calls as CSV, Excel or JSON."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from minibot_fs.campaign.phone_numbers import PhoneNumberError, to_e164
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import load_settings
from minibot_fs.errors import Problem, UserError
from minibot_fs.report.export import CampaignExporter, default_path
from minibot_fs.store.exports import CallFilter


class Format(StrEnum):
    CSV = "csv"
    EXCEL = "excel"
    JSON = "json"


ENDINGS = {Format.CSV: "csv", Format.EXCEL: "xlsx", Format.JSON: "json"}


def main() -> None:
    typer.run(command)


@user_errors
def command(
    campaign_id: Annotated[int, typer.Option(help="Number of the campaign")],
    file_format: Annotated[Format, typer.Option("--format", help="csv, excel or json")] = Format.CSV,
    output: Annotated[Path | None, typer.Option(help="File; else exports/campaign_N_DATE_TIME")] = None,
    filter_result: Annotated[str | None, typer.Option(help="Only calls with this result")] = None,
    filter_phone: Annotated[str | None, typer.Option(help="Only these numbers, comma-separated")] = None,
    start_date: Annotated[str | None, typer.Option(help="From this day on (YYYY-MM-DD)")] = None,
    end_date: Annotated[str | None, typer.Option(help="To this day, included (YYYY-MM-DD)")] = None,
    include_transcriptions: Annotated[
        bool, typer.Option("--include-transcriptions/--no-transcriptions", help="With what was said")
    ] = True,
) -> None:
    """Export a campaign. Exit 2 when there is no such campaign."""
    settings = load_settings()
    wanted = CallFilter(
        result=filter_result,
        start_date=_day(start_date, "--start-date"),
        end_date=_day(end_date, "--end-date"),
        phones=_phones(filter_phone, settings.default_region),
    )
    exporter = CampaignExporter(campaign_id, settings=settings)
    path = output or default_path(campaign_id, ENDINGS[file_format], datetime.now())
    if file_format is Format.CSV:
        rows = exporter.export_csv(path, wanted=wanted, transcriptions=include_transcriptions)
    elif file_format is Format.EXCEL:
        rows = exporter.export_excel(path, wanted=wanted, transcriptions=include_transcriptions)
    else:
        rows = len(exporter.export_json(path, wanted=wanted)["calls"])
    Console(highlight=False).print(f"{rows} calls of campaign {campaign_id}: {path}", soft_wrap=True)


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(Problem(f"{text!r} is not a day", "Write it as 2026-11-07", field=option)) from None


def _phones(text: str | None, region: str) -> tuple[str, ...]:
    try:
        return tuple(to_e164(phone.strip(), region) for phone in (text or "").split(",") if phone.strip())
    except PhoneNumberError as error:
        remedy = "Write numbers as +33639980001, separated by commas"
        raise UserError(Problem(str(error), remedy, field="--filter-phone")) from None
