"""The whole of hearing for one call: frames in, events out.

Time is the caller's audio: frame count times 20 ms. Nothing here reads a clock, blocks or starts
a thread, so the same code runs live, in a rehearsal and on a file.

            4 voiced of 6 frames           silence long enough            final text
    QUIET ───────────────────────► OPEN ────────────────────────► FINISHING ─────────► QUIET
                                                                  frames wait their turn

Every stretch of voice is an utterance, whether or not anyone listens: what was said over a prompt
is the start of the answer. An utterance is reported when it has words; without any it is only
reported when it was long and an answer was awaited.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from minibot_fs.hearing.barge_in import BargeIn
from minibot_fs.hearing.endpointing import Endpointing, Pause
from minibot_fs.hearing.events import (
    BeepHeard,
    HearingEvent,
    Interrupted,
    InterruptionRetracted,
    MachineDecided,
    NoInput,
    Partial,
    SpeechStarted,
    UtteranceEnded,
)
from minibot_fs.hearing.frames import BYTES_PER_MS, FRAME_MS, frames_in
from minibot_fs.hearing.hearing_settings import HearingSettings
from minibot_fs.hearing.recognizer import FinalText, Recognizer
from minibot_fs.hearing.utterance import Utterance
from minibot_fs.hearing.vad import Vad
from minibot_fs.hearing.voice_activity import Activity, VoiceActivity

log = logging.getLogger(__name__)

_ONSET_FRAMES = 6
_RESUME_PAD_FRAMES = 10
"""Of a silence that was not decided to be the end, the last 200 ms are decoded after all."""
_FINAL_TEXT_OVERDUE_MS = 10_000
"""A recognizer that owes its final text for this long has died; the call must not wait for it."""


class MachineDetector(Protocol):
    """What the listener needs of :class:`~.answering_machine.AnsweringMachineDetector`."""

    def on_frame(
        self, frame: bytes, voiced: bool, level_dbfs: float
    ) -> Sequence[MachineDecided | BeepHeard]: ...

    def on_partial(self, text: str, final: bool = False) -> Sequence[MachineDecided | BeepHeard]: ...


class Listener:
    """Used by one thread at a time.

    Args:
        amd: hears every frame and every transcript of the call, where machines are to be found.
        is_backchannel: whether a whole transcript only says "I am listening".
        completeness: transcript so far -> 0.0 (more will surely follow) .. 1.0 (finished).
    """

    def __init__(
        self,
        settings: HearingSettings,
        vad: Vad,
        recognizer: Recognizer,
        *,
        amd: MachineDetector | None = None,
        is_backchannel: Callable[[str], bool],
        completeness: Callable[[str], float],
    ) -> None:
        self._settings = settings
        self._voice = VoiceActivity(settings, vad)
        self._recognizer = recognizer
        self._amd = amd
        self._barge_in = BargeIn(settings, is_backchannel)
        self._endpointing = Endpointing(settings, completeness)
        self._at_ms = 0
        self._before: deque[Activity] = deque(maxlen=frames_in(settings.preroll_ms) + _ONSET_FRAMES)
        self._skipped: deque[Activity] = deque(maxlen=_RESUME_PAD_FRAMES)
        self._backlog: deque[Activity] = deque()
        self._utterance: Utterance | None = None
        self._decided_ms: int | None = None
        self._listen_from_ms: int | None = None
        self._listen_timeout_ms = 0
        self._events: list[HearingEvent] = []

    @property
    def at_ms(self) -> int:
        """Caller audio so far."""
        return self._at_ms

    @property
    def speaking(self) -> bool:
        """An utterance is going on."""
        return self._utterance is not None

    def on_frame(self, frame: bytes) -> list[HearingEvent]:
        """The next 20 ms of the caller: what became known by it, in order."""
        self._events = []
        self._at_ms += FRAME_MS
        activity = self._voice.hear(frame, self._at_ms)
        if self._amd is not None:
            self._events += self._amd.on_frame(frame, activity.voiced, activity.level_dbfs)
        self._backlog.append(activity)
        self._take_texts()
        while self._backlog and self._decided_ms is None:
            self._step(self._backlog.popleft())
        self._retract_if_wordless()
        self._give_up_if_overdue()
        self._no_input_if_late()
        return self._events

    def prompt_started(
        self,
        levels_dbfs: Sequence[float],
        *,
        barge_in: bool,
        position_ms: int = 0,
        grace_period_ms: int | None = None,
    ) -> None:
        """We send a prompt from the next frame on: its level, one value for every 20 ms.

        Args:
            position_ms: where in the prompt it (re)starts; that much of the grace period is over.
            grace_period_ms: instead of the settings' one.
        """
        self._voice.prompt_started(levels_dbfs)
        self._barge_in.prompt_started(
            self._at_ms, barge_in=barge_in, position_ms=position_ms, grace_period_ms=grace_period_ms
        )

    def prompt_ended(self, position_ms: int) -> None:
        """We send nothing more; the prompt got as far as ``position_ms``."""
        log.debug("prompt ended at %d ms, echo loss %.0f dB", position_ms, self._voice.echo_loss_db)
        self._voice.prompt_ended()
        self._barge_in.prompt_ended()

    def listen(self, timeout_ms: int, expected: Sequence[str] = ()) -> None:
        """An answer is awaited: NoInput follows when nobody has begun to speak in ``timeout_ms``.

        An utterance that is already going on is the answer.
        """
        self._listen_from_ms, self._listen_timeout_ms = self._at_ms, timeout_ms
        self._recognizer.expect(expected or None)

    def stop_listening(self) -> None:
        """No answer is awaited any more; an utterance that goes on is still heard to its end."""
        self._listen_from_ms = None

    def close(self) -> None:
        """The call is over; idempotent."""
        self._recognizer.close()

    # ------------------------------------------------------------------ one frame after the other

    def _step(self, activity: Activity) -> None:
        self._before.append(activity)
        if self._utterance is None:
            self._open_if_voiced()
        else:
            self._go_on(self._utterance, activity)
        if self._utterance is not None and self._decided_ms is None:
            self._take_texts()
            self._judge(self._utterance)

    def _open_if_voiced(self) -> None:
        recent = list(self._before)[-_ONSET_FRAMES:]
        voiced = [index for index, activity in enumerate(recent) if activity.voiced]
        if len(voiced) * FRAME_MS < self._settings.min_speech_ms:
            return
        self._utterance = Utterance(recent[voiced[0] :], during_prompt=self._barge_in.playing)
        self._skipped.clear()
        self._recognizer.accept(b"".join(activity.audible for activity in self._before))

    def _go_on(self, utterance: Utterance, activity: Activity) -> None:
        silence_ms = utterance.hear(activity)
        if silence_ms:
            self._endpointing.resumed_after(silence_ms)
        self._skipped.append(activity)
        if utterance.silence_ms <= self._settings.trailing_pad_ms:
            self._recognizer.accept(b"".join(skipped.audible for skipped in self._skipped))
            self._skipped.clear()
        elif not utterance.is_flushed:
            silence = b"".join(quiet.audible for quiet in self._before if quiet.end_ms > utterance.ended_ms)
            times = self._settings.flush_ms * BYTES_PER_MS // max(len(silence), 1) + 1
            self._recognizer.accept(silence * times)
            utterance.flushed()

    def _judge(self, utterance: Utterance) -> None:
        if utterance.text or utterance.voiced_ms >= self._settings.speech_start_ms:
            self._announce(utterance)
        self._interrupt_if_meant(utterance)
        over = self._endpointing.is_over(Pause(utterance.silence_ms, utterance.text, utterance.stable_ms))
        if over or utterance.duration_ms >= self._settings.max_utterance_ms:
            self._decided_ms = utterance.at_ms
            self._recognizer.finish()
            self._take_texts()

    def _announce(self, utterance: Utterance) -> None:
        if not utterance.announced:
            utterance.announced = True
            self._events.append(SpeechStarted(self._at_ms, utterance.started_ms))

    def _interrupt_if_meant(self, utterance: Utterance) -> None:
        if self._barge_in.accepts(utterance):
            self._announce(utterance)
            utterance.interrupted_ms, utterance.retracted = self._at_ms, False
            self._events.append(Interrupted(self._at_ms, utterance.started_ms))

    # ------------------------------------------------------------------ what the recognizer says

    def _take_texts(self) -> None:
        if self._utterance is None:
            return
        for result in self._recognizer.poll():
            if isinstance(result, FinalText):
                self._end(self._utterance, result.text.strip(), result.confidence)
                return
            self._partial(self._utterance, result.text.strip())

    def _partial(self, utterance: Utterance, text: str) -> None:
        if not utterance.transcribed(text):
            return
        if self._amd is not None:
            self._events += self._amd.on_partial(text)
        if text:
            self._announce(utterance)
            self._events.append(Partial(self._at_ms, text))

    def _end(self, utterance: Utterance, text: str, confidence: float) -> None:
        utterance.transcribed(text)
        if text and self._amd is not None:
            self._events += self._amd.on_partial(text, final=True)
        self._interrupt_if_meant(utterance)
        if utterance.interruption_pending and not self._barge_in.means_something(text):
            self._retract(utterance)
        wanted = self._listen_from_ms is not None and utterance.voiced_ms >= self._settings.unintelligible_ms
        if text or wanted:
            self._announce(utterance)
            self._listen_from_ms = None
            self._events.append(
                UtteranceEnded(
                    at_ms=self._at_ms,
                    started_ms=utterance.started_ms,
                    ended_ms=utterance.ended_ms,
                    decided_ms=self._at_ms if self._decided_ms is None else self._decided_ms,
                    text=text,
                    confidence=confidence,
                    during_prompt=utterance.during_prompt,
                )
            )
        after = [activity for activity in self._before if activity.end_ms > utterance.ended_ms]
        self._before.clear()
        self._before.extend(after)
        self._utterance = self._decided_ms = None

    # ------------------------------------------------------------------ what time alone decides

    def _retract_if_wordless(self) -> None:
        utterance = self._utterance
        if utterance is None or utterance.interrupted_ms is None or not utterance.interruption_pending:
            return
        waited_ms = self._at_ms - utterance.interrupted_ms
        if waited_ms >= self._settings.false_interruption_timeout_ms and not utterance.text:
            self._retract(utterance)

    def _retract(self, utterance: Utterance) -> None:
        utterance.retracted = True
        self._events.append(InterruptionRetracted(self._at_ms))

    def _give_up_if_overdue(self) -> None:
        if self._decided_ms is None or self._utterance is None:
            return
        if self._at_ms - self._decided_ms > _FINAL_TEXT_OVERDUE_MS:
            log.error("no final text %d ms after the utterance ended", self._at_ms - self._decided_ms)
            self._recognizer.reset()
            self._end(self._utterance, self._utterance.text, 0.0)

    def _no_input_if_late(self) -> None:
        if self._listen_from_ms is None or self._utterance is not None:
            return
        waited_ms = self._at_ms - self._listen_from_ms
        if waited_ms >= self._listen_timeout_ms:
            self._listen_from_ms = None
            self._events.append(NoInput(self._at_ms, waited_ms))
