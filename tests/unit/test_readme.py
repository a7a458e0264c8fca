"""Every command of the README works as written: run here, or by CI, or by the tests of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BASH = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
CONSOLE = re.findall(r"^\$ .*scripts/(\w+)\.py", README, flags=re.MULTILINE)
LINKS = re.findall(r"\]\(([^)#:]+)\)", README)


def test_the_two_commands_are_run_by_ci() -> None:
    made = {line for block in BASH for line in block.splitlines() if line.startswith("make ")}
    assert made == {"make demo", "make test"}
    ci = (PROJECT / ".ci" / "run").read_text()
    assert all(f"\n{command}\n" in ci for command in made)


@pytest.mark.timeout(300)
def test_the_other_commands_run_in_their_order_as_written(server_folder: Path) -> None:
    blocks = [block for block in BASH if not block.startswith("make ")]
    script = "set -euo pipefail\n" + "".join(blocks).replace(".venv/bin/python", sys.executable)
    environment = {**os.environ, "DATA_DIR": str(server_folder / "readme")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for name in ("call.json", "call.wav", "call.png", "scenario.svg"):
        assert (PROJECT / "build" / name).stat().st_size > 1000
    assert '"intent": "objection"' in done.stdout


@pytest.mark.parametrize("script", sorted(set(CONSOLE)))
def test_a_command_that_needs_a_machine_of_its_own_has_tests_of_its_own(script: str) -> None:
    assert (PROJECT / "scripts" / f"{script}.py").is_file()
    tests = [file for file in (PROJECT / "tests").rglob("test_*.py") if file != Path(__file__)]
    assert any(script in file.read_text(encoding="utf-8") for file in tests)


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_what_the_readme_links_to_is_there(link: str) -> None:
    assert (PROJECT / link).exists()
