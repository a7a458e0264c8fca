"""Recordings of any kind become telephone prompts: level, pitch, length and format are measured."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from minibot_fs.cli import setup_audio
from minibot_fs.errors import AudioError
from minibot_fs.prompts.decode import FORMATS, decode
from minibot_fs.prompts.noise import reduce_noise
from minibot_fs.prompts.normalise import (
    CEILING_DBFS,
    adjust_volume,
    limit,
    loudness,
    normalise,
    normalise_loudness,
)
from minibot_fs.prompts.sound import Sound, from_db
from minibot_fs.prompts.telephone import to_telephone
from minibot_fs.prompts.treatment import Treatment
from minibot_fs.prompts.trim import trim
from minibot_fs.prompts.voice import MANIFEST, PromptFailed, PromptReady, recordings, set_up_voice, voices

Signal = NDArray[np.float64]
RATE_HZ = 44100


def voice(seconds: float = 1.5, rate_hz: int = RATE_HZ, pitch_hz: float = 180) -> Signal:
    """Something like speech: a harmonic tone in syllables, with pauses and a slow swell."""
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    tone = sum(np.sin(2 * np.pi * pitch_hz * n * time + n) / n for n in range(1, 16))
    syllables = np.clip(np.sin(2 * np.pi * 3 * time), 0, 1) ** 0.5
    return np.asarray(0.1 * tone * syllables * (0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * time)))


def tone(frequency_hz: float, rate_hz: int = RATE_HZ, seconds: float = 1.0) -> Sound:
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    return Sound(0.5 * np.sin(2 * np.pi * frequency_hz * time), rate_hz)


def write_recording(file: Path, samples: Signal, rate_hz: int = RATE_HZ) -> Path:
    """Encode by the file's suffix; stereo when ``samples`` has two rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix in (".wav", ".flac", ".ogg", ".mp3"):
        soundfile.write(file, samples.T, rate_hz)
        return file
    channels = np.atleast_2d(samples).astype(np.float32)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("aac", rate=rate_hz, layout="stereo" if len(channels) == 2 else "mono")
        frame = av.AudioFrame.from_ndarray(channels, format="fltp", layout=stream.layout.name)
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    return tmp_path / "audio"


def set_up(audio: Path, target: Path, **options: object) -> dict[str, PromptReady | PromptFailed]:
    treatment = options.pop("treatment", Treatment())
    found = recordings(audio, target.name)
    done = set_up_voice(found, target, treatment, processes=2, **options)  # type: ignore[arg-type]
    return {outcome.name: outcome for outcome in done}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_read_in_mono_and_stereo(tmp_path: Path, suffix: str) -> None:
    for name, samples in (("mono", voice()), ("stereo", np.stack([voice(), voice() * 0.5]))):
        sound = decode(write_recording(tmp_path / f"{name}{suffix}", samples))
        assert sound.rate_hz == RATE_HZ
        assert sound.duration_s == pytest.approx(1.5, abs=0.1)
        assert sound.samples.ndim == 1
        assert sound.rms_dbfs == pytest.approx(
            Sound(np.atleast_2d(samples).mean(axis=0), 1).rms_dbfs, abs=0.5
        )


def test_two_channels_that_cancel_each_other_are_not_lost(tmp_path: Path) -> None:
    sound = decode(write_recording(tmp_path / "inverted.wav", np.stack([voice(), -voice()])))
    assert sound.rms_dbfs == pytest.approx(Sound(voice(), RATE_HZ).rms_dbfs, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000])
def test_what_a_telephone_carries_is_kept_and_what_would_fold_back_is_not(rate_hz: int) -> None:
    for frequency_hz in (300, 1000, 3000, 3300):
        level = to_telephone(tone(frequency_hz, rate_hz)).rms_dbfs
        assert level == pytest.approx(-9.0, abs=0.6), frequency_hz
    for frequency_hz in (4050, 4300, 4800, 6000, 7000, 10000, 15000):
        if frequency_hz < rate_hz / 2:
            inner = to_telephone(tone(frequency_hz, rate_hz)).samples[400:-400]
            assert Sound(inner, 8000).rms_dbfs < -60, frequency_hz


