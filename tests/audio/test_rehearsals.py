"""Whole calls: the real call code, the samples' scenarios and recordings, every scripted caller."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from minibot_fs.assembly import Assembly
from minibot_fs.call import CallPlan
from minibot_fs.config import Settings
from minibot_fs.rehearsal import Rehearsed, UnstoredCalls, caller_variables, rehearse
from minibot_fs.switch.caller_script import load_caller

PROJECT = Path(__file__).resolve().parents[2]
CALLERS = sorted((PROJECT / "callers").glob("*.yaml"))
DEFAULT_SCENARIO = "scenario_or_investissement"


@pytest.fixture(scope="module")
def opted_out() -> list[tuple[str, str]]:
    return []


@pytest.fixture(scope="module")
def assembly(opted_out: list[tuple[str, str]]) -> Assembly:
    return Assembly(
        Settings(), UnstoredCalls(), opted_out=lambda phone, call: opted_out.append((phone, call))
    )


def rehearsed(
    assembly: Assembly, caller: str, *, realtime: bool = False, recording: Path | None = None
) -> Rehearsed:
    script = load_caller(PROJECT / "callers" / f"{caller}.yaml")
    conversation = assembly.conversations.named(script.scenario or DEFAULT_SCENARIO)
    variables = caller_variables(None)
    plan = CallPlan(conversation.scenario, variables["phone"], variables, recording=recording)
    return rehearse(assembly, conversation, script, plan, call_id=f"{caller}-call", realtime=realtime)


@pytest.mark.parametrize("file", CALLERS, ids=lambda file: file.stem)
def test_a_caller_reaches_the_result_it_expects(assembly: Assembly, file: Path) -> None:
    call = rehearsed(assembly, file.stem)
    assert call.summary.result == call.expected, [
        (r.kind, r.step, r.transcript, r.intent) for r in call.records
    ]


def test_the_same_call_gives_the_same_events_at_the_pace_of_a_call(assembly: Assembly) -> None:
    fast = rehearsed(assembly, "opts_out").as_data()
    paced = rehearsed(assembly, "opts_out", realtime=True).as_data()
    assert fast == paced


def test_an_opt_out_is_reported_at_once_with_its_number(
    assembly: Assembly, opted_out: list[tuple[str, str]]
) -> None:
    opted_out.clear()
    rehearsed(assembly, "opts_out")
    assert opted_out == [("+33639980000", "opts_out-call")]


def test_an_interruption_is_stored_with_the_prompts_position(assembly: Assembly) -> None:
    call = rehearsed(assembly, "interrupts")
    cut = [record for record in call.records if record.kind == "prompt" and record.data["interrupted_at_ms"]]
    assert cut
    assert cut[0].prompt_position_ms == cut[0].data["interrupted_at_ms"][-1]


def test_every_turn_has_its_step_and_its_latencies(assembly: Assembly) -> None:
    call = rehearsed(assembly, "interested")
    spoken = [record for record in call.records if record.kind == "caller" and record.transcript]
    assert len(spoken) >= 2
    assert all(0 < record.latencies["endpoint_ms"] <= 1500 for record in spoken)
    assert [record.seq for record in call.records] == list(range(1, len(call.records) + 1))


def test_a_recording_lasts_as_long_as_its_call(assembly: Assembly, tmp_path: Path) -> None:
    call = rehearsed(assembly, "refuses", recording=tmp_path / "call.wav")
    info = soundfile.info(tmp_path / "call.wav")
    assert (info.channels, info.samplerate) == (2, 8000)
    assert info.duration == pytest.approx(call.summary.duration_s, abs=0.05)


class TestTheCommand:
    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROJECT / "scripts" / "rehearse.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd="/")

    def test_prints_the_conversation_and_writes_what_was_asked_for(self, tmp_path: Path) -> None:
        files = [tmp_path / name for name in ("call.json", "call.wav", "call.png")]
        done = self.run(
            DEFAULT_SCENARIO, "--caller", "interested", "--recognizer", "scripted",
            "--json", str(files[0]), "--wav", str(files[1]), "--picture", str(files[2]),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "success, as expected" in done.stdout
        assert json.loads(files[0].read_text())["call"]["result"] == "success"
        assert soundfile.info(files[1]).channels == 2
        assert files[2].read_bytes().startswith(b"\x89PNG")

    def test_says_the_difference_when_the_result_is_another(self, tmp_path: Path) -> None:
        original = (PROJECT / "callers" / "silent.yaml").read_text()
        other = tmp_path / "other.yaml"
        script = load_caller(PROJECT / "callers" / "silent.yaml")
        other.write_text(original.replace(f"expect: {script.expect}", "expect: callback"))
        done = self.run(DEFAULT_SCENARIO, "--caller", str(other), "--recognizer", "scripted")
        assert done.returncode == 1
        assert f"{script.expect} where silent expects callback" in done.stdout

    def test_decodes_the_callers_audio_where_a_model_is_installed(
        self, monkeypatch: pytest.MonkeyPatch, korean_model_path: Path
    ) -> None:
        """The Korean model makes no French of it: something is heard, and nothing of the script."""
        monkeypatch.setenv("VOSK_MODEL_PATH", str(korean_model_path))
        done = self.run(DEFAULT_SCENARIO, "--caller", "refuses")
        assert "words come from its script" not in done.stdout
        assert "non merci" not in done.stdout
        assert "caller  " in done.stdout

    def test_names_a_scenario_and_a_caller_that_do_not_exist(self) -> None:
        unknown_scenario = self.run("no_such_scenario", "--caller", "interested")
        assert unknown_scenario.returncode == 2
        assert "no_such_scenario" in unknown_scenario.stderr
        unknown_caller = self.run(DEFAULT_SCENARIO, "--caller", "nobody")
        assert unknown_caller.returncode == 2
        assert "interested" in unknown_caller.stderr
