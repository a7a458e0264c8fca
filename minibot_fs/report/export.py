"""Exports of a campaign: CSV, Excel with four sheets, JSON; streamed, and never half-written."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from minibot_fs.config import PROJECT_DIR, Settings, load_settings
from minibot_fs.errors import Problem, UserError
from minibot_fs.report.workbook import write_workbook
from minibot_fs.store import exports
from minibot_fs.store.connect import Database, open_database
from minibot_fs.store.exports import COLUMNS, CallFilter

EXPORTS_DIR = PROJECT_DIR / "exports"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)."""


class CampaignExporter:
    """Exports one campaign.

    Args:
        database: taken from the settings when not given.

    Raises:
        UserError: there is no such campaign.
    """

    def __init__(
        self, campaign_id: int, *, settings: Settings | None = None, database: Database | None = None
    ) -> None:
        self._campaign_id = campaign_id
        self._database = database or open_database(settings or load_settings(), connections=2)
        with self._database.connection() as conn:
            campaign = exports.campaign_row(conn, campaign_id)
        if campaign is None:
            raise UserError(
                Problem(f"there is no campaign {campaign_id}", "See the campaigns in the monitor")
            )
        self._campaign = campaign

    def export_csv(
        self,
        path: str | Path,
        filter_result: str | None = None,
        *,
        wanted: CallFilter | None = None,
        transcriptions: bool = True,
    ) -> int:
        """Write the calls as CSV (UTF-8 with a mark that Excel knows it by).

        Returns:
            How many calls were written.
        """
        columns = COLUMNS if transcriptions else COLUMNS[:-1]
        with ExitStack() as stack:
            unfinished = stack.enter_context(_finished_or_not_at_all(Path(path)))
            file = stack.enter_context(unfinished.open("w", newline="", encoding="utf-8-sig"))
            writer = csv.writer(file)
            writer.writerow(columns)
            rows = 0
            for call in self._calls(_filter(filter_result, wanted)):
                writer.writerow([_csv_cell(call[column]) for column in columns])
                rows += 1
        return rows

    def export_excel(
        self,
        path: str | Path,
        include_charts: bool = True,
        filter_result: str | None = None,
        *,
        wanted: CallFilter | None = None,
        transcriptions: bool = True,
    ) -> int:
        """Write a workbook with the sheets Summary, Calls, Results and Timeline.

        Returns:
            How many calls were written.
        """
        only = _filter(filter_result, wanted)
        with self._database.connection() as conn:
            totals = exports.totals(conn, self._campaign_id, only)
            cross = exports.result_by_amd(conn, self._campaign_id, only)
            hours = exports.calls_by_hour(conn, self._campaign_id, only)
        columns = COLUMNS if transcriptions else COLUMNS[:-1]
        with _finished_or_not_at_all(Path(path)) as unfinished:
            return write_workbook(
                unfinished,
                self._campaign,
                totals,
                cross,
                hours,
                columns,
                self._calls(only),
                charts=include_charts,
            )

    def export_json(
        self,
        path: str | Path | None = None,
        filter_result: str | None = None,
        *,
        wanted: CallFilter | None = None,
    ) -> dict[str, Any]:
        """The campaign, its totals and its calls as data; written to ``path`` too when one is given."""
        only = _filter(filter_result, wanted)
        with self._database.connection() as conn:
            totals = exports.totals(conn, self._campaign_id, only)
        data = {
            "campaign": _plain(self._campaign),
            "totals": _plain(totals),
            "calls": [_plain(call) for call in self._calls(only)],
        }
        if path is not None:
            with _finished_or_not_at_all(Path(path)) as unfinished:
                unfinished.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return data

    def _calls(self, wanted: CallFilter) -> Iterator[dict[str, Any]]:
        with self._database.connection() as conn:
            yield from exports.calls_of(conn, self._campaign_id, wanted)


def default_path(campaign_id: int, ending: str, now: datetime) -> Path:
    """``exports/campaign_1_20251107_143512.csv``."""
    return EXPORTS_DIR / f"campaign_{campaign_id}_{now:%Y%m%d_%H%M%S}.{ending}"


def _filter(result: str | None, wanted: CallFilter | None) -> CallFilter:
    wanted = wanted or CallFilter()
    return replace(wanted, result=result) if result else wanted


@contextmanager
def _finished_or_not_at_all(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place at the end, and goes if anything fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _csv_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_phone(value):
        return "'" + value
    return "" if value is None else value


def _is_phone(text: str) -> bool:
    """A plain + and digits computes nothing."""
    return text[0] == "+" and text[1:].isdigit()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
