"""Phrase files: what callers say, by what they mean; the package's own and the user's, one file a language.

A user's file has the same sections, all of them optional; what it lists is added to the package's.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import yaml

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.phonetics import SOUNDS
from minibot_fs.dialog.phrase_pattern import PatternError, PhrasePattern, compile_pattern
from minibot_fs.errors import Problem, UserError

PHRASES_FOLDER = Path(__file__).parent / "phrases"


class PhraseError(UserError):
    """A phrase file cannot be used as it is."""

    code = "phrases"


class Strength(float, Enum):
    """How much a phrase says by itself."""

    FIRM = 1.6
    CLEAR = 1.0
    WEAK = 0.45


class Mark(Enum):
    """Words that steer how the phrases around them are read."""

    TURN = "turn"
    CORRECTION = "correction"
    FILLER = "filler"
    NEGATION = "negation"


@dataclass(frozen=True)
class Phrase:
    """A pattern and what it stands for: an intent with its strength, or a mark (``intent`` is None)."""

    pattern: PhrasePattern
    intent: Intent | None = None
    strength: float = 0.0
    mark: Mark | None = None


@dataclass(frozen=True)
class PhraseBook:
    language: str
    phrases: tuple[Phrase, ...]
    examples: tuple[tuple[Intent, PhrasePattern], ...]
    backchannels: frozenset[str]
    unfinished: frozenset[str]


def languages() -> list[str]:
    return sorted(path.stem for path in PHRASES_FOLDER.glob("*.yaml"))


def load_phrases(language: str, extra: Sequence[Path] = ()) -> PhraseBook:
    """The phrases of a language, with those of the user's files added.

    Raises:
        PhraseError: with every problem of every file.
    """
    if language not in languages():
        near = difflib.get_close_matches(language, languages(), n=1, cutoff=0.0)
        raise PhraseError(f"there are no phrases for the language {language!r}; the nearest is {near[0]!r}")
    problems: list[Problem] = []
    files = [_read(path, problems) for path in (PHRASES_FOLDER / f"{language}.yaml", *extra)]
    classes: dict[str, list[str]] = {}
    for file in files:
        for name, entries in file.lists("words"):
            classes.setdefault(name, []).extend(text for text, _ in entries)
    phrases: list[Phrase] = []
    examples: list[tuple[Intent, PhrasePattern]] = []
    loose: dict[str, list[str]] = {"backchannels": [], "unfinished": []}
    sounds_of = SOUNDS[language]
    for file in files:
        for phrase_of, entries in file.groups():
            for text, line in entries:
                try:
                    pattern = compile_pattern(text, classes, sounds_of)
                except PatternError as error:
                    problems.append(Problem(f"{text!r}: {error}", file=file.path, line=line))
                else:
                    phrases.append(Phrase(pattern, *phrase_of))
        for intent, entries in file.examples():
            for text, line in entries:
                try:
                    examples.append((intent, compile_pattern(text, classes, sounds_of)))
                except PatternError as error:
                    problems.append(Problem(f"{text!r}: {error}", file=file.path, line=line))
        for section, found in loose.items():
            found.extend(text for text, _ in file.top_list(section))
    if problems:
        raise PhraseError(problems)
    return PhraseBook(
        language,
        tuple(phrases),
        tuple(examples),
        frozenset(loose["backchannels"]),
        frozenset(loose["unfinished"]),
    )


Entries = list[tuple[str, int]]
_STRENGTHS = {strength.name.lower(): strength for strength in Strength}
_MARKS = {mark.value: mark for mark in Mark}
_SECTIONS = ("language", "words", "intents", "marks", "examples", "backchannels", "unfinished")


@dataclass
class _File:
    """The YAML nodes of one file, so that every problem has its line."""

    path: Path
    sections: dict[str, yaml.Node]
    problems: list[Problem]

    def lists(self, section: str) -> Iterator[tuple[str, Entries]]:
        for name, node in self._children(self.sections.get(section), section):
            yield name.value, self._entries(node, f"{section}.{name.value}")

    def top_list(self, section: str) -> Entries:
        node = self.sections.get(section)
        return self._entries(node, section) if node is not None else []

    def groups(self) -> Iterator[tuple[tuple[Intent | None, float, Mark | None], Entries]]:
        """Each group of phrases with what it stands for, in the order of :class:`Phrase`'s fields."""
        for name, node in self._children(self.sections.get("intents"), "intents"):
            if name.value not in list(Intent):
                self._unknown("intent", name, [intent.value for intent in Intent])
                continue
            for strength, phrases in self._children(node, f"intents.{name.value}"):
                if strength.value not in _STRENGTHS:
                    self._unknown("strength", strength, list(_STRENGTHS))
                    continue
                field = f"intents.{name.value}.{strength.value}"
                yield (
                    (Intent(name.value), _STRENGTHS[strength.value].value, None),
                    self._entries(phrases, field),
                )
        for name, node in self._children(self.sections.get("marks"), "marks"):
            if name.value not in _MARKS:
                self._unknown("mark", name, list(_MARKS))
                continue
            yield (None, 0.0, _MARKS[name.value]), self._entries(node, f"marks.{name.value}")

    def examples(self) -> Iterator[tuple[Intent, Entries]]:
        for name, node in self._children(self.sections.get("examples"), "examples"):
            if name.value in list(Intent):
                yield Intent(name.value), self._entries(node, f"examples.{name.value}")
            else:
                self._unknown("intent", name, [intent.value for intent in Intent])

    def _children(self, node: yaml.Node | None, field: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self._complain(node, field, "names with lists are expected here")
            return []
        return list(node.value)

    def _entries(self, node: yaml.Node, field: str) -> Entries:
        if not isinstance(node, yaml.SequenceNode):
            self._complain(node, field, "a list of phrases is expected here")
            return []
        entries: Entries = []
        for item in node.value:
            if isinstance(item, yaml.ScalarNode) and item.value.strip():
                entries.append((item.value, item.start_mark.line + 1))
            else:
                self._complain(item, field, "a phrase is a line of text")
        return entries

    def _complain(self, node: yaml.Node, field: str, message: str) -> None:
        self.problems.append(Problem(message, file=self.path, line=node.start_mark.line + 1, field=field))

    def _unknown(self, kind: str, node: yaml.ScalarNode, known: list[str]) -> None:
        near = difflib.get_close_matches(node.value, known, n=1, cutoff=0.0)[0]
        self.problems.append(
            Problem(
                f"there is no {kind} {node.value!r}",
                f"The nearest is {near!r}",
                file=self.path,
                line=node.start_mark.line + 1,
            )
        )


def _read(path: Path, problems: list[Problem]) -> _File:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        problems.append(Problem(f"cannot be read: {error.strerror}", file=path))
        return _File(path, {}, problems)
    except UnicodeDecodeError:
        problems.append(Problem("is not UTF-8 text", "Save it as UTF-8", file=path))
        return _File(path, {}, problems)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        problems.append(Problem(f"is not YAML: {getattr(error, 'problem', error)}", file=path, line=line))
        return _File(path, {}, problems)
    if root is None:
        return _File(path, {}, problems)
    file = _File(path, {}, problems)
    for name, node in file._children(root, ""):
        if name.value in _SECTIONS:
            file.sections[name.value] = node
        else:
            file._unknown("section", name, list(_SECTIONS))
    return file