def test_hum_is_taken_out() -> None:
    assert to_telephone(tone(50)).rms_dbfs < -15


def test_a_recording_is_brought_to_the_peak_and_rms_of_the_guide() -> None:
    for gain in (0.02, 0.3, 3.0):
        sound = normalise(Sound(voice(rate_hz=8000) * gain, 8000))
        assert sound.rms_dbfs == pytest.approx(-18.0, abs=0.2)
        assert sound.peak_dbfs <= -3.0


def test_the_volume_adjustment_is_heard_in_full_and_never_clips() -> None:
    level = normalise(Sound(voice(rate_hz=8000), 8000))
    assert adjust_volume(level, 2.0).rms_dbfs == pytest.approx(level.rms_dbfs + 2, abs=0.1)
    assert adjust_volume(level, -6.0).rms_dbfs == pytest.approx(level.rms_dbfs - 6, abs=0.01)
    assert adjust_volume(level, 30.0).peak_dbfs <= CEILING_DBFS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-4, 4, allow_nan=False), min_size=1, max_size=400), st.floats(-20, -0.5))
def test_no_sample_ever_passes_the_limiter(samples: list[float], ceiling_dbfs: float) -> None:
    limited = limit(Sound(np.array(samples), 8000), ceiling_dbfs)
    assert np.max(np.abs(limited.samples)) <= from_db(ceiling_dbfs) + 1e-9
    assert len(limited.samples) == len(samples)


def test_the_limiter_bends_a_peak_and_leaves_the_rest_alone() -> None:
    samples = 0.1 * np.ones(4000)
    samples[2000] = 2.0
    limited = limit(Sound(samples, 8000), -3.0).samples
    assert limited[2000] == pytest.approx(from_db(-3.2))  # the limiter keeps half a step of µ-law free
    assert np.allclose(limited[:1900], samples[:1900], atol=1e-12)
    assert np.max(np.abs(np.diff(limited[1900:1999]))) < 0.01


@pytest.mark.parametrize("seconds", [0.3, 1.5, 6.0])
def test_loudness_follows_ebu_r128(seconds: float) -> None:
    sound = normalise_loudness(Sound(voice(seconds, 8000), 8000), -20.0)
    assert loudness(sound) == pytest.approx(-20.0, abs=0.3)
    assert sound.peak_dbfs <= CEILING_DBFS


def test_silence_around_a_recording_is_trimmed_but_not_the_pauses_in_it() -> None:
    quiet = 10**-4 * np.random.default_rng(1).standard_normal(RATE_HZ)
    inside = voice(2.0)
    sound = trim(Sound(np.concatenate([quiet, inside, quiet]), RATE_HZ))
    assert 1.8 < sound.duration_s < 2.3
    with pytest.raises(AudioError, match="nothing to hear"):
        trim(Sound(np.zeros(8000), 8000))


