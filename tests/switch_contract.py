"""What every switch must do: plain functions over a Switch and a far end that behaves as told.

Run for the rehearsal switch by ``tests/unit/test_switch_contract.py``, and inside a real FreeSWITCH, over
loopback and RTP, by ``tests/switch/test_contract.py``. Times have the tolerance of a real line.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from minibot_fs.errors import AudioError, CallGone
from minibot_fs.switch.protocol import Switch

E = TypeVar("E", bound=Exception)

PROMPT_MS = 1000
"""Length of the prompt that every check plays: a tone of 440 Hz at 8 kHz, µ-law."""

FAR_TONE_HZ, FAR_TONE_MS = 1000, 600


@dataclass(frozen=True)
class FarEnd:
    """What the other side does ``after_ms`` after the call's first prompt began (or the answer)."""

    does: Literal["nothing", "tone", "hang_up", "digits"] = "nothing"
    after_ms: int = 0


@dataclass
class Heard:
    """What a switch handed over."""

    frames: list[bytes] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)
    on_frame: Callable[[], None] = lambda: None

    def take_frame(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.on_frame()

    def samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.frames), np.int16).astype(float)


@dataclass(frozen=True)
class Check:
    name: str
    far_end: FarEnd
    run: Callable[[Switch, Heard, Path], None]


CHECKS: list[Check] = []


