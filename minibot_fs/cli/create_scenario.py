"""``scripts/create_scenario.py``: a scenario from its author's answers, checked and rehearsed at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import questionary
import typer
import yaml
from pydantic import ValidationError
from rich.console import Console

from minibot_fs.assembly import Assembly
from minibot_fs.call import CallPlan
from minibot_fs.cli.rehearse import CALLERS
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.cli.wizard import BACK_WORD, STEPS, Back, Surroundings, run_wizard
from minibot_fs.config import Settings, load_settings
from minibot_fs.dialog.drafting import AUXILIARY_STEPS, Draft, build_scenario, missing_recordings
from minibot_fs.dialog.objections import load_themes
from minibot_fs.dialog.scenario_file import load_scenario
from minibot_fs.errors import Problem, ScenarioError, UserError
from minibot_fs.hearing.vosk_model import load_model
from minibot_fs.rehearsal import UnstoredCalls, caller_variables, rehearsal_id, rehearse
from minibot_fs.switch.caller_script import load_caller
from minibot_fs.switch.sound_file import read_sound

BACK_CHOICE = "< revenir"


def main() -> None:
    typer.run(command)


@user_errors
def command(
    answers: Annotated[Path | None, typer.Option(help="YAML file with all answers: asks nothing")] = None,
) -> None:
    """Create a scenario: seven steps, then it is checked, saved in scenarios/ and rehearsed."""
    console = Console(highlight=False)
    settings = load_settings()
    around = Surroundings(
        settings.audio_dir, load_themes([settings.objections_dir]), transcriber(settings, console)
    )
    if not around.voices():
        problem = Problem(f"there is no voice in {settings.audio_dir}", "Put recordings into VOICE/base")
        raise UserError(problem)
    draft = read_answers(answers) if answers else ask_all(settings, around, console)
    file = save(draft, settings, around)
    scenario = load_scenario(file, sounds_dir=settings.audio_dir, themes=around.themes)
    questions = len(draft.questions)
    auxiliary = sum(name in scenario.steps for name in AUXILIARY_STEPS)
    console.print(f"Scénario sauvegardé : {file}", soft_wrap=True)
    console.print(f"Étapes : {len(scenario.steps)} ({questions} questions + {auxiliary} auxiliaires)")
    rehearse_at_once(file.stem, settings, console)
    draft_file(settings).unlink(missing_ok=True)


def ask_all(settings: Settings, around: Surroundings, console: Console) -> Draft:
    """Ask in the terminal; a draft that was interrupted is taken up where it was left."""
    if not sys.stdin.isatty():
        raise UserError(Problem("there is no terminal to ask in", "Give --answers FILE"))
    asker = TerminalAsker(console)
    draft, begin = Draft(), 0
    unfinished = draft_file(settings)
    if unfinished.is_file():
        kept = json.loads(unfinished.read_text(encoding="utf-8"))
        if asker.yes(
            f"Reprendre le brouillon « {kept['draft']['name']} » (étape {kept['step'] + 1}/{len(STEPS)}) ?"
        ):
            draft, begin = Draft.model_validate(kept["draft"]), kept["step"]
    try:
        return run_wizard(draft, asker, around, begin=begin, keep=lambda d, s: keep_draft(settings, d, s))
    except KeyboardInterrupt:
        console.print("Interrompu ; le brouillon est gardé, relancez pour reprendre.")
        raise typer.Exit(130) from None


def draft_file(settings: Settings) -> Path:
    return settings.data_dir / "state" / "scenario_draft.json"


def keep_draft(settings: Settings, draft: Draft, step: int) -> None:
    file = draft_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_text(
        json.dumps({"draft": draft.model_dump(mode="json"), "step": step}), encoding="utf-8"
    )
    unfinished.replace(file)


def read_answers(file: Path) -> Draft:
    """The answers of a YAML file.

    Raises:
        UserError: it cannot be read, or an answer is missing or wrong.
    """
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        draft = Draft.model_validate(data)
    except (OSError, yaml.YAMLError) as error:
        raise UserError(Problem(f"cannot be read: {error}", "", file)) from error
    except ValidationError as error:
        raise UserError([_wrong(dict(item), file) for item in error.errors()]) from None
    missing = [name for name in ("name", "voice", "questions", "file") if not getattr(draft, name)]
    if missing:
        raise UserError([Problem("has no answer", f"Add {name}:", file, field=name) for name in missing])
    return draft


def save(draft: Draft, settings: Settings, around: Surroundings) -> Path:
    """Write the scenario if it can be used.

    Raises:
        ScenarioError: a recording is missing, or the file would be wrong; nothing is written then.
    """
    if draft.voice not in around.voices():
        remedy = f"There are {', '.join(around.voices())}"
        raise ScenarioError(Problem(f"there is no voice {draft.voice!r}", remedy, field="voice"))
    recordings = around.recordings(draft.voice)
    if missing := missing_recordings(draft, recordings):
        folder = settings.audio_dir / draft.voice / "base"
        raise ScenarioError(
            [Problem(f"there is no recording {name} in {folder}", "Record it") for name in missing]
        )
    file = settings.scenarios_dir / f"{draft.file}.json"
    unfinished = file.with_name(f".{file.stem}.part.json")
    text = json.dumps(build_scenario(draft, recordings), ensure_ascii=False, indent=2) + "\n"
    unfinished.write_text(text, encoding="utf-8")
    try:
        load_scenario(unfinished, sounds_dir=settings.audio_dir, themes=around.themes)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return file


def rehearse_at_once(name: str, settings: Settings, console: Console) -> None:
    """One call with a caller who says yes to everything."""
    assembly = Assembly(settings, UnstoredCalls(), opted_out=lambda _phone, _call: None)
    conversation = assembly.conversations.named(name)
    caller = load_caller(CALLERS / "agrees.yaml")
    variables = caller_variables(None)
    plan = CallPlan(conversation.scenario, variables["phone"], variables)
    rehearsed = rehearse(assembly, conversation, caller, plan, call_id=rehearsal_id(name, caller.name))
    console.print(f"Répétition avec un appelant qui accepte tout : {rehearsed.summary.result}")
    console.print(f"scripts/rehearse.py {name} --caller agrees")


def transcriber(settings: Settings, console: Console) -> Callable[[Path], str] | None:
    """Transcribes a recording with Vosk, where its model is installed."""
    if not settings.vosk_model_path.is_dir():
        console.print(
            f"Pas de transcription : aucun modèle Vosk dans {settings.vosk_model_path}", soft_wrap=True
        )
        return None
    model = load_model(settings.vosk_model_path)

    def transcribe(path: Path) -> str:
        decoder = model.borrow_free()
        decoder.accept(read_sound(path).tobytes())
        text = decoder.finish().text
        model.give_back(decoder)
        return text

    return transcribe


class TerminalAsker:
    """Asks with questionary. Ctrl-C ends the wizard, ``<`` goes back."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def text(
        self, question: str, default: str = "", problem: Callable[[str], str | None] = lambda _: None
    ) -> str:
        def check(answer: str) -> bool | str:
            return True if answer == BACK_WORD else problem(answer) or True

        answer = questionary.text(question, default=default, validate=check).unsafe_ask()
        if answer == BACK_WORD:
            raise Back
        return str(answer)

    def choose(self, question: str, choices: Sequence[str], default: str | None = None) -> str:
        answer = questionary.select(
            question, [*choices, BACK_CHOICE], default=default, use_search_filter=True, use_jk_keys=False
        ).unsafe_ask()
        if answer == BACK_CHOICE:
            raise Back
        return str(answer)

    def yes(self, question: str, default: bool = True) -> bool:
        return bool(questionary.confirm(question, default=default).unsafe_ask())

    def tell(self, message: str) -> None:
        self._console.print(message, style="bold")


def _wrong(item: dict[str, Any], file: Path) -> Problem:
    return Problem(str(item["msg"]), "", file, field=".".join(map(str, item["loc"])))
