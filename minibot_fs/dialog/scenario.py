"""A conversation as data: the scenario, its steps, and what leads from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from minibot_fs.dialog.intent import Intent

FALLBACK = "*"
"""The transition that is taken where none is named for an intent."""

MAX_TIMEOUT_S = 15
MAX_TURNS = 5

StepName = Annotated[str, Field(min_length=1)]


class StepType(StrEnum):
    AUDIO = "audio"
    OBJECTION_HANDLER = "objection_handler"


class Message(BaseModel):
    """A recording and its words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audio_path: str = Field(description="Relative to the sounds folder: julie/base/hello.wav")
    text: str = Field(
        default="", description="The words of the recording; may hold {{first_name}} and the like"
    )


class Step(BaseModel):
    """One step. ``audio`` plays and listens; ``objection_handler`` answers from the scenario's theme."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: StepType = StepType.AUDIO
    audio_path: str = Field(default="", description="Relative to the sounds folder: julie/base/hello.wav")
    text: str = Field(
        default="", description="The words of the recording; may hold {{first_name}} and the like"
    )
    timeout: float = Field(
        default=4, ge=0, le=MAX_TIMEOUT_S, description="Wait for an answer (s); 0: do not listen"
    )
    barge_in: bool = Field(default=True, description="The caller may interrupt")
    grace_period: float | None = Field(
        default=None, ge=0, le=60, description="Not to be interrupted in its first seconds; else the setting"
    )
    is_determinant: bool = Field(default=False, description="A refusal here ends the conversation")
    is_final: bool = Field(default=False, description="The call ends after this step")
    result: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9_]*$", description="The call's result, on a final step"
    )
    transitions: Mapping[str, StepName] = Field(
        default_factory=dict, description="Intent to the next step; * for all others"
    )
    dtmf: Mapping[str, Intent] = Field(default_factory=dict, description="Digit to the intent it stands for")
    expected: tuple[str, ...] = Field(default=(), description="Likely answers, for focused recognition")
    max_attempts: int | None = Field(
        default=None, ge=0, le=10, description="Objections answered here, or times the step is repeated"
    )
    fallback_step: StepName | None = Field(
        default=None, description="Where an objection nobody can answer leads"
    )
    success_step: StepName | None = Field(
        default=None, description="Where an objection that was settled leads"
    )

    @field_validator("dtmf")
    @classmethod
    def _digits(cls, dtmf: Mapping[str, Intent]) -> Mapping[str, Intent]:
        wrong = [digit for digit in dtmf if len(digit) != 1 or digit not in "0123456789*#ABCD"]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a key of a telephone")
        return dtmf

    @property
    def listens(self) -> bool:
        """Whether an answer is waited for."""
        return self.timeout > 0 and not self.is_final and self.type is StepType.AUDIO

    def targets(self) -> tuple[str, ...]:
        """Every step that this one names."""
        named = (self.fallback_step, self.success_step)
        return (*self.transitions.values(), *(step for step in named if step))


class Scenario(BaseModel):
    """A whole conversation. The first step in the file is where it begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    description: str = ""
    voice: str = Field(default="julie", pattern=r"^[A-Za-z0-9_-]+$")
    theme: str | None = Field(default=None, description="Theme of the objections")
    max_autonomous_turns: int = Field(
        default=3, ge=0, le=MAX_TURNS, description="Objections answered in the whole call"
    )
    opt_out_step: StepName | None = Field(
        default=None, description="Final step for a person who wants no more calls; else a final refusal"
    )
    leave_message: Message | None = Field(
        default=None, description="Left on an answering machine, after its beep"
    )
    steps: Mapping[StepName, Step] = Field(min_length=1)

    @property
    def first_step(self) -> str:
        return next(iter(self.steps))

    def final_step(self, *results: str) -> str | None:
        """A final step with one of these results, looked for in their order."""
        for result in results:
            for name, step in self.steps.items():
                if step.is_final and step.result == result:
                    return name
        return None
