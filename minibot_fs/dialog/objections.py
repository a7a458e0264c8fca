"""Objections, their recorded answers, and finding the one that was raised.

An utterance is compared with every wording of a theme: which of the wording's words were said (rare words of
the theme weigh more, words that only hold a sentence together weigh little), how much of what was said the
wording explains, and how alike the two sound as a whole. Words are compared without accents, elisions and endings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

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


# Words that hold a sentence together: they tell objections apart only a little.
_BINDING = frozenset(
    (
        "le la les l un une des du de d a au aux en y ce c ca cela cet cette ces et ou mais donc car ni "
        "que qu qui est es sont etre suis sommes etes ai as avons avez ont avoir je j tu il elle on nous "
        "vous ils elles me m te t se s moi toi lui leur mon ma mes ton ta tes son sa ses notre nos votre "
        "vos dans sur sous pour par avec chez vers si ne n pas plus bien tres trop peu quand meme "
        "vraiment alors oui non euh ben bah bon enfin hein fait faut va vais vas aller tout tous toute "
        "rien deja encore aussi comme dessus truc chose choses voila franchement ecoutez savez voyez "
        "madame monsieur moment the i is it to you my of and "
    ).split()
)
_ASKING = frozenset("combien comment ou quand qui quoi quel quelle quels quelles pourquoi est-ce".split())
_BINDING_WEIGHT = 0.12
_ASKING_WEIGHT = 0.45
# Two words are one when they share their beginning and differ in their ending only.
_SAME_WORD = 0.87
_SHORTEST_STEM = 4
# How the three views of a wording make the score; chosen by leaving each wording of the nine themes out in turn.
_SAID, _EXPLAINED, _ALIKE = 0.5, 0.2, 0.3


@dataclass(frozen=True)
class _Wording:
    objection: Objection
    words: tuple[str, ...]
    weights: tuple[float, ...]
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
        self._wordings = tuple(
            self._prepared(objection, text) for objection in theme.objections for text in objection.wordings
        )

    def match(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        """The best objection that scores enough and is not excluded by its first wording."""
        found = self.best(text, exclude)
        return found if found is not None and found.score >= self._min_score else None

    def best(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        """The best objection whatever its score; None where nothing was said."""
        said = plain_words(text)
        if not said:
            return None
        weights = [self._weight(word) for word in said]
        sounds = _sounds(text)
        best: tuple[float, Objection] | None = None
        for wording in self._wordings:
            if wording.objection.wordings[0] in exclude:
                continue
            score = _score(said, weights, sounds, wording)
            if best is None or score > best[0]:
                best = score, wording.objection
        if best is None:
            return None
        score, objection = best
        return ObjectionMatch(
            objection.wordings[0],
            objection.response,
            objection.audio_file,
            objection.category,
            round(score, 3),
        )

    def _prepared(self, objection: Objection, text: str) -> _Wording:
        spoken = tuple(plain_words(text))
        return _Wording(objection, spoken, tuple(map(self._weight, spoken)), _sounds(text))

    def _weight(self, word: str) -> float:
        if word in _ASKING:
            return _ASKING_WEIGHT
        if word in _BINDING or len(word) == 1:
            return _BINDING_WEIGHT
        return self._rarity.get(word, self._unknown)


def _rarity(theme: Theme) -> dict[str, float]:
    """What each word of a theme weighs: 1.0 for one objection's own, less the more objections share it."""
    among: Counter[str] = Counter()
    for objection in theme.objections:
        among.update({word for text in objection.wordings for word in plain_words(text)})
    count = max(len(theme.objections), 2)
    return {word: 0.4 + 0.6 * math.log(count / shared) / math.log(count) for word, shared in among.items()}


def _score(said: Sequence[str], said_weights: Sequence[float], sounds: str, wording: _Wording) -> float:
    matched_of_wording = matched_of_said = 0.0
    taken: set[int] = set()
    for word, weight in zip(wording.words, wording.weights, strict=True):
        likeness, index = max(
            ((_likeness(word, other), -index) for index, other in enumerate(said)), default=(0.0, 0)
        )
        if likeness == 0.0:
            continue
        matched_of_wording += weight * likeness
        if -index not in taken:
            taken.add(-index)
            matched_of_said += said_weights[-index] * likeness
    share_said = matched_of_wording / sum(wording.weights)
    share_explained = matched_of_said / sum(said_weights)
    alike = fuzz.ratio(sounds, wording.sounds) / 100
    return _SAID * share_said + _EXPLAINED * share_explained + _ALIKE * alike


@lru_cache(maxsize=100_000)
def _likeness(word: str, other: str) -> float:
    """1.0 for the same word, nearly so for another form of it, 0.0 for another word."""
    if word == other:
        return 1.0
    if len(word) < _SHORTEST_STEM or len(other) < _SHORTEST_STEM or word in _BINDING or other in _BINDING:
        return 0.0
    likeness = JaroWinkler.similarity(word, other)
    if likeness < _SAME_WORD or word[:_SHORTEST_STEM] != other[:_SHORTEST_STEM]:
        return 0.0
    return likeness


def _sounds(text: str) -> str:
    return " ".join(french_sounds(word) for word in words(text))
