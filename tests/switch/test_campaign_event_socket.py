"""Calls ordered over the event socket of a real FreeSWITCH end as they ended there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from minibot_fs.campaign.originator import CallOrder, Contact
from minibot_fs.campaign.outcomes import Outcome, outcome_of
from minibot_fs.campaign.switch_originator import UNREACHABLE, SwitchOriginator
from minibot_fs.switch.dial_string import DialString, LoopbackLeg
from minibot_fs.switch.event_socket import Ended, EventSocket, SwitchUnreachable
from tests.switch.freeswitch_server import FreeSwitch, free_port


def dial(callee: str, timeout_s: int = 20) -> DialString:
    return DialString(
        leg=LoopbackLeg("callees", callee),
        call_uuid=str(uuid4()),
        caller_id="+33199000001",
        timeout_s=timeout_s,
        handler="waiting_handler",
        variables={"minibot_name": "Élodie, d'Aubigny} &park"},
        arguments={"scenario": "or"},
    )


def with_socket(server: FreeSwitch, use: Callable[[EventSocket], Awaitable[object]]) -> object:
    async def connect_and_use() -> object:
        async with EventSocket("127.0.0.1", server.esl_port, server.password) as socket:
            await until_connected(socket)
            return await use(socket)

    return asyncio.run(connect_and_use())


async def until_connected(socket: EventSocket) -> None:
    while not socket.is_connected:
        await asyncio.sleep(0.05)


def call(server: FreeSwitch, order: DialString) -> Ended:
    ended = with_socket(server, lambda socket: socket.call(order, 60))
    assert isinstance(ended, Ended)
    return ended


def test_a_call_that_is_answered_tells_when_and_how_the_other_side_ended_it(
    switch_server: FreeSwitch,
) -> None:
    ended = call(switch_server, dial("hang_up-1500"))
    assert ended.answered
    assert ended.cause == "NORMAL_CLEARING"
    assert ended.duration_s >= 1
    assert ended.variables["minibot_name"] == "Élodie, d'Aubigny} &park"


def test_a_call_nobody_answers_ends_with_its_timeout(switch_server: FreeSwitch) -> None:
    ended = call(switch_server, dial("rings", timeout_s=2))
    assert not ended.answered
    outcome = outcome_of(answered=False, hangup_cause=ended.cause, sip_code=ended.sip_code)
    assert outcome in (Outcome.NO_ANSWER, Outcome.TIMEOUT)


def test_a_number_that_does_not_exist_is_invalid(switch_server: FreeSwitch) -> None:
    ended = call(switch_server, dial("nobody"))
    assert outcome_of(answered=False, hangup_cause=ended.cause) is Outcome.INVALID_NUMBER


def test_many_calls_at_once_each_get_their_own_end(switch_server: FreeSwitch) -> None:
    orders = [dial(f"hang_up-{200 + 50 * number}") for number in range(20)]

    async def all_at_once(socket: EventSocket) -> list[Ended]:
        return await asyncio.gather(*(socket.call(order, 60) for order in orders))

    ended = with_socket(switch_server, all_at_once)
    assert isinstance(ended, list)
    assert [one.variables["uuid"] for one in ended] == [order.call_uuid for order in orders]
    switch_server.wait_for_silence()


def test_a_call_outlives_a_lost_connection_and_its_end_is_found_out(switch_server: FreeSwitch) -> None:
    order = dial("hang_up-3000")

    async def lose_the_connection(socket: EventSocket) -> Ended:
        calling = asyncio.create_task(socket.call(order, 60))
        await asyncio.sleep(1)
        assert await socket.exists(order.call_uuid)
        await asyncio.to_thread(switch_server.api, "bgapi reload mod_event_socket")
        return await calling

    ended = with_socket(switch_server, lose_the_connection)
    assert isinstance(ended, Ended)
    assert ended.answered
    switch_server.wait_for_silence()


def test_a_call_that_outlasts_its_limit_is_hung_up(switch_server: FreeSwitch) -> None:
    order = dial("nothing-1")

    async def hang_up_from_outside(socket: EventSocket) -> Ended:
        calling = asyncio.create_task(socket.call(order, 60))
        await asyncio.sleep(1)
        await socket.hang_up(order.call_uuid, "ALLOTTED_TIMEOUT")
        return await calling

    ended = with_socket(switch_server, hang_up_from_outside)
    assert isinstance(ended, Ended)
    assert ended.cause == "ALLOTTED_TIMEOUT"
    switch_server.wait_for_silence()


def test_without_a_freeswitch_nothing_is_dialled_and_the_contact_waits() -> None:
    order = CallOrder(
        call_uuid=str(uuid4()),
        contact=Contact(1, "+33639980001"),
        campaign_id=1,
        scenario="or",
        phone="+33639980001",
        caller_id="+33199000001",
        gateway="mygateway",
        attempt=1,
        timeout_s=5,
        at=datetime.now(UTC),
    )

    async def place() -> tuple[str, bool]:
        async with EventSocket("127.0.0.1", free_port(), "wrong") as socket:
            with pytest.raises(SwitchUnreachable):
                await socket.exists(order.call_uuid)
            outcome = await SwitchOriginator(socket, 60, patience_s=0.1).place(order)
            return outcome.hangup_cause, outcome.answered

    cause, answered = asyncio.run(place())
    assert cause == UNREACHABLE
    assert outcome_of(answered=answered, hangup_cause=cause) is Outcome.CONGESTION
