"""Settings: the guide's names and defaults, and errors that name variable, value and allowed range."""

from __future__ import annotations

from pathlib import Path

import pytest

from minibot_fs.config import Settings, load_settings
from minibot_fs.env_example import env_example
from minibot_fs.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[2]

GUIDE = """
DB_HOST=localhost DB_PORT=5432 DB_NAME=minibot_freeswitch DB_USER=minibot
FREESWITCH_ESL_HOST=localhost FREESWITCH_ESL_PORT=8021
FREESWITCH_SOUNDS_DIR=/usr/share/freeswitch/sounds/minibot FREESWITCH_GATEWAY=mygateway
DEFAULT_VOICE=julie AUDIO_VOLUME_ADJUST=2.0 AUDIO_BACKGROUND_REDUCTION=-10.0 VOSK_SAMPLE_RATE=16000
OLLAMA_BASE_URL=http://localhost:11434 OLLAMA_MODEL=mistral:7b OLLAMA_TEMPERATURE=0.7
OLLAMA_MAX_TOKENS=150 OLLAMA_TIMEOUT=10 AMD_ENABLED=true AMD_METHOD=freeswitch AMD_MAX_GREETING_MS=4000
AMD_SILENCE_THRESHOLD_MS=1000 MAX_CONCURRENT_CALLS=5 CALL_DELAY=2 MAX_CALL_DURATION=300
RETRY_ENABLED=true MAX_RETRY_ATTEMPTS=3 RETRY_DELAY=3600 RETRY_CONDITIONS=no_answer,busy,timeout
LISTEN_TIMEOUT=4 CONNECTION_TIMEOUT=30 STREAMING_ASR_PORT=8080 SILENCE_THRESHOLD=1.5
SPEECH_START_THRESHOLD=0.5 BARGE_IN_GRACE_PERIOD=3.0 LOG_LEVEL=INFO OBJECTION_MIN_SCORE=0.5
OBJECTION_USE_PRERECORDED=true
""".split()


def as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("line", GUIDE)
def test_a_variable_of_the_guide_has_its_name_and_default(line: str, settings: Settings) -> None:
    name, expected = line.split("=", 1)
    value = getattr(settings, name.lower())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        assert float(value) == float(expected)
    else:
        assert as_text(value) == expected


def test_relative_paths_are_relative_to_the_project(settings: Settings) -> None:
    assert settings.audio_dir == PROJECT / "audio"
    assert settings.vosk_model_path == PROJECT / "models/vosk-model-fr-0.22-lgraph"


def test_secrets_have_the_guides_defaults_and_stay_out_of_text(settings: Settings) -> None:
    assert settings.freeswitch_esl_password.get_secret_value() == "ClueCon"
    assert settings.db_password.get_secret_value() == "your_secure_password"
    assert "ClueCon" not in repr(settings)


def test_a_comment_behind_a_value_is_not_part_of_it(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("RETRY_DELAY=1800  # half an hour\nAMD_METHOD=energy  # or silence\n")
    settings = load_settings(env)
    assert settings.retry_delay == 1800
    assert settings.amd_method == "energy"


def test_every_wrong_value_is_named_with_file_line_and_range(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("LOG_LEVEL=INFO\nLISTEN_TIMEOUT=99\nDB_PORT=abc\nAMD_METHOD=magic\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(env)
    text = str(caught.value)
    assert f"{env}:2, LISTEN_TIMEOUT: '99'" in text
    assert "allowed: 0 to 15" in text
    assert "'abc'" in text
    assert "allowed: 1 to 65535" in text
    assert "freeswitch, energy, silence, words or combined" in text


def test_an_unknown_retry_condition_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRY_CONDITIONS", "no_answer,whenever")
    with pytest.raises(SettingsError, match="'whenever' is not one of"):
        load_settings()


def test_the_database_is_embedded_until_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().database_is_embedded
    monkeypatch.setenv("DB_HOST", "db.example.org")
    assert not load_settings().database_is_embedded


def test_env_example_is_the_generated_one() -> None:
    assert (PROJECT / ".env.example").read_text() == env_example()


def test_env_example_loads_and_changes_nothing(settings: Settings) -> None:
    loaded = load_settings(PROJECT / ".env.example", data_dir=settings.data_dir, log_dir=settings.log_dir)
    assert loaded == settings
