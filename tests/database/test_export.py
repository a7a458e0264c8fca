"""Exports: the guide's formats, columns and filters, safe to open, never half-written."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from minibot_fs.errors import UserError
from minibot_fs.report.export import CampaignExporter, default_path
from minibot_fs.store.call_store import DirectCallStore
from minibot_fs.store.calls import CallEnded, CallStarted
from minibot_fs.store.connect import Database
from minibot_fs.store.exports import CallFilter

PROJECT = Path(__file__).resolve().parents[2]
GUIDE_COLUMNS = (
    "call_id,call_uuid,campaign_id,phone,first_name,last_name,company,email,status,result,duration,"
    "started_at,ended_at,current_step,amd_result,retry_count,transcription"
)
FORMULA = '=HYPERLINK("http://example.org")'


@pytest.fixture
def exporter(database: Database) -> CampaignExporter:
    """A campaign of four calls on two days; one of them to a company with an ugly name."""
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute("INSERT INTO campaigns (name, scenario) VALUES ('Or', 'sale')")
        cursor.execute(
            "INSERT INTO contacts (phone, first_name, last_name, company) VALUES"
            " ('+33639980001', 'Zoé', 'Martin', %s), ('+33639980002', 'Jean', 'Dupont', 'ACME')",
            (FORMULA,),
        )
    store = DirectCallStore(database)
    calls = [
        (1, "success", "HUMAN", 21),
        (2, "success", "HUMAN", 22),
        (1, "not_interested", "HUMAN", 22),
        (2, "answering_machine", "MACHINE", 22),
    ]
    for contact, result, amd, day in calls:
        call_uuid, at = str(uuid4()), datetime(2026, 11, day, 10, contact, tzinfo=UTC)
        phone = f"+3363998000{contact}"
        store.started(CallStarted(call_uuid, phone, "sale", at, campaign_id=1, contact_id=contact))
        store.ended(
            CallEnded(
                call_uuid, "completed", result, 30.5, at, "bye", amd_result=amd, transcription="oui\nd'accord"
            )
        )
    return CampaignExporter(1, database=database)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_csv_has_the_guides_columns_in_their_order(exporter: CampaignExporter, tmp_path: Path) -> None:
    assert exporter.export_csv(tmp_path / "all.csv") == 4
    assert (tmp_path / "all.csv").read_text("utf-8-sig").splitlines()[0] == GUIDE_COLUMNS
    first = rows_of(tmp_path / "all.csv")[0]
    assert (first["phone"], first["first_name"], first["result"]) == ("+33639980001", "Zoé", "success")
    assert (first["duration"], first["transcription"]) == ("30.5", "oui\nd'accord")
    assert first["started_at"] == "2026-11-21T10:01:00+00:00"


def test_no_cell_of_a_csv_starts_a_formula(exporter: CampaignExporter, tmp_path: Path) -> None:
    exporter.export_csv(tmp_path / "all.csv")
    cells = [cell for row in rows_of(tmp_path / "all.csv") for cell in row.values()]
    assert "'" + FORMULA in cells
    assert not [cell for cell in cells if cell.startswith(("=", "-", "@"))]


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (CallFilter(result="success"), 2),
        (CallFilter(start_date=date(2026, 11, 22)), 3),
        (CallFilter(end_date=date(2026, 11, 21)), 1),
        (CallFilter(start_date=date(2026, 11, 22), end_date=date(2026, 11, 22)), 3),
        (CallFilter(phones=("+33639980002",)), 2),
        (CallFilter(phones=("+33639980002",), result="success"), 1),
        (CallFilter(result="'; DROP TABLE calls; --"), 0),
    ],
)
def test_filters_leave_the_calls_they_name(
    exporter: CampaignExporter, tmp_path: Path, wanted: CallFilter, calls: int
) -> None:
    assert exporter.export_csv(tmp_path / "some.csv", wanted=wanted) == calls
    assert len(exporter.export_json(wanted=wanted)["calls"]) == calls


def test_a_workbook_has_four_sheets_with_charts_a_filter_and_a_cross_table(
    exporter: CampaignExporter, tmp_path: Path
) -> None:
    exporter.export_excel(tmp_path / "all.xlsx", include_charts=True)
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    assert book.sheetnames == ["Summary", "Calls", "Results", "Timeline"]
    assert ",".join(str(cell.value) for cell in book["Calls"][1]) == GUIDE_COLUMNS
    assert book["Calls"].max_row == 5
    assert book["Calls"].auto_filter.ref == "A1:Q5"
    assert book["Calls"]["G2"].value == FORMULA
    assert book["Calls"]["G2"].data_type == "s"
    summary = {row[0].value: row[1].value for row in book["Summary"].iter_rows(min_row=4)}
    assert (summary["Total calls"], summary["Success"], summary["Success rate"]) == (4, 2, 0.5)
    cross = [[cell.value for cell in row] for row in book["Results"].iter_rows()]
    assert cross[0] == ["result", "calls", "share", "HUMAN", "MACHINE"]
    assert ["success", 2, 0.5, 2, 0] in cross
    assert ["answering_machine", 1, 0.25, 0, 1] in cross
    timeline = [[cell.value for cell in row] for row in book["Timeline"].iter_rows(min_row=2)]
    assert [row[1:3] for row in timeline] == [[1, 1], [3, 1]]
    with_charts = openpyxl.load_workbook(tmp_path / "all.xlsx")["Summary"]._charts
    assert len(with_charts) == 2
    exporter.export_excel(tmp_path / "plain.xlsx", include_charts=False)
    assert not openpyxl.load_workbook(tmp_path / "plain.xlsx")["Summary"]._charts


def test_json_holds_campaign_totals_and_calls(exporter: CampaignExporter, tmp_path: Path) -> None:
    data: dict[str, Any] = exporter.export_json(tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == data
    assert (data["campaign"]["name"], data["totals"]["total_calls"]) == ("Or", 4)


def test_an_export_that_fails_leaves_nothing(
    exporter: CampaignExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> Any:
        yield from ()
        raise OSError("disk full")

    monkeypatch.setattr("minibot_fs.store.exports.calls_of", broken)
    with pytest.raises(OSError, match="disk full"):
        exporter.export_csv(tmp_path / "all.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_campaign_is_refused(database: Database) -> None:
    with pytest.raises(UserError, match="there is no campaign 99"):
        CampaignExporter(99, database=database)


def test_the_default_file_is_named_after_campaign_and_time() -> None:
    path = default_path(1, "csv", datetime(2025, 11, 7, 14, 35, 12))
    assert (path.parent.name, path.name) == ("exports", "campaign_1_20251107_143512.csv")


def test_the_exporter_is_imported_as_the_guide_says() -> None:
    spec = importlib.util.spec_from_file_location(
        "export_campaign", PROJECT / "scripts" / "export_campaign.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.CampaignExporter is CampaignExporter


def test_the_command_exits_with_2_and_one_line_for_an_unknown_campaign(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(data_folder))
    script = str(PROJECT / "scripts" / "export_campaign.py")
    done = subprocess.run([sys.executable, script, "--campaign-id", "7"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().startswith("there is no campaign 7")
    assert "Traceback" not in done.stderr
