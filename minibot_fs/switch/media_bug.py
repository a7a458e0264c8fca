"""The caller's audio out of a FreeSWITCH channel: a media bug, reached with ctypes.

FreeSWITCH's Python interface has no media bug, libfreeswitch has. Six of its functions are used:

    switch_core_session_perform_locate   the session of a UUID, read-locked
    switch_core_media_bug_add            tap it; without a callback the core buffers the audio
    switch_core_media_bug_read           take one packet out of the buffer
    switch_core_media_bug_remove         end the tap
    switch_core_session_rwunlock         give the session back, else it never ends
    switch_frame_alloc                   a frame to read into; shows whether the layout is as expected

No Python runs on a media thread: a callback there stretched a 6 s prompt to 8.5 s with 40 calls and a
busy interpreter. A :class:`FrameReader`'s own thread empties the buffers instead.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from minibot_fs.errors import CallGone
from minibot_fs.hearing.frames import FRAME_MS, Reframer
from minibot_fs.switch.protocol import FrameHandler
from minibot_fs.switch.resample import Resampler, Samples

log = logging.getLogger(__name__)

_READ_STREAM = 1 << 0
_NO_PAUSE = 1 << 10
_SUCCESS = 0
_FRAME_BYTES = 16 * 1024
"""Room for a packet: 60 ms of 48 kHz stereo are 11,520 bytes."""
_POLL_S = 0.010


class MediaBugError(Exception):
    """The media bug cannot be used with the FreeSWITCH that runs this process."""


class _SwitchFrame(ctypes.Structure):
    """The head of ``switch_frame_t``; what follows is never touched."""

    _fields_ = (
        ("codec", ctypes.c_void_p),
        ("source", ctypes.c_char_p),
        ("packet", ctypes.c_void_p),
        ("packetlen", ctypes.c_uint32),
        ("extra_data", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("datalen", ctypes.c_uint32),
        ("buflen", ctypes.c_uint32),
        ("samples", ctypes.c_uint32),
        ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint32),
    )


class _Core:
    """libfreeswitch, as it is loaded in this process.

    Raises:
        MediaBugError: this process is no FreeSWITCH, or its structures are laid out otherwise.
    """

    def __init__(self) -> None:
        blocking, quick = ctypes.CDLL(None), ctypes.PyDLL(None)
        try:
            self.locate = blocking.switch_core_session_perform_locate
            self.unlock = blocking.switch_core_session_rwunlock
            self.add = blocking.switch_core_media_bug_add
            self.remove = blocking.switch_core_media_bug_remove
            # Keeps the GIL: it copies 320 bytes, while giving the GIL up and taking it again can
            # cost 5 ms for each call and packet when other threads compute.
            self.read = quick.switch_core_media_bug_read
            self._alloc = quick.switch_frame_alloc
        except AttributeError as error:
            raise MediaBugError(f"not inside FreeSWITCH: {error}") from None
        self.locate.restype = ctypes.c_void_p
        self.locate.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int)
        self.unlock.restype = None
        self.unlock.argtypes = (ctypes.c_void_p,)
        self.add.argtypes = (
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_long,
            ctypes.c_uint32,
            ctypes.POINTER(ctypes.c_void_p),
        )
        self.remove.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
        self.read.argtypes = (ctypes.c_void_p, ctypes.POINTER(_SwitchFrame), ctypes.c_int)
        self._alloc.argtypes = (ctypes.POINTER(ctypes.POINTER(_SwitchFrame)), ctypes.c_size_t)
        self.new_frame()

    def new_frame(self) -> ctypes._Pointer[_SwitchFrame]:
        """A frame made by the core itself, whose fields must be where this module looks for them."""
        pointer = ctypes.POINTER(_SwitchFrame)()
        self._alloc(ctypes.byref(pointer), _FRAME_BYTES)
        frame = pointer.contents
        empty = (frame.packetlen, frame.datalen, frame.samples, frame.rate, frame.channels)
        if frame.buflen != _FRAME_BYTES or not frame.data or any(empty):
            raise MediaBugError(
                "this FreeSWITCH lays out switch_frame_t otherwise than 1.10 and 1.11 do; "
                "it needs a release of MiniBot FS that knows it"
            )
        return pointer


@lru_cache(maxsize=1)
def core() -> _Core:
    """libfreeswitch, checked once. Raises MediaBugError."""
    return _Core()


class Tap:
    """One call's media bug. Made by :meth:`FrameReader.attach`, ended by :meth:`FrameReader.detach`.

    Until :meth:`hand_to` the core keeps the audio (512 KiB: 32 s at 8 kHz, 5 s at 48 kHz). ``frames``
    counts what was handed over; ``error`` is what the frame handler raised, if it did: the call's own
    thread must look at it, as nothing is heard any more then.
    """

    def __init__(self, call_id: str) -> None:
        self._on_frame: FrameHandler | None = None
        self._lock = threading.Lock()
        self._reframer = Reframer()
        self._resampler: Resampler | None = None
        self.rate_hz: int | None = None
        self.frames = 0
        self.error: Exception | None = None
        self._session = ctypes.c_void_p(core().locate(call_id.encode(), b"minibot_fs", b"listen", 0))
        if not self._session:
            raise CallGone
        self._bug = ctypes.c_void_p()
        flags = _READ_STREAM | _NO_PAUSE
        status = core().add(self._session, b"minibot_fs", None, None, None, 0, flags, ctypes.byref(self._bug))
        if status != _SUCCESS or not self._bug:
            core().unlock(self._session)
            self._session = ctypes.c_void_p()
            raise CallGone

    def hand_to(self, on_frame: FrameHandler) -> None:
        """Hand over what was kept and what comes; replaces a handler that was given before."""
        with self._lock:
            self._on_frame = on_frame

    def detach(self) -> None:
        """End the tap; when this returns, no frame is being handed over any more. Idempotent."""
        with self._lock:
            if not self._session:
                return
            core().remove(self._session, ctypes.byref(self._bug))
            core().unlock(self._session)
            self._session = ctypes.c_void_p()

    def hand_over(self, frame: ctypes._Pointer[_SwitchFrame]) -> None:
        """Give everything that waits in the core's buffer to the frame handler."""
        with self._lock:
            on_frame = self._on_frame
            if not self._session or on_frame is None or self.error is not None:
                return
            try:
                for ready in list(self._waiting(frame)):
                    self.frames += 1
                    on_frame(ready)
            except Exception as error:  # noqa: BLE001 - belongs to the call, not to the reader
                self.error = error

    def _waiting(self, frame: ctypes._Pointer[_SwitchFrame]) -> Iterator[bytes]:
        while core().read(self._bug, frame, 1) == _SUCCESS:
            yield from self._reframer.push(self._at_8_khz(frame.contents).tobytes())

    def _at_8_khz(self, packet: _SwitchFrame) -> Samples:
        rate_hz, channels = int(packet.rate), int(packet.channels)
        if packet.datalen != packet.samples * channels * 2 or not 8000 <= rate_hz <= 96000:
            raise MediaBugError(
                f"a packet of {packet.datalen} bytes says it holds {packet.samples} samples "
                f"of {channels} channel(s) at {rate_hz} Hz"
            )
        samples: Samples = np.frombuffer(ctypes.string_at(packet.data, packet.datalen), np.int16)
        if channels > 1:
            samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
        if rate_hz != self.rate_hz:
            self.rate_hz, self._resampler = rate_hz, Resampler(rate_hz)
        assert self._resampler is not None
        return self._resampler.push(samples)


