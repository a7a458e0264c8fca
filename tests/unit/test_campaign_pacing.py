"""A campaign starts as many calls as every limit allows, and leaves a failing gateway alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.campaign.circuit_breaker import (
    Breaker,
    GatewayHealth,
    after_call,
    as_time_passes,
    concurrency,
)
from minibot_fs.campaign.pacing import Limit, calls_to_start

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def test_the_tightest_limit_decides() -> None:
    campaign = Limit(max_concurrent=10, open_calls=4)
    gateway = Limit(max_concurrent=30, open_calls=27)
    assert calls_to_start((campaign, gateway), due=100, now=NOW).calls == 3
    assert calls_to_start((campaign, gateway), due=2, now=NOW).calls == 2
    assert calls_to_start((Limit(5, open_calls=9),), due=10, now=NOW).calls == 0


def test_a_delay_between_calls_lets_one_call_start_each_time_it_is_over() -> None:
    every_two_seconds = Limit(max_concurrent=10, calls_per_second=0.5)
    pace = calls_to_start((every_two_seconds,), due=10, now=NOW)
    assert pace.calls == 1
    assert pace.next_call_at == (NOW + timedelta(seconds=2),)


limits = st.builds(
    Limit,
    max_concurrent=st.integers(0, 50),
    calls_per_second=st.sampled_from([0.0, 0.5, 1.0, 10.0, 100.0]),
    open_calls=st.integers(0, 60),
)


@given(st.lists(limits, min_size=1, max_size=4), st.integers(0, 100))
def test_no_limit_of_concurrency_is_ever_passed(some: list[Limit], due: int) -> None:
    calls = calls_to_start(tuple(some), due, NOW).calls
    assert 0 <= calls <= due
    assert all(calls == 0 or limit.open_calls + calls <= limit.max_concurrent for limit in some)


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60), st.sampled_from([0.5, 2.0, 10.0]))
def test_over_any_ten_seconds_the_rate_holds_but_for_one_burst(pauses_s: list[float], rate: float) -> None:
    now, limit, starts = NOW, Limit(1000, rate), []
    for pause_s in pauses_s:
        now += timedelta(seconds=pause_s)
        pace = calls_to_start((limit,), 1000, now)
        starts += [now] * pace.calls
        limit = Limit(1000, rate, 0, pace.next_call_at[0])
    for start in starts:
        within = [other for other in starts if start <= other < start + timedelta(seconds=10)]
        assert len(within) <= 10 * rate + rate + 2


def failing(calls: int) -> GatewayHealth:
    health = GatewayHealth()
    for _ in range(calls):
        health = after_call(health, fault=True, now=NOW)
    return health


def test_a_gateway_that_fails_half_its_calls_is_left_alone_for_a_while() -> None:
    assert failing(4).state is Breaker.CLOSED
    opened = failing(5)
    assert opened.state is Breaker.OPEN
    assert concurrency(opened, 30) == 0
    assert as_time_passes(opened, NOW + timedelta(seconds=29)).state is Breaker.OPEN


def test_one_call_tries_a_gateway_out_and_decides() -> None:
    trying = as_time_passes(failing(5), NOW + timedelta(seconds=30))
    assert concurrency(trying, 30) == 1
    assert after_call(trying, fault=False, now=NOW).state is Breaker.CLOSED
    worse = after_call(trying, fault=True, now=NOW)
    assert worse.opened_until == NOW + timedelta(seconds=60)


def test_a_gateway_with_some_failures_is_slowed_down() -> None:
    health = GatewayHealth()
    for fault in (True, False, False, True, False, False):
        health = after_call(health, fault, NOW)
    assert concurrency(health, 30) == 20


@given(st.lists(st.booleans(), max_size=200))
def test_a_breaker_never_stays_shut_for_ever(faults: list[bool]) -> None:
    now, health = NOW, GatewayHealth()
    for fault in faults:
        health = after_call(as_time_passes(health, now), fault, now)
        now += timedelta(seconds=5)
    assert concurrency(as_time_passes(health, now + timedelta(seconds=900)), 30) >= 1