def check(far_end: FarEnd = FarEnd()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(run: Callable[..., None]) -> Callable[..., None]:
        CHECKS.append(Check(run.__name__, far_end, run))
        return run

    return register


def settled(switch: Switch) -> None:
    """Let the frames that are on their way arrive."""
    switch.wait(100)


def raised(kind: type[E], action: Callable[[], object]) -> E:
    """What an action raises; there is no pytest inside FreeSWITCH."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


@check()
def a_prompt_lasts_as_long_as_its_file(switch: Switch, heard: Heard, prompt: Path) -> None:
    played = switch.play(prompt)
    assert (played.position_ms, played.broken) == (PROMPT_MS, False), played
    rest = switch.play(prompt, 600)
    assert (rest.position_ms, rest.broken) == (PROMPT_MS, False), rest
    settled(switch)
    # 1000 and 400 ms of prompts and 100 ms of waiting.
    assert 1340 <= len(heard.frames) * 20 <= 1700, len(heard.frames)


@check()
def frames_are_20_ms_at_8_khz(switch: Switch, heard: Heard, prompt: Path) -> None:
    switch.wait(500)
    assert heard.frames
    assert {len(frame) for frame in heard.frames} == {320}


@check()
def no_audio_arrives_while_nothing_plays_or_waits(switch: Switch, heard: Heard, prompt: Path) -> None:
    settled(switch)
    time.sleep(0.05)
    before = len(heard.frames)
    time.sleep(0.2)
    assert len(heard.frames) == before


@check()
def a_break_ends_a_prompt_which_can_go_on_where_it_was_cut(
    switch: Switch, heard: Heard, prompt: Path
) -> None:
    heard.on_frame = lambda: switch.break_() if len(heard.frames) == 15 else None
    played = switch.play(prompt)
    heard.on_frame = lambda: None
    assert played.broken, played
    assert 200 <= played.position_ms <= 480, played
    rest = switch.play(prompt, played.position_ms)
    assert (rest.position_ms, rest.broken) == (PROMPT_MS, False), rest


@check()
def a_break_from_another_thread_ends_a_wait(switch: Switch, heard: Heard, prompt: Path) -> None:
    other = threading.Thread(target=switch.break_)

    def break_after_five() -> None:
        if len(heard.frames) == 5:
            other.start()
            other.join()

    heard.on_frame = break_after_five
    assert switch.wait(60_000) is True
    assert len(heard.frames) * 20 <= 500


@check()
def a_break_that_comes_in_between_ends_the_next_one_only(switch: Switch, heard: Heard, prompt: Path) -> None:
    settled(switch)
    switch.break_()
    before = len(heard.frames)
    assert switch.wait(2000) is True
    assert (len(heard.frames) - before) * 20 <= 200
    assert switch.wait(100) is False
    switch.break_()
    played = switch.play(prompt)
    assert played.broken, played
    assert played.position_ms <= 60, played
    assert switch.play(prompt).broken is False


@check(FarEnd("tone", 300))
def the_far_end_is_heard_at_its_level_and_pitch(switch: Switch, heard: Heard, prompt: Path) -> None:
    switch.play(prompt)
    switch.wait(600)
    frames = heard.samples().reshape(-1, 160)
    levels_dbfs = 20 * np.log10(np.sqrt(np.mean(frames**2, axis=1)) / 32768 + 1e-9)
    loud = np.flatnonzero(levels_dbfs > -30)
    assert len(loud), "nothing was heard"
    # FreeSWITCH itself drops late packets (60 ms each with some lines) before anybody hears them; that
    # none is lost behind it is measured against its own recording, in benchmarks/switch.py.
    assert FAR_TONE_MS - 300 <= len(loud) * 20 <= FAR_TONE_MS + 140, levels_dbfs[loud]
    assert abs(np.median(levels_dbfs[loud]) - 20 * np.log10(0.3 / np.sqrt(2))) <= 1.5, levels_dbfs[loud]
    tone = frames[loud].ravel()
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
    assert abs(np.argmax(spectrum) * 8000 / len(tone) - FAR_TONE_HZ) <= 20


@check(FarEnd("digits", 200))
def digits_arrive_while_a_prompt_plays_and_do_not_end_it(switch: Switch, heard: Heard, prompt: Path) -> None:
    played = switch.play(prompt)
    switch.wait(1500)
    assert heard.digits == ["1", "9"], heard.digits
    assert played.broken is False, played


@check(FarEnd("hang_up", 300))
def a_hang_up_ends_a_prompt_at_once_and_everything_after_it(
    switch: Switch, heard: Heard, prompt: Path
) -> None:
    gone = raised(CallGone, lambda: switch.play(prompt))
    assert gone.cause == "NORMAL_CLEARING", gone.cause
    assert len(heard.frames) * 20 < PROMPT_MS
    raised(CallGone, lambda: switch.wait(20))
    raised(CallGone, lambda: switch.play(prompt))
    switch.break_()
    switch.hang_up()


@check(FarEnd("hang_up", 2500))
def a_hang_up_ends_a_wait(switch: Switch, heard: Heard, prompt: Path) -> None:
    switch.play(prompt)
    raised(CallGone, lambda: switch.wait(20_000))
    assert len(heard.frames) * 20 < 5000


@check()
def our_own_hang_up_is_final_and_may_be_repeated(switch: Switch, heard: Heard, prompt: Path) -> None:
    switch.hang_up("USER_BUSY")
    switch.hang_up("NORMAL_CLEARING")
    assert raised(CallGone, lambda: switch.wait(20)).cause == "USER_BUSY"


@check()
def after_close_nothing_is_handed_over_and_a_break_harms_nobody(
    switch: Switch, heard: Heard, prompt: Path
) -> None:
    settled(switch)
    switch.close()
    before = len(heard.frames)
    switch.break_()
    switch.close()
    time.sleep(0.1)
    assert len(heard.frames) == before


@check()
def variables_are_kept_and_missing_ones_are_none(switch: Switch, heard: Heard, prompt: Path) -> None:
    assert switch.variable("minibot_test_nothing") is None
    switch.set_variable("minibot_test_word", "Zoé dit oui")
    assert switch.variable("minibot_test_word") == "Zoé dit oui"


@check(FarEnd("tone", 300))
def a_recording_has_us_left_and_the_caller_right(switch: Switch, heard: Heard, prompt: Path) -> None:
    import soundfile

    file = prompt.parent / f"recording-{switch.call_id}.wav"
    switch.record(file)
    switch.wait(100)
    switch.play(prompt)
    switch.wait(400)
    switch.hang_up()
    switch.close()
    samples, rate_hz = soundfile.read(file)
    assert rate_hz == 8000
    assert samples.shape[1] == 2, samples.shape
    for channel, hz in enumerate((440, FAR_TONE_HZ)):
        spectrum = np.abs(np.fft.rfft(samples[:, channel]))
        assert abs(np.argmax(spectrum) * 8000 / len(samples) - hz) < 10, channel


@check()
def a_missing_sound_is_refused_with_its_name(switch: Switch, heard: Heard, prompt: Path) -> None:
    error = raised(AudioError, lambda: switch.play(prompt.parent / "missing.wav"))
    assert "missing.wav" in str(error)
    assert switch.play(prompt).broken is False
