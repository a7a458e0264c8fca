"""How like an utterance is to sentences whose meaning is known: shared words, word pairs and runs of sounds.

The fragments are weighed by their rarity (tf-idf) and compared by cosine, as in a search engine. Runs of
four sounds across word borders find the words a recognizer cut elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minibot_fs.dialog.intent import Intent

_RUN = 4
_STEM = 4
# How much a fragment of each kind counts beside a whole word.
_PAIR, _STEM_SHARE, _RUN_SHARE = 0.8, 0.7, 0.35
# The meaning of the best sentence, steadied by the next best ones of the same meaning.
_BEST_SHARE, _NEXT = 0.7, 3


@dataclass(frozen=True)
class Sentence:
    """A sentence whose meaning is known: ``sounds`` of each word, and how it is written."""

    text: str
    sounds: tuple[str, ...]
    intent: Intent


@dataclass(frozen=True)
class Likeness:
    """``degree`` 0.0-1.0 to the sentences of one meaning, ``text`` the nearest of them."""

    degree: float
    text: str


class LikenessIndex:
    """Sentences indexed by their fragments. Safe to share between threads."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = tuple(sentences)
        fragments = [_fragments(sentence.sounds) for sentence in sentences]
        among = Counter(fragment for found in fragments for fragment in found)
        count = len(sentences)
        self._rarity = {fragment: math.log(1 + count / shared) for fragment, shared in among.items()}
        self._unseen = math.log(1 + count)
        postings: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for index, found in enumerate(fragments):
            length = math.sqrt(sum((share * self._rarity[f]) ** 2 for f, share in found.items()))
            for fragment, share in found.items():
                where, weight = postings[fragment]
                where.append(index)
                weight.append(share * self._rarity[fragment] / length)
        self._postings = {
            fragment: (np.array(where, dtype=np.int32), np.array(weight, dtype=np.float32))
            for fragment, (where, weight) in postings.items()
        }
        self._of_intent = {
            intent: np.array([i for i, s in enumerate(sentences) if s.intent is intent], dtype=np.int32)
            for intent in {sentence.intent for sentence in sentences}
        }

    def like(self, sounds: Sequence[str]) -> dict[Intent, Likeness]:
        """The likeness to the sentences of each meaning."""
        degrees = np.zeros(len(self._sentences), dtype=np.float32)
        square = 0.0
        for fragment, share in _fragments(sounds).items():
            weight = share * self._rarity.get(fragment, self._unseen)
            square += weight * weight
            posting = self._postings.get(fragment)
            if posting is not None:
                degrees[posting[0]] += posting[1] * weight
        if square == 0.0:
            return {}
        degrees /= math.sqrt(square)
        found = {}
        for intent, members in self._of_intent.items():
            mine = degrees[members]
            best = int(mine.argmax())
            top = np.partition(mine, -_NEXT)[-_NEXT:] if len(mine) > _NEXT else mine
            degree = _BEST_SHARE * float(mine[best]) + (1 - _BEST_SHARE) * float(top.mean())
            found[intent] = Likeness(degree, self._sentences[members[best]].text)
        return found


def _fragments(sounds: Sequence[str]) -> dict[str, float]:
    """Each fragment once, with its share."""
    found: dict[str, float] = {}
    for before, word in zip(("", *sounds), sounds, strict=False):
        found[word] = 1.0
        found[f"{word[:_STEM]}-"] = _STEM_SHARE
        found[f"{before} {word}"] = _PAIR
    joined = "".join(sounds)
    for start in range(len(joined) - _RUN + 1):
        found["~" + joined[start : start + _RUN]] = _RUN_SHARE
    return found
