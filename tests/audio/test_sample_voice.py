"""The committed sample sounds are those that scripts/make_sample_voice.py makes of today's texts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minibot_fs.prompts.decode import decode

PROJECT = Path(__file__).resolve().parents[2]
PROMPTS = sorted((PROJECT / "audio" / "julie").rglob("*.wav"))


def test_every_text_has_its_sound() -> None:
    script = PROJECT / "scripts" / "make_sample_voice.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", PROMPTS, ids=lambda file: file.stem)
def test_a_sample_prompt_is_as_loud_as_setup_audio_makes_it_and_short(file: Path) -> None:
    prompt = decode(file)
    assert prompt.rate_hz == 8000
    assert prompt.rms_dbfs == pytest.approx(-18.0, abs=0.3)
    assert prompt.peak_dbfs <= -2.9
    assert 1.0 < prompt.duration_s < 20.0


def test_the_sample_sounds_stay_small() -> None:
    sounds = [*PROMPTS, *(PROJECT / "callers" / "sounds").glob("*.wav")]
    assert sum(file.stat().st_size for file in sounds) < 12e6
