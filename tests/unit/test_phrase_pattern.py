"""The small language of phrase files, and the sounds it is matched by."""

from __future__ import annotations

import pytest

from minibot_fs.dialog.phonetics import french_sounds
from minibot_fs.dialog.phrase_pattern import PatternError, PhrasePattern, compile_pattern
from minibot_fs.dialog.text_normalisation import digits_for_numbers, plain_words, words


def pattern(text: str) -> PhrasePattern:
    return compile_pattern(text, {"fruit": ["une pomme", "une poire"]}, french_sounds)


def finds(text: str, spoken: str) -> bool:
    sounds = " " + " ".join(map(french_sounds, words(spoken))) + " "
    match = pattern(text).regex.match(sounds, 1)
    return match is not None and match.end() == len(sounds) - 1


def test_alternatives_options_and_classes() -> None:
    assert finds("je veux (bien|aussi)? <fruit>", "je veux une poire")
    assert finds("je veux (bien|aussi)? <fruit>", "je veux bien une pomme")
    assert not finds("je veux (bien|aussi)? <fruit>", "je veux encore une pomme")


def test_a_gap_takes_up_to_three_words() -> None:
    assert finds("mettez ... relation", "mettez moi donc en relation")
    assert not finds("mettez ... relation", "mettez moi donc vite en relation")


def test_borders_between_words_do_not_count_but_the_ends_of_a_phrase_do() -> None:
    assert finds("d'accord", "dac or")
    assert not finds("cher", "chercher")


@pytest.mark.parametrize(
    ("written", "heard"),
    [("c'est", "sait"), ("intéressé", "intéresser"), ("temps", "tant"), ("conseiller", "conseil et")],
)
def test_words_of_the_same_sound_are_one(written: str, heard: str) -> None:
    assert finds(written, heard)


@pytest.mark.parametrize("wrong", ["(oui", "oui)", "<veg>", "oui?", "?", "...", "... oui", ""])
def test_a_pattern_that_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(PatternError):
        pattern(wrong)


def test_spellings_are_the_same_every_time() -> None:
    assert pattern("(a|b|c) <fruit>").spellings(5) == pattern("(a|b|c) <fruit>").spellings(5)


def test_words_lose_capitals_punctuation_and_elisions() -> None:
    assert words("J’en ai assez, aujourd'hui !") == ["j", "en", "ai", "assez", "aujourdhui"]
    assert plain_words("Là, ça dépend...") == ["la", "ca", "depend"]


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("quatorze heures trente", "14 heures 30"),
        ("vingt et une heures", "21 heures"),
        ("dix sept heures", "17 heures"),
        ("quatre vingt dix huit", "98"),
        ("soixante et onze", "71"),
        ("dans une heure", "dans une heure"),
    ],
)
def test_number_words_become_digits(spoken: str, digits: str) -> None:
    assert " ".join(digits_for_numbers(spoken.split())) == digits