class FrameReader:
    """One thread that hands over the frames of all calls.

    Against one thread a call, with 30 calls and two threads computing without a pause: both lose no
    frame and keep prompts within 1 %; the longest wait for a frame is 107 ms instead of 66
    (``benchmarks/switch.py``). One was taken all the same: nothing grows with the calls.
    """

    def __init__(self) -> None:
        self._frame = core().new_frame()
        self._taps: list[Tap] = []
        self._changed = threading.Condition()
        self.worst_round_ms = 0.0
        threading.Thread(target=self._serve, name="frame-reader", daemon=True).start()

    def attach(self, call_id: str) -> Tap:
        """Keep the caller's audio of this channel from now on. Raises CallGone."""
        tap = Tap(call_id)
        with self._changed:
            self._taps.append(tap)
            self._changed.notify()
        return tap

    def detach(self, tap: Tap) -> None:
        """End a tap and forget it; idempotent."""
        with self._changed:
            if tap in self._taps:
                self._taps.remove(tap)
        tap.detach()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._taps:
                    self._changed.wait()
                taps = list(self._taps)
            began = time.monotonic()
            for tap in taps:
                tap.hand_over(self._frame)
            took_ms = (time.monotonic() - began) * 1000
            self.worst_round_ms = max(self.worst_round_ms, took_ms)
            time.sleep(_POLL_S)


__all__ = ["FRAME_MS", "FrameReader", "MediaBugError", "Tap"]
