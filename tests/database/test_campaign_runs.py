"""A campaign calls everyone it may, no more at once than it may, and keeps to the rules whatever happens."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from minibot_fs.campaign.launch import LaunchOrder, create_campaign, report_callable
from minibot_fs.campaign.originator import CallOrder, CallOutcome
from minibot_fs.campaign.runner import CampaignError, Progress, Summary, run_campaign
from minibot_fs.config import Settings, load_settings
from minibot_fs.errors import SettingsError
from minibot_fs.store import campaigns, do_not_call
from minibot_fs.store.connect import Database, open_database
from minibot_fs.store.phone_keys import open_phone_keys
from tests.database.campaign_bench import (
    Answers,
    Switchboard,
    add_contacts,
    any_outcome,
    new_campaign,
    phone_keys,
    rows,
    set_running,
)

TABLES = "contacts, campaigns, do_not_call, gateways, dialers, privacy_key_check"


@pytest.fixture(scope="module")
def server(module_data_folder: Path) -> Iterator[tuple[Settings, Database]]:
    settings = load_settings(data_dir=module_data_folder)
    database = open_database(settings)
    yield settings, database
    database.close()


@pytest.fixture
def settings(server: tuple[Settings, Database]) -> Settings:
    return server[0]


@pytest.fixture
def database(server: tuple[Settings, Database]) -> Database:
    with server[1].connection() as conn, conn.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
    return server[1]


def answered(result: str) -> Answers:
    return lambda order: CallOutcome(order.call_uuid, True, result=result)


def run(
    settings: Settings, database: Database, campaign_id: int, answers: Answers
) -> tuple[Switchboard, Summary]:
    switchboard = Switchboard(answers)
    return switchboard, run_campaign(settings, database, campaign_id, switchboard.originator())


def test_every_contact_comes_to_one_final_outcome_and_every_slot_is_freed(
    settings: Settings, database: Database
) -> None:
    add_contacts(database, 40)
    campaign_id = new_campaign(database, settings, max_concurrent=15)
    switchboard, summary = run(settings, database, campaign_id, any_outcome)
    assert summary.status == "completed"
    assert sum(summary.outcomes.values()) == 40
    assert set(summary.outcomes) <= {"answered", "opt_out", "invalid_number", "failed", "no_answer", "busy"}
    assert rows(database, "SELECT count(*) FROM attempts WHERE state <> 'ended'") == [(0,)]
    assert rows(database, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    assert switchboard.most_at_once <= 15
    assert not switchboard.called_twice_at_once
    assert len({order.call_uuid for order in switchboard.orders}) == len(switchboard.orders)


def test_no_rule_is_broken_by_any_dial(settings: Settings, database: Database) -> None:
    add_contacts(database, 15)
    campaign_id = new_campaign(database, settings)
    no_answer: Answers = lambda order: CallOutcome(order.call_uuid, False, "NO_ANSWER")  # noqa: E731
    switchboard, _ = run(settings, database, campaign_id, no_answer)
    calls = Counter(order.phone for order in switchboard.orders)
    assert set(calls.values()) == {4}
    for order in switchboard.orders:
        paris = order.at.astimezone(ZoneInfo("Europe/Paris"))
        assert paris.weekday() < 5
        assert 10 <= paris.hour < 13 or 14 <= paris.hour < 20


def test_retries_keep_the_caller_id_and_come_at_other_hours(settings: Settings, database: Database) -> None:
    add_contacts(database, 1)
    campaign_id = new_campaign(database, settings, caller_id="01 99 00 12 34")
    switchboard, summary = run(
        settings, database, campaign_id, lambda order: CallOutcome(order.call_uuid, False, "NO_ANSWER")
    )
    assert {order.caller_id for order in switchboard.orders} == {"+33199001234"}
    assert [order.attempt for order in switchboard.orders] == [1, 2, 3, 4]
    starts = [order.at for order in switchboard.orders]
    assert all(later - sooner >= timedelta(hours=1) for sooner, later in itertools.pairwise(starts))
    assert summary.outcomes == {"no_answer": 1}
    assert summary.results == {"no_answer": 1}


def test_an_invalid_number_is_not_tried_again(settings: Settings, database: Database) -> None:
    add_contacts(database, 3)
    campaign_id = new_campaign(database, settings)
    switchboard, summary = run(
        settings,
        database,
        campaign_id,
        lambda order: CallOutcome(order.call_uuid, False, "UNALLOCATED_NUMBER", 404),
    )
    assert len(switchboard.orders) == 3
    assert summary.outcomes == {"invalid_number": 3}
    assert rows(database, "SELECT DISTINCT status, result, sip_code FROM calls") == [
        ("failed", "failed", 404)
    ]


def test_an_opt_out_closes_the_number_for_the_next_campaign_too(
    settings: Settings, database: Database
) -> None:
    add_contacts(database, 2)
    keys = phone_keys(database, settings)
    with database.connection() as conn:
        do_not_call.close_number(conn, keys, "+33639980001", reason="said so", source="call x")
    campaign_id = new_campaign(database, settings)
    switchboard, summary = run(settings, database, campaign_id, answered("success"))
    assert [order.phone for order in switchboard.orders] == ["+33639980000"]
    assert summary.outcomes == {"answered": 1, "refused": 1}
    assert rows(database, "SELECT rule, until FROM contact_refusals") == [("opt_out", None)]


def test_a_word_said_in_a_rehearsal_closes_nothing_outside_it(settings: Settings, database: Database) -> None:
    add_contacts(database, 1)
    run(settings, database, new_campaign(database, settings), answered("opt_out"))
    with database.connection() as conn:
        assert do_not_call.find(conn, phone_keys(database, settings), "+33639980000") is None
    switchboard, _ = run(settings, database, new_campaign(database, settings), answered("success"))
    assert len(switchboard.orders) == 1


def test_without_consent_nobody_is_called_and_the_report_says_why(
    settings: Settings, database: Database
) -> None:
    add_contacts(database, 5)
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE contacts SET consent_source = NULL WHERE phone = '+33639980003'")
    campaign_id = new_campaign(database, settings)
    with database.connection() as conn:
        report = report_callable(conn, phone_keys(database, settings), campaign_id)
    assert report.contacts == 5
    assert report.never == {"consent": 1}
    assert "L.34-5" in report.texts["consent"]
    assert report.callable_now + sum(report.later.values()) == 4
    switchboard, _ = run(settings, database, campaign_id, answered("success"))
    assert "+33639980003" not in {order.phone for order in switchboard.orders}


def test_two_launches_of_one_campaign_share_its_calls(settings: Settings, database: Database) -> None:
    add_contacts(database, 40)
    campaign_id = new_campaign(database, settings, max_concurrent=8)
    switchboard = Switchboard(answered("success"), call_s=0.02)
    launches = [
        threading.Thread(
            target=run_campaign, args=(settings, database, campaign_id, switchboard.originator())
        )
        for _ in range(2)
    ]
    for launch in launches:
        launch.start()
    for launch in launches:
        launch.join()
    assert len(switchboard.orders) == 40
    assert switchboard.most_at_once <= 8
    assert not switchboard.called_twice_at_once


def test_a_paused_campaign_dials_no_more_and_goes_on_where_it_stood(
    settings: Settings, database: Database
) -> None:
    add_contacts(database, 40)
    campaign_id = new_campaign(database, settings, max_concurrent=3)

    def pause(progress: Progress) -> None:
        if progress.standing.done and progress.status == "running":
            with database.connection() as conn:
                campaigns.set_status(conn, campaign_id, "paused", ["running"])

    first = Switchboard(answered("success"), call_s=0.05)
    summary = run_campaign(settings, database, campaign_id, first.originator(), pause)
    assert summary.status == "paused"
    assert 0 < len(first.orders) < 40
    second, summary = run(settings, database, campaign_id, answered("success"))
    assert summary.status == "completed"
    assert len(first.orders) + len(second.orders) == 40


def test_a_campaign_that_is_over_or_unknown_cannot_be_run(settings: Settings, database: Database) -> None:
    add_contacts(database, 1)
    campaign_id = new_campaign(database, settings)
    run(settings, database, campaign_id, answered("success"))
    with pytest.raises(CampaignError, match="completed"):
        run(settings, database, campaign_id, answered("success"))
    with pytest.raises(CampaignError, match="no campaign 99"):
        run(settings, database, 99, answered("success"))


def test_a_callback_comes_at_the_time_the_person_asked_for(settings: Settings, database: Database) -> None:
    add_contacts(database, 1)
    campaign_id = new_campaign(database, settings)
    wanted: list[datetime] = []

    def later(order: CallOrder) -> CallOutcome:
        if order.attempt > 1:
            return CallOutcome(order.call_uuid, True, result="success")
        monday = order.at.astimezone(UTC) + timedelta(days=7 - order.at.weekday())
        wanted.append(monday.replace(hour=15, minute=30, second=0, microsecond=0))
        return CallOutcome(order.call_uuid, True, result="callback", callback_at=wanted[0])

    switchboard, summary = run(settings, database, campaign_id, later)
    assert summary.outcomes == {"answered": 1}
    assert timedelta(0) <= switchboard.orders[1].at - wanted[0] < timedelta(minutes=2)


def test_the_database_itself_refuses_a_second_open_attempt(settings: Settings, database: Database) -> None:
    add_contacts(database, 1)
    campaign_id = new_campaign(database, settings)
    insert = """
        INSERT INTO attempts (call_uuid, campaign_id, contact_id, rehearsal, gateway, caller_id, started_at,
            lease_until) SELECT gen_random_uuid(), %s, id, true, 'x', 'x', now(), now() FROM contacts
    """
    with database.connection() as conn, conn.cursor() as cursor:
        cursor.execute(insert, (campaign_id,))
        with pytest.raises(psycopg2.errors.UniqueViolation):
            cursor.execute(insert, (campaign_id,))
        conn.rollback()


def test_another_privacy_key_is_refused_before_it_misses_an_opt_out(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    phone_keys(database, settings)
    with database.connection() as conn, pytest.raises(SettingsError, match="PRIVACY_KEY"):
        open_phone_keys(conn, "another", tmp_path)


def test_an_erased_person_stays_closed_by_a_hash_alone(settings: Settings, database: Database) -> None:
    keys = phone_keys(database, settings)
    with database.connection() as conn:
        assert do_not_call.close_number(conn, keys, "+33639980001", reason="asked", source="letter")
        assert not do_not_call.close_number(conn, keys, "+33639980001", reason="asked", source="letter")
        assert do_not_call.forget_number(conn, keys, "+33639980001")
        entry = do_not_call.find(conn, keys, "+33639980001")
        assert entry is not None
        assert entry.phone is None
        assert do_not_call.open_number(conn, keys, "+33639980001")
        assert do_not_call.find(conn, keys, "+33639980001") is None


def test_a_launch_without_contacts_or_caller_id_is_refused(settings: Settings, database: Database) -> None:
    with database.connection() as conn:
        with pytest.raises(CampaignError, match="no contact has the tag 'vip'"):
            create_campaign(conn, settings, LaunchOrder("any", tag="vip", rehearsal=True))
        with pytest.raises(CampaignError, match="CALLER_ID"):
            create_campaign(conn, settings, LaunchOrder("any"))
        with pytest.raises(CampaignError, match="legal basis"):
            create_campaign(conn, settings, LaunchOrder("any", legal_basis="because"))


def test_a_real_campaign_outside_the_window_waits_without_dialling(
    settings: Settings, database: Database
) -> None:
    add_contacts(database, 3, consent_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    with database.connection() as conn:
        campaign_id = create_campaign(conn, settings, LaunchOrder("any", caller_id="+33199000001"))
    switchboard, summary = run(settings, database, campaign_id, answered("success"))
    assert not switchboard.orders
    assert summary.outcomes == {"refused": 3}
    set_running(database, campaign_id)
    assert rows(database, "SELECT clock_offset = '0' FROM dial_plans") == [(True,)]
