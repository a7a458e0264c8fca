"""What machines and people say when they answer: phrases by class, matched on the words of a transcript.

The lists are ``greetings/<language>.yaml``. A phrase is words in order; ``...`` stands for up to three
words, ``a|b`` for one of several, ``#`` for a digit. Case, accents, apostrophes and punctuation do not
matter. Phrases are matched after recognition and not given to the recognizer as hints: a recognizer
that is told to expect them hears them in anything (jambonz issue 870).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from minibot_fs.errors import Problem, SettingsError
from minibot_fs.hearing.events import AmdClass

GREETINGS_DIR = Path(__file__).with_name("greetings")

# The first class that matches wins: a screening assistant also says "message", a menu also "bonjour".
_MACHINE_CLASSES = (AmdClass.SCREENING, AmdClass.UNAVAILABLE, AmdClass.VOICEMAIL, AmdClass.IVR)
_HUMAN_LISTS = ("human_answers", "human_marks", "openings")


@dataclass(frozen=True)
class PhraseMatch:
    """A machine's phrase found in a transcript, in the words of the transcript."""

    amd_class: AmdClass
    words: str


class GreetingPhrases:
    """Phrases of one or more languages, compiled; immutable, so that all calls share one."""

    def __init__(self, lists: Sequence[dict[str, list[str]]]) -> None:
        """``lists``: one mapping a language, as in the YAML files (class or list name to phrases)."""
        self._machine = {
            name: _compiled([(phrases.get(name, []), phrases.get("digits", [])) for phrases in lists])
            for name in _MACHINE_CLASSES
        }
        human = {
            name: _compiled([(phrases.get(name, []), phrases.get("digits", [])) for phrases in lists])
            for name in _HUMAN_LISTS
        }
        self._answers, self._marks, self._openings = (human[name] for name in _HUMAN_LISTS)

    @classmethod
    def load(cls, *languages: str, folder: Path = GREETINGS_DIR) -> GreetingPhrases:
        """The phrases of ``languages`` ("fr", "en"), whose calls may mix them; without any, all there are.

        Raises:
            SettingsError: no such language, or its file cannot be used.
        """
        names = languages or tuple(sorted(path.stem for path in folder.glob("*.yaml")))
        return cls([_read(folder / f"{name}.yaml") for name in names])

    def machine(self, text: str) -> PhraseMatch | None:
        """The first class of machine whose phrase stands in ``text``."""
        words = _normalized(text)
        for amd_class, pattern in self._machine.items():
            found = pattern.search(words)
            if found:
                return PhraseMatch(amd_class, found.group().strip())
        return None

    def is_human_answer(self, text: str) -> bool:
        """``text`` ends with what a person says who now waits for an answer ("allô", "je vous écoute")."""
        return _ends_with(self._answers, _normalized(text))

    def has_human_mark(self, text: str) -> bool:
        """``text`` holds words that no recording says ("c'est qui", "je vous entends mal")."""
        return self._marks.search(_normalized(text)) is not None

    def may_go_on(self, text: str) -> bool:
        """``text`` is no more than the begin of a greeting ("bonjour", "vous êtes bien")."""
        return self._openings.fullmatch(_normalized(text)) is not None


def _normalized(text: str) -> str:
    """Words without case, accents and punctuation, one space on each side of each."""
    plain = unicodedata.normalize("NFD", text.casefold()).replace("œ", "oe")
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return f" {' '.join(re.findall(r'[a-z0-9]+', letters))} "


def _compiled(lists: Sequence[tuple[list[str], list[str]]]) -> re.Pattern[str]:
    """One pattern for all phrases, each with the digit words of its language."""
    phrases = [_expression(phrase, digits) for phrases, digits in lists for phrase in phrases]
    return re.compile("|".join(phrases) or "(?!)")


def _expression(phrase: str, digits: list[str]) -> str:
    parts = []
    for token in phrase.split():
        if token == "...":
            parts.append(r"(?:[a-z0-9]+ ){0,3}?")
        elif token == "#":
            words = "|".join(_normalized(word).strip() for word in digits)
            parts.append(rf"(?:[0-9]+|{words}) ")
        else:
            words = "|".join(_normalized(word).strip() for word in token.split("|"))
            parts.append(f"(?:{words}) ")
    return " " + "".join(parts)


def _ends_with(pattern: re.Pattern[str], words: str) -> bool:
    return any(pattern.fullmatch(words, start) for start, char in enumerate(words) if char == " ")


def _read(path: Path) -> dict[str, list[str]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml")))
        problem = Problem(
            f"no greeting phrases for language {path.stem!r}", f"Known languages: {known}", path
        )
        raise SettingsError(problem) from None
    except yaml.YAMLError as error:
        raise SettingsError(Problem(f"is not YAML: {error}", file=path)) from error
    allowed = {"language", "digits", *_MACHINE_CLASSES, *_HUMAN_LISTS}
    if not isinstance(content, dict) or not set(content) <= allowed:
        raise SettingsError(Problem("holds unknown lists", f"Allowed: {', '.join(sorted(allowed))}", path))
    lists = {name: value for name, value in content.items() if name != "language"}
    for name, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
            remedy = "Quote what YAML takes for something else, as yes and no"
            raise SettingsError(Problem("must be a list of phrases", remedy, path, field=name))
    return lists
