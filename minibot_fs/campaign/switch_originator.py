"""Campaign calls on a real FreeSWITCH: ordered over its event socket, held by the handler inside it."""

from __future__ import annotations

from collections.abc import Callable

from minibot_fs.campaign.originator import CallOrder, CallOutcome
from minibot_fs.switch.dial_string import DialString, GatewayLeg, LoopbackLeg
from minibot_fs.switch.event_socket import LOST_EVENT, EventSocket, SwitchUnreachable

HANDLER = "minibot_fs.handler"
UNREACHABLE = "NETWORK_OUT_OF_ORDER"

Leg = GatewayLeg | LoopbackLeg


class SwitchOriginator:
    """An Originator. The handler stores what an answered call came to; here only the line is watched.

    Args:
        longest_s: longest call from its answer on; the handler keeps to it, this is the net below.
        patience_s: a call waits so long for a FreeSWITCH that is not there, then counts as congestion.
        leg: makes the leg of an order; a SIP gateway's unless a test wants another.
    """

    def __init__(
        self,
        socket: EventSocket,
        longest_s: float,
        leg: Callable[[CallOrder], Leg] = lambda order: GatewayLeg(order.gateway, order.phone),
        patience_s: float = 10.0,
    ) -> None:
        self._socket = socket
        self._longest_s = longest_s
        self._leg = leg
        self._patience_s = patience_s

    async def place(self, order: CallOrder) -> CallOutcome:
        # A FreeSWITCH that restarts is back in seconds: the call waits for it rather than fail.
        await self._socket.wait_connected(self._patience_s)
        try:
            ended = await self._socket.call(self._dial_string(order), self._longest_s + 30)
        except SwitchUnreachable:
            return CallOutcome(order.call_uuid, answered=False, hangup_cause=UNREACHABLE)
        return CallOutcome(
            order.call_uuid,
            # A call of which the end was missed may have been answered: then its handler has stored it.
            answered=ended.answered or ended.cause == LOST_EVENT,
            hangup_cause=ended.cause,
            sip_code=ended.sip_code,
            duration_s=ended.duration_s,
        )

    def _dial_string(self, order: CallOrder) -> DialString:
        return DialString(
            leg=self._leg(order),
            call_uuid=order.call_uuid,
            caller_id=order.caller_id,
            timeout_s=max(1, round(order.timeout_s)),
            handler=HANDLER,
            arguments={
                "scenario": order.scenario,
                "contact": str(order.contact.id),
                "campaign": str(order.campaign_id),
                "attempt": str(order.attempt),
                "phone": order.phone,
                "call": order.call_uuid,
            },
        )
