"""What came of an attempt: FreeSWITCH's hangup cause and the SIP status, in a dialer's words.

The causes are those of FreeSWITCH's ``switch_types.h``; SIP statuses are of RFC 3261 (and 603, 607, 608).
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one attempt ended. Those found before the answer, then those found during the call."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    """The network gave no sign of ringing in time."""
    INVALID_NUMBER = "invalid_number"
    """No such number: never tried again."""
    REJECTED = "rejected"
    """The callee's side refused the call: never tried again."""
    CONGESTION = "congestion"
    """The gateway or the network is full or down: says nothing about the person."""
    FAILED = "failed"
    LOST = "lost"
    """The dialer died with the call: says nothing about the person."""

    ANSWERED = "answered"
    MACHINE = "machine"
    HUNG_UP = "hung_up"
    SILENCE = "silence"
    CALLBACK = "callback"
    OPT_OUT = "opt_out"


BEFORE_RINGING = frozenset({Outcome.INVALID_NUMBER, Outcome.CONGESTION, Outcome.FAILED, Outcome.LOST})
"""Outcomes of which the person noticed nothing: they do not count as a call to them."""

GATEWAY_FAULTS = frozenset({Outcome.CONGESTION, Outcome.FAILED})
"""Outcomes that open a gateway's circuit breaker when they are many."""

_BY_CAUSE = {
    Outcome.NO_ANSWER: "NO_ANSWER NO_USER_RESPONSE SUBSCRIBER_ABSENT",
    Outcome.BUSY: "USER_BUSY",
    Outcome.TIMEOUT: "ORIGINATOR_CANCEL ALLOTTED_TIMEOUT PROGRESS_TIMEOUT MEDIA_TIMEOUT "
    "RECOVERY_ON_TIMER_EXPIRE",
    Outcome.INVALID_NUMBER: "UNALLOCATED_NUMBER NO_ROUTE_DESTINATION INVALID_NUMBER_FORMAT NUMBER_CHANGED "
    "INVALID_URL CHAN_NOT_IMPLEMENTED INCOMPATIBLE_DESTINATION USER_NOT_REGISTERED",
    Outcome.REJECTED: "CALL_REJECTED OUTGOING_CALL_BARRED INCOMING_CALL_BARRED BLOCKED DECLINED",
    Outcome.CONGESTION: "NORMAL_CIRCUIT_CONGESTION SWITCH_CONGESTION REQUESTED_CHAN_UNAVAIL "
    "NORMAL_TEMPORARY_FAILURE NETWORK_OUT_OF_ORDER GATEWAY_DOWN INVALID_GATEWAY NO_ROUTE_TRANSIT_NET "
    "DESTINATION_OUT_OF_ORDER PRE_EMPTED CRASH",
}
_OUTCOME_OF_CAUSE = {cause: outcome for outcome, causes in _BY_CAUSE.items() for cause in causes.split()}

_OUTCOME_OF_STATUS = {
    404: Outcome.INVALID_NUMBER,
    410: Outcome.INVALID_NUMBER,
    484: Outcome.INVALID_NUMBER,
    604: Outcome.INVALID_NUMBER,
    403: Outcome.REJECTED,
    603: Outcome.REJECTED,
    607: Outcome.REJECTED,
    608: Outcome.REJECTED,
    408: Outcome.TIMEOUT,
    480: Outcome.NO_ANSWER,
    487: Outcome.NO_ANSWER,
    486: Outcome.BUSY,
    600: Outcome.BUSY,
    429: Outcome.CONGESTION,
    500: Outcome.CONGESTION,
    502: Outcome.CONGESTION,
    503: Outcome.CONGESTION,
    504: Outcome.CONGESTION,
    580: Outcome.CONGESTION,
}

_OUTCOME_OF_RESULT = {
    "answering_machine": Outcome.MACHINE,
    "no_answer": Outcome.NO_ANSWER,
    "busy": Outcome.BUSY,
    "failed": Outcome.FAILED,
    "error": Outcome.FAILED,
    "opt_out": Outcome.OPT_OUT,
    "callback": Outcome.CALLBACK,
    "hung_up": Outcome.HUNG_UP,
    "silence": Outcome.SILENCE,
}
"""``calls.result`` words that are not the scenario's own; any other word is a conversation: ANSWERED."""

_RESULT_OF_OUTCOME = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.TIMEOUT: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.MACHINE: "answering_machine",
    Outcome.HUNG_UP: "hung_up",
    Outcome.LOST: "error",
}


def outcome_of(
    *, answered: bool, hangup_cause: str, sip_code: int | None = None, result: str | None = None
) -> Outcome:
    """Classify an ended attempt.

    Args:
        answered: someone or something picked up.
        hangup_cause: FreeSWITCH's word, ``USER_BUSY``.
        sip_code: the final SIP status when there was one; it is more exact than the cause, except that
            a gateway's 200 and 487 (our own cancel) say nothing.
        result: what the conversation came to (``calls.result``); only looked at when answered.
    """
    if answered:
        return _OUTCOME_OF_RESULT.get(result, Outcome.ANSWERED) if result else Outcome.HUNG_UP
    by_cause = _OUTCOME_OF_CAUSE.get(hangup_cause.upper())
    if by_cause in (Outcome.TIMEOUT, Outcome.NO_ANSWER):
        return by_cause
    if sip_code in _OUTCOME_OF_STATUS:
        return _OUTCOME_OF_STATUS[sip_code]
    return by_cause or Outcome.FAILED


def result_of(outcome: Outcome) -> str:
    """The ``calls.result`` word of an attempt that came to no conversation."""
    return _RESULT_OF_OUTCOME.get(outcome, "failed")
