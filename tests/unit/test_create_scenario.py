"""The scenario wizard: seven steps, back and forth, interrupted and taken up again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from minibot_fs.cli.create_scenario import save
from minibot_fs.cli.wizard import STEPS, Back, Surroundings, file_name, run_wizard
from minibot_fs.config import Settings, load_settings
from minibot_fs.dialog.drafting import Draft
from minibot_fs.dialog.objections import load_themes
from minibot_fs.dialog.scenario_file import check_scenario
from minibot_fs.errors import ScenarioError

PROJECT = Path(__file__).resolve().parents[2]
GO_BACK = object()
ANSWERS = [
    "Vente Or", "Un essai",
    "julie",
    "2", "hello.wav", "hello", "Bonjour, avez-vous deux minutes ?", "Déterminante (refus = élimination)",
    "pitch.wav", "pitch", "Mardi ?", "Normale (peut retry)",
    "Or",
    True, "4", "3",
    "3",
    "scenario_vente_or",
]  # fmt: skip


class Scripted:
    """Answers from a list; checks each against the question's own rule."""

    def __init__(self, answers: Sequence[object]) -> None:
        self._answers: Iterator[object] = iter(answers)
        self.told: list[str] = []

    def _next(self) -> object:
        answer = next(self._answers)
        if answer is GO_BACK:
            raise Back
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def text(
        self, question: str, default: str = "", problem: Callable[[str], str | None] = lambda _: None
    ) -> str:
        answer = str(self._next())
        assert problem(answer) is None, (question, answer, problem(answer))
        return answer

    def choose(self, question: str, choices: Sequence[str], default: str | None = None) -> str:
        answer = str(self._next())
        return next(choice for choice in choices if choice.startswith(answer))

    def yes(self, question: str, default: bool = True) -> bool:
        return bool(self._next())

    def tell(self, message: str) -> None:
        self.told.append(message)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings(PROJECT / "audio", load_themes([]), transcribe=None)


@pytest.fixture
def writing(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "scenarios").mkdir()
    return load_settings(data_dir=settings.data_dir, scenarios_dir=tmp_path / "scenarios")


def test_seven_steps_make_a_scenario_that_loads_without_a_warning(
    around: Surroundings, writing: Settings
) -> None:
    asker = Scripted(ANSWERS)
    draft = run_wizard(Draft(), asker, around, keep=lambda _draft, _step: None)
    assert len(STEPS) == 7
    assert "hello.wav : " in "".join(asker.told)
    file = save(draft, writing, around)
    checked = check_scenario(file, sounds_dir=PROJECT / "audio", themes=around.themes)
    assert (checked.problems, checked.warnings) == ((), ())
    scenario = checked.scenario
    assert scenario is not None
    assert list(scenario.steps) == [
        "hello",
        "pitch",
        "handle_objection",
        "retry_silence",
        "bye",
        "bye_not_interested",
    ]
    assert scenario.steps["hello"].is_determinant
    assert scenario.steps["hello"].transitions["deny"] == "bye_not_interested"
    assert scenario.steps["pitch"].transitions["deny"] == "handle_objection"
    assert (scenario.theme, scenario.max_autonomous_turns) == ("or", 3)


def test_one_can_go_back_a_step(around: Surroundings) -> None:
    first_try = ["Vante Or", "Un essai", GO_BACK, *ANSWERS]
    draft = run_wizard(Draft(), Scripted(first_try), around, keep=lambda _draft, _step: None)
    assert draft.name == "Vente Or"


def test_an_interrupted_wizard_goes_on_where_it_was_left(around: Surroundings) -> None:
    kept: list[tuple[Draft, int]] = []
    interrupted = [*ANSWERS[:12], KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        run_wizard(
            Draft(), Scripted(interrupted), around, keep=lambda draft, step: kept.append((draft, step))
        )
    draft, step = kept[-1]
    assert step == 3
    stored = Draft.model_validate(json.loads(json.dumps(draft.model_dump(mode="json"))))
    done = run_wizard(stored, Scripted(ANSWERS[12:]), around, begin=step, keep=lambda _draft, _step: None)
    assert done == run_wizard(Draft(), Scripted(ANSWERS), around, keep=lambda _draft, _step: None)


def test_a_recording_that_is_missing_is_named_and_nothing_written(
    around: Surroundings, writing: Settings
) -> None:
    draft = run_wizard(Draft(), Scripted(ANSWERS), around, keep=lambda _draft, _step: None)
    wrong = draft.model_copy(
        update={"questions": (draft.questions[0].model_copy(update={"audio": "no.wav"}),)}
    )
    with pytest.raises(ScenarioError, match=r"there is no recording no\.wav"):
        save(wrong, writing, around)
    assert list(writing.scenarios_dir.iterdir()) == []


def test_a_file_is_named_after_the_scenario() -> None:
    assert file_name("Vente Or Investissement") == "scenario_vente_or_investissement"
    assert file_name("Énergie : l'été !") == "scenario_energie_l_ete"


def test_the_command_runs_without_a_terminal_and_rehearses_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "name": "Vin", "voice": "julie", "theme": "or", "file": "scenario_vin",
        "questions": [{"step": "hello", "audio": "hello.wav", "text": "Bonjour ?", "kind": "determinant"}],
    }  # fmt: skip
    (tmp_path / "answers.yaml").write_text(yaml.safe_dump(answers))
    (tmp_path / "scenarios").mkdir()
    monkeypatch.setenv("SCENARIOS_DIR", str(tmp_path / "scenarios"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    script = [sys.executable, str(PROJECT / "scripts" / "create_scenario.py"), "--answers"]
    done = subprocess.run([*script, str(tmp_path / "answers.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Étapes : 5 (1 questions + 4 auxiliaires)" in done.stdout
    assert "accepte tout : success" in done.stdout
    (tmp_path / "answers.yaml").write_text("name: x\ntimeout: 99\n")
    shutil.rmtree(tmp_path / "scenarios")
    wrong = subprocess.run([*script, str(tmp_path / "answers.yaml")], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "timeout" in wrong.stderr
    assert "Traceback" not in wrong.stderr
