"""The ``originate`` command, built from typed parts so that nothing a user wrote can change its meaning.

FreeSWITCH has no escape that holds in every place of a dial string (``,`` ``}`` ``'`` ``^`` ``|`` and
spaces all mean something, somewhere). So nothing is escaped: names and numbers are checked against what
they may be, and free text is percent-encoded (``urllib.parse.unquote`` reads it back).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_GATEWAY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DialStringError(ValueError):
    """A part of a dial string is not what it must be; the message never repeats the number."""


@dataclass(frozen=True)
class GatewayLeg:
    """A call through a SIP gateway: ``sofia/gateway/NAME/NUMBER``."""

    gateway: str
    number: str

    def __str__(self) -> str:
        return f"sofia/gateway/{_checked(_GATEWAY, self.gateway, 'gateway')}/{_number(self.number)}"


@dataclass(frozen=True)
class LoopbackLeg:
    """A call to this same switch: ``loopback/EXTENSION/CONTEXT``, for tests without a phone."""

    context: str
    extension: str

    def __str__(self) -> str:
        extension = _checked(_GATEWAY, self.extension, "extension")
        return f"loopback/{extension}/{_checked(_GATEWAY, self.context, 'context')}"


@dataclass(frozen=True)
class DialString:
    """One outgoing call that runs a Python handler once it is answered.

    ``variables`` become channel variables, ``arguments`` the handler's; values are free text.
    """

    leg: GatewayLeg | LoopbackLeg
    call_uuid: str
    caller_id: str
    timeout_s: int
    handler: str
    variables: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """``{variables}leg '&python(handler arguments)'``; the quotes keep the arguments together.

        Raises:
            DialStringError: a part is not what it must be.
        """
        if not 1 <= self.timeout_s <= 600:
            raise DialStringError("the timeout is 1 to 600 s")
        caller_id = _number(self.caller_id)
        own = {
            "origination_uuid": _checked(_UUID, self.call_uuid, "call uuid"),
            "origination_caller_id_number": caller_id,
            "origination_caller_id_name": caller_id,
            # Ringing and the network's announcements are no answer: the handler waits for a person.
            "ignore_early_media": "true",
            "originate_timeout": str(self.timeout_s),
        }
        block = ",".join(f"{name}={value}" for name, value in (own | _encoded(self.variables)).items())
        words = [f"{name}={value}" for name, value in _encoded(self.arguments).items()]
        handler = _checked(_MODULE, self.handler, "handler")
        return f"{{{block}}}{self.leg} '&python({' '.join([handler, *words])})'"


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    return {_checked(_NAME, name, "variable"): quote(value, safe="+:@") for name, value in values.items()}


def _number(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise DialStringError("not a number that can be dialled")
    return number


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise DialStringError(f"{value!r} is not a {what}")
    return value
