"""Nobody is called against a rule: each one refuses by itself, and waiting never leads into another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibot_fs.campaign.calling_rules import (
    Allowed,
    Callee,
    History,
    Refused,
    RulesError,
    decide,
    load_rules,
    zones_of,
)

FR = load_rules("fr")
PARIS = ZoneInfo("Europe/Paris")
TUESDAY_11H = datetime(2026, 11, 24, 11, 0, tzinfo=PARIS)
CONSENTING = Callee(
    phone="+33639980001",
    consent_source="web form",
    consent_at=datetime(2026, 9, 1, tzinfo=UTC),
    caller_id="+33199000001",
)


def refusal(now: datetime = TUESDAY_11H, history: History | None = None, **changes: object) -> Refused | None:
    callee = Callee(**{**CONSENTING.__dict__, **changes})  # type: ignore[arg-type]
    decision = decide(FR, callee, history or History(), now)
    return decision if isinstance(decision, Refused) else None


def test_a_consenting_person_is_called_on_a_tuesday_morning() -> None:
    assert refusal() is None


@pytest.mark.parametrize("name", ["fr", "us", "gb"])
def test_every_rule_of_every_country_names_its_text(name: str) -> None:
    assert all(len(rule.text) > 20 for rule in load_rules(name).rules)


def test_without_consent_source_or_date_the_call_is_refused_for_good() -> None:
    for missing in ({"consent_source": None}, {"consent_at": None}):
        refused = refusal(**missing)
        assert refused
        assert refused.rule == "consent"
        assert refused.until is None
        assert "L.34-5" in refused.text


def test_consent_given_after_now_does_not_count() -> None:
    refused = refusal(consent_at=TUESDAY_11H + timedelta(seconds=1))
    assert refused
    assert refused.rule == "consent"


def test_a_named_legal_basis_stands_in_for_consent_and_an_invented_one_does_not() -> None:
    assert refusal(consent_source=None, legal_basis="contract") is None
    refused = refusal(consent_source=None, legal_basis="because")
    assert refused
    assert refused.rule == "consent"


@pytest.mark.parametrize(
    ("local", "rule", "opens"),
    [
        ("2026-11-24 09:59:59", "hours", "2026-11-24 10:00"),
        ("2026-11-24 13:00:00", "hours", "2026-11-24 14:00"),
        ("2026-11-24 20:00:00", "hours", "2026-11-25 10:00"),
        ("2026-11-28 11:00:00", "hours", "2026-11-30 10:00"),
        ("2026-12-25 11:00:00", "hours", "2026-12-28 10:00"),
        ("2026-05-01 11:00:00", "hours", "2026-05-04 10:00"),
    ],
)
def test_outside_days_and_hours_the_call_waits_for_the_next_opening(
    local: str, rule: str, opens: str
) -> None:
    consent = datetime(2026, 1, 1, tzinfo=UTC)
    refused = refusal(datetime.fromisoformat(local).replace(tzinfo=PARIS), consent_at=consent)
    assert refused
    assert refused.rule == rule
    assert refused.until == datetime.fromisoformat(opens).replace(tzinfo=PARIS)


def test_hours_are_those_where_the_callee_is() -> None:
    guadeloupe = refusal(phone="+590690001234")
    assert guadeloupe
    assert guadeloupe.until == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    reunion = refusal(phone="+262692123456", now=datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
    assert reunion is None


def test_a_holiday_of_alsace_counts_for_a_landline_of_alsace_only() -> None:
    saint_stephen = datetime(2025, 12, 26, 11, 0, tzinfo=PARIS)
    consent = datetime(2025, 1, 1, tzinfo=UTC)
    assert refusal(saint_stephen, consent_at=consent) is None
    alsace = refusal(saint_stephen, phone="+33388123456", consent_at=consent)
    assert alsace
    assert alsace.rule == "hours"


def test_an_unknown_time_zone_or_country_refuses() -> None:
    refused = refusal(time_zone="Mars/Olympus")
    assert refused
    assert refused.rule == "time_zone"
    refused = refusal(phone="+447700900123")
    assert refused
    assert refused.rule == "country"
    assert "GB" in refused.text


def test_a_prefix_that_is_not_allowed_refuses() -> None:
    refused = refusal(phone="+590690001234", allowed_prefixes=("+33",))
    assert refused
    assert refused.rule == "allowed_prefixes"


def test_four_calls_in_thirty_days_close_the_number_until_the_first_is_over() -> None:
    calls = [TUESDAY_11H - timedelta(days=days) for days in (29, 20, 10, 1)]
    refused = refusal(history=History(calls=calls))
    assert refused
    assert refused.rule == "frequency"
    assert refused.until == calls[0] + timedelta(days=30)
    assert refusal(history=History(calls=calls[1:])) is None


def test_a_refusal_closes_the_number_for_sixty_days_and_an_opt_out_for_good() -> None:
    refused_at = TUESDAY_11H - timedelta(days=59)
    refused = refusal(history=History(refused_at=refused_at))
    assert refused
    assert refused.rule == "refusal"
    assert refused.until == refused_at + timedelta(days=60)
    assert refusal(history=History(refused_at=TUESDAY_11H - timedelta(days=60))) is None
    opted_out = refusal(history=History(opted_out=True))
    assert opted_out
    assert opted_out.rule == "opt_out"
    assert opted_out.until is None


def test_without_a_caller_id_nobody_is_called() -> None:
    refused = refusal(caller_id="")
    assert refused
    assert refused.rule == "caller_id"


phones = st.sampled_from(["+33639980001", "+33199000001", "+262692123456", "+590690001234", "+594694000000"])
moments = st.datetimes(
    datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)
)  # across every change to and from summer time


@settings(max_examples=60, deadline=None)
@given(phones, moments)
def test_no_call_is_allowed_outside_the_window_anywhere_the_callee_can_be(phone: str, now: datetime) -> None:
    callee = Callee(**{**CONSENTING.__dict__, "phone": phone, "consent_at": datetime(2020, 1, 1, tzinfo=UTC)})
    decision = decide(FR, callee, History(), now)
    for zone in zones_of(callee):
        local = now.astimezone(ZoneInfo(zone))
        if isinstance(decision, Allowed):
            assert local.weekday() < 5
            assert 10 <= local.hour < 13 or 14 <= local.hour < 20


@settings(max_examples=60, deadline=None)
@given(phones, moments, st.lists(st.integers(0, 40 * 24), max_size=6), st.none() | st.integers(0, 70))
def test_waiting_until_every_until_ends_in_a_call(
    phone: str, now: datetime, calls_h: list[int], refused_days: int | None
) -> None:
    callee = Callee(**{**CONSENTING.__dict__, "phone": phone, "consent_at": datetime(2020, 1, 1, tzinfo=UTC)})
    history = History(
        refused_at=None if refused_days is None else now - timedelta(days=refused_days),
        calls=[now - timedelta(hours=hours) for hours in calls_h],
    )
    for _ in range(10):
        decision = decide(FR, callee, history, now)
        if isinstance(decision, Allowed):
            break
        assert decision.until is not None
        assert decision.until > now
        now = decision.until
    else:
        pytest.fail("still refused after ten waits")


def test_a_rules_file_with_a_mistake_is_refused_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "country: FR\ncovers: [FR]\nrules:\n  - {rule: frequency, text: long enough, at_most: 0}\n"
    )
    with pytest.raises(RulesError, match=r"rules\.0\.frequency\.at_most"):
        load_rules(str(path))
    with pytest.raises(RulesError, match="fr, gb, us"):
        load_rules("atlantis")
