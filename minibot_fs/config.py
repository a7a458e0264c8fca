"""Settings: every variable of the environment and of ``.env``, typed, checked at start, with its unit.

A variable's attribute is its name in lower case (``LISTEN_TIMEOUT`` is ``settings.listen_timeout``).
The environment wins over ``.env``. Relative paths are relative to the project folder, whatever the
working folder of the process is: FreeSWITCH runs the handler from a folder of its own.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from minibot_fs.errors import Problem, SettingsError

PROJECT_DIR = Path(__file__).resolve().parent.parent
ENV_FILE_VARIABLE = "MINIBOT_ENV_FILE"


class AmdMethod(StrEnum):
    FREESWITCH = "freeswitch"
    ENERGY = "energy"
    SILENCE = "silence"
    WORDS = "words"
    COMBINED = "combined"


class EndpointingMode(StrEnum):
    ADAPTIVE = "adaptive"
    FIXED = "fixed"


def _setting(default: Any, group: str, description: str, **limits: Any) -> Any:
    return Field(default=default, description=description, json_schema_extra={"group": group}, **limits)


class Settings(BaseSettings):
    """One complete, immutable snapshot of the configuration."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        validate_default=True,
        env_ignore_empty=True,
    )

    # ---------------------------------------------------------------- database
    db_host: str = _setting("localhost", "DATABASE", "PostgreSQL server; with no DB_* set, an embedded one")
    db_port: int = _setting(5432, "DATABASE", "TCP port", ge=1, le=65535)
    db_name: str = _setting("minibot_freeswitch", "DATABASE", "Database")
    db_user: str = _setting("minibot", "DATABASE", "Role")
    db_password: SecretStr = _setting(SecretStr("your_secure_password"), "DATABASE", "Password of the role")
    data_dir: Path = _setting(
        Path("data"), "DATABASE", "Embedded PostgreSQL, recordings, spool of unsaved turns"
    )

    # -------------------------------------------------------------- FreeSWITCH
    freeswitch_esl_host: str = _setting("localhost", "FREESWITCH", "Event socket, host")
    freeswitch_esl_port: int = _setting(8021, "FREESWITCH", "Event socket, TCP port", ge=1, le=65535)
    freeswitch_esl_password: SecretStr = _setting(
        SecretStr("ClueCon"), "FREESWITCH", "Event socket, password"
    )
    freeswitch_sounds_dir: Path = _setting(
        Path("/usr/share/freeswitch/sounds/minibot"), "FREESWITCH", "Where processed prompts are deployed"
    )
    freeswitch_gateway: str = _setting(
        "mygateway", "FREESWITCH", "SIP gateway of outgoing calls", pattern=r"^[A-Za-z0-9_.-]+$"
    )

    # ------------------------------------------------------------------- audio
    audio_dir: Path = _setting(Path("audio"), "AUDIO", "Source recordings, one folder a voice")
    default_voice: str = _setting("julie", "AUDIO", "Voice used where none is named")
    audio_volume_adjust: float = _setting(2.0, "AUDIO", "Volume change by setup_audio (dB)", ge=-30, le=30)
    audio_background_reduction: float = _setting(
        -10.0, "AUDIO", "Background noise reduction by setup_audio (dB, 0 = none)", ge=-60, le=0
    )

    # -------------------------------------------------------------------- Vosk
    vosk_model_path: Path = _setting(
        Path("models/vosk-model-fr-0.22-lgraph"), "VOSK", "Folder of the recognition model"
    )
    vosk_sample_rate: int = _setting(
        16000,
        "VOSK",
        "Rate the model was trained at (Hz); 8 kHz audio goes to it as it is",
        ge=8000,
        le=48000,
    )
    decoding_workers: int = _setting(0, "VOSK", "Threads that decode speech (0 = one a core)", ge=0, le=256)
    focused_recognition: bool = _setting(
        True, "VOSK", "Listen for the step's expected answers first, freely where they do not fit"
    )

    # ------------------------------------------------------------------ Ollama
    ollama_enabled: bool = _setting(
        True, "OLLAMA", "Ask Ollama where the embedded classifier is unsure; its absence costs a warning"
    )
    ollama_base_url: str = _setting(
        "http://localhost:11434", "OLLAMA", "URL of Ollama", pattern=r"^https?://.+"
    )
    ollama_model: str = _setting("mistral:7b", "OLLAMA", "Model")
    ollama_temperature: float = _setting(0.7, "OLLAMA", "Temperature", ge=0, le=1)
    ollama_max_tokens: int = _setting(150, "OLLAMA", "Longest answer (tokens)", ge=1, le=4096)
    ollama_timeout: float = _setting(10, "OLLAMA", "Longest generation (s)", gt=0, le=120)
    intent_budget_ms: int = _setting(
        700, "OLLAMA", "An intent is decided this long after the utterance at the latest (ms)", ge=0, le=5000
    )

    # --------------------------------------------------------------------- AMD
    amd_enabled: bool = _setting(True, "AMD", "Detect answering machines")
    amd_method: AmdMethod = _setting(
        AmdMethod.FREESWITCH,
        "AMD",
        "freeswitch (its own tool where loaded, else combined), energy, silence, words, combined",
    )
    amd_max_greeting_ms: int = _setting(
        4000, "AMD", "A longer greeting is a machine's (ms)", ge=500, le=30000
    )
    amd_silence_threshold_ms: int = _setting(
        1000, "AMD", "Silence that ends a greeting (ms)", ge=100, le=10000
    )
    amd_total_analysis_time_ms: int = _setting(
        5000, "AMD", "Undecided this long after the first speech: a person (ms)", ge=500, le=60000
    )

    # ------------------------------------------------------------------- calls
    max_concurrent_calls: int = _setting(5, "CALLS", "Calls at once", ge=1, le=10000)
    call_delay: float = _setting(2, "CALLS", "Pause between two originations (s)", ge=0, le=3600)
    calls_per_second: float = _setting(
        10, "CALLS", "Most originations a second, over all campaigns", gt=0, le=1000
    )
    max_call_duration: float = _setting(300, "CALLS", "Longest call (s)", ge=5, le=7200)
    caller_id: str = _setting("", "CALLS", "Number shown to callees (E.164); one you are entitled to show")
    default_region: str = _setting("FR", "CALLS", "Country of numbers without +", pattern=r"^[A-Z]{2}$")
    calling_rules: str = _setting("fr", "CALLS", "Calling rules: fr, gb, us or a YAML file")
    allowed_prefixes: Annotated[tuple[str, ...], NoDecode] = _setting(
        ("+33",), "CALLS", "Only numbers that begin so are dialled (comma-separated)"
    )

    # ------------------------------------------------------------------- retry
    retry_enabled: bool = _setting(True, "RETRY", "Call again those who were not reached")
    max_retry_attempts: int = _setting(3, "RETRY", "Further attempts a contact", ge=0, le=20)
    retry_delay: float = _setting(3600, "RETRY", "Pause between attempts (s)", ge=0, le=2592000)
    retry_conditions: Annotated[tuple[str, ...], NoDecode] = _setting(
        ("no_answer", "busy", "timeout"), "RETRY", "Outcomes that are tried again (comma-separated)"
    )

    # ---------------------------------------------------------------- timeouts
    listen_timeout: float = _setting(4, "TIMEOUTS", "Wait for the caller's answer (s)", ge=0, le=15)
    connection_timeout: float = _setting(30, "TIMEOUTS", "Let it ring (s)", ge=1, le=300)

    # ----------------------------------------------------------------- hearing
    streaming_asr_port: int = _setting(
        8080,
        "STREAMING ASR",
        "Port of the former WebSocket recogniser; audio no longer leaves the process",
        ge=1,
        le=65535,
    )
    silence_threshold: float = _setting(
        1.5, "STREAMING ASR", "Silence that ends an utterance (s)", ge=0.2, le=5
    )
    speech_start_threshold: float = _setting(
        0.5, "STREAMING ASR", "Voice that counts as speech over a prompt (s)", ge=0.04, le=3
    )
    endpointing_mode: EndpointingMode = _setting(
        EndpointingMode.ADAPTIVE,
        "STREAMING ASR",
        "fixed: always SILENCE_THRESHOLD; adaptive: that long at most, a finished answer ends sooner",
    )
    vad_aggressiveness: int = _setting(
        2, "STREAMING ASR", "WebRTC VAD, 0 (lets noise in) to 3 (loses speech)", ge=0, le=3
    )

    # ---------------------------------------------------------------- barge-in
    barge_in_grace_period: float = _setting(
        3.0, "BARGE-IN", "A prompt cannot be interrupted in its first seconds (s)", ge=0, le=60
    )
    interruption_min_duration: float = _setting(
        0.2, "BARGE-IN", "Shortest voice that may interrupt a prompt (s)", ge=0.04, le=3
    )
    false_interruption_timeout: float = _setting(
        2.0, "BARGE-IN", "A prompt cut by a noise goes on after this wait for a word (s)", ge=0.2, le=10
    )

    # ----------------------------------------------------------------- logging
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting(
        "INFO", "LOGGING", "DEBUG, INFO, WARNING, ERROR"
    )
    log_dir: Path = _setting(Path("logs"), "LOGGING", "Folder of log files")

    # -------------------------------------------------------------- objections
    objection_min_score: float = _setting(0.5, "OBJECTIONS", "Least score of a match", ge=0, le=1)
    objection_use_prerecorded: bool = _setting(
        True, "OBJECTIONS", "Play the recorded answer where an objection matches"
    )
    objections_dir: Path = _setting(
        Path("objections"), "OBJECTIONS", "Themes of your own, one YAML file each"
    )

    # ------------------------------------------------------------ conversation
    scenarios_dir: Path = _setting(Path("scenarios"), "CONVERSATION", "Folder of scenarios")
    spoken_language: Literal["fr", "en"] = _setting("fr", "CONVERSATION", "Language of the callers")
    phrases_file: Path | None = _setting(
        None, "CONVERSATION", "YAML file with intent phrases of your own, added to the built-in ones"
    )

    # ----------------------------------------------------- recordings, privacy
    record_calls: bool = _setting(False, "PRIVACY", "Keep a stereo recording of every call")
    retention_days: int = _setting(
        90,
        "PRIVACY",
        "Recordings and transcripts older than this are erased by scripts/retention.py (days)",
        ge=1,
        le=3650,
    )
    privacy_key: SecretStr = _setting(
        SecretStr(""),
        "PRIVACY",
        "Key of the hashes in the do-not-call list; made once and kept in DATA_DIR if empty",
    )

    # ----------------------------------------------------------------- monitor
    web_host: str = _setting("127.0.0.1", "MONITOR", "Address of the monitor page")
    web_port: int = _setting(8088, "MONITOR", "Port of the monitor page", ge=1, le=65535)
    web_token: SecretStr = _setting(
        SecretStr(""), "MONITOR", "Token of the monitor page; made at start if empty"
    )

    @field_validator("allowed_prefixes", "retry_conditions", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("retry_conditions")
    @classmethod
    def _known_conditions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = ("no_answer", "busy", "timeout", "failed", "congestion", "machine", "hung_up", "silence")
        unknown = [condition for condition in value if condition not in known]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(known)}")
        return value

    @field_validator(
        "data_dir",
        "freeswitch_sounds_dir",
        "audio_dir",
        "vosk_model_path",
        "log_dir",
        "objections_dir",
        "scenarios_dir",
        "phrases_file",
    )
    @classmethod
    def _from_project_folder(cls, value: Path | None) -> Path | None:
        return None if value is None else PROJECT_DIR / value.expanduser()

    @property
    def database_is_embedded(self) -> bool:
        """No DB_* variable was set: PostgreSQL runs inside the project's data folder."""
        return not any(name.startswith("db_") for name in self.model_fields_set)


