"""Builds a scenario from the answers of its author: questions in order, and what every conversation needs."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from minibot_fs.dialog.scenario import MAX_TIMEOUT_S, MAX_TURNS

HANDLER, SILENCE, GOODBYE, REFUSED = "handle_objection", "retry_silence", "bye", "bye_not_interested"
AUXILIARY_STEPS = (HANDLER, SILENCE, GOODBYE, REFUSED)


class QuestionKind(StrEnum):
    """A refusal of a determinant question ends the conversation; any other may be talked over."""

    NORMAL = "normal"
    DETERMINANT = "determinant"


class Question(BaseModel):
    """One question. ``audio`` is a file of the voice's base folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    audio: str = Field(min_length=1)
    text: str = ""
    kind: QuestionKind = QuestionKind.NORMAL


class Draft(BaseModel):
    """The answers, as far as they are given; ``file`` is the scenario's file name without ending."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    description: str = ""
    voice: str = ""
    questions: tuple[Question, ...] = ()
    theme: str | None = None
    barge_in: bool = True
    timeout: float = Field(default=4, gt=0, le=MAX_TIMEOUT_S)
    grace_period: float = Field(default=3.0, ge=0, le=60)
    max_autonomous_turns: int = Field(default=3, ge=0, le=MAX_TURNS)
    file: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+$")


def missing_recordings(draft: Draft, recordings: Collection[str]) -> list[str]:
    """Files of the voice's base folder that the scenario will need and that are not there."""
    needed = [question.audio for question in draft.questions] + [f"{GOODBYE}.wav"]
    return [file for file in dict.fromkeys(needed) if file not in recordings]


def build_scenario(draft: Draft, recordings: Collection[str]) -> dict[str, Any]:
    """The scenario as data, ready to be written.

    Args:
        recordings: file names in the voice's base folder; a goodbye or a reminder that is not
            recorded is said with the nearest one that is.
    """
    names = [question.step for question in draft.questions]
    handles = draft.theme is not None and draft.max_autonomous_turns > 0
    steps: dict[str, Any] = {}
    for number, question in enumerate(draft.questions):
        following = names[number + 1] if number + 1 < len(names) else GOODBYE
        determinant = question.kind is QuestionKind.DETERMINANT
        objected = HANDLER if handles else REFUSED
        steps[question.step] = {
            **_audio(draft, question.audio, question.text),
            "timeout": draft.timeout,
            "barge_in": draft.barge_in,
            "grace_period": draft.grace_period,
            **({"is_determinant": True} if determinant else {}),
            "transitions": {
                "affirm": following,
                "deny": REFUSED if determinant else objected,
                "question": objected,
                "objection": objected,
                "silence": SILENCE if number == 0 else question.step,
                "not_understood": SILENCE if number == 0 else question.step,
            },
        }
    second = names[1] if len(names) > 1 else GOODBYE
    if handles:
        steps[HANDLER] = {
            "type": "objection_handler",
            "max_attempts": draft.max_autonomous_turns,
            "fallback_step": REFUSED,
            "success_step": second,
        }
    first = draft.questions[0]
    reminder = f"{SILENCE}.wav" if f"{SILENCE}.wav" in recordings else first.audio
    steps[SILENCE] = {
        **_audio(draft, reminder, first.text if reminder == first.audio else "Vous êtes toujours là ?"),
        "timeout": draft.timeout,
        "barge_in": draft.barge_in,
        "transitions": {"affirm": second, "*": REFUSED},
    }
    refused = f"{REFUSED}.wav" if f"{REFUSED}.wav" in recordings else f"{GOODBYE}.wav"
    steps[GOODBYE] = _final(draft, f"{GOODBYE}.wav", "Merci, au revoir !", "success")
    steps[REFUSED] = _final(draft, refused, "Je comprends. Bonne journée !", "not_interested")
    return {
        "name": draft.name,
        "description": draft.description,
        "voice": draft.voice,
        **({"theme": draft.theme} if draft.theme else {}),
        "max_autonomous_turns": draft.max_autonomous_turns,
        "steps": steps,
    }


def _audio(draft: Draft, file: str, text: str) -> dict[str, Any]:
    return {"type": "audio", "audio_path": f"{draft.voice}/base/{file}", "text": text}


def _final(draft: Draft, file: str, text: str, result: str) -> dict[str, Any]:
    return {
        **_audio(draft, file, text),
        "timeout": 0,
        "barge_in": False,
        "is_final": True,
        "result": result,
    }
