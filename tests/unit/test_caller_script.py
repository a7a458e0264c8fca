"""A scripted caller's file is checked as a whole, and says where each mistake is."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from minibot_fs.errors import CallerError
from minibot_fs.switch.caller_script import Cue, Unanswered, load_caller

CALLERS = Path(__file__).resolve().parents[2] / "callers"


def write(folder: Path, text: str, *sounds: str) -> Path:
    (folder / "sounds").mkdir(exist_ok=True)
    for sound in sounds:
        (folder / "sounds" / sound).touch()
    file = folder / "caller.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_caller_is_read_with_its_turns_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """\
name: interested
expect: success
noise_dbfs: -60
turns:
  - say: "oui bonjour"
    sound: oui_bonjour.wav
  - cue: prompt_start
    prompt: pitch
    after_s: 4
    digits: "1"
  - cue: turn_end
    hang_up: true
""",
        "oui_bonjour.wav",
    )
    caller = load_caller(file)
    assert caller.answers
    assert [turn.cue for turn in caller.turns] == [Cue.PROMPT_END, Cue.PROMPT_START, Cue.TURN_END]
    assert caller.turns[0].sound == tmp_path / "sounds" / "oui_bonjour.wav"
    assert caller.turns[1].digits == "1"
    assert caller.turns[1].is_for(Path("audio/julie/base/pitch.wav"))
    assert not caller.turns[1].is_for(Path("audio/julie/base/hello.wav"))
    assert caller.turns[2].hang_up


def test_digits_without_quotes_are_refused_since_yaml_would_change_them(tmp_path: Path) -> None:
    file = write(tmp_path, "name: a\nexpect: success\nturns:\n  - digits: '0612'\n")
    assert load_caller(file).turns[0].digits == "0612"
    file = write(tmp_path, "name: a\nexpect: success\nturns:\n  - digits: 0612\n")
    with pytest.raises(CallerError, match=r"4, turns\.0\.digits: .*in quotes"):
        load_caller(file)


def test_a_word_that_yaml_takes_for_something_else_stays_a_word(tmp_path: Path) -> None:
    file = write(tmp_path, "name: 2026-11-23\nexpect: success\n")
    assert load_caller(file).name == "2026-11-23"


def test_a_caller_may_not_answer(tmp_path: Path) -> None:
    caller = load_caller(write(tmp_path, "name: busy\nexpect: busy\nhangup_cause: USER_BUSY\n"))
    assert not caller.answers
    assert caller.hangup_cause is Unanswered.USER_BUSY


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """\
name: wrong
answer_after_s: -1
turns:
  - say: "oui"
  - sound: nowhere.wav
  - digits: "1"
    hang_up: true
  - cue: sometime
    silent: true
  - silent: true
    shout: true
  - cue: answer
    prompt: hello
    silent: true
""",
    )
    with pytest.raises(CallerError) as caught:
        load_caller(file)
    problems = {(problem.line, problem.field) for problem in caught.value.problems}
    assert problems == {
        (1, "expect"),
        (2, "answer_after_s"),
        (4, "turns.0"),
        (5, "turns.1.sound"),
        (6, "turns.2"),
        (8, "turns.3.cue"),
        (11, "turns.4.shout"),
        (12, "turns.5"),
    }
    assert "make_sample_voice" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no fields"),
        ("- just\n- a list\n", "has no fields"),
        ("name: [unclosed\n", "is not YAML"),
        ("name: a\nexpect: busy\nhangup_cause: USER_BUSY\nturns:\n  - silent: true\n", "does not answer"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CallerError, match=told):
        load_caller(write(tmp_path, text))


def test_a_file_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "name: a\nexpect: success\n")
    with pytest.raises(CallerError, match="caller"):
        load_caller(tmp_path / "nobody.yaml")


@pytest.mark.parametrize("file", sorted(CALLERS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_sample_caller_loads_and_its_sounds_are_telephone_files(file: Path) -> None:
    caller = load_caller(file)
    assert caller.name == file.stem
    for turn in caller.turns:
        if turn.sound is not None:
            info = soundfile.info(turn.sound)
            assert (info.samplerate, info.channels) == (8000, 1)
            assert info.duration > 0.2
