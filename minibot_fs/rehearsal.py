"""Rehearsals: the real call code on the rehearsal switch, with a scripted caller at the other end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from minibot_fs.assembly import Assembly, Conversation
from minibot_fs.call import CallPlan, CallSummary
from minibot_fs.campaign.originator import CallOrder, CallOutcome
from minibot_fs.hearing.recognizer import Recognizer
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText
from minibot_fs.store.calls import CallEnded, CallStarted, TurnRecord
from minibot_fs.switch.caller_script import CallerScript
from minibot_fs.switch.rehearsal import RehearsalSwitch
from minibot_fs.switch.scripted_caller import CallerSays

UNANSWERED_RESULTS = {"NO_ANSWER": "no_answer", "USER_BUSY": "busy"}
REHEARSALS = uuid.UUID("5b0c8c1e-6a57-4f0c-9d4f-2f3f8d0a7c11")
"""Namespace of rehearsed calls' ids: the same scenario and caller have the same id."""

DecoderFactory = Callable[[], Recognizer]


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsed call: how it ended, what was stored of it, and what its caller expected."""

    summary: CallSummary
    records: tuple[TurnRecord, ...]
    expected: str

    @property
    def as_expected(self) -> bool:
        return self.summary.result == self.expected

    def as_data(self) -> dict[str, Any]:
        """The call as JSON-ready data; the same for every run of the same rehearsal."""
        return {
            "call": {**asdict(self.summary), "callback_at": _text(self.summary.callback_at)},
            "expected": self.expected,
            "events": [asdict(record) for record in self.records],
        }


def rehearsal_id(scenario: str, caller: str) -> str:
    return str(uuid.uuid5(REHEARSALS, f"{scenario}/{caller}"))


def rehearse(
    assembly: Assembly,
    conversation: Conversation,
    caller: CallerScript,
    plan: CallPlan,
    *,
    call_id: str,
    realtime: bool = False,
    decoder: DecoderFactory | None = None,
    seed: int = 0,
) -> Rehearsed:
    """Hold one call with a scripted caller.

    Args:
        decoder: makes a recognizer that decodes the caller's audio; ``None`` for the scripted one,
            which knows the words of the caller's sounds.

    Raises:
        AudioError: a sound is missing or of a wrong format.
    """
    if caller.hangup_cause is not None:
        return _unanswered(caller, call_id)
    words = _Words()
    switch = RehearsalSwitch(call_id, caller, say=words.say, realtime=realtime, seed=seed)
    make = (lambda _clock: decoder()) if decoder else words.recognizer
    call = assembly.call(switch, make, plan, conversation)
    try:
        summary = call.run()
    finally:
        call.close()
    return Rehearsed(summary, call.journal.records, caller.expect)


class _Words:
    """Hands what the caller says to the recognizer, which is made after the caller."""

    def __init__(self) -> None:
        self._recognizer: ScriptedRecognizer | None = None

    def recognizer(self, clock: Callable[[], int]) -> Recognizer:
        self._recognizer = ScriptedRecognizer(clock)
        return self._recognizer

    def say(self, said: CallerSays) -> None:
        if said.text and self._recognizer is not None:
            self._recognizer.say(SpokenText(said.start_ms, said.end_ms, said.text))


def _unanswered(caller: CallerScript, call_id: str) -> Rehearsed:
    cause = str(caller.hangup_cause)
    summary = CallSummary(
        call_uuid=call_id,
        status="failed",
        result=UNANSWERED_RESULTS.get(cause, "failed"),
        duration_s=0.0,
        hangup_cause=cause,
        amd_result=None,
        amd_class=None,
        transcription="",
        callback_at=None,
    )
    return Rehearsed(summary, (), caller.expect)


class UnstoredCalls:
    """A CallStore that keeps nothing: the rehearsal's own records are all that is wanted."""

    def started(self, call: CallStarted) -> None:
        pass

    def turn(self, turn: TurnRecord) -> None:
        pass

    def progress(self, call_uuid: str, current_step: str) -> None:
        pass

    def ended(self, call: CallEnded) -> None:
        pass


class RehearsalOriginator:
    """Places a campaign's calls as rehearsals, each contact with a caller of its own.

    Args:
        callers: taken in turn by contact number.
        recordings: folder of stereo recordings; ``None`` for none.
    """

    def __init__(
        self,
        assembly: Assembly,
        callers: Sequence[CallerScript],
        *,
        recordings: Path | None = None,
        realtime: bool = False,
    ) -> None:
        self._assembly = assembly
        self._callers = callers
        self._recordings = recordings
        self._realtime = realtime

    def caller_of(self, contact_id: int) -> CallerScript:
        return self._callers[contact_id % len(self._callers)]

    def place(self, order: CallOrder) -> CallOutcome:
        """Hold one call of a campaign; blocks until it is over."""
        conversation = self._assembly.conversations.named(order.scenario)
        contact = order.contact
        plan = CallPlan(
            conversation.scenario,
            order.phone,
            {
                **contact.fields,
                "first_name": contact.first_name,
                "last_name": contact.last_name,
                "company": contact.company,
                "email": contact.email,
                "phone": order.phone,
            },
            contact_id=contact.id,
            campaign_id=order.campaign_id,
            retry_count=order.attempt - 1,
            recording=recording_file(self._recordings, order.call_uuid) if self._recordings else None,
        )
        summary = rehearse(
            self._assembly,
            conversation,
            self.caller_of(contact.id),
            plan,
            call_id=order.call_uuid,
            realtime=self._realtime,
            seed=contact.id,
        ).summary
        return CallOutcome(
            call_uuid=order.call_uuid,
            answered=summary.amd_result is not None or summary.duration_s > 0,
            hangup_cause=summary.hangup_cause,
            result=summary.result,
            amd_result=summary.amd_result,
            duration_s=summary.duration_s,
            callback_at=summary.callback_at,
        )


def caller_variables(contact: Mapping[str, str] | None) -> dict[str, str]:
    """A contact for rehearsals without a database: a number and a name of fiction."""
    return {"first_name": "Camille", "last_name": "Martin", "phone": "+33639980000", **(contact or {})}


def recording_file(folder: Path, call_uuid: str) -> Path:
    return folder / f"{call_uuid}.wav"


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat()
