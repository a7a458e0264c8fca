"""Tones are told from voices and from each other by pitch and cadence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from minibot_fs.hearing.levels import frame_level_dbfs
from minibot_fs.hearing.tones import Tone, ToneDetector, ToneKind

Audio = npt.NDArray[np.float64]


def tone(ms: int, *pitches_hz: float, amplitude: float = 0.3) -> Audio:
    seconds = np.arange(ms * 8) / 8000.0
    return amplitude * sum((np.sin(2 * np.pi * hz * seconds) for hz in pitches_hz), np.zeros(ms * 8))


def silence(ms: int) -> Audio:
    return np.zeros(ms * 8)


def heard(*parts: Audio, noise_snr_db: float | None = None) -> list[Tone]:
    audio = np.concatenate([silence(200), *parts, silence(400)])
    if noise_snr_db is not None:
        loudest = max(float(np.mean(part**2)) for part in parts)
        audio += np.random.default_rng(7).normal(
            0.0, np.sqrt(loudest) * 10 ** (-noise_snr_db / 20), len(audio)
        )
    pcm = (np.clip(audio, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    detector = ToneDetector()
    frames = [pcm[start : start + 320] for start in range(0, len(pcm) - 319, 320)]
    return [found for frame in frames for found in detector.on_frame(frame, frame_level_dbfs(frame))]


def kinds(tones: Sequence[Tone]) -> list[ToneKind]:
    return [found.kind for found in tones]


@pytest.mark.parametrize("pitch_hz", [400.0, 440.0, 853.0, 1000.0, 1400.0])
@pytest.mark.parametrize("length_ms", [200, 400, 1000])
def test_a_beep_is_found_with_its_pitch_and_length(pitch_hz: float, length_ms: int) -> None:
    (beep,) = heard(tone(length_ms, pitch_hz))
    assert beep.kind is ToneKind.BEEP
    assert beep.frequency_hz == pytest.approx(pitch_hz, abs=3.0)
    assert beep.duration_ms == pytest.approx(length_ms, abs=40)
    assert beep.started_ms == pytest.approx(200, abs=40)


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 5.0])
def test_a_beep_is_found_in_noise(snr_db: float) -> None:
    assert kinds(heard(tone(500, 1000.0), noise_snr_db=snr_db)) == [ToneKind.BEEP]


def test_what_is_shorter_than_a_beep_is_nothing() -> None:
    assert heard(tone(80, 1000.0)) == []


def test_the_french_ring_back_is_no_beep() -> None:
    assert kinds(heard(tone(1500, 440.0), silence(3500), tone(1500, 440.0))) == [ToneKind.RINGING] * 2


def test_the_american_ring_back_beats_and_is_still_one() -> None:
    assert kinds(heard(tone(2000, 440.0, 480.0, amplitude=0.2))) == [ToneKind.RINGING]


def test_three_even_tones_are_a_busy_line() -> None:
    found = heard(*[tone(500, 440.0), silence(500)] * 3)
    assert kinds(found)[-1] is ToneKind.BUSY


def test_three_rising_tones_are_special_information_and_none_of_them_is_a_beep() -> None:
    found = heard(tone(330, 950.0), tone(330, 1400.0), tone(330, 1800.0), noise_snr_db=20.0)
    assert kinds(found) == [ToneKind.SIT]


def test_a_fax_is_known_by_either_of_its_tones() -> None:
    assert kinds(heard(tone(500, 1100.0))) == [ToneKind.FAX_CNG]
    assert kinds(heard(tone(3000, 2100.0))) == [ToneKind.FAX_CED]


def test_a_key_is_a_pair_of_pitches() -> None:
    (key,) = heard(tone(120, 770.0, 1336.0))
    assert (key.kind, round(key.frequency_hz), round(key.second_hz)) == (ToneKind.DUAL, 769, 1336)


def test_a_melody_holds_no_beep() -> None:
    assert heard(*[tone(200, pitch) for pitch in (523.0, 659.0, 784.0, 659.0)], tone(60, 523.0)) == []


def test_a_glide_is_no_beep() -> None:
    seconds = np.arange(8000) / 8000.0
    assert heard(0.3 * np.sin(2 * np.pi * (500.0 * seconds + 300.0 * seconds**2))) == []


def test_noise_is_no_tone() -> None:
    assert heard(np.random.default_rng(3).normal(0.0, 0.1, 16000)) == []
