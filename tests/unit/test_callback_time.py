"""When a caller asks to be called again."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.dialog.callback_time import callback_time, time_words

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 11, 23, 11, 7, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("rappelez-moi demain à quatorze heures trente", "2026-11-24 14:30"),
        ("dans deux heures", "2026-11-23 13:07"),
        ("dans une heure et demie", "2026-11-23 12:37"),
        ("dans un quart d'heure", "2026-11-23 11:22"),
        ("mardi matin", "2026-11-24 10:00"),
        ("après-demain vers dix-huit heures", "2026-11-25 18:00"),
        ("ce soir", "2026-11-23 18:30"),
        ("en fin d'après-midi", "2026-11-23 17:00"),
        ("à trois heures", "2026-11-23 15:00"),
        ("à neuf heures", "2026-11-24 09:00"),
        ("vers 18h30", "2026-11-23 18:30"),
        ("à midi et demi", "2026-11-23 12:30"),
        ("dix-neuf heures moins le quart", "2026-11-23 18:45"),
        ("lundi à dix heures", "2026-11-30 10:00"),
        ("la semaine prochaine", "2026-11-30 10:00"),
        ("jeudi de la semaine prochaine à onze heures", "2026-12-03 11:00"),
        ("le quinze décembre à dix heures", "2026-12-15 10:00"),
        ("dans trois jours à quinze heures", "2026-11-26 15:00"),
        ("ne m'appelez pas le matin plutôt le soir", "2026-11-23 18:30"),
        ("call me tomorrow at 3 pm", "2026-11-24 15:00"),
    ],
)
def test_a_spoken_time_is_a_moment_in_the_future(said: str, at: str) -> None:
    found = callback_time(said, MONDAY)
    assert found is not None
    assert found.at == datetime.fromisoformat(at).replace(tzinfo=PARIS)


@pytest.mark.parametrize("said", ["", "rappelez-moi", "je conduis", "euh un de ces jours"])
def test_no_time_is_made_up(said: str) -> None:
    assert callback_time(said, MONDAY) is None


def test_what_the_classifier_cut_out_names_the_same_time() -> None:
    said = "bon écoutez rappelez-moi mercredi vers quinze heures et quart s'il vous plaît"
    cut = time_words(said)
    assert cut is not None
    assert callback_time(cut, MONDAY) == callback_time(said, MONDAY)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),
    st.sampled_from(
        [
            "lundi",
            "vers dix heures",
            "ce soir",
            "le trente et un",
            "demain matin",
            "dans dix minutes",
            "le deux",
        ]
    ),
)
def test_it_is_never_in_the_past(now: datetime, said: str) -> None:
    here = now.replace(tzinfo=PARIS)
    found = callback_time(said, here)
    assert found is None or found.at > here
