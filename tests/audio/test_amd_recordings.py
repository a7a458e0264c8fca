"""Answering machine detection on recorded voices, through WebRTC's voice activity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from minibot_fs.hearing.answering_machine import AmdEvent, AmdSettings, AnsweringMachineDetector
from minibot_fs.hearing.events import AmdResult, BeepHeard, MachineDecided
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.levels import frame_level_dbfs
from minibot_fs.hearing.tones import ToneDetector
from minibot_fs.hearing.vad import WebRtcVad

SOUNDS = Path("/usr/share/asterisk/sounds")
Audio = npt.NDArray[np.float32]

pytestmark = pytest.mark.skipif(
    not (SOUNDS / "fr").is_dir(), reason="needs Debian's asterisk-core-sounds-fr-wav (recorded French voices)"
)


def recording(name: str, language: str = "fr") -> Audio:
    samples: Audio = soundfile.read(SOUNDS / language / f"{name}.wav", dtype="float32")[0]
    return samples


def silence(ms: int) -> Audio:
    return np.zeros(ms * 8, dtype=np.float32)


def frames(*parts: Audio) -> list[bytes]:
    pcm = (np.concatenate(parts) * 32767).astype("<i2").tobytes()
    return [pcm[start : start + 320] for start in range(0, len(pcm) - 319, 320)]


def heard(*parts: Audio) -> list[AmdEvent]:
    detector, vad = AnsweringMachineDetector(AmdSettings(), GreetingPhrases.load("fr")), WebRtcVad(2)
    return [
        event
        for frame in frames(*parts)
        for event in detector.on_frame(frame, vad.is_speech(frame), frame_level_dbfs(frame))
    ]


def results(events: list[AmdEvent]) -> list[AmdResult]:
    return [event.result for event in events if isinstance(event, MachineDecided)]


@pytest.mark.parametrize("leading_ms", [0, 2000, 6000])
@pytest.mark.parametrize("answer", ["hello", "im-sorry", "one-moment-please"])
def test_a_person_answers_in_a_few_words(answer: str, leading_ms: int) -> None:
    assert results(heard(silence(leading_ms), recording(answer), silence(1500))) == [AmdResult.HUMAN]


def test_a_voicemail_is_found_by_its_length_and_its_beep_follows() -> None:
    events = heard(
        recording("vm-nobodyavail"), silence(200), recording("vm-intro"), recording("beep"), silence(500)
    )
    assert results(events) == [AmdResult.MACHINE]
    (beep,) = [event for event in events if isinstance(event, BeepHeard)]
    assert beep.frequency_hz == pytest.approx(700, abs=5)
    assert beep.duration_ms == pytest.approx(420, abs=40)


def test_ring_back_in_band_is_not_taken_for_a_person() -> None:
    seconds = np.arange(12000) / 8000
    ring = (0.2 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
    assert results(heard(ring, silence(3500), ring, silence(1000))) == []


@pytest.mark.parametrize("language", ["fr", "en", "es"])
def test_recorded_speech_holds_hardly_any_beep(language: str) -> None:
    """82 minutes of prompts hold two false ones (benchmarks); the voicemail prompts here at most one."""
    files = sorted((SOUNDS / language).glob("vm-[i-s]*.wav"))
    audio = np.concatenate(
        [part for file in files for part in (recording(file.stem, language), silence(200))]
    )
    detector = ToneDetector()
    tones = [tone for frame in frames(audio) for tone in detector.on_frame(frame, frame_level_dbfs(frame))]
    assert len(tones) <= 1
