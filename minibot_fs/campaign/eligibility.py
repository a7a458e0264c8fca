"""The calling rules asked about stored contacts: many at once, from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from psycopg2.extensions import connection

from minibot_fs.campaign.calling_rules import (
    Callee,
    CallingRules,
    Decision,
    History,
    decide,
    load_rules,
)
from minibot_fs.campaign.outcomes import BEFORE_RINGING
from minibot_fs.store import attempts, do_not_call
from minibot_fs.store.attempts import ContactRow
from minibot_fs.store.campaigns import Campaign
from minibot_fs.store.phone_keys import PhoneKeys

UNCOUNTED = tuple(outcome.value for outcome in BEFORE_RINGING)


@lru_cache(maxsize=16)
def rules_of(name_or_path: str) -> CallingRules:
    """A campaign's rules, read once a process. Raises RulesError."""
    return load_rules(name_or_path)


def decide_all(
    conn: connection, keys: PhoneKeys, campaign: Campaign, rows: Sequence[ContactRow], now: datetime
) -> list[tuple[int, Decision]]:
    """(contact id, decision) for each contact; ``now`` is the campaign's time."""
    plan = campaign.plan
    rules = rules_of(plan.calling_rules)
    rehearsal_id = campaign.id if plan.rehearsal else do_not_call.EVERYWHERE
    closed = do_not_call.closed_among(conn, keys, [row[1] for row in rows], rehearsal_id)
    before = attempts.histories(
        conn,
        [row[0] for row in rows],
        since=now - timedelta(days=rules.lookback_days),
        uncounted_outcomes=UNCOUNTED,
        refusal_results=rules.refusal_results,
        rehearsal_id=rehearsal_id,
    )
    decisions: list[tuple[int, Decision]] = []
    for contact_id, phone, consent_source, consent_at, time_zone in rows:
        calls, refused_at = before.get(contact_id, ([], None))
        callee = Callee(
            phone=phone,
            consent_source=consent_source,
            consent_at=consent_at,
            time_zone=time_zone,
            caller_id=plan.caller_id,
            legal_basis=plan.legal_basis,
            allowed_prefixes=plan.allowed_prefixes,
        )
        history = History(opted_out=phone in closed, refused_at=refused_at, calls=calls)
        decisions.append((contact_id, decide(rules, callee, history, now)))
    return decisions
