"""Audio in pieces of any size becomes frames; loudness is in dBFS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.errors import AudioError
from minibot_fs.hearing.frames import FRAME_BYTES, Reframer
from minibot_fs.hearing.levels import (
    SILENCE_DBFS,
    VoiceBandMeter,
    frame_level_dbfs,
    levels_of_file,
    levels_of_samples,
)


def sine(hz: float, seconds: float, amplitude: float = 0.1) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * 8000)) / 8000)).astype(np.float32)


@given(st.lists(st.binary(max_size=1000)))
def test_frames_are_the_same_audio_in_the_same_order(pieces: list[bytes]) -> None:
    reframer = Reframer()
    frames = [frame for piece in pieces for frame in reframer.push(piece)]
    rest = reframer.flush() or b""
    whole = b"".join(pieces)
    assert all(len(frame) == FRAME_BYTES for frame in frames)
    assert (b"".join(frames) + rest)[: len(whole)] == whole
    assert len(rest) in (0, FRAME_BYTES)
    assert reframer.flush() is None


def test_full_scale_and_silence_have_their_levels() -> None:
    square = np.array([32767, -32768] * 80, dtype="<i2").tobytes()
    assert abs(frame_level_dbfs(square)) < 0.01
    assert frame_level_dbfs(bytes(FRAME_BYTES)) == SILENCE_DBFS
    assert frame_level_dbfs(b"") == SILENCE_DBFS


def test_hum_hardly_counts_in_the_voice_band() -> None:
    levels = {hz: levels_of_samples(sine(hz, 0.4))[10] for hz in (50, 1000)}
    assert levels[1000] == pytest.approx(-23, abs=0.2)
    assert levels[50] < levels[1000] - 30


def test_a_meter_and_a_file_agree_on_the_level() -> None:
    samples = sine(700, 0.2)
    pcm = (samples * 32768).astype("<i2").tobytes()
    meter = VoiceBandMeter()
    live = [meter.level_dbfs(pcm[start : start + 320]) for start in range(0, len(pcm), 320)]
    assert np.allclose(live, levels_of_samples(samples), atol=0.2)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW", "ALAW"])
def test_levels_of_a_prompt_come_one_for_every_20_ms(tmp_path: Path, subtype: str) -> None:
    file = tmp_path / "prompt.wav"
    soundfile.write(file, sine(500, 0.509), 8000, subtype=subtype)
    levels = levels_of_file(file)
    assert len(levels) == 26
    assert levels[5] == pytest.approx(-23, abs=0.5)


def test_a_prompt_at_another_rate_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "prompt.wav"
    soundfile.write(file, sine(500, 0.1), 16000)
    with pytest.raises(AudioError, match=r"16000 Hz.*Convert"):
        levels_of_file(file)


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    file = tmp_path / "prompt.wav"
    file.write_text("not a sound")
    with pytest.raises(AudioError, match=r"prompt\.wav"):
        levels_of_file(file)
