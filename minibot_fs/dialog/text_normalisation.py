"""Words as a recognizer writes them, brought to one form: no capitals, no punctuation, elisions apart.

Two depths are offered, because two kinds of reader need them: :func:`words` keeps accents (how a word
sounds depends on them), :func:`plain_words` drops them (a user's spelling should not matter).
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "œ": "oe", "æ": "ae"})
_WORD = re.compile(r"[^\W_]+(?:'(?![^\W_])|')?")
_ONE_WORD = re.compile(r"\b(aujourd|quelqu|presqu|prud)'(?=\w)")


def words(text: str) -> list[str]:
    """The words of an utterance in lower case, accents kept: ``J'en ai assez !`` -> ``j en ai assez``.

    An elided word stands alone without its apostrophe; a hyphen separates like a space.
    """
    lowered = unicodedata.normalize("NFC", text).translate(_APOSTROPHES).lower()
    return [word.rstrip("'") for word in _WORD.findall(_ONE_WORD.sub(r"\1", lowered))]


def plain_words(text: str) -> list[str]:
    """The same words without accents."""
    return [without_accents(word) for word in words(text)]


def without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


_UNITS = {
    "zéro": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
    "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15,
    "seize": 16,
}  # fmt: skip
_TENS = {"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
         "septante": 70, "huitante": 80, "octante": 80, "nonante": 90}  # fmt: skip


def digits_for_numbers(spoken: list[str]) -> list[str]:
    """French number words up to 99 as digits, other words untouched.

    ``quatorze heures trente`` -> ``14 heures 30``. ``un`` and ``une`` stay words unless they end a number
    (``vingt et un``): alone they are articles.
    """
    out: list[str] = []
    at = 0
    while at < len(spoken):
        value, length = _number_at(spoken, at)
        if length == 0 or (length == 1 and spoken[at] in ("un", "une")):
            out.append(spoken[at])
            at += 1
        else:
            out.append(str(value))
            at += length
    return out


def _number_at(spoken: list[str], at: int) -> tuple[int, int]:
    """Value and number of words of the French number that begins at a word; length 0 where none does."""
    word = spoken[at]
    following = spoken[at + 1 : at + 4]
    if word == "quatre" and following and following[0] in ("vingt", "vingts"):
        value, length, rest = 80, 2, following[1:]
    elif word in _TENS:
        value, length, rest = _TENS[word], 1, following
    elif word == "dix" and following and following[0] in ("sept", "huit", "neuf"):
        return 10 + _UNITS[following[0]], 2
    elif word in _UNITS:
        return _UNITS[word], 1
    else:
        return 0, 0
    joined = bool(rest) and rest[0] == "et" and len(rest) > 1 and rest[1] in ("un", "une", "onze")
    if joined:
        return value + _UNITS[rest[1]], length + 2
    if rest and rest[0] in _UNITS:
        tail = _UNITS[rest[0]]
        if tail >= 10 and value not in (60, 80):
            return value, length
        if rest[0] == "dix" and len(rest) > 1 and rest[1] in ("sept", "huit", "neuf"):
            return value + 10 + _UNITS[rest[1]], length + 2
        if tail > 0:
            return value + tail, length + 1
    return value, length
