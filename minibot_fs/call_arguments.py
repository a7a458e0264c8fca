"""What a call is started with: the words behind the handler's name, and the channel's variables.

    originate sofia/gateway/mygateway/+33639980001 '&python(minibot_fs.handler scenario=or contact=7)'

The quotes matter: without them FreeSWITCH drops everything behind the first space. Where a word is
missing, the channel variable of that name with the prefix ``minibot_`` counts. Values are
percent-encoded (``minibot_fs.switch.dial_string``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from minibot_fs.errors import Problem, UserError

PREFIX = "minibot_"
_EXAMPLE = "Write '&python(minibot_fs.handler scenario=NAME contact=ID)', quotes included"


class CallArgumentsError(UserError):
    """A call was started with words that make no sense."""

    code = "call_arguments"


class CallArguments(BaseModel):
    """``attempt`` counts from 1. ``call`` is the id the dialer chose; the channel must have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    contact: int | None = Field(default=None, ge=1)
    campaign: int | None = Field(default=None, ge=1)
    attempt: int = Field(default=1, ge=1, le=1000)
    phone: Annotated[str, StringConstraints(max_length=40)] = ""
    call: str | None = None


def parse_call_arguments(text: str, variable: Callable[[str], str | None]) -> CallArguments:
    """Read the handler's words, and the channel's variables where a word is missing.

    Raises:
        CallArgumentsError: a word is unknown, given twice, missing or not what it must be.
    """
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            problems.append(Problem(f"{word!r} is not NAME=VALUE", _EXAMPLE))
        elif name in values:
            problems.append(Problem(f"{name} is given twice", _EXAMPLE))
        else:
            values[name] = unquote(value)
    for name in CallArguments.model_fields:
        from_channel = None if name in values else variable(PREFIX + name)
        if from_channel:
            values[name] = unquote(from_channel)
    if problems:
        raise CallArgumentsError(problems)
    try:
        return CallArguments.model_validate(values)
    except ValidationError as error:
        raise CallArgumentsError([_problem(dict(item)) for item in error.errors()]) from None


def _problem(item: dict[str, object]) -> Problem:
    (name, *_) = item["loc"] if isinstance(item["loc"], tuple) else ("",)
    messages = {"missing": "is missing", "extra_forbidden": "is not known"}
    message = messages.get(str(item["type"]), f"{item['input']!r}: {str(item['msg']).lower()}")
    return Problem(message, _EXAMPLE, field=str(name))
