"""What ended a call is known by its cause, and who was not reached is tried again at a better hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibot_fs.campaign.calling_rules import load_rules
from minibot_fs.campaign.outcomes import Outcome, outcome_of
from minibot_fs.campaign.retry import RetryPolicy, Tries, next_attempt_at

PARIS = ZoneInfo("Europe/Paris")
ZONES = ("Europe/Paris",)
WINDOW = load_rules("fr").hours.window_for("+33639980001")
POLICY = RetryPolicy(conditions=("no_answer", "busy", "timeout", "machine"))
TUESDAY_10H = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("cause", "sip_code", "outcome"),
    [
        ("NO_ANSWER", None, Outcome.NO_ANSWER),
        ("NO_USER_RESPONSE", 480, Outcome.NO_ANSWER),
        ("ORIGINATOR_CANCEL", 487, Outcome.TIMEOUT),
        ("USER_BUSY", 486, Outcome.BUSY),
        ("UNALLOCATED_NUMBER", 404, Outcome.INVALID_NUMBER),
        ("NORMAL_TEMPORARY_FAILURE", 503, Outcome.CONGESTION),
        ("GATEWAY_DOWN", None, Outcome.CONGESTION),
        ("CALL_REJECTED", 603, Outcome.REJECTED),
        ("CALL_REJECTED", 486, Outcome.BUSY),
        ("NORMAL_CLEARING", 404, Outcome.INVALID_NUMBER),
        ("SOMETHING_NEW", None, Outcome.FAILED),
    ],
)
def test_an_unanswered_call_is_classified_by_sip_status_and_cause(
    cause: str, sip_code: int | None, outcome: Outcome
) -> None:
    assert outcome_of(answered=False, hangup_cause=cause, sip_code=sip_code) is outcome


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("success", Outcome.ANSWERED),
        ("answering_machine", Outcome.MACHINE),
        ("opt_out", Outcome.OPT_OUT),
        ("callback", Outcome.CALLBACK),
        ("silence", Outcome.SILENCE),
        (None, Outcome.HUNG_UP),
    ],
)
def test_an_answered_call_is_classified_by_its_result(result: str | None, outcome: Outcome) -> None:
    assert outcome_of(answered=True, hangup_cause="NORMAL_CLEARING", result=result) is outcome


def again(
    outcome: Outcome, *starts: datetime, faults: int = 0, policy: RetryPolicy = POLICY
) -> datetime | None:
    now = starts[-1] if starts else TUESDAY_10H
    return next_attempt_at(POLICY, outcome, Tries(starts, faults), now, WINDOW, ZONES)


@pytest.mark.parametrize(
    "outcome",
    [Outcome.INVALID_NUMBER, Outcome.REJECTED, Outcome.OPT_OUT, Outcome.ANSWERED, Outcome.HUNG_UP],
)
def test_what_is_final_is_not_tried_again(outcome: Outcome) -> None:
    assert again(outcome, TUESDAY_10H) is None


def test_a_busy_person_is_tried_again_soon() -> None:
    assert again(Outcome.BUSY, TUESDAY_10H) == TUESDAY_10H + timedelta(minutes=15)


def test_who_did_not_answer_is_tried_at_other_hours_of_the_day() -> None:
    second = again(Outcome.NO_ANSWER, TUESDAY_10H)
    assert second == TUESDAY_10H + timedelta(hours=2)
    third = again(Outcome.NO_ANSWER, TUESDAY_10H, second)
    assert third == TUESDAY_10H + timedelta(hours=4)
    fourth = again(Outcome.NO_ANSWER, TUESDAY_10H, second, third)
    assert fourth == TUESDAY_10H + timedelta(hours=6)
    assert again(Outcome.NO_ANSWER, TUESDAY_10H, second, third, fourth) is None


def test_a_machine_found_during_the_call_is_retried_like_no_answer() -> None:
    at = again(Outcome.MACHINE, TUESDAY_10H)
    assert at == TUESDAY_10H + timedelta(hours=2)


def test_a_full_gateway_costs_the_person_no_attempt() -> None:
    assert again(Outcome.CONGESTION, faults=3) == TUESDAY_10H + timedelta(minutes=3)
    assert again(Outcome.CONGESTION, faults=21) is None


def test_a_callback_comes_at_the_time_asked_for_inside_the_window() -> None:
    for asked_for, comes in [
        (datetime(2026, 11, 24, 18, 30, tzinfo=PARIS), datetime(2026, 11, 24, 18, 30, tzinfo=PARIS)),
        (datetime(2026, 11, 24, 21, 0, tzinfo=PARIS), datetime(2026, 11, 25, 10, 0, tzinfo=PARIS)),
        (None, datetime(2026, 11, 24, 11, 0, tzinfo=PARIS)),
    ]:
        at = next_attempt_at(
            POLICY, Outcome.CALLBACK, Tries([TUESDAY_10H]), TUESDAY_10H, WINDOW, ZONES, asked_for
        )
        assert at == comes


def test_who_keeps_postponing_is_called_no_more_than_others() -> None:
    starts = [TUESDAY_10H - timedelta(hours=hours) for hours in range(3, -1, -1)]
    assert again(Outcome.CALLBACK, *starts[:3]) is not None
    assert again(Outcome.CALLBACK, *starts) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(Outcome)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.lists(st.integers(0, 72), min_size=1, max_size=4),
)
def test_a_retry_is_later_and_inside_the_window(outcome: Outcome, now: datetime, starts_h: list[int]) -> None:
    tries = Tries([now - timedelta(hours=hours) for hours in sorted(starts_h, reverse=True)])
    at = next_attempt_at(POLICY, outcome, tries, now, WINDOW, ZONES)
    if at is not None:
        assert at >= now
        assert WINDOW.is_open(at, ZONES)
