"""The Excel export: Summary, Calls, Results and Timeline, written row by row in flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

SUMMARY = (
    ("Total calls", "total_calls"), ("Completed", "completed"), ("Failed", "failed"), ("Success", "success"),
    ("Success rate", "success_rate"), ("Opt-outs", "opt_outs"), ("Answering machines", "machines"),
    ("Average duration (s)", "avg_duration"), ("First call", "first_call"), ("Last call", "last_call"),
)  # fmt: skip
WIDTHS = {"call_uuid": 38, "phone": 15, "email": 24, "started_at": 19, "ended_at": 19, "transcription": 60}
EXCEL_ROWS = 1_048_575
"""Rows of a sheet below its heading; further calls go to a further sheet."""


def write_workbook(
    path: Path,
    campaign: Mapping[str, Any],
    totals: Mapping[str, Any],
    cross: Sequence[tuple[str, str, int]],
    hours: Sequence[tuple[datetime, int, int]],
    columns: Sequence[str],
    calls: Iterable[Mapping[str, Any]],
    *,
    charts: bool,
) -> int:
    """Write the workbook; how many calls are in it.

    Args:
        cross: (result, AMD result, calls).
        hours: (hour, calls, successes).
    """
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    with book:
        style = {
            "bold": book.add_format({"bold": True}),
            "title": book.add_format({"bold": True, "font_size": 14}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "share": book.add_format({"num_format": "0.0 %"}),
            "seconds": book.add_format({"num_format": "0.0"}),
        }
        summary = book.add_worksheet("Summary")
        written = _calls(book, style, columns, calls)
        results = _results(book, style, cross)
        timeline = _timeline(book, style, hours)
        _summary(summary, style, campaign, totals)
        if charts:
            _chart(book, summary, "column", "Calls by result", "Results", results)
            _chart(book, summary, "line", "Calls and successes by hour", "Timeline", timeline, row=20)
    return written


def _summary(
    sheet: Any, style: Mapping[str, Any], campaign: Mapping[str, Any], totals: Mapping[str, Any]
) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 22)
    sheet.write_string(0, 0, f"Campaign {campaign['id']}: {campaign['name']}", style["title"])
    sheet.write_string(1, 0, f"Scenario {campaign['scenario']}, {campaign['status']}")
    rate = totals["success"] / totals["total_calls"] if totals["total_calls"] else 0.0
    values = {**totals, "success_rate": rate}
    formats = {"success_rate": style["share"], "avg_duration": style["seconds"]}
    for row, (label, key) in enumerate(SUMMARY, start=3):
        sheet.write_string(row, 0, label, style["bold"])
        _write(sheet, row, 1, values[key], style, formats.get(key))


def _calls(
    book: Any, style: Mapping[str, Any], columns: Sequence[str], calls: Iterable[Mapping[str, Any]]
) -> int:
    written, row, sheet = 0, EXCEL_ROWS, None
    for call in calls:
        if row == EXCEL_ROWS:
            if sheet is not None:
                sheet.autofilter(0, 0, row, len(columns) - 1)
            sheet, row = _calls_sheet(book, style, columns, written), 0
        row += 1
        written += 1
        for column, name in enumerate(columns):
            _write(sheet, row, column, call[name], style)
    if sheet is None:
        sheet, row = _calls_sheet(book, style, columns, 0), 0
    sheet.autofilter(0, 0, row, len(columns) - 1)
    return written


def _calls_sheet(book: Any, style: Mapping[str, Any], columns: Sequence[str], before: int) -> Any:
    sheet = book.add_worksheet("Calls" if not before else f"Calls from {before + 1}")
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(columns):
        sheet.set_column(column, column, WIDTHS.get(name, 14))
        sheet.write_string(0, column, name, style["bold"])
    return sheet


def _results(book: Any, style: Mapping[str, Any], cross: Sequence[tuple[str, str, int]]) -> tuple[int, int]:
    """A cross table, result by AMD result; its size in rows and columns."""
    sheet = book.add_worksheet("Results")
    sheet.set_column(0, 0, 22)
    found = sorted({amd for _result, amd, _count in cross})
    counts = {(result, amd): count for result, amd, count in cross}
    by_result = {result: sum(n for r, _amd, n in cross if r == result) for result, _amd, _n in cross}
    header = ["result", "calls", "share", *found]
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, style["bold"])
    total = sum(by_result.values())
    ordered = sorted(by_result, key=lambda result: -by_result[result])
    for row, result in enumerate(ordered, start=1):
        sheet.write_string(row, 0, result)
        sheet.write_number(row, 1, by_result[result])
        sheet.write_number(row, 2, by_result[result] / total, style["share"])
        for column, amd in enumerate(found, start=3):
            sheet.write_number(row, column, counts.get((result, amd), 0))
    last = len(ordered) + 1
    sheet.write_string(last, 0, "all", style["bold"])
    sheet.write_number(last, 1, total, style["bold"])
    for column, amd in enumerate(found, start=3):
        sheet.write_number(
            last, column, sum(counts.get((result, amd), 0) for result in ordered), style["bold"]
        )
    return len(ordered), 1


def _timeline(
    book: Any, style: Mapping[str, Any], hours: Sequence[tuple[datetime, int, int]]
) -> tuple[int, int]:
    sheet = book.add_worksheet("Timeline")
    sheet.set_column(0, 0, 20)
    for column, name in enumerate(("hour", "calls", "success", "success rate")):
        sheet.write_string(0, column, name, style["bold"])
    for row, (hour, calls, success) in enumerate(hours, start=1):
        _write(sheet, row, 0, hour, style)
        sheet.write_number(row, 1, calls)
        sheet.write_number(row, 2, success)
        sheet.write_number(row, 3, success / calls, style["share"])
    return len(hours), 2


def _chart(
    book: Any,
    sheet: Any,
    kind: str,
    title: str,
    source: str,
    size: tuple[int, int],
    *,
    row: int = 2,
) -> None:
    rows, series = size
    if not rows:
        return
    chart = book.add_chart({"type": kind})
    for column in range(1, series + 1):
        chart.add_series(
            {
                "name": [source, 0, column],
                "categories": [source, 1, 0, rows, 0],
                "values": [source, 1, column, rows, column],
            }
        )
    chart.set_title({"name": title})
    chart.set_size({"width": 560, "height": 330})
    sheet.insert_chart(row, 3, chart)


def _write(
    sheet: Any, row: int, column: int, value: Any, style: Mapping[str, Any], given: Any = None
) -> None:
    if value is None:
        sheet.write_blank(row, column, None)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), style["time"])
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    else:
        sheet.write_number(row, column, value, given)
