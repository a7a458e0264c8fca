"""FreeSWITCH keeps the contract of tests/switch_contract.py, over loopback and over RTP in four codecs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.switch.freeswitch_server import FreeSwitch
from tests.switch_contract import CHECKS, Check

AT_ONCE = 5
LINES = ["loopback", "PCMU", "PCMA", "G722", "opus@48000h", "PCMU@60i", "PCMA@10i"]


@pytest.mark.parametrize("line", LINES)
def test_freeswitch_keeps_the_contract(switch_server: FreeSwitch, line: str) -> None:
    problems: dict[str, object] = {}
    for some in batched(CHECKS, AT_ONCE):
        calls = {check.name: start(switch_server, line, check) for check in some}
        problems |= {name: switch_server.report(call, 20)["problem"] for name, call in calls.items()}
    failed = {name: problem for name, problem in problems.items() if problem}
    assert not failed, "\n".join(f"{line}: {name}\n{problem}" for name, problem in failed.items())
    switch_server.wait_for_silence()


def start(server: FreeSwitch, line: str, check: Check) -> str:
    callee = f"{check.far_end.does}-{check.far_end.after_ms}"
    application = f"python(contract_handler {check.name})"
    if line == "loopback":
        return server.call(server.loopback(callee), application)
    return server.call(server.sip(callee), application, absolute_codec_string=line)


def batched(checks: Sequence[Check], size: int) -> Iterator[Sequence[Check]]:
    return (checks[first : first + size] for first in range(0, len(checks), size))
