"""A call in FreeSWITCH as a :class:`~minibot_fs.switch.protocol.Switch`.

Measured on FreeSWITCH 1.11 (``tests/switch``): the caller's audio arrives only while the session
plays or sleeps; ``uuid_break`` ends either on the next 20 ms frame, and ends the next one at once
when it comes in between; a hang-up raises nothing, so ``ready()`` is asked after every call.
"""

from __future__ import annotations

import logging
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import soundfile

from minibot_fs.errors import AudioError, CallGone, Problem
from minibot_fs.switch.media_bug import FrameReader, Tap
from minibot_fs.switch.protocol import DigitHandler, FrameHandler, Played

log = logging.getLogger(__name__)

_HANGUP_MARGIN_S = 10
"""The switch's own limit comes this much after ours, for a handler that does nothing any more."""


class Session(Protocol):
    """What is used of mod_python3's session. Its methods give the GIL up while they block."""

    def getVariable(self, name: str) -> str | None: ...  # noqa: N802
    def setVariable(self, name: str, value: str) -> None: ...  # noqa: N802
    def execute(self, application: str, data: str = "") -> None: ...
    def streamFile(self, file: str, start_sample: int = 0) -> int: ...  # noqa: N802
    def sleep(self, ms: int) -> int: ...
    def ready(self) -> bool: ...
    def answered(self) -> bool: ...
    def hangup(self, cause: str) -> None: ...
    def destroy(self) -> None: ...
    def setInputCallback(self, callback: Any) -> None: ...  # noqa: N802
    def unsetInputCallback(self) -> None: ...  # noqa: N802
    def setEventData(self, event: Any) -> None: ...  # noqa: N802


class Core(Protocol):
    """What is used of the module ``freeswitch`` besides the session."""

    def API(self) -> Any: ...  # noqa: N802
    def Event(self, kind: str, subclass: str) -> Any: ...  # noqa: N802


