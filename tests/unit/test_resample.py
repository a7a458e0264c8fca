"""Audio of any rate becomes 8 kHz without a seam, an alias or a shift."""

from __future__ import annotations

import numpy as np
import pytest

from minibot_fs.switch.resample import Resampler

RATES_HZ = [12_000, 16_000, 24_000, 32_000, 44_100, 48_000]


def sine(rate_hz: int, hz: int, seconds: float = 1.0) -> np.ndarray:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return (10_000 * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def level_db(samples: np.ndarray) -> float:
    middle = samples[200:-200].astype(float)
    return 20 * float(np.log10(max(1e-3, np.sqrt(np.mean(middle**2))) / (10_000 / np.sqrt(2))))


def test_8_khz_is_handed_through() -> None:
    samples = sine(8000, 440)
    assert Resampler(8000).push(samples) is samples


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_telephone_band_keeps_its_level(rate_hz: int) -> None:
    for hz in (300, 1000, 3000, 3400):
        assert abs(level_db(Resampler(rate_hz).push(sine(rate_hz, hz)))) < 0.2, hz


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_what_lies_above_it_does_not_fold_back(rate_hz: int) -> None:
    for hz in (4700, 5500):
        assert level_db(Resampler(rate_hz).push(sine(rate_hz, hz))) < -60, hz


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_result_does_not_depend_on_how_the_audio_was_cut(rate_hz: int) -> None:
    samples = sine(rate_hz, 700)
    whole = Resampler(rate_hz).push(samples)
    pieces = Resampler(rate_hz)
    cut = np.split(samples, np.sort(np.random.default_rng(1).integers(0, len(samples), 60)))
    np.testing.assert_array_equal(np.concatenate([pieces.push(piece) for piece in cut]), whole)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_click_stays_where_it_was(rate_hz: int) -> None:
    samples = np.zeros(rate_hz, np.int16)
    samples[rate_hz // 10] = 30_000
    assert np.argmax(Resampler(rate_hz).push(samples)) == 800