def test_background_noise_gets_quieter_by_what_was_asked_and_the_voice_stays() -> None:
    noise = 0.004 * np.random.default_rng(2).standard_normal(6 * RATE_HZ)
    samples = noise.copy()
    samples[2 * RATE_HZ : 4 * RATE_HZ] += voice(2.0)
    cleaned = reduce_noise(Sound(samples, RATE_HZ), -10.0)
    pause = slice(RATE_HZ // 2, RATE_HZ)
    lowered = Sound(cleaned.samples[pause], 1).rms_dbfs - Sound(samples[pause], 1).rms_dbfs
    assert -12 < lowered < -7
    spoken = slice(2 * RATE_HZ, 4 * RATE_HZ)
    assert Sound(cleaned.samples[spoken], 1).rms_dbfs == pytest.approx(
        Sound(samples[spoken], 1).rms_dbfs, abs=1.0
    )
    assert reduce_noise(Sound(samples, RATE_HZ), 0.0).samples is samples


def test_a_voice_is_deployed_as_files_that_freeswitch_plays(audio: Path, tmp_path: Path) -> None:
    write_recording(audio / "anna/base/hello.wav", voice())
    write_recording(audio / "anna/objections/too_expensive.flac", voice(2.0))
    target = tmp_path / "sounds" / "minibot" / "anna"
    before = os.umask(0o077)
    try:
        outcomes = set_up(audio, target)
    finally:
        os.umask(before)
    assert set(outcomes) == {"base/hello.wav", "objections/too_expensive.wav"}
    for name, outcome in outcomes.items():
        assert isinstance(outcome, PromptReady)
        info = soundfile.info(target / name)
        assert (info.format, info.subtype, info.samplerate, info.channels) == ("WAV", "ULAW", 8000, 1)
        written = decode(target / name)
        assert written.peak_dbfs <= CEILING_DBFS
        assert written.peak_dbfs == pytest.approx(outcome.levels.peak_dbfs, abs=0.3)
        assert written.rms_dbfs == pytest.approx(-16.0, abs=0.3)
        assert written.duration_s == pytest.approx(outcome.duration_s, abs=0.001)
        assert stat.S_IMODE((target / name).stat().st_mode) == 0o644
        assert stat.S_IMODE((target / name).parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert not list(target.rglob("*.tmp")) + list(target.rglob(".*.wav"))


def test_only_what_changed_is_made_again(audio: Path, tmp_path: Path) -> None:
    write_recording(audio / "anna/base/hello.wav", voice())
    write_recording(audio / "anna/base/bye.wav", voice(1.0))
    target = tmp_path / "sounds" / "anna"

    def made(**options: object) -> set[str]:
        outcomes = set_up(audio, target, **options).values()
        return {it.name for it in outcomes if isinstance(it, PromptReady) and not it.unchanged}

    assert made() == {"base/hello.wav", "base/bye.wav"}
    assert made() == set()
    write_recording(audio / "anna/base/bye.wav", voice(1.2))
    assert made() == {"base/bye.wav"}
    (target / "base/hello.wav").unlink()
    assert made() == {"base/hello.wav"}
    assert made(treatment=Treatment(volume_adjust_db=0)) == {"base/hello.wav", "base/bye.wav"}
    assert made(treatment=Treatment(volume_adjust_db=0), force=True) == {"base/hello.wav", "base/bye.wav"}
    (target / MANIFEST).write_text("{ damaged")
    assert made() == {"base/hello.wav", "base/bye.wav"}


def test_a_dry_run_writes_nothing(audio: Path, tmp_path: Path) -> None:
    write_recording(audio / "anna/base/hello.wav", voice())
    outcomes = set_up(audio, tmp_path / "sounds" / "anna", dry_run=True)
    assert isinstance(outcomes["base/hello.wav"], PromptReady)
    assert not (tmp_path / "sounds").exists()


def _noise_bytes(file: Path) -> None:
    file.write_bytes(np.random.default_rng(3).bytes(5000))


def _half_a_file(file: Path) -> None:
    whole = write_recording(file, voice()).read_bytes()
    file.write_bytes(whole[: len(whole) // 2 if file.suffix != ".m4a" else 300])


def _silence(file: Path) -> None:
    write_recording(file, np.zeros(RATE_HZ))


def _wrong_twin(file: Path) -> None:
    write_recording(file, voice())
    write_recording(file.with_suffix(".flac"), voice())


@pytest.mark.parametrize(
    ("break_", "name", "told"),
    [
        (_noise_bytes, "bad.mp3", "not a recording"),
        (_noise_bytes, "bad.wav", "not a recording"),
        (_half_a_file, "bad.m4a", "not a recording"),
        (lambda file: file.touch(), "bad.ogg", "is empty"),
        (_silence, "bad.wav", "nothing to hear"),
        (_wrong_twin, "bad.wav", "same prompt"),
    ],
)
def test_a_broken_recording_is_told_and_the_others_are_done(
    audio: Path, tmp_path: Path, break_: Callable[[Path], object], name: str, told: str
) -> None:
    write_recording(audio / "anna/base/hello.wav", voice())
    break_(audio / "anna/base" / name)
    target = tmp_path / "sounds" / "anna"
    outcomes = set_up(audio, target)
    failed = [outcome for outcome in outcomes.values() if isinstance(outcome, PromptFailed)]
    assert failed
    assert all(told in outcome.problem for outcome in failed)
    assert f"base/{name}" in [outcome.name for outcome in failed]
    assert (target / "base/hello.wav").is_file()


def test_an_unknown_voice_names_those_that_exist(audio: Path) -> None:
    write_recording(audio / "anna/base/hello.wav", voice())
    write_recording(audio / "marc/base/hello.wav", voice())
    (audio / "empty/base").mkdir(parents=True)
    assert voices(audio) == ["anna", "marc"]
    for unknown in ("paul", "empty", "../audio", ""):
        with pytest.raises(AudioError, match="There are: anna, marc"):
            recordings(audio, unknown)


@pytest.fixture
def command(audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command as typed; returns its exit code."""
    monkeypatch.setenv("AUDIO_DIR", str(audio))
    monkeypatch.setenv("FREESWITCH_SOUNDS_DIR", str(tmp_path / "sounds"))

    def run(voice: str, **options: object) -> int:
        try:
            setup_audio.command(voice, **options)  # type: ignore[arg-type]
        except typer.Exit as ended:
            return ended.exit_code
        return 0

    return run


def test_the_command_tells_each_file_with_its_levels_and_the_totals(
    audio: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(audio / "anna/base/hello.wav", voice(2.0))
    write_recording(audio / "anna/objections/too_expensive.mp3", voice(3.0))
    assert command("anna") == 0
    told = capsys.readouterr().out
    assert re.search(r"✓ hello\.wav \(\d\.\ds\) → Peak: -\d\.\d dB, RMS: -16\.\d dB", told)
    assert told.index("Processing: base/") < told.index("hello.wav") < told.index("Processing: objections/")
    assert "Processed 2 files successfully" in told
    assert "Total duration: 0m 05s" in told
    assert "correct permissions" in told
    assert command("anna", volume_adjust=-2.0, verbose=True) == 0
    told = capsys.readouterr().out
    assert "RMS: -20.0 dB" in told
    assert "levelled Peak: -3" in told
    assert command("anna", loudness=-20.0, dry_run=True) == 0
    assert "nothing was written" in capsys.readouterr().out


def test_the_command_s_exit_code_tells_a_broken_file_from_a_wrong_voice(
    audio: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(audio / "anna/base/hello.wav", voice(2.0))
    (audio / "anna/base/broken.ogg").write_bytes(b"no sound")
    assert command("anna") == 1
    told = capsys.readouterr().out
    assert "✗ broken.ogg: is not a recording" in told
    assert "Processed 1 file, 1 failed" in told
    assert command("paul") == 2
    assert "There are: anna" in capsys.readouterr().err


def test_prompts_never_overwrite_the_recordings_they_come_from(
    audio: Path, command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = write_recording(audio / "anna/base/hello.wav", voice(1.0))
    before = recording.read_bytes()
    monkeypatch.setenv("FREESWITCH_SOUNDS_DIR", str(audio))
    assert command("anna") == 2
    assert recording.read_bytes() == before


def test_a_folder_that_cannot_be_written_to_is_told(
    audio: Path, tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(audio / "anna/base/hello.wav", voice(1.0))
    (tmp_path / "sounds").write_text("a file where the folder should be")
    assert command("anna") == 2
    assert "FREESWITCH_SOUNDS_DIR" in capsys.readouterr().err