class FreeSwitchSession:
    """One call, used by the thread that mod_python3 runs the handler on; only ``break_`` by others.

    The session object must not outlive its handler, nor be touched by another thread
    (freeswitch#2267): :meth:`close` lets go of it.

    Args:
        core: the module ``freeswitch``.
        max_duration_s: the switch itself ends the call some seconds after this.
    """

    def __init__(self, session: Session, core: Core, reader: FrameReader, *, max_duration_s: float) -> None:
        self._session: Session | None = session
        self._core = core
        self._reader = reader
        self._max_duration_s = max_duration_s
        self._call_id = session.getVariable("uuid") or ""
        self._tap: Tap | None = None
        self._on_digit: DigitHandler | None = None
        self._recording: Path | None = None
        self._gone: str | None = None
        self._breaking = threading.Lock()
        self._break_asked = False

    @property
    def call_id(self) -> str:
        return self._call_id

    def variable(self, name: str) -> str | None:
        return self._line().getVariable(name) or None

    def set_variable(self, name: str, value: str) -> None:
        self._line().setVariable(name, value)

    def answer(self) -> None:
        session = self._line()
        # Unlike session.answer(), the application gives the GIL up while it waits for media.
        session.execute("answer")
        self._check_line()
        limit_s = round(self._max_duration_s + _HANGUP_MARGIN_S)
        self._api(f"sched_hangup +{limit_s} {self._call_id} ALLOTTED_TIMEOUT")

    def listen(self, on_frame: FrameHandler, on_digit: DigitHandler) -> None:
        session = self._line()
        if self._tap is None:
            self._tap = self._reader.attach(self._call_id)
        if self._on_digit is None:
            session.setInputCallback(self._on_input)
        self._on_digit = on_digit
        self._tap.hand_to(on_frame)

    def keep_audio(self) -> None:
        """Keep what the caller says until :meth:`listen`; of no effect before the answer."""
        if self._tap is None and self._line().answered():
            self._tap = self._reader.attach(self._call_id)

    def play(self, file: Path, start_ms: int = 0) -> Played:
        session = self._line()
        sound = _sound(file, _changed_at(file))
        start = start_ms * sound.samplerate // 1000
        to_its_end = session.streamFile(str(file), start) == 1
        broken = self._was_broken(to_its_end)
        if to_its_end:
            return Played(sound.frames * 1000 // sound.samplerate, broken)
        # Counted from the start in the file's samples, from there on in the channel's.
        sent = int(session.getVariable("playback_last_offset_pos") or start) - start
        position_ms = start_ms + sent * 1000 // self._rate_hz()
        if not broken and sent <= 0:
            raise AudioError(Problem("FreeSWITCH cannot play the sound", "See FreeSWITCH's log", file=file))
        return Played(min(position_ms, sound.frames * 1000 // sound.samplerate), True)

    def wait(self, ms: int) -> bool:
        to_its_end = self._line().sleep(ms) == 1
        return self._was_broken(to_its_end) or not to_its_end

    def break_(self) -> None:
        with self._breaking:
            self._break_asked = True
            self._api(f"uuid_break {self._call_id} all")

    def record(self, file: Path) -> None:
        session = self._line()
        file.parent.mkdir(parents=True, exist_ok=True)
        # Swapped, the left channel is what we send.
        session.setVariable("RECORD_STEREO_SWAP", "true")
        session.setVariable("record_sample_rate", "8000")
        session.execute("record_session", str(file))
        self._recording = file

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        session = self._session
        if session is None or self._gone is not None:
            return
        self._stop_recording(session)
        self._gone = cause if session.ready() else self._cause(session)
        session.hangup(cause)

    def close(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        self._stop_listening(session)
        self._api(f"sched_del {self._call_id}")
        self._stop_recording(session)
        if self._gone is None:
            self._gone = "NORMAL_CLEARING" if session.ready() else self._cause(session)

    # ------------------------------------------------------------------ the line

    def _line(self) -> Session:
        """The session, if the call still stands. Raises CallGone."""
        self._check_line()
        assert self._session is not None
        return self._session

    def _check_line(self) -> None:
        session = self._session
        if session is not None and self._gone is None and not session.ready():
            self._gone = self._cause(session)
        if self._gone is not None or session is None:
            raise CallGone(self._gone or "NORMAL_CLEARING")
        if self._tap is not None and self._tap.error is not None:
            error = self._tap.error
            self._stop_listening(session)
            raise error

    def _was_broken(self, to_its_end: bool) -> bool:
        """After ``streamFile`` or ``sleep``: whether a break was asked for. Raises CallGone."""
        self._check_line()
        assert self._session is not None
        with self._breaking:
            asked, self._break_asked = self._break_asked, False
            if asked and to_its_end:
                # It came too late to end this one, and must not end the next: a sleep takes it.
                self._session.sleep(1)
        return asked

    def _cause(self, session: Session) -> str:
        """Why the channel ended. The variable hangup_cause is only set when the handler is over."""
        event = self._core.Event("CUSTOM", "MINIBOT::ended")
        session.setEventData(event)
        return event.getHeader("Hangup-Cause") or "NORMAL_CLEARING"

    def _rate_hz(self) -> int:
        if self._tap is not None and self._tap.rate_hz is not None:
            return self._tap.rate_hz
        return int(self._line().getVariable("read_rate") or 8000)

    def _stop_listening(self, session: Session) -> None:
        if self._tap is not None:
            self._reader.detach(self._tap)
            self._tap = None
        if self._on_digit is not None:
            session.unsetInputCallback()
            self._on_digit = None

    def _stop_recording(self, session: Session) -> None:
        """Complete the file now; after a hang-up the core does it when the handler is over."""
        file, self._recording = self._recording, None
        if file is not None and session.ready():
            session.execute("stop_record_session", str(file))

    def _on_input(self, _session: Session, kind: str, what: Any, _argument: None) -> str:
        """A digit (or an event, of no interest here), on the session's thread inside play or wait."""
        on_digit = self._on_digit
        if kind == "dtmf" and on_digit is not None:
            on_digit(what.digit)
        return ""

    def _api(self, command: str) -> str:
        # Not through the session: break_ runs on any thread.
        return str(self._core.API().executeString(command))


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError as error:
        raise AudioError(Problem("the sound cannot be read", str(error), file=file)) from error


@lru_cache(maxsize=1024)
def _sound(file: Path, _changed_at_ns: int) -> Any:
    """Rate and length of a sound file; read once until the file changes."""
    try:
        return soundfile.info(str(file))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            Problem(f"cannot be read: {error}", "Run scripts/setup_audio.py", file=file)
        ) from None
