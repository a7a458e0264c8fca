"""Scenario files: the guide's own JSON loads, and everything wrong with one is said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from minibot_fs.dialog.objections import load_themes
from minibot_fs.dialog.personalise import personalise
from minibot_fs.dialog.scenario_file import check_scenario, find_scenario, load_scenario
from minibot_fs.dialog.scenario_schema import scenario_schema, schema_text
from minibot_fs.errors import ScenarioError

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(file for file in (PROJECT / "scenarios").iterdir() if not file.name.endswith(".schema.json"))
SOUNDS = PROJECT / "audio"

GUIDE: dict[str, Any] = {
    "name": "Vente Or Investissement",
    "description": "Prospection",
    "voice": "julie",
    "theme": "or",
    "max_autonomous_turns": 3,
    "steps": {
        "hello": {
            "type": "audio",
            "audio_path": "julie/base/hello.wav",
            "text": "Bonjour {{first_name}}",
            "timeout": 4,
            "barge_in": True,
            "is_determinant": True,
            "transitions": {"affirm": "pitch", "deny": "bye", "question": "hello", "silence": "hello"},
        },
        "pitch": {
            "type": "audio",
            "audio_path": "julie/base/pitch.wav",
            "text": "Mardi ?",
            "timeout": 4,
            "transitions": {"affirm": "confirm_time", "deny": "handle_objection", "*": "bye"},
        },
        "confirm_time": {
            "type": "audio", "audio_path": "julie/base/confirm_time.wav", "timeout": 0, "barge_in": False,
            "transitions": {"*": "bye"},
        },
        "handle_objection": {
            "type": "objection_handler", "max_attempts": 3, "fallback_step": "bye_not_interested",
            "success_step": "pitch",
        },
        "bye": {"audio_path": "julie/base/bye.wav", "timeout": 0, "is_final": True, "result": "success"},
        "bye_not_interested": {
            "type": "audio", "audio_path": "julie/base/bye.wav", "is_final": True, "result": "not_interested",
        },
    },
}  # fmt: skip


def written(folder: Path, change: dict[str, Any] | None = None, name: str = "s.json") -> Path:
    data = json.loads(json.dumps(GUIDE))
    for path, value in (change or {}).items():
        *parents, last = path.split("/")
        place = data
        for parent in parents:
            place = place[parent]
        place[last] = value
    file = folder / name
    file.write_text(json.dumps(data, indent=2))
    return file


def only_problem(file: Path) -> str:
    checked = check_scenario(file, sounds_dir=SOUNDS, themes={"or", "vin"})
    assert checked.scenario is None
    assert len(checked.problems) == 1, [str(problem) for problem in checked.problems]
    return str(checked.problems[0])


def test_the_guides_json_loads(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path), sounds_dir=SOUNDS, themes={"or"})
    assert scenario.first_step == "hello"
    assert scenario.steps["confirm_time"].timeout == 0
    assert scenario.steps["handle_objection"].max_attempts == 3


def test_the_same_scenario_in_yaml_is_the_same(tmp_path: Path) -> None:
    yaml_file = tmp_path / "s.yaml"
    yaml_file.write_text(written(tmp_path).read_text())
    assert load_scenario(yaml_file) == load_scenario(tmp_path / "s.json")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_has_no_problem_and_no_warning(file: Path) -> None:
    checked = check_scenario(file, sounds_dir=SOUNDS, themes=load_themes([]))
    assert [str(problem) for problem in (*checked.problems, *checked.warnings)] == []


def test_all_problems_are_found_at_once_each_with_its_line(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {
            "theme": "orr",
            "steps/hello/transitions/affirm": "pich",
            "steps/hello/audio_path": "julie/base/nothing.wav",
            "steps/pitch/transitions/afirm": "bye",
            "steps/pitch/text": "Bonjour {{firstname}}",
        },
    )
    checked = check_scenario(file, sounds_dir=SOUNDS, themes={"or", "vin"})
    text = file.read_text().splitlines()
    found = {problem.field: problem for problem in checked.problems}
    assert set(found) == {
        "theme",
        "steps.hello.transitions.affirm",
        "steps.hello.audio_path",
        "steps.pitch.transitions.afirm",
        "steps.pitch.text",
    }
    assert "pich" in text[(found["steps.hello.transitions.affirm"].line or 0) - 1]
    assert "Did you mean pitch" in str(found["steps.hello.transitions.affirm"])
    assert "Did you mean or" in str(found["theme"])
    assert "Did you mean first_name" in str(found["steps.pitch.text"])
    assert str(file) in str(found["theme"])


def test_a_timeout_out_of_range_is_named_with_the_range(tmp_path: Path) -> None:
    text = only_problem(written(tmp_path, {"steps/hello/timeout": 16}))
    assert "timeout is 16" in text
    assert "0 to 15 seconds" in text


def test_a_misspelled_field_names_the_nearest(tmp_path: Path) -> None:
    assert "Did you mean barge_in" in only_problem(written(tmp_path, {"steps/hello/bargein": True}))


def test_a_step_nobody_leads_to_is_found(tmp_path: Path) -> None:
    lonely = {"audio_path": "julie/base/bye.wav", "is_final": True, "result": "lonely"}
    assert "no step leads to 'lonely'" in only_problem(written(tmp_path, {"steps/lonely": lonely}))


def test_a_path_without_an_end_is_found(tmp_path: Path) -> None:
    loop = {"audio_path": "julie/base/bye.wav", "transitions": {"*": "loop"}}
    file = written(tmp_path, {"steps/loop": loop, "steps/hello/transitions/question": "loop"})
    assert "no final step can be reached from 'loop'" in only_problem(file)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "julie/../../x.wav"])
def test_no_recording_lies_outside_the_sounds_folder(tmp_path: Path, path: str) -> None:
    assert "leads out of the sounds folder" in only_problem(
        written(tmp_path, {"steps/hello/audio_path": path})
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps/hello/transitions/deny": "pitch"}, "its refusal leads to 'pitch', as if it were none"),
        ({"steps/hello/transitions/deny": "hello"}, "its refusal leads to 'hello', as if it were none"),
        ({"steps/confirm_time/is_determinant": True}, "determinant but hears no answer"),
    ],
)
def test_a_determinant_step_that_contradicts_itself_is_found(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    file = written(tmp_path, change)
    problems = check_scenario(file).problems
    assert any(message in str(problem) for problem in problems)


def test_a_key_that_is_there_twice_is_found(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        written(tmp_path).read_text().replace('"voice": "julie"', '"voice": "julie", "voice": "marc"')
    )
    assert "is there twice" in str(check_scenario(file).problems[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[]", "has no fields"), ('{"name": "x"}', "Add steps"), ("\x00", "is not JSON")],
)
def test_what_is_no_scenario_at_all_is_refused_in_one_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "s.json"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=message):
        load_scenario(file)


def test_a_scenario_is_found_by_its_name(tmp_path: Path) -> None:
    written(tmp_path, name="vente.json")
    assert find_scenario("vente", tmp_path) == tmp_path / "vente.json"
    assert find_scenario("vente.json", tmp_path) == tmp_path / "vente.json"
    with pytest.raises(ScenarioError, match="Did you mean vente"):
        find_scenario("vante", tmp_path)


def test_a_refusal_that_counts_as_success_is_warned_of(tmp_path: Path) -> None:
    warnings = check_scenario(written(tmp_path)).warnings
    assert any("whose result is success" in str(warning) for warning in warnings)


def test_a_contacts_data_fills_a_text_and_a_missing_one_leaves_no_gap() -> None:
    text = "Bonjour {{first_name}}, c'est {{ company }}."
    assert personalise(text, {"first_name": "Ana", "company": "ACME"}) == "Bonjour Ana, c'est ACME."
    assert personalise(text, {}) == "Bonjour, c'est."


class TestTheSchema:
    def test_is_the_generated_one(self) -> None:
        assert (PROJECT / "scenarios" / "scenario.schema.json").read_text() == schema_text()

    @pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
    def test_accepts_the_samples(self, file: Path) -> None:
        jsonschema.validate(yaml.safe_load(file.read_text()), scenario_schema())

    def test_refuses_what_the_loader_refuses(self, tmp_path: Path) -> None:
        wrong = json.loads(written(tmp_path, {"steps/hello/transitions/afirm": "bye"}).read_text())
        with pytest.raises(jsonschema.ValidationError, match="afirm"):
            jsonschema.validate(wrong, scenario_schema())
