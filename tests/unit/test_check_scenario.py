"""scripts/check_scenario.py: problems with their lines, the speaker's script, the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minibot_fs.dialog.scenario_file import load_scenario
from minibot_fs.report.graph import edges_of

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "scenarios" / "scenario_or_investissement.json"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts" / "check_scenario.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_good_scenario_is_checked_listed_and_drawn(tmp_path: Path, ending: str) -> None:
    picture = tmp_path / f"graph.{ending}"
    done = check("scenario_or_investissement", "--graph", str(picture))
    assert done.returncode == 0, done.stderr
    assert "11 steps, no problem" in done.stdout
    assert "julie/base/hello.wav" in done.stdout
    assert "julie/objections/" in done.stdout
    text = picture.read_bytes()
    assert text.startswith(b"\x89PNG") if ending == "png" else b"<svg" in text
    if ending == "svg":
        assert b"confirm_time" in text or b"<path" in text


def test_a_bad_scenario_is_refused_with_file_line_field_and_remedy(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(SAMPLE.read_text().replace('"affirm": "pitch"', '"affirm": "pich"', 1))
    line = next(n for n, text in enumerate(bad.read_text().splitlines(), 1) if '"pich"' in text)
    done = check(str(bad))
    assert done.returncode == 2
    assert (
        f"{bad}:{line}, steps.hello.transitions.affirm: there is no step 'pich'. Did you mean pitch"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_an_answer_that_is_not_recorded_is_warned_of(tmp_path: Path) -> None:
    wine = tmp_path / "wine.json"
    wine.write_text(SAMPLE.read_text().replace('"theme": "or"', '"theme": "vin"'))
    done = check(str(wine))
    assert done.returncode == 0, done.stderr
    assert "warning: 15 of 15 answers to objections are not recorded" in done.stdout


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    done = check("appointment", "--graph", str(tmp_path / "graph.docx"))
    assert done.returncode == 2
    assert "End it in .svg, .png, .pdf" in done.stderr


def test_the_picture_has_every_way_from_step_to_step() -> None:
    edges = edges_of(load_scenario(SAMPLE))
    assert edges["hello", "pitch"] == ["affirm"]
    assert edges["hello", "retry_hello"] == ["question", "not_understood"]
    assert edges["handle_objection", "pitch"] == ["settled"]
    assert edges["handle_objection", "bye_not_interested"] == ["not answered"]
