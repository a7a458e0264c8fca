"""A switch inside the process that plays a scripted caller, with FreeSWITCH's own behaviour.

The clock is the audio: every 20 ms of ``play`` or ``wait`` is one frame to and one from the caller,
as fast as the machine can or, with ``realtime``, at the pace of a call. Both give the same frames,
because nothing but the frame count decides what comes next. As in FreeSWITCH, audio arrives only
while the session plays or waits, a break ends either, a break that comes in between ends the next,
and a hang-up can come at any frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile

from minibot_fs.errors import CallGone
from minibot_fs.switch.caller_script import CallerScript
from minibot_fs.switch.protocol import DigitHandler, FrameHandler, Played
from minibot_fs.switch.scripted_caller import CallerSays, ScriptedCaller
from minibot_fs.switch.sound_file import FRAME_MS, FRAME_SAMPLES, RATE_HZ, Samples, read_sound


class RehearsalSwitch:
    """One rehearsed call. See :class:`~minibot_fs.switch.protocol.Switch`.

    Args:
        say: told of all the caller says, as it begins: what a scripted recognizer needs to know.
        realtime: run at the pace of a call instead of as fast as possible.
    """

    def __init__(
        self,
        call_id: str,
        caller: CallerScript,
        *,
        variables: Mapping[str, str] | None = None,
        say: Callable[[CallerSays], None] = lambda _said: None,
        realtime: bool = False,
        seed: int = 0,
    ) -> None:
        self._call_id = call_id
        self._variables = dict(variables or {})
        self._caller = ScriptedCaller(caller, say=say, seed=seed)
        self._realtime = realtime
        self._started_at = 0.0
        self._frames = 0
        self._break = threading.Event()
        self._on_frame: FrameHandler | None = None
        self._on_digit: DigitHandler | None = None
        self._recording: tuple[Path, list[Samples]] | None = None
        self._gone: str | None = None

    @property
    def call_id(self) -> str:
        return self._call_id

    def variable(self, name: str) -> str | None:
        return self._variables.get(name)

    def set_variable(self, name: str, value: str) -> None:
        self._variables[name] = value

    def answer(self) -> None:
        self._check_line()
        self._started_at = time.monotonic()
        self._caller.answered(0)

    def listen(self, on_frame: FrameHandler, on_digit: DigitHandler) -> None:
        self._on_frame, self._on_digit = on_frame, on_digit

    def play(self, file: Path, start_ms: int = 0) -> Played:
        self._check_line()
        samples = read_sound(file)
        sent = start_ms * RATE_HZ // 1000
        self._caller.prompt_started(self._at_ms, file)
        broken = False
        while sent < len(samples):
            chunk = samples[sent : sent + FRAME_SAMPLES]
            self._exchange(np.pad(chunk, (0, FRAME_SAMPLES - len(chunk))))
            sent += len(chunk)
            if self._take_break():
                broken = True
                break
        self._caller.prompt_ended(self._at_ms, file)
        return Played(position_ms=sent * 1000 // RATE_HZ, broken=broken)

    def wait(self, ms: int) -> bool:
        self._check_line()
        for _frame in range(-(-ms // FRAME_MS)):
            self._exchange(np.zeros(FRAME_SAMPLES, np.int16))
            if self._take_break():
                return True
        return False

    def break_(self) -> None:
        self._break.set()

    def record(self, file: Path) -> None:
        self._recording = (file, [])

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        if self._gone is None:
            self._gone = cause

    def close(self) -> None:
        self._on_frame = self._on_digit = None
        if self._recording is None:
            return
        file, frames = self._recording
        self._recording = None
        file.parent.mkdir(parents=True, exist_ok=True)
        stereo = np.concatenate(frames) if frames else np.zeros((0, 2), np.int16)
        soundfile.write(file, stereo, RATE_HZ, subtype="PCM_16")

    # ------------------------------------------------------------------ one frame

    @property
    def _at_ms(self) -> int:
        return self._frames * FRAME_MS

    def _exchange(self, sent: Samples) -> None:
        """Send one frame and receive one; the caller may hang up with it."""
        heard = self._caller.frame(self._at_ms, sent)
        self._frames += 1
        if self._realtime:
            time.sleep(max(0.0, self._started_at + self._at_ms / 1000 - time.monotonic()))
        if self._recording is not None:
            self._recording[1].append(np.stack([sent, heard.samples], axis=1))
        if self._on_digit is not None:
            for digit in heard.digits:
                self._on_digit(digit)
        if self._on_frame is not None:
            self._on_frame(heard.samples.tobytes())
        if heard.hung_up:
            self._gone = "NORMAL_CLEARING"
        self._check_line()

    def _take_break(self) -> bool:
        broken = self._break.is_set()
        self._break.clear()
        return broken

    def _check_line(self) -> None:
        if self._gone is not None:
            raise CallGone(self._gone)
