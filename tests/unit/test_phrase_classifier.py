"""What callers mean, from what a recognizer wrote down."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.phrase_classifier import PhraseClassifier
from minibot_fs.dialog.phrase_file import PhraseError


@pytest.fixture(scope="module")
def french() -> PhraseClassifier:
    return PhraseClassifier.from_files("fr")


@pytest.fixture(scope="module")
def english() -> PhraseClassifier:
    return PhraseClassifier.from_files("en")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("oui", "affirm"),
        ("pourquoi pas", "affirm"),
        ("pas de problème", "affirm"),
        ("non merci", "deny"),
        ("ça ne m'intéresse pas", "deny"),
        ("pas d'accord", "deny"),
        ("C'est combien ?", "question"),
        ("vous êtes qui", "question"),
        ("c'est trop cher", "objection"),
        ("j'ai pas le temps", "objection"),
        ("ne m'appelez plus", "opt_out"),
        ("retirez-moi de votre liste", "opt_out"),
        ("je suis sur bloctel", "opt_out"),
        ("je ne veux plus être dérangé", "opt_out"),
        ("rappelez-moi demain à 14 h", "callback"),
        ("pas maintenant je conduis", "callback"),
        ("vous vous trompez de numéro", "wrong_person"),
        ("je suis déjà client chez vous", "already_customer"),
        ("passez-moi un conseiller", "transfer"),
        ("laissez un message après le bip sonore", "voicemail"),
        ("euh", "not_understood"),
        ("la voiture rouge", "not_understood"),
        ("", "silence"),
        ("  ...  ", "silence"),
    ],
)
def test_a_plain_answer_means_what_it_says(french: PhraseClassifier, said: str, meant: str) -> None:
    assert french.classify(said).intent == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("huit", "affirm"),
        ("d'accords", "affirm"),
        ("dac or", "affirm"),
        ("samain teresse", "affirm"),
        ("pas intéresser", "deny"),
        ("sécher", "objection"),
        ("c'est trop chair", "objection"),
        ("ne mappelez plus", "opt_out"),
        ("des jacques lient", "already_customer"),
    ],
)
def test_words_heard_wrongly_are_found_by_their_sounds(
    french: PhraseClassifier, said: str, meant: str
) -> None:
    assert french.classify(said).intent == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("oui mais c'est trop cher", "objection"),
        ("non merci mais allez-y", "affirm"),
        ("non mais ça m'intéresse", "affirm"),
        ("je dis pas non", "affirm"),
        ("oui non mais je suis pas intéressé", "deny"),
        ("oui euh non en fait non", "deny"),
        ("oui ça m'intéresse mais rappelez-moi ce soir", "callback"),
        ("d'accord mais vous êtes de quelle société", "question"),
    ],
)
def test_what_is_said_last_counts(french: PhraseClassifier, said: str, meant: str) -> None:
    assert french.classify(said).intent == meant


@pytest.mark.parametrize(
    "said",
    [
        "oui d'accord et puis ne m'appelez plus",
        "non merci et ne rappelez plus s'il vous plaît",
        "c'est intéressant mais supprimez mon numéro",
        "je suis pas intéressé arrêtez de m'appeler",
    ],
)
def test_an_opt_out_is_heard_whatever_stands_beside_it(french: PhraseClassifier, said: str) -> None:
    assert french.classify(said).intent is Intent.OPT_OUT


def test_a_time_that_does_not_suit_is_a_callback_and_no_opt_out(french: PhraseClassifier) -> None:
    understood = french.classify("ne m'appelez pas le matin")
    assert understood.intent is Intent.CALLBACK


def test_a_callback_names_the_time_it_asks_for(french: PhraseClassifier) -> None:
    assert french.classify("rappelez-moi demain à quatorze heures").callback_text == "demain a 14 heures"
    assert french.classify("oui").callback_text is None


def test_punctuation_capitals_and_accents_change_nothing(french: PhraseClassifier) -> None:
    spoken = [french.classify(text) for text in ("c'est où exactement", "C’est où, exactement ?")]
    assert spoken[0] == spoken[1]


def test_why_names_the_phrases_that_decided(french: PhraseClassifier) -> None:
    why = french.classify("oui mais c'est trop cher").why
    assert "trop cher" in why
    assert "against affirm" in why


def test_the_same_text_is_understood_the_same_by_a_second_classifier(french: PhraseClassifier) -> None:
    again = PhraseClassifier.from_files("fr")
    for text in ("je sais pas trop enfin bon", "ça m'a l'air pas mal", "oui euh non"):
        assert french.classify(text) == again.classify(text)


@pytest.mark.parametrize("text", ["é" * 5000, "?" * 100, "\x00\ud83d", "123 456", "oui " * 500, "عربي 中文"])
def test_no_text_is_too_odd(french: PhraseClassifier, text: str) -> None:
    assert 0.0 <= french.classify(text).confidence <= 1.0


@pytest.mark.parametrize("text", ["mm", "oui oui", "d'accord", "hum hum", "ah", "ok"])
def test_a_sign_of_listening_is_a_backchannel(french: PhraseClassifier, text: str) -> None:
    assert french.is_backchannel(text)


@pytest.mark.parametrize("text", ["", "non", "c'est trop cher", "attendez", "oui mais non", "stop"])
def test_an_answer_is_no_backchannel(french: PhraseClassifier, text: str) -> None:
    assert not french.is_backchannel(text)


def test_it_tells_how_finished_an_answer_sounds(french: PhraseClassifier) -> None:
    assert french.is_complete("oui") == 1.0
    assert french.is_complete("ça ne m'intéresse pas") == 1.0
    assert french.is_complete("oui mais") <= 0.2
    assert french.is_complete("je voudrais") <= 0.2
    assert french.is_complete("est-ce que") <= 0.2
    assert french.is_complete("euh") == 0.0
    assert french.is_complete("") == 0.0


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yes please", "affirm"),
        ("I'm not interested", "deny"),
        ("who is this", "question"),
        ("yes but it's too expensive", "objection"),
        ("take me off your list", "opt_out"),
        ("call me back tomorrow", "callback"),
        ("wrong number", "wrong_person"),
        ("please leave a message after the tone", "voicemail"),
    ],
)
def test_english_callers_are_understood_too(english: PhraseClassifier, said: str, meant: str) -> None:
    assert english.classify(said).intent == meant


def test_users_add_phrases_in_a_file_of_their_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("intents:\n  affirm:\n    clear: [ça boume mon poulet]\n", encoding="utf-8")
    assert PhraseClassifier.from_files("fr", [mine]).classify("ça boume mon poulet").intent is Intent.AFFIRM


def test_every_mistake_of_a_phrase_file_is_named_with_its_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "intents:\n  afirm:\n    clear: [oui]\n"
        "  deny:\n    clear:\n      - (non\n      - <nobody>\nmots: 1\n",
        encoding="utf-8",
    )
    with pytest.raises(PhraseError) as caught:
        PhraseClassifier.from_files("fr", [mine])
    problems = {problem.line: str(problem) for problem in caught.value.problems}
    assert set(problems) == {2, 6, 7, 8}
    assert "affirm" in problems[2]
    assert "not closed" in problems[6]
    assert "nobody" in problems[7]


def test_an_unknown_language_names_the_nearest() -> None:
    with pytest.raises(PhraseError, match="'fr'"):
        PhraseClassifier.from_files("fra")


def test_the_whole_of_understanding_bears_freeswitch_s_thread_stack() -> None:
    """FreeSWITCH runs Python on threads of 240 KiB with a recursion limit of 240."""
    outcome: list[object] = []

    def session() -> None:
        try:
            for name in [name for name in sys.modules if name.startswith("minibot_fs.dialog")]:
                del sys.modules[name]
            from minibot_fs.dialog.objections import ObjectionMatcher, load_themes
            from minibot_fs.dialog.phrase_classifier import PhraseClassifier as Again

            matcher = ObjectionMatcher(load_themes()["or"])
            outcome.append(Again.from_files("fr").classify("rappelez-moi demain à dix heures").intent.value)
            outcome.append(matcher.match("c'est pas un peu risqué l'or") is not None)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            outcome.append(error)

    loaded = {name: module for name, module in sys.modules.items() if name.startswith("minibot_fs.dialog")}
    limit, size = sys.getrecursionlimit(), threading.stack_size(240 * 1024)
    try:
        thread = threading.Thread(target=session)
        sys.setrecursionlimit(240)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
        sys.modules.update(loaded)
    assert outcome == ["callback", True]
