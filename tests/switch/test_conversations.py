"""Whole conversations over loopback and RTP: recognized by Vosk, or scripted where French is spoken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from minibot_fs.config import PROJECT_DIR
from tests.switch.conftest import running
from tests.switch.freeswitch_server import FreeSwitch, timeline

KOREAN = PROJECT_DIR / "tests" / "audio" / "fixtures"
FRENCH = PROJECT_DIR / "callers" / "sounds"

SHORT = "python(minibot_fs.handler scenario=short)"


def lines(server: FreeSwitch, callee: str, application: str, **variables: str) -> dict[str, str]:
    """The same call over every line; the calls' UUIDs."""
    return {
        "loopback": server.call(server.loopback(callee), application, **variables),
        "PCMU": server.call(server.sip(callee), application, absolute_codec_string="PCMU", **variables),
        "PCMA": server.call(server.sip(callee), application, absolute_codec_string="PCMA", **variables),
        "G722": server.call(server.sip(callee), application, absolute_codec_string="G722", **variables),
    }


def test_a_conversation_recognized_by_vosk_with_a_barge_in(switch_server: FreeSwitch) -> None:
    """Answers the first question, talks into the second."""
    yes, no = KOREAN / "korean-yes.wav", KOREAN / "korean-no.wav"
    timeline(switch_server.callees / "yes_and_no.wav", 30_000, (1500, yes), (11_500, no))
    first_words = []
    for line, call in lines(switch_server, "plays-yes_and_no", SHORT).items():
        assert switch_server.result(call, 60) == "success", (line, switch_server.handler_log())
        heard = switch_server.turns(call, "caller")
        assert [bool(turn["transcript"]) for turn in heard] == [True, True], (line, heard)
        first_words.append(heard[0]["transcript"])
        prompts = {turn["step"]: turn for turn in switch_server.turns(call, "prompt")}
        assert prompts["hello"]["prompt_position_ms"] == 1000
        assert prompts["ask"]["data"]["interrupted_at_ms"], line
        assert 400 <= prompts["ask"]["prompt_position_ms"] < 14_000, line
        assert prompts["bye"]["prompt_position_ms"] == 500
    # One short syllable, and Kaldi dithers: not every codec's version of it is understood every time.
    assert first_words.count("네") >= 2, first_words
    switch_server.wait_for_silence()


def test_a_caller_who_says_nothing(switch_server: FreeSwitch) -> None:
    call = switch_server.call(switch_server.loopback("nothing-0"), SHORT)
    assert switch_server.result(call, 20) == "no_answer"
    assert [turn["intent"] for turn in switch_server.turns(call, "caller")] == ["silence"]


def test_a_digit_is_an_answer_and_nine_closes_the_number(switch_server: FreeSwitch) -> None:
    """The callee presses 1 and 9 in the second question: 1 goes on, a later 9 comes too late."""
    yes = KOREAN / "korean-yes.wav"
    timeline(switch_server.callees / "one_yes.wav", 30_000, (1500, yes))
    number = "+33639980042"
    call = switch_server.call(
        switch_server.loopback("plays-one_yes"),
        f"python(minibot_fs.handler scenario=short phone={number})",
    )
    switch_server.wait_for(
        lambda: switch_server.query(
            "SELECT 1 FROM calls WHERE call_uuid = %s AND current_step = 'ask'", call
        ),
        20,
        "the second question",
    )
    switch_server.api(f"uuid_recv_dtmf {call} 9")
    assert switch_server.result(call, 20) == "opt_out"
    closed = "SELECT reason, source FROM do_not_call WHERE phone = %s"
    switch_server.wait_for(lambda: switch_server.query(closed, number), 10, "the number to be closed")
    assert switch_server.query(closed, number) == [("opt_out", f"call {call}")]


