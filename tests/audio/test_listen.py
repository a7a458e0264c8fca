"""scripts/listen.py: any recording through the chain that hears callers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from minibot_fs.cli.listen import event_record, hear_recording, telephone_pcm
from minibot_fs.config import PROJECT_DIR, Settings, load_settings
from minibot_fs.errors import AudioError
from minibot_fs.hearing.events import MachineDecided, NoInput, UtteranceEnded

from .conftest import FIXTURES, pcm_of

RECORDING = FIXTURES / "korean-yes.wav"


@pytest.fixture
def wordless(tmp_path: Path) -> Settings:
    return load_settings(vosk_model_path=tmp_path / "none")


def test_the_utterance_of_a_recording_has_its_words_and_times(korean_model_path: Path) -> None:
    settings = load_settings(vosk_model_path=korean_model_path)
    events = hear_recording(settings, pcm_of("korean-yes.wav"), amd=True)
    (utterance,) = [event for event in events if isinstance(event, UtteranceEnded)]
    assert utterance.text == "네"
    assert 350 <= utterance.started_ms < utterance.ended_ms <= 900
    assert utterance.ended_ms < utterance.decided_ms <= utterance.at_ms
    assert any(isinstance(event, MachineDecided) for event in events)


def test_without_a_model_utterances_are_shown_without_words(wordless: Settings) -> None:
    events = hear_recording(wordless, pcm_of("korean-yes.wav"), amd=False)
    (utterance,) = [event for event in events if isinstance(event, UtteranceEnded)]
    assert utterance.text == ""
    assert 350 <= utterance.started_ms <= 460


@pytest.mark.parametrize("rate_hz", [11_025, 16_000, 44_100, 48_000])
def test_any_rate_and_number_of_channels_is_brought_to_the_telephone(tmp_path: Path, rate_hz: int) -> None:
    file = tmp_path / "recording.flac"
    tone = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(rate_hz) / rate_hz)
    soundfile.write(file, np.stack([tone, tone], axis=1), rate_hz)
    samples = np.frombuffer(telephone_pcm(file), dtype="<i2")
    assert abs(len(samples) - 8000) <= 1
    spectrum = np.abs(np.fft.rfft(samples[1000:7000]))
    assert np.argmax(spectrum) * 8000 / 6000 == pytest.approx(1000, abs=2)


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.wav"
    file.write_text("not a sound")
    with pytest.raises(AudioError, match=r"notes\.wav"):
        telephone_pcm(file)


def test_times_are_in_seconds_and_types_in_snake_case() -> None:
    assert event_record(NoInput(at_ms=4000, waited_ms=3500)) == {
        "type": "no_input",
        "at_s": 4.0,
        "waited_s": 3.5,
    }


def test_the_command_prints_json_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT_DIR / "scripts" / "listen.py"), str(RECORDING), "--amd", "--json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    printed = json.loads(run.stdout)
    assert printed["file"] == str(RECORDING)
    assert printed["duration_s"] == pytest.approx(1.83, abs=0.01)
    assert {"speech_started", "machine_decided"} <= {event["type"] for event in printed["events"]}
    assert all("at_s" in event for event in printed["events"])
