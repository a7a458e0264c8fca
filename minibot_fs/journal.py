"""What a call writes down: one record a turn, numbered, in the order in which things happened.

Kinds of records: ``step`` (the dialog entered a step and why), ``prompt`` (the bot spoke),
``caller`` (the caller spoke, was silent or pressed a digit), ``remark`` (the caller spoke over a prompt
without stopping it), ``amd``, ``message_left``, ``ended``.
Times are ms of the call's audio, so a rehearsal writes the same records at any speed.
"""

from __future__ import annotations

import logging
from typing import Any

from minibot_fs.dialog.intent import Intent, Understanding
from minibot_fs.dialog.walker import PromptRef
from minibot_fs.hearing.events import DigitPressed, MachineDecided, NoInput, UtteranceEnded
from minibot_fs.line import Said
from minibot_fs.store.call_store import CallStore
from minibot_fs.store.calls import TurnRecord

log = logging.getLogger(__name__)


class Journal:
    """Numbers the records of one call and hands each to the store at once."""

    def __init__(self, call_uuid: str, store: CallStore) -> None:
        self._call_uuid = call_uuid
        self._store = store
        self._records: list[TurnRecord] = []
        self._answered_at_ms: int | None = None
        self.step: str | None = None

    @property
    def records(self) -> tuple[TurnRecord, ...]:
        return tuple(self._records)

    def enter(self, step: str, why: str) -> None:
        self.step = step
        self._store.progress(self._call_uuid, step)
        log.info("[%s] step %s (%s)", self._call_uuid[:8], step, why)

    def said(self, prompt: PromptRef, said: Said) -> None:
        latencies = {}
        if self._answered_at_ms is not None:
            latencies["response_ms"] = said.started_ms - self._answered_at_ms
            self._answered_at_ms = None
        self._write(
            "prompt",
            said.started_ms,
            prompt=prompt.audio_path,
            transcript=prompt.text,
            prompt_position_ms=said.position_ms,
            latencies=latencies,
            data={"ended_ms": said.ended_ms, "interrupted_at_ms": list(said.interrupted_at_ms)},
        )

    def prompt_cut(self, prompt: PromptRef, started_ms: int, ended_ms: int) -> None:
        """The prompt ended with the call, or with the machine that was found."""
        self._write(
            "prompt",
            started_ms,
            prompt=prompt.audio_path,
            transcript=prompt.text,
            prompt_position_ms=ended_ms - started_ms,
            data={"ended_ms": ended_ms, "interrupted_at_ms": []},
        )

    def heard(self, utterance: UtteranceEnded, understood: Understanding) -> None:
        self._answered_at_ms = utterance.at_ms
        self._write(
            "caller",
            utterance.started_ms,
            transcript=utterance.text,
            intent=understood.intent,
            confidence=understood.confidence,
            why=understood.why,
            latencies={
                "endpoint_ms": utterance.decided_ms - utterance.ended_ms,
                "recognition_ms": utterance.at_ms - utterance.decided_ms,
            },
            data={
                "ended_ms": utterance.ended_ms,
                "decided_ms": utterance.decided_ms,
                "recognition_confidence": round(utterance.confidence, 3),
                "during_prompt": utterance.during_prompt,
            },
        )
        log.info(
            "[%s] step %s heard %s (%.2f)",
            self._call_uuid[:8],
            self.step,
            understood.intent,
            understood.confidence,
        )

    def remark(self, utterance: UtteranceEnded, understood: Understanding) -> None:
        """Said over a prompt, and not taken as an answer."""
        self._write(
            "remark",
            utterance.started_ms,
            transcript=utterance.text,
            intent=understood.intent,
            confidence=understood.confidence,
            why=understood.why,
            data={"ended_ms": utterance.ended_ms},
        )

    def silence(self, silence: NoInput) -> None:
        self._answered_at_ms = silence.at_ms
        self._write(
            "caller",
            silence.at_ms - silence.waited_ms,
            transcript="",
            intent=Intent.SILENCE,
            confidence=1.0,
            why=f"nobody spoke for {silence.waited_ms} ms",
            data={"ended_ms": silence.at_ms},
        )

    def digit(self, pressed: DigitPressed, intent: Intent) -> None:
        self._answered_at_ms = pressed.at_ms
        self._write(
            "caller",
            pressed.at_ms,
            transcript="",
            intent=intent,
            confidence=1.0,
            why=f"digit {pressed.digit}",
            data={"ended_ms": pressed.at_ms, "digit": pressed.digit},
        )

    def amd(self, decided: MachineDecided) -> None:
        self._write(
            "amd",
            decided.at_ms,
            confidence=decided.confidence,
            why=decided.reason,
            data={"result": decided.result.value, "class": decided.amd_class.value},
        )

    def note(self, kind: str, what: str, at_ms: int = 0) -> None:
        self._write(kind, at_ms, why=what)

    def ended(self, at_ms: int, result: str, cause: str) -> None:
        self._write("ended", at_ms, why=cause, data={"result": result})
        log.info("[%s] ended: %s (%s)", self._call_uuid[:8], result, cause)

    def transcription(self) -> str:
        """What the caller said in the whole call, one line a turn."""
        return "\n".join(
            record.transcript
            for record in self._records
            if record.kind in ("caller", "remark") and record.transcript
        )

    def _write(self, kind: str, at_ms: int, **fields: Any) -> None:
        record = TurnRecord(
            call_uuid=self._call_uuid,
            seq=len(self._records) + 1,
            at_ms=at_ms,
            kind=kind,
            step=self.step,
            **fields,
        )
        self._records.append(record)
        self._store.turn(record)
