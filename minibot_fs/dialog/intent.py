"""What a caller can mean, and what a classifier of it promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Intent(StrEnum):
    AFFIRM = "affirm"
    DENY = "deny"
    QUESTION = "question"
    OBJECTION = "objection"
    SILENCE = "silence"
    NOT_UNDERSTOOD = "not_understood"
    OPT_OUT = "opt_out"
    CALLBACK = "callback"
    WRONG_PERSON = "wrong_person"
    ALREADY_CUSTOMER = "already_customer"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True)
class Understanding:
    """An utterance understood. ``why`` names the phrases that decided, for authors who ask.

    ``callback_text`` is the part of the utterance that names a time, for intent callback only.
    """

    intent: Intent
    confidence: float
    why: str = ""
    callback_text: str | None = None


class IntentClassifier(Protocol):
    def classify(self, text: str) -> Understanding:
        """The intent of one utterance; empty text is ``silence``. Never raises on any text."""


@dataclass(frozen=True)
class CallbackTime:
    """When a caller asked to be called again, in the caller's own time zone."""

    at: datetime
    said: str
