"""What the hearing chain reports. ``at_ms`` counts caller audio in ms from the first frame of the call.

Order in a turn: SpeechStarted, any number of Partial, then UtteranceEnded; or NoInput when nobody
spoke in time. While a prompt plays, Interrupted follows SpeechStarted once the turn rules accept
it, and InterruptionRetracted follows Interrupted when no word came of it. MachineDecided comes
once a call, and again when it is corrected; BeepHeard only after a machine was found. DigitPressed
comes from the switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AmdResult(StrEnum):
    """What AMD found, in the words stored in ``calls.amd_result``."""

    HUMAN = "HUMAN"
    MACHINE = "MACHINE"
    UNKNOWN = "UNKNOWN"


class AmdClass(StrEnum):
    HUMAN = "human"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    UNAVAILABLE = "unavailable"
    SCREENING = "screening"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class SpeechStarted:
    """Voice for SPEECH_START_THRESHOLD. ``started_ms`` is its first voiced frame."""

    at_ms: int
    started_ms: int


@dataclass(frozen=True)
class Partial:
    """The transcript of the utterance so far, whole, not only what is new."""

    at_ms: int
    text: str


@dataclass(frozen=True)
class Interrupted:
    """The caller talks over the prompt and means it: the prompt is to stop at once."""

    at_ms: int
    started_ms: int


@dataclass(frozen=True)
class InterruptionRetracted:
    """No word followed within false_interruption_timeout: the prompt may go on where it was cut."""

    at_ms: int


@dataclass(frozen=True)
class UtteranceEnded:
    """A finished utterance.

    ``started_ms`` first voiced frame, ``ended_ms`` end of the last voiced frame, ``decided_ms``
    when the end was decided, ``at_ms`` when the final text was there. ``confidence`` is 0.0-1.0.
    ``during_prompt`` tells that it began while a prompt played.
    """

    at_ms: int
    started_ms: int
    ended_ms: int
    decided_ms: int
    text: str
    confidence: float
    during_prompt: bool = False


@dataclass(frozen=True)
class NoInput:
    """Nobody began to speak within the listening time."""

    at_ms: int
    waited_ms: int


@dataclass(frozen=True)
class MachineDecided:
    """Answering machine detection came to its result (HUMAN as well)."""

    at_ms: int
    result: AmdResult
    amd_class: AmdClass
    reason: str
    confidence: float


@dataclass(frozen=True)
class BeepHeard:
    at_ms: int
    frequency_hz: float
    duration_ms: int


@dataclass(frozen=True)
class DigitPressed:
    """A DTMF digit: one of 0-9, *, #, A-D."""

    at_ms: int
    digit: str


HearingEvent = (
    SpeechStarted
    | Partial
    | Interrupted
    | InterruptionRetracted
    | UtteranceEnded
    | NoInput
    | MachineDecided
    | BeepHeard
    | DigitPressed
)
