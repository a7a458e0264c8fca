"""One answered call, from its first frame to its stored result: the one place where the parts meet.

    answer ─► greeting (AMD) ─ HUMAN, UNKNOWN ─► say ─► hear ─► understand ─► next step … ─► result
                    │                             └───── a MACHINE found late ─┐
                    └─ MACHINE ─► message after the beep, if there is one ◄────┘ ─► answering_machine

A hang-up is legal everywhere: it arrives as :class:`~minibot_fs.errors.CallGone` and ends the call
with what was reached so far. Everything that happens is stored as it happens, one record a turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from minibot_fs.dialog.intent import CallbackTime, Intent, IntentClassifier, Understanding
from minibot_fs.dialog.scenario import Scenario
from minibot_fs.dialog.walker import Heard, Move, PromptRef, Walker
from minibot_fs.errors import CallGone
from minibot_fs.hearing.events import AmdClass, AmdResult, DigitPressed, NoInput, UtteranceEnded
from minibot_fs.journal import Journal
from minibot_fs.line import Answer, Line, MachineAnswered, Said, TooLong
from minibot_fs.store.call_store import CallStore
from minibot_fs.store.calls import CallEnded, CallStarted
from minibot_fs.switch.protocol import Switch

log = logging.getLogger(__name__)

GREETING_QUIET_MS = 2_500
"""Nobody speaks for so long after the answer: begin; Asterisk's ``initial_silence``."""
GREETING_LONGEST_MS = 12_000
SCREENING_WAIT_MS = 20_000
BEEP_WAIT_MS = 30_000
GREETING_PAUSE_MS = 2_000
AT_ONCE_S = 0.005
"""The line may stand still this long: a quarter of a frame."""
CLASSIFYING_SLICE_MS = 100
BREATH_MS = 200
"""A last pause before hanging up, so that the network does not clip the last word."""


@dataclass(frozen=True)
class CallPlan:
    """What is known of a call before it is answered. ``contact`` holds the scenario's variables."""

    scenario: Scenario
    phone: str
    contact: Mapping[str, str]
    contact_id: int | None = None
    campaign_id: int | None = None
    retry_count: int = 0
    recording: Path | None = None


@dataclass(frozen=True)
class CallSummary:
    """How a call ended. ``duration_s`` counts from the answer."""

    call_uuid: str
    status: str
    result: str
    duration_s: float
    hangup_cause: str
    amd_result: AmdResult | None
    amd_class: AmdClass | None
    transcription: str
    callback_at: datetime | None


