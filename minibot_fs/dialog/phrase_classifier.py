"""The embedded classifier: what a caller means, from phrases heard by their sounds. Deterministic, offline.

Four steps, each a function below:

1. *find*: every phrase of the phrase file that occurs in the sounds of the utterance;
2. *tile*: the phrases that together explain most of it without overlapping ("pas de problème" beats "pas");
3. *weigh*: each tile speaks for its intent. "mais" takes weight from what stands before it, a correction
   ("en fait") takes more, and among equals the later one wins, because people end with what they mean;
4. *compare*: the last clause is compared with sentences whose meaning is known, and the nearest speak too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minibot_fs.dialog.callback_time import time_words
from minibot_fs.dialog.intent import Intent, Understanding
from minibot_fs.dialog.likeness import LikenessIndex, Sentence
from minibot_fs.dialog.phonetics import SOUNDS
from minibot_fs.dialog.phrase_file import Mark, Phrase, PhraseBook, Strength, load_phrases
from minibot_fs.dialog.text_normalisation import without_accents, words

# What is left of the weight of a phrase once a turn ("mais") or a correction ("en fait") follows it.
_LEFT_BEFORE = {Mark.TURN: 0.4, Mark.CORRECTION: 0.3}
# A phrase whose sounds are right but whose letters are others.
_HEARD_OTHERWISE = 0.9
# A later phrase weighs up to this much more than the first.
_LAST_WORD = 0.25
# Further phrases of the same intent add this share of their weight.
_AGAIN = 0.3
_PART = 0.55
_ENOUGH = 0.3
# Fewer sounds than these prove nothing when they are spelled otherwise.
_LEAST_SOUNDS = 3
# Words that belong to the next one; a phrase that ends in one has taken it from what follows.
_ELIDED = frozenset("c d j l m n s t qu".split())
# Likeness to known sentences: from where on it counts, and what a perfect one weighs.
_LEAST_LIKENESS = 0.25
_LIKENESS = 1.4
_LIKENESS_POWER = 1.5
_LEAST_CLAUSE = 3
_SPELLINGS_OF_EXAMPLE = 12
_SPELLINGS_OF_PHRASE = 10
_LONGEST_WORDS = 80
# How sure it is that nothing follows.
_GOES_ON, _MAY_BE_ALL, _ONE_WORD_AFTER_OTHERS = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class _Tile:
    """A phrase at its place: words ``start`` to ``end`` (exclusive) of the utterance."""

    phrase: Phrase
    start: int
    end: int
    quality: float
    text: str


@dataclass(frozen=True)
class _Heard:
    """An utterance as words and as sounds, a space around each word; ``starts[i]`` is where word i begins."""

    words: tuple[str, ...]
    sounds: str
    starts: tuple[int, ...]
    word_at: dict[int, int]
    ends_at: dict[int, int]


class PhraseClassifier:
    """An IntentClassifier over a phrase book. Safe to share between threads."""

    def __init__(self, book: PhraseBook) -> None:
        self._sounds_of = SOUNDS[book.language]
        self._by_first_sound: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in book.phrases:
            for sound in phrase.pattern.first_sounds:
                self._by_first_sound[sound].append(phrase)
        self._vocabulary = {id(phrase): _vocabulary(phrase) for phrase in book.phrases}
        self._known = LikenessIndex(_sentences(book, self._sounds_of))
        self._backchannels = frozenset(" ".join(self._word_sounds(words(text))) for text in book.backchannels)
        self._unfinished = frozenset(words(text)[-1] for text in book.unfinished if len(words(text)) == 1)

    @classmethod
    def from_files(cls, language: str = "fr", extra: Sequence[Path] = ()) -> PhraseClassifier:
        """The classifier of a language, with the user's own phrase files added.

        Raises:
            PhraseError: an unknown language, or a file that cannot be used, with every problem.
        """
        return cls(load_phrases(language, extra))

    def classify(self, text: str) -> Understanding:
        heard = self._hear(text)
        if not heard.words:
            return Understanding(Intent.SILENCE, 1.0, "nothing was said")
        tiles = _tile(heard, self._find(heard))
        weights, reasons = _weigh(heard, tiles)
        self._add_likeness(heard, tiles, weights, reasons)
        return _decide(text, heard, tiles, weights, reasons)

    def is_backchannel(self, text: str) -> bool:
        """Whether it only shows that the caller listens: "mm", "oui oui", "d'accord"."""
        sounds = self._word_sounds(words(text))
        if not sounds or len(sounds) > 4:
            return False
        return " ".join(sounds) in self._backchannels or (
            len(sounds) <= 3 and all(sound in self._backchannels for sound in sounds)
        )

    def is_complete(self, text: str) -> float:
        """How sure it is that a partial transcript is a finished answer, 0.0-1.0."""
        heard = self._hear(text)
        if not heard.words:
            return 0.0
        tiles = _tile(heard, self._find(heard))
        said = [tile for tile in tiles if tile.phrase.mark is not Mark.FILLER]
        covered = {index for tile in tiles for index in range(tile.start, tile.end)}
        if not said:
            whole = len(covered) == len(heard.words)
            return 0.0 if whole else _GOES_ON if heard.words[-1] in self._unfinished else _MAY_BE_ALL
        if heard.words[-1] in self._unfinished:
            return _GOES_ON
        end = len(heard.words)
        while tiles[-1].end == end and tiles[-1].phrase.mark is Mark.FILLER:
            # "d'accord merci": courtesies end an answer as well
            end = tiles.pop().start
        last = tiles[-1] if tiles[-1].end == end else None
        if last is None:
            return _MAY_BE_ALL
        if last.phrase.intent is None:
            # "oui euh", "oui mais": the next word is being looked for
            return _GOES_ON if last.phrase.mark is not Mark.NEGATION else _MAY_BE_ALL
        return _ONE_WORD_AFTER_OTHERS if last.end - last.start == 1 < len(heard.words) else 1.0

    def _word_sounds(self, spoken: Sequence[str]) -> list[str]:
        return [self._sounds_of(word) for word in spoken]

    def _hear(self, text: str) -> _Heard:
        spoken = tuple(words(text)[:_LONGEST_WORDS])
        starts, ends, at = [], [], 1
        sounds = self._word_sounds(spoken)
        for sound in sounds:
            starts.append(at)
            ends.append(at + len(sound))
            at += len(sound) + 1
        return _Heard(
            spoken,
            f" {' '.join(sounds)} ",
            tuple(starts),
            {start: index for index, start in enumerate(starts)},
            {end: index + 1 for index, end in enumerate(ends)},
        )

    def _find(self, heard: _Heard) -> list[_Tile]:
        found: list[_Tile] = []
        last = len(heard.words)
        for start, position in enumerate(heard.starts):
            for phrase in self._by_first_sound.get(heard.sounds[position], ()):
                match = phrase.pattern.regex.match(heard.sounds, position)
                if match is None:
                    continue
                end = heard.ends_at.get(match.end())
                if end is None or (phrase.pattern.at_end and end != last):
                    continue
                if end - start > 1 and heard.words[end - 1] in _ELIDED:
                    end -= 1
                known = self._vocabulary[id(phrase)]
                spelled = all(without_accents(word) in known for word in heard.words[start:end])
                if not spelled and match.end() - position < _LEAST_SOUNDS and not phrase.pattern.at_start:
                    continue
                quality = 1.0 if spelled else _HEARD_OTHERWISE
                found.append(_Tile(phrase, start, end, quality, " ".join(heard.words[start:end])))
        return found

    def _add_likeness(
        self,
        heard: _Heard,
        tiles: list[_Tile],
        weights: dict[Intent, float],
        reasons: dict[Intent, list[str]],
    ) -> None:
        """What the utterance, or its last clause, is like, as one more voice for each meaning."""
        sounds = heard.sounds.split()
        turns = [tile.end for tile in tiles if tile.phrase.mark in (Mark.TURN, Mark.CORRECTION)]
        clause = sounds[turns[-1] :] if turns and len(sounds) - turns[-1] >= _LEAST_CLAUSE else sounds
        for intent, likeness in self._known.like(clause).items():
            if likeness.degree < _LEAST_LIKENESS:
                continue
            if intent is not Intent.NOT_UNDERSTOOD or not weights:
                weights[intent] = weights.get(intent, 0.0) + _LIKENESS * likeness.degree**_LIKENESS_POWER
                reasons.setdefault(intent, []).append(f"like {likeness.text} ({likeness.degree:.2f})")


def _vocabulary(phrase: Phrase) -> frozenset[str]:
    return frozenset(without_accents(word) for word in phrase.pattern.words())


def _sentences(book: PhraseBook, sounds_of: Callable[[str], str]) -> list[Sentence]:
    """Some spellings of every example and of every phrase that says its meaning by itself."""
    patterns = [(intent, pattern, _SPELLINGS_OF_EXAMPLE) for intent, pattern in book.examples]
    patterns += [
        (phrase.intent, phrase.pattern, _SPELLINGS_OF_PHRASE)
        for phrase in book.phrases
        if phrase.intent is not None and phrase.strength >= Strength.CLEAR
    ]
    sentences: dict[tuple[str, ...], Sentence] = {}
    for intent, pattern, count in patterns:
        for spelling in pattern.spellings(count):
            sounds = tuple(map(sounds_of, spelling))
            sentences.setdefault(sounds, Sentence(" ".join(spelling), sounds, intent))
    return list(sentences.values())


def _tile(heard: _Heard, found: list[_Tile]) -> list[_Tile]:
    """The tiles without overlap that explain most of the utterance, in order. Longer ones are worth more."""
    count = len(heard.words)
    ending: dict[int, list[_Tile]] = defaultdict(list)
    fillers: set[int] = {-1}
    for tile in found:
        ending[tile.end].append(tile)
    for tile in sorted(found, key=lambda tile: tile.start):
        if tile.phrase.mark is Mark.FILLER and tile.start - 1 in fillers:
            fillers.update(range(tile.start, tile.end))
    worth = [0.0] * (count + 1)
    chosen: list[_Tile | None] = [None] * (count + 1)
    for end in range(1, count + 1):
        worth[end] = worth[end - 1]
        for tile in ending[end]:
            if tile.phrase.pattern.at_start and tile.start - 1 not in fillers:
                continue
            total = worth[tile.start] + _worth(heard, tile)
            if total > worth[end]:
                worth[end], chosen[end] = total, tile
    tiles: list[_Tile] = []
    end = count
    while end > 0:
        last = chosen[end]
        if last is None:
            end -= 1
        else:
            tiles.append(last)
            end = last.start
    return tiles[::-1]


def _worth(heard: _Heard, tile: _Tile) -> float:
    length = sum(map(len, heard.sounds[heard.starts[tile.start] :].split(" ")[: tile.end - tile.start]))
    preference = 0.7 + 0.3 * tile.phrase.strength if tile.phrase.mark is None else 0.8
    return float((1 + length) ** 1.4 * tile.quality * preference)


def _weigh(heard: _Heard, tiles: list[_Tile]) -> tuple[dict[Intent, float], dict[Intent, list[str]]]:
    """The weight of each intent, and the phrases that gave it."""
    voices: dict[Intent, list[float]] = defaultdict(list)
    reasons: dict[Intent, list[str]] = defaultdict(list)
    left = 1.0
    content = len(heard.words) - sum(t.end - t.start for t in tiles if t.phrase.mark is not None)
    following: _Tile | None = None
    for tile in reversed(tiles):
        phrase = tile.phrase
        if phrase.mark in _LEFT_BEFORE and voices:
            left *= _LEFT_BEFORE[phrase.mark]
        elif phrase.intent is not None:
            intent = phrase.intent
            if intent is Intent.AFFIRM and _negated(tile, following):
                intent = Intent.DENY
            place = (tile.start + 1) / len(heard.words)
            keeps = 1.0 if phrase.strength >= Strength.FIRM else left
            strength = phrase.strength if phrase.strength != Strength.CLEAR else _strength(tile, content)
            voices[intent].append(strength * tile.quality * keeps * (1 + _LAST_WORD * place))
            reasons[intent].append(tile.text)
        following = tile
    weights: dict[Intent, float] = {}
    for intent, values in voices.items():
        values.sort(reverse=True)
        weights[intent] = values[0] + _AGAIN * sum(values[1:3])
    return weights, {intent: said[::-1] for intent, said in reasons.items()}


def _strength(tile: _Tile, content: int) -> float:
    """A clear phrase that is only a small part of what was said says less."""
    return tile.phrase.strength * (_PART + (1 - _PART) * min(1.0, (tile.end - tile.start) / (0.6 * content)))


def _negated(tile: _Tile, following: _Tile | None) -> bool:
    return (
        following is not None
        and following.phrase.mark is Mark.NEGATION
        and following.start == tile.end
        and tile.phrase.strength >= Strength.CLEAR
    )


def _decide(
    text: str,
    heard: _Heard,
    tiles: list[_Tile],
    weights: dict[Intent, float],
    reasons: dict[Intent, list[str]],
) -> Understanding:
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    covered = sum(tile.end - tile.start for tile in tiles) / len(heard.words)
    best = ranked[0][1] if ranked else 0.0
    if best < _ENOUGH:
        return Understanding(Intent.NOT_UNDERSTOOD, round(1.0 - best, 2), "no phrase was recognised")
    intent = ranked[0][0]
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    confidence = best / (best + second + 0.1) * (0.7 + 0.3 * covered) * min(1.0, 0.6 + 0.4 * best)
    why = f"{intent.value}: " + ", ".join(f'"{said}"' for said in reasons[intent])
    if second:
        why += f"; against {ranked[1][0].value}: " + ", ".join(f'"{said}"' for said in reasons[ranked[1][0]])
    callback_text = time_words(text) if intent is Intent.CALLBACK else None
    return Understanding(intent, round(min(1.0, confidence), 2), why, callback_text)
