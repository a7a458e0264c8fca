"""FreeSWITCH is stopped while calls run: they are stored, and nothing crashes or hangs."""

from __future__ import annotations

from tests.switch.freeswitch_server import FreeSwitch


def test_what_stops_freeswitch_loses_no_call(own_server: FreeSwitch) -> None:
    orderly = live_calls(own_server)
    own_server.stop("fsctl shutdown")
    assert own_server.stopped_with == 0

    own_server.start()
    own_server.api("python minibot_fs.handler warm")
    assert [own_server.result(call, 10) for call in orderly] == ["hung_up"] * 5
    stored = "SELECT hangup_cause FROM calls WHERE call_uuid = %s"
    assert {own_server.query(stored, call)[0][0] for call in orderly} == {"SYSTEM_SHUTDOWN"}

    at_once = live_calls(own_server)
    own_server.stop("fsctl shutdown now")
    own_server.start()
    own_server.api("python minibot_fs.handler warm")
    # Nobody was told: the next process finds them and closes them.
    assert all(own_server.result(call, 10) for call in at_once)
    assert own_server.live_calls() == 0


def live_calls(server: FreeSwitch) -> list[str]:
    application = "python(minibot_fs.handler scenario=short)"
    calls = [server.call(server.sip("nothing-0"), application) for _ in range(5)]
    server.wait_for(
        lambda: (
            server.query("SELECT count(*) FROM calls WHERE current_step = 'hello' AND ended_at IS NULL")
            == [(5,)]
        ),
        15,
        "the calls",
    )
    return calls
