"""A caller may hang up at any moment: the call is stored, no channel and no media bug stays behind."""

from __future__ import annotations

import json

import pytest

from tests.switch.freeswitch_server import FreeSwitch

MOMENTS_MS = (0, 20, 60, 120, 250, 500, 900, 1000, 1100, 1500, 2600, 3500)
"""From the answer on: while the handler starts, in the first prompt, at its end, while listening, ..."""


@pytest.mark.parametrize("line", ["loopback", "PCMU"])
def test_a_hang_up_at_twelve_moments(switch_server: FreeSwitch, line: str) -> None:
    calls = {}
    for moment_ms in MOMENTS_MS:
        callee = f"hang_up-{moment_ms}"
        leg = switch_server.loopback(callee) if line == "loopback" else switch_server.sip(callee)
        calls[moment_ms] = switch_server.call(leg, "python(minibot_fs.handler scenario=short)")
    switch_server.wait_for_silence()
    for moment_ms, call in calls.items():
        if moment_ms >= 250:
            assert switch_server.result(call, 10) == "hung_up", moment_ms
            assert switch_server.query("SELECT hangup_cause FROM calls WHERE call_uuid = %s", call) == [
                ("NORMAL_CLEARING",)
            ]
    # Who hung up before the handler ran was never a call; nothing of it may hang about either.
    assert switch_server.live_calls() == 0


def test_a_call_that_is_cancelled_while_it_rings_never_reaches_the_handler(switch_server: FreeSwitch) -> None:
    call = switch_server.call(switch_server.sip("rings"), "python(minibot_fs.handler scenario=short)")
    switch_server.wait_for(lambda: switch_server.channels() > 0, 5, "the call to ring")
    switch_server.api(f"uuid_kill {call} ORIGINATOR_CANCEL")
    switch_server.wait_for_silence()
    assert switch_server.query("SELECT 1 FROM calls WHERE call_uuid = %s", call) == []


def test_a_bug_added_while_the_channel_hangs_up_leaves_no_zombie(switch_server: FreeSwitch) -> None:
    """freeswitch#2067, #2645: the handler listens only after the hang-up, or in the middle of it."""
    for late in ("after", "during"):
        for ms in range(150, 250, 10):
            switch_server.call(switch_server.loopback(f"hang_up-{ms}"), f"python(late_handler {late})")
    switch_server.wait_for_silence()
    reports = [
        json.loads(file.read_text()) for file in (switch_server.folder / "reports").glob("late-*.json")
    ]
    assert {report["listened"] for report in reports if report["late"] == "after"} == {"CallGone"}
    assert {report["listened"] for report in reports} <= {"CallGone", "heard"}


def test_a_traceback_that_outlives_its_call_does_not_keep_the_channel(switch_server: FreeSwitch) -> None:
    """freeswitch#2267: references to a session beyond its handler. The reader of the log keeps one here."""
    call = switch_server.call(
        switch_server.loopback("nothing-0"), "python(minibot_fs.handler scenario=nowhere)"
    )
    assert switch_server.result(call, 10) == "error"
    switch_server.wait_for_silence(5)


def test_a_prompt_that_vanished_ends_the_call_with_a_goodbye(switch_server: FreeSwitch) -> None:
    first = switch_server.call(
        switch_server.loopback("nothing-0"), "python(minibot_fs.handler scenario=broken_prompt)"
    )
    switch_server.result(first, 20)
    vanishing = switch_server.folder / "sounds" / "tester" / "vanishing.wav"
    content = vanishing.read_bytes()
    vanishing.unlink()
    try:
        call = switch_server.call(
            switch_server.loopback("nothing-0"), "python(minibot_fs.handler scenario=broken_prompt)"
        )
        assert switch_server.result(call, 20) == "error"
        cause = switch_server.query("SELECT hangup_cause, status FROM calls WHERE call_uuid = %s", call)
        assert cause == [("NORMAL_TEMPORARY_FAILURE", "failed")]
        assert call in switch_server.handler_log()
        switch_server.wait_for_silence()
    finally:
        vanishing.write_bytes(content)
