"""Many calls, one after another and at once, and commands while they run."""

from __future__ import annotations

import time

from tests.switch.freeswitch_server import FreeSwitch

TINY = "python(minibot_fs.handler scenario=tiny)"
SHORT = "python(minibot_fs.handler scenario=short)"


def hold(server: FreeSwitch, count: int) -> None:
    """Calls one after another, each begun when the one before has ended."""
    for _ in range(count):
        server.call(server.loopback("hang_up-200"), TINY)
        server.wait_for(lambda: server.channels() > 0, 5, "a call to begin")
        server.wait_for(lambda: server.channels() == 0, 10, "a call to end")


def test_a_hundred_calls_one_after_another_leave_nothing_behind(switch_server: FreeSwitch) -> None:
    hold(switch_server, 15)
    before = switch_server.footprint()
    hold(switch_server, 100)
    after = switch_server.footprint()
    assert after["threads"] <= before["threads"] + 1, (before, after)
    assert after["files"] <= before["files"] + 1, (before, after)
    assert after["memory_kb"] <= before["memory_kb"] + 10_000, (before, after)
    assert switch_server.channels() == 0
    assert switch_server.live_calls() == 0


def test_thirty_calls_at_once(switch_server: FreeSwitch) -> None:
    """Each has a recognizer of its own, all created at the same time (vosk-api#606)."""
    calls = [switch_server.call(switch_server.loopback("nothing-0"), SHORT) for _ in range(30)]
    assert [switch_server.result(call, 60) for call in calls] == ["no_answer"] * 30
    for call in calls:
        prompts = switch_server.turns(call, "prompt")
        assert [turn["step"] for turn in prompts] == ["hello", "bye_silence"]
        assert [turn["prompt_position_ms"] for turn in prompts] == [1000, 500]
    switch_server.wait_for_silence()


def test_a_reload_during_calls_counts_for_the_next_ones(switch_server: FreeSwitch) -> None:
    scenario = switch_server.folder / "scenarios" / "short.yaml"
    content = scenario.read_text()
    running = [switch_server.call(switch_server.loopback("nothing-0"), SHORT) for _ in range(3)]
    switch_server.wait_for(lambda: switch_server.live_calls() == 3, 10, "the calls")
    try:
        scenario.write_text(content.replace("result: no_answer", "result: nobody_spoke"))
        assert "read again" in switch_server.api("python minibot_fs.handler reload")
        later = switch_server.call(switch_server.loopback("nothing-0"), SHORT)
        assert [switch_server.result(call, 30) for call in running] == ["no_answer"] * 3
        assert switch_server.result(later, 30) == "nobody_spoke"

        scenario.write_text("steps: 3")
        assert switch_server.api("python minibot_fs.handler reload").startswith("-ERR")
        unharmed = switch_server.call(switch_server.loopback("nothing-0"), SHORT)
        assert switch_server.result(unharmed, 30) == "nobody_spoke"
    finally:
        scenario.write_text(content)
        switch_server.api("python minibot_fs.handler reload")


def test_the_console_shows_what_goes_on(switch_server: FreeSwitch) -> None:
    call = switch_server.call(switch_server.loopback("nothing-0"), SHORT)
    switch_server.wait_for(
        lambda: f"{call} short step hello" in switch_server.api("python minibot_fs.handler status"),
        10,
        "a step",
    )
    status = switch_server.api("python minibot_fs.handler status")
    assert "vosk" in status
    assert "records waiting" in status
    assert switch_server.api("python minibot_fs.handler warm").startswith("ready after 0.0 s")
    assert switch_server.api("python minibot_fs.handler dance").startswith("-ERR usage")
    switch_server.wait_for_silence()


def test_calls_go_on_while_the_database_is_gone_and_no_turn_is_lost(switch_server: FreeSwitch) -> None:
    calls = [switch_server.call(switch_server.loopback("nothing-0"), SHORT) for _ in range(4)]
    switch_server.wait_for(lambda: switch_server.live_calls() == 4, 10, "the calls")
    switch_server.shut_database(out=True)
    gone_at = time.monotonic()
    try:
        calls.append(switch_server.call(switch_server.loopback("nothing-0"), SHORT))
        switch_server.wait_for_silence(30)
        assert "records waiting" in switch_server.api("python minibot_fs.handler status")
        time.sleep(max(0, 20 - (time.monotonic() - gone_at)))
    finally:
        switch_server.shut_database(out=False)
    for call in calls:
        assert switch_server.result(call, 20) == "no_answer"
        seqs = [
            seq
            for (seq,) in switch_server.query(
                "SELECT seq FROM call_events WHERE call_uuid = %s ORDER BY seq", call
            )
        ]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= 4
