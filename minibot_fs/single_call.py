"""One call placed from outside FreeSWITCH and followed while it is held: what ``test_call`` does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from minibot_fs.campaign.switch_originator import HANDLER
from minibot_fs.config import Settings
from minibot_fs.errors import Problem, UserError
from minibot_fs.switch.announcement import SUBCLASS
from minibot_fs.switch.dial_string import DialString, GatewayLeg, LoopbackLeg
from minibot_fs.switch.event_socket import EventSocket

CONNECT_S = 5.0
SILENT_CALLEE = LoopbackLeg("default", "6265")
"""The extension of dialplan/minibot.xml."""
NOBODY = "+33199000000"
"""A number reserved for fiction, shown where no CALLER_ID is set and no network sees it."""

Follow = Callable[[str, Mapping[str, Any]], None]
"""Gets the kind and the data of each announcement (``switch.announcement``)."""


class TestCallError(UserError):
    """The call cannot be placed."""

    code = "test_call"


@dataclass(frozen=True)
class Placed:
    """How it ended. ``result`` is ``None`` when the handler never held it."""

    call_uuid: str
    answered: bool
    hangup_cause: str
    result: str | None


async def place(settings: Settings, leg: GatewayLeg | LoopbackLeg, scenario: str, follow: Follow) -> Placed:
    """Place a call and follow it to its end.

    Raises:
        TestCallError: the event socket cannot be reached.
        DialStringError, SwitchUnreachable
    """
    call_uuid = str(uuid4())
    closed: dict[str, Any] = {}

    def announced(event: Mapping[str, Any]) -> None:
        if event.get("Minibot-Call") != call_uuid:
            return
        kind, data = str(event["Minibot-Kind"]), json.loads(str(event["Minibot-Data"]))
        if kind == "closed":
            closed.update(data)
        follow(kind, data)

    host, port = settings.freeswitch_esl_host, settings.freeswitch_esl_port
    password = settings.freeswitch_esl_password.get_secret_value()
    async with EventSocket(host, port, password, {SUBCLASS: announced}) as socket:
        if not await socket.wait_connected(CONNECT_S):
            raise TestCallError(
                Problem(
                    f"FreeSWITCH's event socket at {host}:{port} cannot be used",
                    "Is FreeSWITCH running, and FREESWITCH_ESL_PASSWORD right? Try scripts/check_system.py",
                )
            )
        ended = await socket.call(
            DialString(
                leg,
                call_uuid,
                settings.caller_id or NOBODY,
                round(settings.connection_timeout),
                HANDLER,
                arguments={"scenario": scenario, **_phone(leg)},
            ),
            settings.max_call_duration + 30,
        )
    return Placed(call_uuid, ended.answered, ended.cause, closed.get("result"))


def _phone(leg: GatewayLeg | LoopbackLeg) -> dict[str, str]:
    return {"phone": leg.number} if isinstance(leg, GatewayLeg) else {}
