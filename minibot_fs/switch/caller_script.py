"""Scripted callers of rehearsals: ``callers/*.yaml``, checked and turned into plain data.

A caller has turns, taken in order. A turn waits for its cue, then for ``after_s``, then does one
thing: says a sound, presses digits, hangs up, or misses the turn. A cue counts only once the turn
before is over (its sound played to the end), so one prompt never answers for two turns.

==============  ======================================================================================
cue             the turn's time is ``after_s`` after
==============  ======================================================================================
answer          the call was answered
prompt_start    a prompt began (the one named in ``prompt``, any other if none is named); says it even
                where the prompt has ended by then
prompt_end      a prompt ended or was cut, and no other began meanwhile: a prompt that follows within
                ``after_s`` starts the wait anew, as a listener waits for the speaker to finish
turn_end        the caller's turn before was over: a beep after a greeting, a hang-up after a word
==============  ======================================================================================

After the last turn the caller stays on the line, silent.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from minibot_fs.errors import CallerError, Problem

SOUNDS_FOLDER = "sounds"
"""Sounds lie in this folder beside the caller's file."""

LineMap = dict[tuple[str | int, ...], int]


class Cue(StrEnum):
    """What a turn waits for; see the module."""

    ANSWER = "answer"
    PROMPT_START = "prompt_start"
    PROMPT_END = "prompt_end"
    TURN_END = "turn_end"


class Unanswered(StrEnum):
    """Hangup causes of a call that nobody answers."""

    NO_ANSWER = "NO_ANSWER"
    USER_BUSY = "USER_BUSY"
    CALL_REJECTED = "CALL_REJECTED"
    UNALLOCATED_NUMBER = "UNALLOCATED_NUMBER"
    NORMAL_TEMPORARY_FAILURE = "NORMAL_TEMPORARY_FAILURE"


def _existing(sound: Path) -> Path:
    if not sound.is_file():
        raise PydanticCustomError("sound_missing", "there is no sound {sound}", {"sound": str(sound)})
    return sound


class Turn(BaseModel):
    """One thing the caller does. Exactly one of sound, digits, hang_up and silent is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cue: Cue = Cue.PROMPT_END
    prompt: str | None = Field(default=None, description="Only this prompt: its file name without .wav")
    after_s: float = Field(default=0.6, ge=0, le=120)
    say: str = Field(default="", description="The words of the sound; empty for a cough or a beep")
    sound: Annotated[Path, AfterValidator(_existing)] | None = None
    digits: str | None = Field(default=None, pattern=r"^[0-9*#A-D]+$")
    hang_up: bool = False
    silent: bool = False

    @model_validator(mode="after")
    def _does_one_thing(self) -> Turn:
        done = [name for name in ("sound", "digits", "hang_up", "silent") if getattr(self, name)]
        if self.say and self.sound is None:
            raise PydanticCustomError("say_without_sound", "the words of 'say' need a 'sound' that says them")
        if len(done) != 1:
            found = " and ".join(done) or "none"
            raise PydanticCustomError(
                "one_action",
                "a turn does one thing, one of sound, digits, hang_up and silent; found {found}",
                {"found": found},
            )
        if self.prompt is not None and self.cue not in (Cue.PROMPT_START, Cue.PROMPT_END):
            raise PydanticCustomError("prompt_without_cue", "'prompt' goes with prompt_start and prompt_end")
        return self

    def is_for(self, prompt: Path) -> bool:
        """Whether this prompt's beginning or end can be this turn's cue."""
        return self.prompt is None or self.prompt == prompt.stem


class CallerScript(BaseModel):
    """One caller. ``turns`` is empty for one who says nothing or does not answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    description: str = ""
    scenario: str | None = Field(default=None, description="The scenario it was written for: its file name")
    expect: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The result that the call must reach")
    answer_after_s: float = Field(default=2.0, ge=0, le=120, description="How long it rings")
    hangup_cause: Unanswered | None = Field(default=None, description="Given where nobody answers")
    noise_dbfs: float | None = Field(
        default=None, ge=-90, le=-20, description="Level of the line's noise; none: digital silence"
    )
    echo_db: float | None = Field(
        default=None, ge=-60, le=0, description="Our own prompt comes back this much quieter; none: no echo"
    )
    echo_delay_ms: int = Field(default=120, ge=0, le=1000)
    volume_db: float = Field(default=0, ge=-40, le=12, description="How much louder the caller's sounds are")
    voice: str = Field(default="fr", pattern=r"^[\w+-]+$", description="The espeak-ng voice of its sounds")
    speed_wpm: int = Field(
        default=170, ge=80, le=400, description="How fast that voice speaks (words a minute)"
    )
    pitch: int = Field(default=50, ge=0, le=99, description="How high it speaks (espeak-ng's scale)")
    turns: tuple[Turn, ...] = ()

    @model_validator(mode="after")
    def _the_unanswered_say_nothing(self) -> CallerScript:
        if self.hangup_cause and self.turns:
            raise PydanticCustomError(
                "turns_unanswered", "a caller with a 'hangup_cause' does not answer and has no turns"
            )
        return self

    @property
    def answers(self) -> bool:
        return self.hangup_cause is None


