"""The commands, as typed: import, do-not-call, launch, pause; what they print and how they exit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minibot_fs.config import PROJECT_DIR

SAMPLE = PROJECT_DIR / "scripts/samples/contacts.csv"
SCENARIO = "scenario_or_investissement"


class Commands:
    """Runs scripts/ from a folder of no importance, with a database of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "DATA_DIR": str(folder / "data"),
            "COLUMNS": "200",
            "FREESWITCH_ESL_PORT": "1",
            "MINIBOT_ENV_FILE": os.devnull,
            "PYTHONWARNINGS": "ignore",
        }

    def __call__(self, script: str, *words: str, exits: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, str(PROJECT_DIR / "scripts" / f"{script}.py"), *words],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == exits, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def command(module_data_folder: Path) -> Commands:
    commands = Commands(module_data_folder)
    commands("import_contacts", str(SAMPLE), "--add-tags", "campagne_or_janvier")
    return commands


def test_an_import_shows_each_line_and_a_summary_without_whole_numbers(command: Commands) -> None:
    shown = command("import_contacts", str(SAMPLE), "--skip-duplicates", "--dry-run")
    assert "Line 5: +33639••••04 (Élodie Lefèvre)" in shown
    assert "Total lines: 30" in shown
    assert "Duplicates: 30" in shown
    assert "nothing was stored" in shown
    assert "0639980004" not in shown


def test_a_missing_file_and_a_wrong_number_exit_with_two(command: Commands) -> None:
    assert "no such file" in command("import_contacts", "nowhere.csv", exits=2)
    assert "too short" in command("do_not_call", "add", "06", exits=2)


def test_a_closed_number_is_told_by_the_exit_code(command: Commands) -> None:
    command("do_not_call", "add", "06 39 98 00 09", "--reason", "wrote a letter")
    assert "wrote a letter" in command("do_not_call", "check", "+33639980009", exits=1)
    command("do_not_call", "remove", "06 39 98 00 09")
    command("do_not_call", "check", "06 39 98 00 09")


def test_a_dry_run_says_who_may_be_called_and_why_the_others_are_not(command: Commands) -> None:
    shown = command("launch_campaign", "--scenario", SCENARIO, "--caller-id", "0199000001", "--dry-run")
    assert "Contacts: 30" in shown
    assert "Not called: 1 (consent: CPCE art. L.34-5" in shown
    assert "AI Act" in shown


def test_a_launch_with_a_mistake_says_what_to_do(command: Commands) -> None:
    launch = ("launch_campaign", "--scenario", SCENARIO)
    assert "CALLER_ID" in command(*launch, exits=2)
    assert "no contact has the tag" in command(*launch, "--rehearsal", "--contacts-tag", "x", exits=2)
    assert "no campaign 99" in command("launch_campaign", "--pause", "99", exits=2)


def test_a_rehearsed_campaign_is_paused_resumed_and_ends(command: Commands, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_text(
        "".join(SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)[:6]), encoding="utf-8"
    )
    command("import_contacts", str(few), "--add-tags", "few")
    few_of = ("--contacts-tag", "few", "--rehearsal", "--detach", "--no-retry")
    launched = command("launch_campaign", "--scenario", SCENARIO, *few_of)
    campaign_id = launched.split("Campaign: ")[1].split()[0]
    assert "is paused" in command("launch_campaign", "--pause", campaign_id)
    shown = command("launch_campaign", "--resume", campaign_id)
    assert "[5/5] Calling +33639" in shown
    assert f"Campaign {campaign_id} completed" in shown
    assert "is completed" in command("launch_campaign", "--stop", campaign_id, exits=2)
