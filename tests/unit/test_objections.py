"""Objections: the themes that come with the package, the user's own, and finding the one raised."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from minibot_fs.dialog.objections import ObjectionMatcher, Theme, load_themes
from minibot_fs.errors import ObjectionError

COUNTS = {
    "standard": 18, "finance": 15, "crypto": 17, "or": 16, "vin": 15, "immobilier": 15, "assurance": 17,
    "saas_b2b": 19, "energie": 16,
}  # fmt: skip

MINE = """\
title: La mienne
objections:
  - wordings: [{first}, autre façon]
    response: Vraiment ?
    audio_file: {sound}
    category: mine
"""


@pytest.fixture(scope="module")
def themes() -> dict[str, Theme]:
    return load_themes()


@pytest.fixture(scope="module")
def gold(themes: dict[str, Theme]) -> ObjectionMatcher:
    return ObjectionMatcher(themes["or"])


def test_nine_themes_come_with_the_package(themes: dict[str, Theme]) -> None:
    assert {name: len(theme.objections) for name, theme in themes.items()} == COUNTS


def test_every_objection_has_wordings_an_answer_that_asks_and_a_recording_of_its_own(
    themes: dict[str, Theme],
) -> None:
    sounds = Counter(objection.audio_file for theme in themes.values() for objection in theme.objections)
    assert max(sounds.values()) == 1
    for theme in themes.values():
        for objection in theme.objections:
            assert 4 <= len(objection.wordings) <= 8, objection
            assert objection.response.endswith("?"), objection
            assert objection.category != "other", objection


def test_the_answers_state_no_figures(themes: dict[str, Theme]) -> None:
    for theme in themes.values():
        for objection in theme.objections:
            assert not any(character.isdigit() for character in objection.response), objection


def test_the_guide_s_examples(gold: ObjectionMatcher) -> None:
    match = gold.match("C'est pas un peu risqué l'or ?")
    assert match is not None
    assert (match.objection, match.audio_file) == ("C'est risqué", "or_risky.wav")
    assert match.score >= 0.5
    best = gold.best("Quel temps fait-il ?")
    assert best is not None
    assert best.score < 0.5
    assert gold.match("Quel temps fait-il ?") is None


def test_accents_elisions_and_endings_do_not_matter(gold: ObjectionMatcher) -> None:
    for said in ("C EST TROP CHERE", "c'est trop cher", "ses trop cher"):
        match = gold.match(said)
        assert match is not None, said
        assert match.objection == "C'est trop cher"


def test_an_objection_answered_before_is_left_out(gold: ObjectionMatcher) -> None:
    first = gold.match("c'est risqué")
    assert first is not None
    second = gold.match("c'est risqué", exclude={first.objection})
    assert second is None or second.objection != first.objection


def test_silence_matches_nothing(gold: ObjectionMatcher) -> None:
    assert gold.best("") is None
    assert gold.match(" ?! ") is None


def test_the_least_score_is_the_user_s(themes: dict[str, Theme]) -> None:
    assert ObjectionMatcher(themes["or"], min_score=0.99).match("c'est pas un peu risqué l'or") is None


def test_a_user_s_theme_is_found_by_being_there(tmp_path: Path) -> None:
    (tmp_path / "custom.yaml").write_text(
        MINE.format(first="Mon objection", sound="mine.wav"), encoding="utf-8"
    )
    themes = load_themes([tmp_path, tmp_path / "not there"])
    assert themes["custom"].title == "La mienne"
    match = ObjectionMatcher(themes["custom"]).match("mon objection")
    assert match is not None
    assert match.audio_file == "mine.wav"


def test_a_user_s_theme_of_a_known_name_extends_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "or.yaml").write_text(
        MINE.format(first="C'est risqué", sound="mine.wav")
        + "  - wordings: [Tout autre chose]\n    response: Ah ?\n    audio_file: other.wav\n",
        encoding="utf-8",
    )
    gold = load_themes([tmp_path])["or"]
    answers = {objection.wordings[0]: objection.audio_file for objection in gold.objections}
    assert len(gold.objections) == COUNTS["or"] + 1
    assert answers["C'est risqué"] == "mine.wav"
    assert answers["Tout autre chose"] == "other.wav"
    assert answers["C'est trop cher"] == "or_expensive.wav"


def test_every_mistake_of_a_theme_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        "title: X\nobjections:\n  - wordings: []\n    response: R\n    audio_file: ../up.wav\n"
        "  - wording: [a]\n    response: R\n    audio_file: a.wav\n",
        encoding="utf-8",
    )
    (tmp_path / "broken.yaml").write_text("title: [\n", encoding="utf-8")
    with pytest.raises(ObjectionError) as caught:
        load_themes([tmp_path])
    lines = [(problem.file.name, problem.line) for problem in caught.value.problems if problem.file]
    assert lines == [
        ("broken.yaml", 2),
        ("wrong.yaml", 3),
        ("wrong.yaml", 5),
        ("wrong.yaml", 6),
        ("wrong.yaml", 6),
    ]
    assert "wordings" in str(caught.value)


def test_two_objections_cannot_share_a_recording(tmp_path: Path) -> None:
    (tmp_path / "or.yaml").write_text(MINE.format(first="Neuf", sound="or_risky.wav"), encoding="utf-8")
    with pytest.raises(ObjectionError, match=r"or_risky\.wav"):
        load_themes([tmp_path])
