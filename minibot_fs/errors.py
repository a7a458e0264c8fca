"""The mistakes a user can make and correct, and the one way a call can vanish.

Every :class:`UserError` is one clear sentence: where (file, line, field), what, and the remedy.
The command line prints it and exits with code 2; nothing else catches it broadly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing wrong in something a user wrote.

    ``line`` counts from 1; ``field`` is a dotted path (``steps.hello.timeout``).
    """

    message: str
    remedy: str = ""
    file: Path | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = ", ".join(part for part in (where, self.field) if part)
        text = f"{head}: {self.message}" if head else self.message
        return f"{text}. {self.remedy}" if self.remedy else text


class UserError(Exception):
    """Something the user wrote or typed that must be corrected; carries every problem found."""

    code = "user_error"

    def __init__(self, problems: Problem | Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class SettingsError(UserError):
    """A variable of the environment or of .env is wrong."""

    code = "settings"


class ScenarioError(UserError):
    """A scenario file cannot be used as it is."""

    code = "scenario"


class ObjectionError(UserError):
    """A theme of objections cannot be used as it is."""

    code = "objections"


class ContactError(UserError):
    """A contacts file cannot be imported."""

    code = "contact"


class CallerError(UserError):
    """A scripted caller of a rehearsal cannot be used as it is."""

    code = "caller"


class AudioError(UserError):
    """A sound file cannot be read or is not what it should be."""

    code = "audio"


class StoreError(Exception):
    """The database cannot be reached or refused a statement."""

    code = "store"


class CallGone(Exception):
    """The other side hung up (or the switch ended the call): every pending wait fails with this.

    Args:
        cause: the hangup cause in FreeSWITCH's words, ``NORMAL_CLEARING`` for one.
    """

    code = "call_gone"

    def __init__(self, cause: str = "NORMAL_CLEARING") -> None:
        super().__init__(cause)
        self.cause = cause
