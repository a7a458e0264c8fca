"""Scenario files: the guide's own JSON loads, and everything wrong with one is said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_wrong_field_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {
            "theme": "orr",
            "steps/hello/bargein": True,
            "steps/hello/transitions/affirm": "pich",
            "steps/pitch/timeout": "soon",
            "steps/pitch/text": "{{firstname}}",
            "leave_message": {"audio_pth": "julie/base/bye.wav"},
        },
    )
    assert [problem.field for problem in check_scenario(file, themes={"or"}).problems] == [
        "theme",
        "steps.hello.transitions.affirm",
        "steps.hello.bargein",
        "steps.pitch.text",
        "steps.pitch.timeout",
        "leave_message.audio_path",
        "leave_message.audio_pth",
    ]


@pytest.mark.parametrize(
    ("right", "misspelt"),
    [("audio_path", "audio_pth"), ("transitions", "transitons"), ("type", "typ"), ("is_final", "isfinal")],
)
def test_a_misspelt_field_is_one_problem_and_no_more(tmp_path: Path, right: str, misspelt: str) -> None:
    text = written(tmp_path).read_text()
    for name, step in GUIDE["steps"].items():
        if right not in step:
            continue
        data = json.loads(text)
        data["steps"][name][misspelt] = data["steps"][name].pop(right)
        (tmp_path / "s.json").write_text(json.dumps(data, indent=2))
        assert f"Did you mean {right}" in only_problem(tmp_path / "s.json")


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps/handle_objection/success_step": None}, "Give it a success_step"),
        ({"steps/handle_objection/transitions": {"*": "bye"}}, "Name that step as fallback_step"),
        ({"steps/handle_objection/is_final": True}, "cannot be final"),
        ({"steps/pitch/success_step": "bye"}, "only an objection_handler has a success_step"),
    ],
)
def test_what_only_the_other_type_of_step_has_is_found(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    assert message in only_problem(written(tmp_path, change))


def test_a_step_that_does_not_listen_but_tells_answers_apart_is_warned_of(tmp_path: Path) -> None:
    file = written(tmp_path, {"steps/confirm_time/transitions": {"affirm": "bye", "deny": "pitch"}})
    assert any("always goes on to 'bye'" in str(warning) for warning in check_scenario(file).warnings)


def test_spoken_yes_and_no_are_words_in_yaml(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "name: Yes\nsteps:\n  hello:\n    audio_path: hello.wav\n    text: no\n    barge_in: no\n"
        "    expected: [yes, no]\n    is_final: yes\n    result: success\n"
    )
    hello = load_scenario(file).steps["hello"]
    assert (hello.text, hello.expected, hello.barge_in, hello.is_final) == ("no", ("yes", "no"), False, True)


def test_json_as_editors_write_it_loads(tmp_path: Path) -> None:
    file = written(tmp_path)
    expected = load_scenario(file)
    file.write_text(json.dumps(GUIDE, indent="\t").replace('": ', '":\t'), encoding="utf-8-sig")
    assert load_scenario(file) == expected


@pytest.mark.parametrize(
    "text", ["name: x\nsteps: &steps\n  hello: *steps\n", "name: x\nsteps: " + "[" * 5000]
)
def test_endless_nesting_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match="nested without end"):
        load_scenario(file)


PLACES = sorted(
    [("steps",), *((key,) for key in GUIDE), *(("steps", name) for name in GUIDE["steps"])]
    + [("steps", name, field) for name, step in GUIDE["steps"].items() for field in step]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(PLACES), ANYTHING, min_size=1, max_size=3))
def test_whatever_a_file_holds_it_loads_or_every_problem_has_its_line(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[tuple[str, ...], Any]
) -> None:
    data = json.loads(json.dumps(GUIDE))
    for (*parents, last), value in changes.items():
        place = data
        for parent in parents:
            place = place[parent] if isinstance(place.get(parent), dict) else {}
        place[last] = value
    file = tmp_path_factory.mktemp("any") / "s.json"
    file.write_text(json.dumps(data))
    checked = check_scenario(file, sounds_dir=SOUNDS, themes={"or"})
    assert (checked.scenario is None) == bool(checked.problems)
    assert all(problem.line for problem in checked.problems)


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
