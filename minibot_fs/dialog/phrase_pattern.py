"""The small language of phrase files: one line stands for the many ways a thing is said.

    je suis (pas|plus) intéressé     (a|b) alternatives, each of one or more words
    bien? sûr                        ? makes the word or group before it optional
    ne? me <call> plus               <name> a class of words from the file's ``words``
    mettez ... relation              ... up to three words of any kind
    ^ non                            ^ and $ hold a phrase to the beginning or the end of an utterance

A pattern is compiled to a regular expression over the *sounds* of an utterance, in which the borders between
words do not count inside a phrase, only at its two ends: so ``d'accord`` also finds ``dac or``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from minibot_fs.dialog.text_normalisation import words as words_of

_TOKEN = re.compile(r"\.\.\.|[()|?^$]|<[\w-]+>|[^\s()|?^$<>]+")
_ENDINGS_IN_LIAISON = "[ztnr]"


class PatternError(ValueError):
    """A pattern cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True)
class Word:
    text: str


@dataclass(frozen=True)
class Gap:
    """Up to three words of any kind."""


@dataclass(frozen=True)
class Choice:
    """One of several sequences; ``optional`` when none of them will do as well."""

    options: tuple[tuple[Part, ...], ...]
    optional: bool = False


Part = Word | Gap | Choice


@dataclass(frozen=True)
class PhrasePattern:
    """A compiled pattern.

    ``regex`` is matched at the first sound of a word of `` sounds of words `` (a space around every word);
    ``first_sounds`` are the sounds it can begin with; ``at_start``/``at_end`` tell of ^ and $.
    """

    text: str
    regex: re.Pattern[str]
    first_sounds: frozenset[str]
    at_start: bool
    at_end: bool
    parts: tuple[Part, ...]

    def words(self) -> set[str]:
        """Every word that occurs in it."""
        return _words(self.parts)

    def spellings(self, count: int) -> list[tuple[str, ...]]:
        """Up to ``count`` of the word sequences it stands for, always the same; a gap is left out."""
        chooser = random.Random(self.text)
        return list(dict.fromkeys(tuple(_spelling(self.parts, chooser)) for _ in range(count)))


def compile_pattern(
    text: str, classes: Mapping[str, Sequence[str]], sounds_of: Callable[[str], str]
) -> PhrasePattern:
    """Compile one line of a phrase file.

    Raises:
        PatternError: an unknown class, an unclosed group, or nothing to say at all.
    """
    tokens = _TOKEN.findall(text)
    at_start, at_end = tokens[:1] == ["^"], tokens[-1:] == ["$"]
    parts, left = _sequence(tokens[at_start : len(tokens) - at_end], classes, depth=0)
    if left:
        raise PatternError(f"there is a {left[0]!r} too many")
    if not parts or _may_be_empty(parts):
        raise PatternError("it matches without a word being said")
    regex = _regex(parts, sounds_of) + "(?= )"
    firsts = frozenset(_first_sounds(parts, sounds_of))
    return PhrasePattern(text, _compiled(regex), firsts, at_start, at_end, parts)


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled once a process: the package's own phrases are some hundreds of long expressions."""
    return re.compile(regex)


def _sequence(
    tokens: list[str], classes: Mapping[str, Sequence[str]], depth: int
) -> tuple[tuple[Part, ...], list[str]]:
    parts: list[Part] = []
    while tokens and tokens[0] not in ("|", ")"):
        token, tokens = tokens[0], tokens[1:]
        if token == "...":
            parts.append(Gap())
        elif token == "(":
            options: list[tuple[Part, ...]] = []
            while True:
                option, tokens = _sequence(tokens, classes, depth + 1)
                options.append(option)
                if not tokens:
                    raise PatternError("a bracket is not closed")
                token, tokens = tokens[0], tokens[1:]
                if token == ")":
                    break
            parts.append(Choice(tuple(options)))
        elif token == "?":
            if not parts or isinstance(parts[-1], Gap):
                raise PatternError("a ? stands after nothing")
            last = parts.pop()
            options_of_last = last.options if isinstance(last, Choice) else ((last,),)
            parts.append(Choice(options_of_last, optional=True))
        elif token.startswith("<"):
            name = token[1:-1]
            if name not in classes:
                raise PatternError(f"there is no class of words named {name!r}")
            parts.append(Choice(tuple(tuple(map(Word, words_of(entry))) for entry in classes[name])))
        elif token in ("^", "$"):
            raise PatternError(f"a {token} stands in the middle")
        else:
            parts.extend(map(Word, words_of(token)))
    if depth == 0 and tokens and tokens[0] == ")":
        raise PatternError("a bracket is closed that was not opened")
    return tuple(parts), tokens


def _may_be_empty(parts: Sequence[Part]) -> bool:
    return all(
        isinstance(part, Gap)
        or (isinstance(part, Choice) and (part.optional or any(map(_may_be_empty, part.options))))
        for part in parts
    )


def _regex(parts: Sequence[Part], sounds_of: Callable[[str], str]) -> str:
    """Each part but the last is followed by an optional border: borders belong to what stands before them."""
    out = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        border = "" if last else " ?"
        match part:
            case Word(text):
                out.append(
                    _word_regex(sounds_of(text)) + ("" if last else f"(?: ?{_ENDINGS_IN_LIAISON})??") + border
                )
            case Gap():
                out.append(r"(?:(?<= )(?:[^ ]+ ){0,3}?)")
            case Choice(options, optional):
                inner = "|".join(dict.fromkeys(_regex(option, sounds_of) for option in options))
                mark = "?" if optional else ""
                # a choice that is left out must not leave its border behind
                out.append(f"(?:(?:{inner}){border}){mark}")
    return "".join(out)


def _feminine(word: str, sounds_of: Callable[[str], str]) -> str:
    """The consonant that a silent ending becomes in the feminine: ``content``, ``contente``."""
    sounds = sounds_of(word)
    consonant = {"t": "t", "d": "d", "s": "z"}.get(word[-1])
    if consonant is None or len(sounds) < 3 or sounds[-1] in (consonant, word[-1]):
        return ""
    return f"(?: ?{consonant})?"


def _word_regex(sounds: str) -> str:
    letters = []
    for index, sound in enumerate(sounds):
        match sound:
            case "e":
                letters.append("[e2]")
            case "2":
                letters.append("[2e]?" if len(sounds) <= 2 or 0 < index < len(sounds) - 1 else "[2e]")
            case _:
                letters.append(re.escape(sound))
    return " ?".join(letters)


def _first_sounds(parts: Sequence[Part], sounds_of: Callable[[str], str]) -> set[str]:
    firsts: set[str] = set()
    for part in parts:
        match part:
            case Word(text):
                firsts.add(sounds_of(text)[0])
                break
            case Gap():
                raise PatternError("a phrase cannot begin with ...")
            case Choice(options, optional):
                for option in options:
                    firsts |= _first_sounds(option, sounds_of)
                if not optional and not any(map(_may_be_empty, options)):
                    break
    return firsts | ({"2"} if "e" in firsts else set()) | ({"e"} if "2" in firsts else set())


def _words(parts: Sequence[Part]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        match part:
            case Word(text):
                found.add(text)
            case Choice(options):
                found.update(*map(_words, options))
    return found


def _spelling(parts: Sequence[Part], chooser: random.Random) -> Iterator[str]:
    for part in parts:
        match part:
            case Word(text):
                yield text
            case Choice(options, optional):
                option = chooser.randrange(len(options) + optional)
                if option < len(options):
                    yield from _spelling(options[option], chooser)
