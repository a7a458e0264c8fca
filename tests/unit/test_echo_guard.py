"""How loud our own prompt can be in what we hear."""

from __future__ import annotations

import pytest

from minibot_fs.hearing.echo_guard import EchoGuard
from minibot_fs.hearing.hearing_settings import HearingSettings

SETTINGS = HearingSettings()
SENT = [-18.0] * 500


def test_nothing_sent_nothing_expected() -> None:
    guard = EchoGuard(SETTINGS)
    assert not guard.active
    assert all(guard.threshold_dbfs(-30) < -90 for _ in range(100))


@pytest.mark.parametrize("loss_db", [12, 20, 30])
def test_the_loss_is_learnt_from_the_quiet_caller_and_never_overestimated(loss_db: float) -> None:
    guard = EchoGuard(SETTINGS)
    guard.prompt_started(SENT)
    for _ in range(150):
        guard.threshold_dbfs(-18.0 - loss_db)
    assert loss_db - 1 <= guard.loss_db <= loss_db


def test_a_caller_who_talks_all_the_time_leaves_the_assumed_loss() -> None:
    guard = EchoGuard(SETTINGS)
    guard.prompt_started(SENT)
    for _ in range(300):
        guard.threshold_dbfs(-18.0)
    assert guard.loss_db == SETTINGS.assumed_echo_loss_db


def test_the_echo_is_expected_for_the_window_after_the_prompt() -> None:
    guard = EchoGuard(SETTINGS)
    guard.prompt_started([-18.0] * 10)
    for _ in range(10):
        guard.threshold_dbfs(-60)
    guard.prompt_ended()
    after = [guard.threshold_dbfs(-60) for _ in range(40)]
    assert all(threshold > -60 for threshold in after[:19])
    assert after[-1] < -90
    assert not guard.active
