"""One tick of all campaigns: sweep what died, count, and claim as many contacts as may be called now.

Every dialer ticks; a transaction-scoped lock in the database lets one tick at a time through, so that the
limits hold over any number of processes and nodes, and no one has to be the master.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from psycopg2.extensions import connection

from minibot_fs.campaign import circuit_breaker
from minibot_fs.campaign.calling_rules import Refused
from minibot_fs.campaign.circuit_breaker import Breaker, GatewayHealth
from minibot_fs.campaign.eligibility import decide_all
from minibot_fs.campaign.pacing import Limit, calls_to_start
from minibot_fs.store import attempts, campaigns, dialers
from minibot_fs.store.attempts import Claim
from minibot_fs.store.campaigns import Campaign
from minibot_fs.store.dialers import Gateway
from minibot_fs.store.phone_keys import PhoneKeys

log = logging.getLogger(__name__)

_ADVISORY_LOCK = 0x4D42_4653
_SCAN_LIMIT = 2000
"""Most contacts looked at for one campaign in one tick, so that many refusals do not hold the others up."""
_LEASES_PER_DEATH = 4
_NO_LIMIT = 1_000_000
_JUMP_FURTHER = timedelta(seconds=60)
"""A rehearsal's clock jumps a little beyond the next call, so that those due soon after come with it."""


@dataclass(frozen=True)
class Tick:
    """``claimed`` attempts are to be put in the queue; ``jumped``: a rehearsal's clock moved on."""

    claimed: tuple[int, ...] = ()
    jumped: bool = False


def tick(
    conn: connection, keys: PhoneKeys, rehearsal: bool, calls_per_second: float, dead_after_s: float
) -> Tick:
    """Claim what may be called now; run inside one transaction.

    Args:
        rehearsal: which kind of campaigns; each kind has its own dialers and clock.
        calls_per_second: the rate of a gateway that has no limit of its own; rehearsals know no rate.
        dead_after_s: a dialer without a sign of life for so long adds no channels.
    """
    with conn.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_ADVISORY_LOCK, int(rehearsal)))
        row = cursor.fetchone()
    if row is None or not row[0]:
        return Tick()
    open_calls = campaigns.open_calls(conn, rehearsal)
    capacity = dialers.capacity(conn, rehearsal, dead_after_s)
    claimed: list[int] = []
    jumped = False
    for campaign in campaigns.running(conn, rehearsal):
        ids = _tick_campaign(
            conn, keys, campaign, open_calls, capacity, calls_per_second, _LEASES_PER_DEATH * dead_after_s
        )
        plan = campaign.plan
        slot = campaign.id, plan.gateway
        open_calls[slot] = open_calls.get(slot, 0) + len(ids)
        claimed += ids
        if not ids:
            jumped |= _rest(conn, campaign)
    return Tick(tuple(claimed), jumped)


def gateway_health(gateway: Gateway, now: datetime) -> GatewayHealth:
    health = GatewayHealth(
        Breaker(gateway.breaker), gateway.calls, gateway.faults, gateway.pause_s, gateway.opened_until
    )
    return circuit_breaker.as_time_passes(health, now)


def with_health(gateway: Gateway, health: GatewayHealth) -> Gateway:
    return replace(
        gateway,
        breaker=health.state.value,
        calls=health.calls,
        faults=health.faults,
        pause_s=health.pause_s,
        opened_until=health.opened_until,
    )


def _tick_campaign(
    conn: connection,
    keys: PhoneKeys,
    campaign: Campaign,
    open_calls: dict[tuple[int, str], int],
    capacity: int,
    calls_per_second: float,
    lease_s: float,
) -> Sequence[int]:
    plan = campaign.plan
    real_now = campaigns.clock(conn)
    gateway = dialers.lock_gateway(conn, plan.gateway)
    health = gateway_health(gateway, real_now)
    limits = (
        Limit(
            plan.max_concurrent,
            1 / plan.delay_s if plan.delay_s and not plan.rehearsal else 0.0,
            sum(count for (campaign_id, _), count in open_calls.items() if campaign_id == campaign.id),
            plan.next_call_at,
        ),
        Limit(
            circuit_breaker.concurrency(health, gateway.max_concurrent or _NO_LIMIT),
            0.0 if plan.rehearsal else gateway.calls_per_second or calls_per_second,
            sum(count for (_, name), count in open_calls.items() if name == plan.gateway),
            gateway.next_call_at,
        ),
        Limit(capacity, open_calls=sum(open_calls.values())),
    )
    wanted = calls_to_start(limits, _NO_LIMIT, real_now).calls
    claimed = _claim(conn, keys, campaign, wanted, lease_s, real_now + plan.clock_offset) if wanted else []
    pace = calls_to_start(limits, len(claimed), real_now)
    if claimed:
        campaigns.set_next_call(conn, campaign.id, pace.next_call_at[0])
        dialers.save_gateway(conn, replace(with_health(gateway, health), next_call_at=pace.next_call_at[1]))
    return claimed


def _claim(
    conn: connection, keys: PhoneKeys, campaign: Campaign, wanted: int, lease_s: float, now: datetime
) -> list[int]:
    """Ask the rules about due contacts until enough may be called; the others get their refusal."""
    claimed: list[int] = []
    scanned = 0
    while len(claimed) < wanted and scanned < _SCAN_LIMIT:
        rows = attempts.due_contacts(conn, campaign.id, now, min(wanted - len(claimed), 500))
        if not rows:
            break
        scanned += len(rows)
        refusals, claims = [], []
        for contact_id, decision in decide_all(conn, keys, campaign, rows, now):
            if isinstance(decision, Refused):
                refusals.append((contact_id, decision.rule, decision.text, decision.until))
            else:
                plan = campaign.plan
                claims.append(Claim(contact_id, uuid4(), plan.gateway, plan.caller_id, now))
        attempts.refuse(conn, campaign.id, refusals, now)
        claimed += attempts.claim(conn, campaign.id, campaign.plan.rehearsal, claims, lease_s)
    return claimed


def _rest(conn: connection, campaign: Campaign) -> bool:
    """Nothing was claimed: the campaign is over, or a rehearsal's clock jumps to the next call (True)."""
    due_at, is_open = campaigns.next_due(conn, campaign.id)
    if is_open:
        return False
    if due_at is None:
        if campaigns.set_status(conn, campaign.id, "completed", among=["running"]):
            log.info("campaign %d completed", campaign.id)
        return False
    wait = due_at - campaigns.clock(conn) - campaign.plan.clock_offset
    if not campaign.plan.rehearsal or wait <= timedelta(0):
        return False
    campaigns.jump(conn, campaign.id, wait + _JUMP_FURTHER)
    return True
