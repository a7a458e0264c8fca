"""One call's line: says prompts, hears answers, and lets the caller interrupt.

The switch runs on the call's own thread; the caller's frames arrive on whatever thread the switch
uses. Both meet here, under one lock, and nowhere else. Time is the caller's audio (``at_ms``).

    say ──play──► ended ──────────────────────────────► Said
         │  ▲
   Interrupted │ InterruptionRetracted, or an utterance without words: goes on where it was cut
         ▼  │
      waiting for the words ──UtteranceEnded──────────► Said(answer)
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minibot_fs.errors import CallGone
from minibot_fs.hearing.events import (
    AmdResult,
    BeepHeard,
    DigitPressed,
    HearingEvent,
    Interrupted,
    InterruptionRetracted,
    MachineDecided,
    NoInput,
    Partial,
    SpeechStarted,
    UtteranceEnded,
)
from minibot_fs.hearing.listener import Listener
from minibot_fs.switch.protocol import Switch

log = logging.getLogger(__name__)

ANSWER_OVERLAP_MS = 1500
"""An utterance that ended this shortly before the prompt did is the answer to it, not a remark."""

WAIT_SLICE_MS = 200
LONGEST_UTTERANCE_MS = 30_000
DEAF_AFTER_MS = 2_000
"""A wait this much longer than asked for without any caller audio: the line is deaf."""

Answer = UtteranceEnded | NoInput | DigitPressed
Observer = Callable[[HearingEvent], None]


class MachineAnswered(Exception):
    """An answering machine was found; whatever was being said or heard is over."""

    def __init__(self, decided: MachineDecided) -> None:
        super().__init__(decided.reason)
        self.decided = decided


class TooLong(Exception):
    """The call reached MAX_CALL_DURATION."""


@dataclass(frozen=True)
class Said:
    """A prompt that was said. Times in ms of the call; ``position_ms`` is how far it got.

    ``answer`` is what the caller said over it, if that ended or took part in ending it; ``remarks``
    what else was said meanwhile. ``interrupted_at_ms`` says where in the prompt each interruption
    fell, retracted ones included.
    """

    started_ms: int
    ended_ms: int
    position_ms: int
    answer: UtteranceEnded | DigitPressed | None
    interrupted_at_ms: tuple[int, ...] = ()
    remarks: tuple[UtteranceEnded, ...] = ()


class Line:
    """See the module. Used by one thread, the call's own; frames and digits come from any.

    Args:
        levels_of: level of a sound file, in dBFS, one value for every 20 ms.
        observe: told of every event, on the thread it came from; must not block.
    """

    def __init__(
        self,
        switch: Switch,
        listener: Listener,
        levels_of: Callable[[Path], Sequence[float]],
        *,
        max_duration_ms: int,
        observe: Observer | None = None,
    ) -> None:
        self._switch = switch
        self._listener = listener
        self._levels_of = levels_of
        self._max_duration_ms = max_duration_ms
        self._observe = observe
        self._lock = threading.Lock()
        self._events: deque[HearingEvent] = deque()
        self._wake_on: tuple[type, ...] = ()
        self._machine_handled = False
        self.machine: MachineDecided | None = None

    def open(self) -> None:
        """Answer, and hear the caller from now on."""
        self._switch.answer()
        self._switch.listen(self._on_frame, self._on_digit)

    def close(self) -> None:
        """Nothing is heard any more; idempotent."""
        with self._lock:
            self._listener.close()

    @property
    def at_ms(self) -> int:
        """Caller audio so far."""
        return self._listener.at_ms

    def say(
        self,
        file: Path,
        *,
        barge_in: bool,
        grace_period_ms: int | None = None,
        digits: Collection[str] = (),
    ) -> Said:
        """Play a prompt to its end, or until the caller says something that is meant to stop it.

        Raises:
            CallGone, MachineAnswered, TooLong
        """
        levels = self._levels_of(file)
        started_ms, position_ms = self.at_ms, 0
        cuts: list[int] = []
        while True:
            self._check_duration()
            with self._lock:
                self._wake_on = (Interrupted, MachineDecided, DigitPressed) if barge_in else (MachineDecided,)
                if digits:
                    self._wake_on += (DigitPressed,)
                self._listener.prompt_started(
                    levels[position_ms // 20 :],
                    barge_in=barge_in,
                    position_ms=position_ms,
                    grace_period_ms=grace_period_ms,
                )
            played = self._switch.play(file, position_ms)
            position_ms, ended_ms = played.position_ms, self.at_ms
            with self._lock:
                self._wake_on = ()
                self._listener.prompt_ended(position_ms)
            self._check_machine()
            answer: UtteranceEnded | DigitPressed | None = self._take_digit(digits)
            if answer is None and self._take(Interrupted) is not None:
                cuts.append(position_ms)
                answer = self._words_of_interruption(digits)
            elif answer is None and not played.broken:
                answer, remarks = self._late_answer()
                return Said(started_ms, ended_ms, position_ms, answer, tuple(cuts), remarks)
            if answer is not None:
                remarks = self._take_remarks()
                return Said(started_ms, ended_ms, position_ms, answer, tuple(cuts), remarks)

    def hear(
        self, timeout_ms: int, *, expected: Sequence[str] = (), digits: Mapping[str, object] | None = None
    ) -> Answer:
        """Wait for the caller's answer for ``timeout_ms``; one that has begun is heard to its end.

        Raises:
            CallGone, MachineAnswered, TooLong
        """
        with self._lock:
            self._listener.listen(timeout_ms, expected)
        try:
            event = self._await(
                (UtteranceEnded, NoInput, DigitPressed),
                timeout_ms + LONGEST_UTTERANCE_MS,
                digits=digits or {},
            )
        finally:
            with self._lock:
                self._listener.stop_listening()
        if isinstance(event, UtteranceEnded | NoInput | DigitPressed):
            return event
        return NoInput(self.at_ms, timeout_ms)

    def wait_for_verdict(self, quiet_ms: int, longest_ms: int) -> MachineDecided | None:
        """Wait for answering machine detection while somebody speaks, and for ``quiet_ms`` otherwise.

        ``None`` when it has not decided by then. A MACHINE is returned like the others, not raised.
        """
        deadline = self.at_ms + longest_ms
        wait_ms = quiet_ms
        while self.machine is None and self.at_ms < deadline:
            self._await((MachineDecided,), wait_ms, machine_may_answer=True)
            if not self._listener.speaking:
                break
            wait_ms = WAIT_SLICE_MS
        self._machine_handled = True
        return self.machine

    def wait_for_beep(self, timeout_ms: int, quiet_ms: int) -> BeepHeard | None:
        """Wait for a machine's beep; at the latest until it has been quiet for ``quiet_ms``."""
        deadline = self.at_ms + timeout_ms
        while self.at_ms < deadline:
            event = self._await((BeepHeard,), quiet_ms, machine_may_answer=True)
            if isinstance(event, BeepHeard):
                return event
            if not self._listener.speaking:
                return None
        return None

    def wait(self, ms: int) -> None:
        """Let time pass in silence."""
        self._await((), ms)

    def first_utterance(self) -> UtteranceEnded | None:
        """What the caller said so far, if an utterance ended."""
        event = self._take(UtteranceEnded)
        return event if isinstance(event, UtteranceEnded) else None

    # ------------------------------------------------------------------ the caller's side

    def _on_frame(self, frame: bytes) -> None:
        with self._lock:
            events = self._listener.on_frame(frame)
            for event in events:
                self._arrived(event)

    def _on_digit(self, digit: str) -> None:
        with self._lock:
            self._arrived(DigitPressed(self.at_ms, digit))

    def _arrived(self, event: HearingEvent) -> None:
        if self._observe is not None:
            self._observe(event)
        if isinstance(event, MachineDecided):
            if self.machine is None or event.result is AmdResult.MACHINE:
                self.machine = event
                if event.result is AmdResult.MACHINE:
                    self._machine_handled = False
        elif not isinstance(event, SpeechStarted | Partial):
            self._events.append(event)
        if isinstance(event, self._wake_on):
            self._switch.break_()

    # ------------------------------------------------------------------ the call's side

    def _await(
        self,
        kinds: tuple[type, ...],
        timeout_ms: int,
        *,
        digits: Collection[str] = (),
        machine_may_answer: bool = False,
    ) -> HearingEvent | None:
        """The first event of these kinds, ``None`` after ``timeout_ms`` of caller audio."""
        deadline = self.at_ms + timeout_ms
        waited_ms = 0
        while True:
            if not machine_may_answer:
                self._check_machine()
            self._check_duration()
            with self._lock:
                event = self._first_of(kinds, digits)
                if event is not None:
                    return event
                if MachineDecided in kinds and self.machine is not None:
                    return self.machine
                remaining = deadline - self.at_ms
                if remaining <= 0:
                    return None
                if waited_ms - timeout_ms > DEAF_AFTER_MS:
                    log.warning("no audio of the caller for %d ms", waited_ms)
                    return None
                self._wake_on = (*kinds, MachineDecided)
            slice_ms = min(remaining, WAIT_SLICE_MS)
            self._switch.wait(slice_ms)
            waited_ms += slice_ms
            with self._lock:
                self._wake_on = ()

    def _words_of_interruption(self, digits: Collection[str]) -> UtteranceEnded | DigitPressed | None:
        event = self._await(
            (UtteranceEnded, InterruptionRetracted, DigitPressed), LONGEST_UTTERANCE_MS, digits=digits
        )
        if isinstance(event, DigitPressed):
            return event
        if isinstance(event, UtteranceEnded) and event.text:
            return event
        return None

    def _late_answer(self) -> tuple[UtteranceEnded | None, tuple[UtteranceEnded, ...]]:
        """The utterance that ended just before the prompt did, and the earlier ones."""
        *earlier, last = (*self._take_remarks(), None)
        if earlier and earlier[-1].ended_ms >= self.at_ms - ANSWER_OVERLAP_MS:
            last = earlier.pop()
        return last, tuple(earlier)

    def _take_remarks(self) -> tuple[UtteranceEnded, ...]:
        with self._lock:
            spoken = tuple(event for event in self._events if isinstance(event, UtteranceEnded))
            self._events = deque(event for event in self._events if not isinstance(event, UtteranceEnded))
        return tuple(utterance for utterance in spoken if utterance.text)

    def _first_of(self, kinds: tuple[type, ...], digits: Collection[str]) -> HearingEvent | None:
        for event in self._events:
            if isinstance(event, kinds) and (not isinstance(event, DigitPressed) or event.digit in digits):
                self._events.remove(event)
                return event
        return None

    def _take(self, kind: type) -> HearingEvent | None:
        with self._lock:
            return self._first_of((kind,), ())

    def _take_digit(self, digits: Collection[str]) -> DigitPressed | None:
        with self._lock:
            event = self._first_of((DigitPressed,), digits)
            self._events = deque(event for event in self._events if not isinstance(event, DigitPressed))
        return event if isinstance(event, DigitPressed) else None

    def _check_machine(self) -> None:
        if self.machine and self.machine.result is AmdResult.MACHINE and not self._machine_handled:
            self._machine_handled = True
            raise MachineAnswered(self.machine)

    def _check_duration(self) -> None:
        if self.at_ms > self._max_duration_ms:
            raise TooLong(f"{self.at_ms} ms")


__all__ = ["Answer", "CallGone", "Line", "MachineAnswered", "Said", "TooLong"]