def load_caller(path: Path) -> CallerScript:
    """Read a caller's file; ``sound`` becomes the path of an existing file.

    Raises:
        CallerError: with every problem of the file, each with its line.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        others = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise CallerError(Problem("there is no such caller", f"Those beside it: {others}", path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CallerError(Problem(f"cannot be read: {error}", "Save it as UTF-8 text", path)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise CallerError(Problem(f"is not YAML: {error.problem}", "", path, line)) from error
    if not isinstance(root, yaml.MappingNode):
        raise CallerError(Problem("has no fields", "It begins with name: and expect:", path, 1))
    lines: LineMap = {}
    data = _plain(root, (), lines)
    _place_sounds(data, path.parent / SOUNDS_FOLDER)
    try:
        return CallerScript.model_validate(data)
    except ValidationError as error:
        raise CallerError([_problem(dict(item), path, lines) for item in error.errors()]) from None


def _plain(node: yaml.Node, at: tuple[str | int, ...], lines: LineMap) -> Any:
    """The node as plain data; ``lines`` takes the line of each value by its path."""
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value, (*at, key.value), lines) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, index), lines) for index, item in enumerate(node.value)]
    constructor = yaml.constructor.SafeConstructor()
    value = constructor.construct_object(node)
    return value if value is None or isinstance(value, bool | int | float) else node.value


def _place_sounds(data: dict[str, Any], folder: Path) -> None:
    turns = data.get("turns")
    for turn in turns if isinstance(turns, list) else ():
        if isinstance(turn, dict) and isinstance(turn.get("sound"), str):
            turn["sound"] = folder / turn["sound"]


REMEDIES = {
    "extra_forbidden": "Known are {fields}",
    "missing": "Add it",
    "string_type": "Write it in quotes",
    "sound_missing": "Record it, or make it with scripts/make_sample_voice.py",
    "say_without_sound": "Add sound: FILE.wav, a file in callers/sounds/",
    "one_action": "Split it into several turns",
    "turns_unanswered": "Drop the turns or the hangup_cause",
}


def _problem(item: dict[str, Any], file: Path, lines: LineMap) -> Problem:
    loc: tuple[str | int, ...] = tuple(item["loc"])
    at = loc
    while at not in lines:
        at = at[:-1]
    model = Turn if loc[:1] == ("turns",) else CallerScript
    remedy = REMEDIES.get(item["type"], "").format(fields=", ".join(model.model_fields))
    message = str(item["msg"])
    return Problem(
        message=message[:1].lower() + message[1:],
        remedy=remedy,
        file=file,
        line=lines[at],
        field=".".join(map(str, loc)) or None,
    )