class Call:
    """Runs once, ends once. Built anew for every call; holds only its own state.

    Args:
        sound: from a scenario's ``audio_path`` to the file that is played.
        executor: where a slow classifier works while the line stays open; ``None`` when it is never slow.
        callback_time: reads a time out of the words of a caller who asks to be called again.
        opted_out: told the number of a person who wants no more calls, at once.
    """

    def __init__(
        self,
        plan: CallPlan,
        switch: Switch,
        line: Line,
        walker: Walker,
        classifier: IntentClassifier,
        store: CallStore,
        *,
        sound: Callable[[str], Path],
        callback_time: Callable[[str], CallbackTime | None],
        opted_out: Callable[[str, str], None],
        executor: Executor | None = None,
        amd: bool = True,
    ) -> None:
        self._plan = plan
        self._switch = switch
        self._line = line
        self._walker = walker
        self._classifier = classifier
        self._store = store
        self._sound = sound
        self._callback_time = callback_time
        self._opted_out = opted_out
        self._executor = executor
        self._amd = amd
        self._journal = Journal(switch.call_id, store)
        self._result = "hung_up"
        self._callback_at: datetime | None = None
        self._started_at = datetime.now(UTC)

    @property
    def journal(self) -> Journal:
        return self._journal

    def run(self) -> CallSummary:
        """Hold the conversation; returns when the call is over and handed to the store.

        Whatever else is raised means a fault: the caller of ``run`` then calls :meth:`fail`.
        """
        plan = self._plan
        self._store.started(
            CallStarted(
                call_uuid=self._switch.call_id,
                phone=plan.phone,
                scenario=plan.scenario.name,
                campaign_id=plan.campaign_id,
                contact_id=plan.contact_id,
                retry_count=plan.retry_count,
                started_at=self._started_at,
            )
        )
        try:
            self._line.open()
            if plan.recording is not None:
                self._switch.record(plan.recording)
            self._converse()
        except TooLong:
            self._result = "timeout"
        except CallGone as gone:
            return self._end(gone.cause)
        self._switch.hang_up("NORMAL_CLEARING")
        return self._end("NORMAL_CLEARING")

    def close(self) -> None:
        """Give back what the call took, on every path; idempotent."""
        self._switch.close()
        self._line.close()

    def fail(self, error: Exception) -> CallSummary:
        """End a call that a fault stopped: say goodbye if the line still stands, store ``error``."""
        log.error("call %s failed at step %s", self._switch.call_id, self._journal.step, exc_info=error)
        self._result = "error"
        try:
            goodbye = self._walker.goodbye()
            if goodbye is not None:
                self._line.say(self._sound(goodbye.audio_path), barge_in=False)
        except (CallGone, MachineAnswered, TooLong):
            log.info("call %s: the line was gone before the goodbye", self._switch.call_id)
        self._switch.hang_up("NORMAL_TEMPORARY_FAILURE")
        return self._end("NORMAL_TEMPORARY_FAILURE")

    # ------------------------------------------------------------------ the conversation

    def _converse(self) -> None:
        try:
            if self._amd and not self._greet():
                return
            self._walk()
        except MachineAnswered:
            self._leave_message()

    def _greet(self) -> bool:
        """Let AMD hear who answers. False when the call is over after it."""
        decided = self._line.wait_for_verdict(GREETING_QUIET_MS, GREETING_LONGEST_MS)
        if decided is None:
            return True
        if decided.result is AmdResult.MACHINE:
            self._leave_message()
            return False
        self._journal.amd(decided)
        if decided.amd_class is AmdClass.SCREENING:
            return self._answer_screening()
        greeting = self._line.first_utterance()
        if greeting is not None and greeting.text:
            understood = self._understand(greeting.text)
            self._journal.heard(greeting, understood)
            if understood.intent is Intent.OPT_OUT:
                self._finish(
                    self._walker.advance(self._walker.start().state, Heard(Intent.OPT_OUT, greeting.text))
                )
                return False
        return True

    def _answer_screening(self) -> bool:
        """A phone asks who is calling: the first prompt tells it, once; then somebody picks up or not."""
        for prompt in self._walker.start().prompts:
            self._say(prompt, barge_in=False)
        answer = self._line.hear(SCREENING_WAIT_MS)
        if isinstance(answer, NoInput):
            self._result = "no_answer"
            return False
        return True

    def _walk(self) -> None:
        move = self._walker.start()
        while True:
            self._enter(move)
            answer: Answer | None = self._say_all(move)
            if move.listen is None:
                unasked = self._take_in(answer, {}) if answer is not None else Heard(Intent.SILENCE)
                wants_out = unasked.intent is Intent.OPT_OUT
                if move.result is None:
                    move = self._walker.advance(move.state, unasked if wants_out else Heard(Intent.SILENCE))
                    continue
                self._result = "opt_out" if wants_out else move.result
                self._line.wait(BREATH_MS)
                return
            if answer is None:
                answer = self._line.hear(
                    round(move.listen.timeout_s * 1000),
                    expected=move.listen.expected,
                    digits=move.listen.dtmf,
                )
            move = self._walker.advance(move.state, self._take_in(answer, move.listen.dtmf))

    def _finish(self, move: Move) -> None:
        self._enter(move)
        self._say_all(move)
        self._result = move.result or self._result

    def _enter(self, move: Move) -> None:
        self._journal.enter(move.step, move.why)
        # A person who hangs up during a final prompt has reached its result all the same.
        if move.result is not None:
            self._result = move.result

    def _say_all(self, move: Move) -> UtteranceEnded | DigitPressed | None:
        """Say a move's prompts; what the caller said over them, if that is an answer."""
        digits = move.listen.dtmf if move.listen else {}
        answer: UtteranceEnded | DigitPressed | None = None
        for prompt in move.prompts:
            said = self._say(prompt, barge_in=move.barge_in, digits=tuple(digits))
            wants_out = next(filter(self._is_opt_out, said.remarks), None)
            if wants_out is not None:
                return wants_out
            answer = said.answer
            if answer is not None and said.interrupted_at_ms:
                break
        return answer

    def _is_opt_out(self, remark: UtteranceEnded) -> bool:
        """Keep what was said beside the point; whether it was to be called no more, which always counts."""
        understood = self._understand(remark.text)
        if understood.intent is Intent.OPT_OUT:
            return True
        self._journal.remark(remark, understood)
        return False

    def _say(self, prompt: PromptRef, *, barge_in: bool, digits: Sequence[str] = ()) -> Said:
        started_ms = self._line.at_ms
        try:
            said = self._line.say(self._sound(prompt.audio_path), barge_in=barge_in, digits=digits)
        except (CallGone, MachineAnswered):
            self._journal.prompt_cut(prompt, started_ms, self._line.at_ms)
            raise
        self._journal.said(prompt, said)
        return said

    def _take_in(self, answer: Answer, digits: Mapping[str, Intent]) -> Heard:
        """Turn what came from the caller into what the dialog understands, and store the turn."""
        if isinstance(answer, NoInput):
            self._journal.silence(answer)
            return Heard(Intent.SILENCE)
        if isinstance(answer, DigitPressed):
            intent = digits[answer.digit]
            self._journal.digit(answer, intent)
            understood = Understanding(intent, 1.0, f"digit {answer.digit}")
            text = ""
        else:
            text = answer.text
            understood = self._understand(text)
            if understood.intent is Intent.SILENCE:
                # Somebody spoke, only no word of it was recognized.
                understood = Understanding(Intent.NOT_UNDERSTOOD, 0.0, "no word recognized")
            self._journal.heard(answer, understood)
        if understood.intent is Intent.OPT_OUT:
            self._opted_out(self._plan.phone, self._switch.call_id)
        if understood.intent is Intent.CALLBACK:
            asked = self._callback_time(understood.callback_text or text)
            self._callback_at = asked.at if asked else None
        return Heard(understood.intent, text)

    def _understand(self, text: str) -> Understanding:
        if self._executor is None:
            return self._classifier.classify(text)
        future = self._executor.submit(self._classifier.classify, text)
        done, _pending = futures.wait([future], timeout=AT_ONCE_S)
        if not done:
            future.add_done_callback(lambda _done: self._switch.break_())
        while not future.done():
            self._line.wait(CLASSIFYING_SLICE_MS)
        return future.result()

    def _leave_message(self) -> None:
        self._result = "answering_machine"
        if self._line.machine is not None:
            self._journal.amd(self._line.machine)
        message = self._plan.scenario.leave_message
        if message is None:
            return
        self._line.wait_for_beep(BEEP_WAIT_MS, GREETING_PAUSE_MS)
        self._say(PromptRef(message.audio_path, message.text), barge_in=False)
        self._journal.note("message_left", message.audio_path)

    def _end(self, cause: str) -> CallSummary:
        machine = self._line.machine
        duration_s = self._line.at_ms / 1000
        self._journal.ended(self._line.at_ms, self._result, cause)
        summary = CallSummary(
            call_uuid=self._switch.call_id,
            status="failed" if self._result == "error" else "completed",
            result=self._result,
            duration_s=duration_s,
            hangup_cause=cause,
            amd_result=machine.result if machine else (AmdResult.UNKNOWN if self._amd else None),
            amd_class=machine.amd_class if machine else None,
            transcription=self._journal.transcription(),
            callback_at=self._callback_at,
        )
        self._store.ended(
            CallEnded(
                call_uuid=summary.call_uuid,
                status=summary.status,
                result=summary.result,
                duration_s=duration_s,
                current_step=self._journal.step,
                amd_result=summary.amd_result,
                amd_class=summary.amd_class,
                hangup_cause=cause,
                transcription=summary.transcription,
                callback_at=self._callback_at,
                ended_at=datetime.now(UTC),
                recording_path=str(self._plan.recording) if self._plan.recording else None,
            )
        )
        return summary
