"""One attempt from the queue to its end: checked again, placed, classified, settled.

Every path ends the attempt and so frees its slot: answered or not, refused, failed with an exception. What
dies on the way (the dialer, FreeSWITCH, the database) is found by :func:`sweep`.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from psycopg2.extensions import connection

from minibot_fs.campaign import circuit_breaker
from minibot_fs.campaign.calling_rules import Callee, Refused, zones_of
from minibot_fs.campaign.eligibility import UNCOUNTED, decide_all, rules_of
from minibot_fs.campaign.originator import CallOrder, CallOutcome, Contact
from minibot_fs.campaign.outcomes import BEFORE_RINGING, GATEWAY_FAULTS, Outcome, outcome_of, result_of
from minibot_fs.campaign.pacer import gateway_health, with_health
from minibot_fs.campaign.phone_numbers import mask
from minibot_fs.campaign.retry import RetryPolicy, Tries, next_attempt_at
from minibot_fs.store import attempts, campaigns, dialed_calls, dialers, do_not_call
from minibot_fs.store.attempts import Ending, OpenAttempt
from minibot_fs.store.phone_keys import PhoneKeys

log = logging.getLogger(__name__)

LOST = "DIALER_LOST"
"""Hangup cause of a call whose dialer died with it."""


def take(conn: connection, keys: PhoneKeys, attempt_id: int, dialer_id: UUID) -> CallOrder | None:
    """Make a queued attempt this dialer's own and ask the rules a last time; ``None``: do not dial."""
    attempt = attempts.start(conn, attempt_id, dialer_id)
    if attempt is None:
        attempts.release_queued(conn, attempt_id)
        return None
    campaign = campaigns.find(conn, attempt.campaign_id)
    assert campaign is not None
    now = campaigns.clock(conn) + campaign.plan.clock_offset
    row = (
        attempt.contact_id,
        attempt.phone,
        attempt.consent_source,
        attempt.consent_at,
        attempt.timezone,
    )
    [(_, decision)] = decide_all(conn, keys, campaign, [row], now)
    if isinstance(decision, Refused):
        attempts.release(conn, attempt.id)
        refusal = attempt.contact_id, decision.rule, decision.text, decision.until
        attempts.refuse(conn, campaign.id, [refusal], now)
        return None
    dialed_calls.dialing(conn, attempt)
    log.info(
        "call %s to %s (campaign %d, scenario %s, attempt %d)",
        attempt.call_uuid,
        mask(attempt.phone),
        campaign.id,
        attempt.scenario,
        attempt.number,
    )
    return _order(attempt, now)


def finish(conn: connection, keys: PhoneKeys, attempt_id: int, order: CallOrder, ended: CallOutcome) -> None:
    """Store how a call ended and decide what becomes of its contact. A second time, it does nothing."""
    if not attempts.lock_dialing(conn, attempt_id):
        log.warning("call %s had been given up already", order.call_uuid)
        return
    campaign = campaigns.find(conn, order.campaign_id)
    assert campaign is not None
    plan = campaign.plan
    now = campaigns.clock(conn) + plan.clock_offset
    outcome = _outcome(ended)
    result = ended.result or result_of(outcome)
    if not ended.answered or ended.result is None or ended.hangup_cause == LOST:
        dialed_calls.ended(
            conn,
            order.call_uuid,
            failed=outcome in BEFORE_RINGING,
            result=result,
            hangup_cause=ended.hangup_cause,
            sip_code=ended.sip_code,
            amd_result=ended.amd_result,
            duration_s=ended.duration_s if ended.answered else None,
        )
    attempts.end(conn, attempt_id, Ending(outcome, result, ended.hangup_cause, ended.sip_code, now))
    starts, faults = attempts.tries(conn, campaign.id, order.contact.id, UNCOUNTED)
    due_at = next_attempt_at(
        RetryPolicy(plan.retry_enabled, plan.max_retry_attempts, plan.retry_delay_s, plan.retry_conditions),
        outcome,
        Tries(starts, faults),
        now,
        rules_of(plan.calling_rules).hours.window_for(order.phone),
        zones_of(Callee(order.phone, time_zone=attempts.time_zone(conn, order.contact.id))),
        ended.callback_at,
    )
    attempts.settle(conn, campaign.id, order.contact.id, outcome, due_at)
    if outcome is Outcome.OPT_OUT:
        do_not_call.close_number(
            conn,
            keys,
            order.phone,
            reason="said so in a call",
            source=f"call {order.call_uuid}",
            rehearsal_id=campaign.id if plan.rehearsal else do_not_call.EVERYWHERE,
        )
    if not plan.rehearsal:
        _note_gateway(conn, order.gateway, outcome)
    log.info("call %s ended: %s, %s%s", order.call_uuid, outcome, result, _again(due_at))


def sweep(conn: connection, keys: PhoneKeys, rehearsal: bool, dead_after_s: float) -> int:
    """Free the slots of attempts whose dialer or job died; how many.

    A real call outlives its dialer inside FreeSWITCH: its contact stays taken until the call is over.
    """
    freed = 0
    for attempt_id in attempts.lost_queued(conn, rehearsal):
        attempts.release_queued(conn, attempt_id)
        freed += 1
    for orphan in attempts.orphans(conn, rehearsal, dead_after_s):
        attempt = attempts.dialing(conn, orphan.id)
        if attempt is None or not orphan.over:
            continue
        found = CallOutcome(
            str(orphan.call_uuid),
            answered=orphan.result is not None,
            hangup_cause=LOST,
            result=orphan.result,
        )
        finish(conn, keys, attempt.id, _order(attempt, attempt.started_at), found)
        freed += 1
    dialers.forget_dead(conn, 20 * dead_after_s)
    return freed


def _outcome(ended: CallOutcome) -> Outcome:
    if ended.hangup_cause == LOST and not ended.answered:
        return Outcome.LOST
    return outcome_of(
        answered=ended.answered,
        hangup_cause=ended.hangup_cause,
        sip_code=ended.sip_code,
        result=ended.result,
    )


def _note_gateway(conn: connection, name: str, outcome: Outcome) -> None:
    gateway = dialers.lock_gateway(conn, name)
    now = campaigns.clock(conn)
    health = circuit_breaker.after_call(gateway_health(gateway, now), outcome in GATEWAY_FAULTS, now)
    if health.state is not circuit_breaker.Breaker.CLOSED:
        log.warning("gateway %s: breaker %s until %s", name, health.state, health.opened_until)
    dialers.save_gateway(conn, with_health(gateway, health))


def _again(due_at: datetime | None) -> str:
    return f", again at {due_at:%Y-%m-%d %H:%M}" if due_at else ""


def _order(attempt: OpenAttempt, at: datetime) -> CallOrder:
    return CallOrder(
        call_uuid=str(attempt.call_uuid),
        contact=Contact(
            attempt.contact_id,
            attempt.phone,
            attempt.first_name,
            attempt.last_name,
            attempt.company,
            attempt.email,
            attempt.extra,
        ),
        campaign_id=attempt.campaign_id,
        scenario=attempt.scenario,
        phone=attempt.phone,
        caller_id=attempt.caller_id,
        gateway=attempt.gateway,
        attempt=attempt.number,
        timeout_s=attempt.ring_s,
        at=at,
    )
