"""The seven questions of ``create_scenario``: asked in order, one can go back, and each answer is kept.

A step takes the draft and returns it with its own answers; going back raises :class:`Back`. What is
asked of whom is behind :class:`Asker`, so that the same steps run in a terminal and in a test.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import soundfile

from minibot_fs.dialog.drafting import Draft, Question, QuestionKind
from minibot_fs.dialog.scenario import MAX_TIMEOUT_S, MAX_TURNS
from minibot_fs.dialog.theme import Theme

BACK_WORD = "<"
MAX_QUESTIONS = 12
NO_THEME = "Aucune"


class Back(Exception):
    """The author wants the step before again."""


class Asker(Protocol):
    """Asks the author. Each raises Back when the author wants to go back."""

    def text(self, question: str, default: str = "", problem: Callable[[str], str | None] = ...) -> str: ...

    def choose(self, question: str, choices: Sequence[str], default: str | None = None) -> str: ...

    def yes(self, question: str, default: bool = True) -> bool: ...

    def tell(self, message: str) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """What the wizard finds on the machine. ``transcribe`` is ``None`` without a speech model."""

    audio_dir: Path
    themes: Mapping[str, Theme]
    transcribe: Callable[[Path], str] | None

    def voices(self) -> list[str]:
        return sorted(folder.parent.name for folder in self.audio_dir.glob("*/base") if folder.is_dir())

    def recordings(self, voice: str) -> list[str]:
        """File names in the voice's base folder."""
        return sorted(file.name for file in (self.audio_dir / voice / "base").glob("*.wav"))


Step = Callable[[Draft, Asker, Surroundings], Draft]


def basics(draft: Draft, ask: Asker, _around: Surroundings) -> Draft:
    name = ask.text("Nom du scénario", draft.name, _needed)
    return draft.model_copy(update={"name": name, "description": ask.text("Description", draft.description)})


def voice(draft: Draft, ask: Asker, around: Surroundings) -> Draft:
    chosen = ask.choose("Choisissez une voix", around.voices(), draft.voice or None)
    return draft.model_copy(update={"voice": chosen})


def questions(draft: Draft, ask: Asker, around: Surroundings) -> Draft:
    wanted = int(ask.text("Nombre de questions", str(len(draft.questions) or 3), _number(1, MAX_QUESTIONS)))
    kept = list(draft.questions[:wanted])
    while len(kept) < wanted:
        kept.append(_question(len(kept) + 1, [question.step for question in kept], draft, ask, around))
    return draft.model_copy(update={"questions": tuple(kept)})


def _question(number: int, taken: Sequence[str], draft: Draft, ask: Asker, around: Surroundings) -> Question:
    def problem(name: str) -> str | None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            return "Lettres minuscules, chiffres et _"
        return "Ce nom est déjà pris" if name in taken else None

    file = ask.choose(f"Question {number} : fichier audio", around.recordings(draft.voice))
    step = ask.text(f"Question {number} : nom de l'étape", Path(file).stem, problem)
    path = around.audio_dir / draft.voice / "base" / file
    ask.tell(f"{file} : {soundfile.info(path).duration:.1f} s")
    heard = around.transcribe(path) if around.transcribe else ""
    text = ask.text("Transcription", heard)
    kinds = {
        "Normale (peut retry)": QuestionKind.NORMAL,
        "Déterminante (refus = élimination)": QuestionKind.DETERMINANT,
    }
    kind = kinds[ask.choose("Type de question", list(kinds))]
    return Question(step=step, audio=file, text=text, kind=kind)


def theme(draft: Draft, ask: Asker, around: Surroundings) -> Draft:
    labels = {
        f"{theme.title} ({len(theme.objections)} objections)": name for name, theme in around.themes.items()
    }
    names = {name: label for label, name in labels.items()}
    chosen = ask.choose("Thématique pour objections", [*labels, NO_THEME], names.get(draft.theme or ""))
    return draft.model_copy(update={"theme": labels.get(chosen)})


def barge_in(draft: Draft, ask: Asker, _around: Surroundings) -> Draft:
    allowed = ask.yes("Activer barge-in ?", draft.barge_in)
    timeout = ask.text("Timeout écoute (secondes)", f"{draft.timeout:g}", _number(1, MAX_TIMEOUT_S))
    grace = ask.text("Grace period anti-faux-positifs (secondes)", f"{draft.grace_period:g}", _number(0, 60))
    return draft.model_copy(
        update={"barge_in": allowed, "timeout": float(timeout), "grace_period": float(grace)}
    )


def turns(draft: Draft, ask: Asker, _around: Surroundings) -> Draft:
    default = str(draft.max_autonomous_turns)
    wanted = ask.text(f"Nombre maximum de tours autonomes [0-{MAX_TURNS}]", default, _number(0, MAX_TURNS))
    return draft.model_copy(update={"max_autonomous_turns": int(wanted)})


def save_as(draft: Draft, ask: Asker, _around: Surroundings) -> Draft:
    def problem(name: str) -> str | None:
        return None if re.fullmatch(r"[A-Za-z0-9_-]+", name) else "Lettres, chiffres, _ et -"

    return draft.model_copy(
        update={"file": ask.text("Sauvegarder sous", draft.file or file_name(draft.name), problem)}
    )


STEPS: tuple[tuple[str, Step], ...] = (
    ("Informations de base", basics),
    ("Voix", voice),
    ("Questions", questions),
    ("Thématique des objections", theme),
    ("Barge-in", barge_in),
    ("Tours autonomes", turns),
    ("Sauvegarde", save_as),
)


def run_wizard(
    draft: Draft, ask: Asker, around: Surroundings, *, begin: int = 0, keep: Callable[[Draft, int], None]
) -> Draft:
    """Ask every step from ``begin`` on.

    Args:
        keep: told the draft and the number of the next step after each, so that nothing is lost.
    """
    number = begin
    while number < len(STEPS):
        title, step = STEPS[number]
        ask.tell(f"Étape {number + 1}/{len(STEPS)} : {title} ({BACK_WORD} pour revenir)")
        try:
            draft = step(draft, ask, around)
        except Back:
            number = max(number - 1, 0)
            if STEPS[number][1] is questions:
                draft = draft.model_copy(update={"questions": ()})
            continue
        number += 1
        keep(draft, number)
    return draft


def file_name(name: str) -> str:
    """``Vente Or Investissement`` is ``scenario_vente_or_investissement``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"scenario_{words or 'nouveau'}"


def _needed(text: str) -> str | None:
    return None if text.strip() else "Il faut un nom"


def _number(low: int, high: int) -> Callable[[str], str | None]:
    def problem(text: str) -> str | None:
        try:
            return None if low <= float(text) <= high else f"De {low} à {high}"
        except ValueError:
            return f"Un nombre de {low} à {high}"

    return problem