def test_an_inbound_call_reaches_the_scenario_by_the_projects_dialplan(switch_server: FreeSwitch) -> None:
    caller = switch_server.call(
        switch_server.sip("minibot-short"), "sleep(60000)", origination_caller_id_number="+33639980043"
    )
    find = "SELECT call_uuid::text FROM calls WHERE phone = '+33639980043'"
    switch_server.wait_for(lambda: switch_server.query(find), 10, "the inbound call")
    ((call,),) = switch_server.query(find)
    assert call != caller
    assert switch_server.result(call, 20) == "no_answer"
    switch_server.wait_for_silence()


def test_a_contact_of_the_database_is_called_by_name_and_number(switch_server: FreeSwitch) -> None:
    insert = "INSERT INTO contacts (phone, first_name) VALUES ('+33639980044', 'Zoé') RETURNING id"
    ((contact,),) = switch_server.query(insert)
    call = switch_server.call(
        switch_server.loopback("nothing-0"), f"python(minibot_fs.handler scenario=tiny contact={contact})"
    )
    assert switch_server.result(call, 20) == "success"
    stored = switch_server.query("SELECT phone, contact_id FROM calls WHERE call_uuid = %s", call)
    assert stored == [("+33639980044", contact)]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "scenario: is missing"),
        ("scenario=nowhere", "there is no scenario"),
        ("scenario=tiny colour=red", "colour: is not known"),
    ],
)
def test_a_call_started_with_senseless_words_ends_with_an_error(
    switch_server: FreeSwitch, words: str, problem: str
) -> None:
    call = switch_server.call(switch_server.loopback("nothing-0"), f"python(minibot_fs.handler {words})")
    assert switch_server.result(call, 10) == "error"
    assert problem in switch_server.handler_log()
    switch_server.wait_for_silence()


def test_test_call_follows_a_call_and_ends_with_its_result(switch_server: FreeSwitch) -> None:
    ended = subprocess.run(
        [sys.executable, "scripts/test_call.py", "loopback", "--scenario", "tiny", "--watch"],
        cwd=PROJECT_DIR,
        env={**os.environ, "MINIBOT_ENV_FILE": str(switch_server.env_file)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "step hello" in ended.stdout
    assert "Hello and goodbye." in ended.stdout
    assert "success (NORMAL_CLEARING)" in ended.stdout


def test_the_sample_scenario_in_french_recorded_in_stereo(
    tmp_path_factory: pytest.TempPathFactory, korean_model: Path
) -> None:
    """On a FreeSWITCH of its own: answering machine detection and recordings are on."""
    for server in running(tmp_path_factory.mktemp("french"), korean_model, {"RECORD_CALLS": "true"}):
        words = (
            (500, FRENCH / "interested_allo.wav", "allô"),
            (11_200, FRENCH / "interested_oui_bonjour.wav", "oui bonjour je vous écoute"),
            (23_300, FRENCH / "interested_mardi.wav", "oui d'accord mardi ça me va"),
        )
        timeline(server.callees / "interested.wav", 60_000, *((at_ms, file) for at_ms, file, _text in words))
        (server.folder / "script.json").write_text(json.dumps([text for _at, _file, text in words[1:]]))
        calls = lines(
            server, "plays-interested", "python(scripted_handler scenario=scenario_or_investissement)"
        )
        for line, call in calls.items():
            assert server.result(call, 60) == "success", (line, server.handler_log())
            assert server.query("SELECT amd_result FROM calls WHERE call_uuid = %s", call) == [("HUMAN",)]
            steps = [turn["step"] for turn in server.turns(call, "prompt")]
            assert steps == ["hello", "pitch", "confirm_time", "bye"], line
            heard = [turn["transcript"] for turn in server.turns(call, "caller")]
            assert heard[-2:] == [text for _at, _file, text in words[1:]], line
            bot, caller = soundfile.read(server.data / "recordings" / f"{call}.wav")[0].T
            assert np.abs(bot).max() > 0.1, line
            assert np.abs(caller).max() > 0.1, line
            assert not np.abs(bot[: 8000 * 1]).max() > 0.1, "the bot waits for the greeting"
