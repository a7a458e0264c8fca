"""The rehearsal switch behaves as FreeSWITCH does, at any speed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from minibot_fs.errors import AudioError, CallGone
from minibot_fs.switch.caller_script import CallerScript, Turn
from minibot_fs.switch.rehearsal import RehearsalSwitch
from minibot_fs.switch.scripted_caller import CallerSays

RATE_HZ = 8000


def tone(file: Path, seconds: float, *, rate_hz: int = RATE_HZ, amplitude: float = 0.3) -> Path:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(file, amplitude * np.sin(2 * np.pi * 440 * t), rate_hz, subtype="ULAW", format="WAV")
    return file


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    return tone(tmp_path / "hello.wav", 1.0)


@pytest.fixture
def word(tmp_path: Path) -> Path:
    return tone(tmp_path / "oui.wav", 0.3)


def caller(*turns: Turn, **fields: object) -> CallerScript:
    return CallerScript(name="x", expect="success", turns=turns, **fields)  # type: ignore[arg-type]


def switch_with(
    script: CallerScript, **options: object
) -> tuple[RehearsalSwitch, list[bytes], list[CallerSays]]:
    said: list[CallerSays] = []
    frames: list[bytes] = []
    switch = RehearsalSwitch("call-1", script, say=said.append, **options)  # type: ignore[arg-type]
    switch.answer()
    switch.listen(frames.append, lambda digit: frames.append(digit.encode()))
    return switch, frames, said


def test_a_prompt_lasts_as_long_as_its_file_and_a_frame_comes_every_20_ms(prompt: Path) -> None:
    switch, frames, _said = switch_with(caller())
    played = switch.play(prompt)
    assert (played.position_ms, played.broken) == (1000, False)
    assert len(frames) == 50
    assert {len(frame) for frame in frames} == {320}


def test_no_audio_arrives_while_nothing_plays_or_waits() -> None:
    switch, frames, _said = switch_with(caller())
    switch.wait(100)
    assert len(frames) == 5
    time.sleep(0.05)
    assert len(frames) == 5


def test_a_break_ends_a_prompt_within_one_frame_and_it_goes_on_where_it_was_cut(prompt: Path) -> None:
    switch, frames, _said = switch_with(caller())
    switch.listen(
        lambda frame: (frames.append(frame), len(frames) == 10 and switch.break_()), lambda _digit: None
    )
    played = switch.play(prompt)
    assert (played.position_ms, played.broken) == (200, True)
    rest = switch.play(prompt, played.position_ms)
    assert (rest.position_ms, rest.broken) == (1000, False)
    assert len(frames) == 50


def test_a_break_between_two_ends_the_next_wait() -> None:
    switch, frames, _said = switch_with(caller())
    switch.break_()
    assert switch.wait(1000) is True
    assert len(frames) == 1
    assert switch.wait(100) is False


def test_a_break_from_another_thread_wakes_a_waiting_call() -> None:
    switch, _frames, _said = switch_with(caller(), realtime=True)
    threading.Timer(0.1, switch.break_).start()
    assert switch.wait(10_000) is True


def test_the_caller_answers_after_the_prompt_and_says_so(prompt: Path, word: Path) -> None:
    switch, frames, said = switch_with(caller(Turn(after_s=0.5, say="oui", sound=word)))
    switch.play(prompt)
    switch.wait(1000)
    assert said == [CallerSays(1500, 1800, "oui")]
    voiced = [number for number, frame in enumerate(frames) if np.frombuffer(frame, np.int16).any()]
    assert (voiced[0], voiced[-1]) == (75, 89)


def test_a_second_prompt_starts_the_callers_wait_anew(prompt: Path, word: Path) -> None:
    switch, _frames, said = switch_with(caller(Turn(after_s=0.5, say="oui", sound=word)))
    switch.play(prompt)
    switch.wait(100)
    switch.play(prompt)
    switch.wait(1000)
    assert [saying.start_ms for saying in said] == [2600]


def test_a_hang_up_ends_a_prompt_at_once_and_every_later_wait(prompt: Path) -> None:
    switch, frames, _said = switch_with(caller(Turn(cue="prompt_start", after_s=0.4, hang_up=True)))
    with pytest.raises(CallGone, match="NORMAL_CLEARING"):
        switch.play(prompt)
    assert len(frames) == 21
    with pytest.raises(CallGone):
        switch.wait(20)
    with pytest.raises(CallGone):
        switch.play(prompt)


def test_our_own_hang_up_is_final_and_may_be_repeated() -> None:
    switch, _frames, _said = switch_with(caller())
    switch.hang_up("NORMAL_CLEARING")
    switch.hang_up("USER_BUSY")
    with pytest.raises(CallGone, match="NORMAL_CLEARING"):
        switch.wait(20)


def test_digits_arrive_as_they_are_pressed(prompt: Path) -> None:
    switch, frames, _said = switch_with(caller(Turn(after_s=0.1, digits="12")))
    switch.play(prompt)
    switch.wait(200)
    assert [frame for frame in frames if len(frame) == 1] == [b"1", b"2"]


def test_noise_and_echo_reach_the_listener_at_their_level(prompt: Path) -> None:
    switch, frames, _said = switch_with(caller(echo_db=-20, echo_delay_ms=100))
    switch.play(prompt)
    silent, echo = np.frombuffer(frames[2], np.int16), np.frombuffer(frames[20], np.int16).astype(float)
    assert not silent.any()
    level_db = 20 * np.log10(np.sqrt(np.mean(echo**2)) / 32768)
    assert level_db == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)) - 20, abs=0.5)


def test_a_recording_has_us_left_and_the_caller_right(prompt: Path, word: Path, tmp_path: Path) -> None:
    switch, _frames, _said = switch_with(caller(Turn(after_s=0.2, say="oui", sound=word)))
    switch.record(tmp_path / "calls" / "one.wav")
    switch.play(prompt)
    switch.wait(1000)
    switch.close()
    samples, rate_hz = soundfile.read(tmp_path / "calls" / "one.wav")
    assert rate_hz == RATE_HZ
    left, right = samples[:, 0], samples[:, 1]
    assert np.flatnonzero(left)[-1] < RATE_HZ <= np.flatnonzero(right)[0]


def test_real_time_and_as_fast_as_possible_give_the_same_frames(prompt: Path, word: Path) -> None:
    script = caller(Turn(after_s=0.2, say="oui", sound=word), noise_dbfs=-50, echo_db=-20)
    heard = []
    for realtime in (True, False):
        switch, frames, said = switch_with(script, realtime=realtime)
        started = time.monotonic()
        switch.play(prompt)
        switch.wait(600)
        heard.append((frames, said))
        if realtime:
            assert time.monotonic() - started >= 1.59
    assert heard[0] == heard[1]


def test_a_sound_of_another_rate_is_refused_with_the_remedy(tmp_path: Path) -> None:
    switch, _frames, _said = switch_with(caller())
    with pytest.raises(AudioError, match=r"1 channel\(s\) at 16000 Hz .*setup_audio"):
        switch.play(tone(tmp_path / "wide.wav", 0.1, rate_hz=16000))