def load_settings(env_file: Path | None = None, **overrides: Any) -> Settings:
    """Read the environment and ``.env``.

    Args:
        env_file: another file than ``MINIBOT_ENV_FILE`` or the project's ``.env``.
        overrides: values that win over both, by attribute name.

    Raises:
        SettingsError: one problem for each wrong variable, with its value and what is allowed.
    """
    file = env_file or Path(os.environ.get(ENV_FILE_VARIABLE) or PROJECT_DIR / ".env")
    try:
        return Settings(_env_file=file, **overrides)
    except ValidationError as error:
        raise SettingsError([_problem(dict(item), file) for item in error.errors()]) from None


def _problem(item: dict[str, Any], file: Path) -> Problem:
    attribute = str(item["loc"][0])
    name = attribute.upper()
    line = None if name in os.environ else _line_of(name, file)
    field = Settings.model_fields[attribute]
    secret = field.annotation is SecretStr
    value = "the value" if secret else repr(item["input"])
    return Problem(
        message=f"{value} is not allowed for {name}: {item['msg'].removeprefix('Value error, ').lower()}",
        remedy=f"{field.description}; allowed: {allowed_values(attribute)}",
        file=file if line else None,
        line=line,
        field=name,
    )


def allowed_values(attribute: str) -> str:
    """What a variable may be, in words: ``0 to 15``, ``true or false``, ``a, b or c``."""
    field = Settings.model_fields[attribute]
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _one_of([str(member) for member in annotation])
    literal = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is Literal:
        return _one_of([str(value) for value in literal])
    limits = {key: value for part in field.metadata for key, value in _limits(part)}
    if "pattern" in limits:
        return f"text like {field.default}"
    low, high = limits.get("ge", limits.get("gt")), limits.get("le")
    if low is not None and high is not None:
        return f"{'more than ' if 'gt' in limits else ''}{low} to {high}"
    return {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}.get(
        annotation if isinstance(annotation, type) else str, "text"
    )


def _limits(part: Any) -> list[tuple[str, Any]]:
    return [
        (key, getattr(part, key))
        for key in ("ge", "gt", "le", "pattern")
        if getattr(part, key, None) is not None
    ]


def _one_of(values: list[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"


def _line_of(name: str, file: Path) -> int | None:
    if not file.is_file():
        return None
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.split("=")[0].strip().removeprefix("export ").upper() == name:
            return number
    return None
