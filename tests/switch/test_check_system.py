"""``scripts/check_system.py`` against a running FreeSWITCH: a line a check, a remedy for what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys

from minibot_fs.config import PROJECT_DIR
from tests.switch.freeswitch_server import FreeSwitch


def check(server: FreeSwitch, **variables: str) -> tuple[int, dict[str, str]]:
    ran = subprocess.run(
        [sys.executable, "scripts/check_system.py"],
        cwd=PROJECT_DIR,
        env={**os.environ, "MINIBOT_ENV_FILE": str(server.env_file), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    lines = [line for line in ran.stdout.splitlines() if line and not line.startswith(" ")]
    return ran.returncode, {line[8:20].strip(): line for line in lines}


def test_everything_that_is_there_is_ok(switch_server: FreeSwitch) -> None:
    code, lines = check(switch_server, DEFAULT_VOICE="tester")
    assert code == 0, lines
    for subject in (
        "FreeSWITCH",
        "modules",
        "handler",
        "sounds",
        "PostgreSQL",
        "Vosk model",
        "disk",
        "clock",
    ):
        assert lines[subject].startswith("ok"), lines
    assert lines["gateway"].startswith("missing")


def test_what_is_missing_is_wrong(switch_server: FreeSwitch) -> None:
    code, lines = check(
        switch_server,
        FREESWITCH_ESL_PASSWORD="not this one",
        VOSK_MODEL_PATH="/nowhere",
        DEFAULT_VOICE="paul",
    )
    assert code == 1
    for subject in ("FreeSWITCH", "sounds", "Vosk model"):
        assert lines[subject].startswith("wrong"), lines
    assert lines["PostgreSQL"].startswith("ok"), lines
