"""Preparing a campaign: its plan out of the settings, its contacts, and who of them may be called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection

from minibot_fs.campaign.calling_rules import Refused
from minibot_fs.campaign.eligibility import decide_all, rules_of
from minibot_fs.campaign.phone_numbers import PhoneNumberError, to_e164
from minibot_fs.campaign.runner import CampaignError
from minibot_fs.config import Settings
from minibot_fs.errors import Problem
from minibot_fs.store import campaigns
from minibot_fs.store.campaigns import DialPlan
from minibot_fs.store.phone_keys import PhoneKeys

REHEARSAL_GATEWAY = "rehearsal"
_REHEARSAL_CALLER_ID = "+33199000001"


@dataclass(frozen=True)
class LaunchOrder:
    """What a launch may change of the settings; ``None`` leaves them. ``delay_s`` is between two dials."""

    scenario: str
    name: str | None = None
    tag: str | None = None
    max_concurrent: int | None = None
    delay_s: float | None = None
    retry_enabled: bool | None = None
    caller_id: str | None = None
    legal_basis: str | None = None
    rehearsal: bool = False


@dataclass(frozen=True)
class CallableReport:
    """Who of a campaign's contacts may be called: now, later (rule -> contacts, first time), never."""

    contacts: int
    callable_now: int
    later: dict[str, int] = field(default_factory=dict)
    never: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    next_at: datetime | None = None
    duties: tuple[str, ...] = ()


def plan_of(settings: Settings, order: LaunchOrder) -> DialPlan:
    """How the campaign will dial.

    Raises:
        CampaignError: no caller id, or one that is no number; an unknown legal basis.
        RulesError: CALLING_RULES names no usable file.
    """
    rules = rules_of(settings.calling_rules)
    bases = next((rule.other_bases for rule in rules.rules if rule.rule == "consent"), {})
    if order.legal_basis is not None and order.legal_basis not in bases:
        known = ", ".join(bases) or "none"
        raise CampaignError(
            Problem(
                f"{order.legal_basis!r} is no legal basis of the rules {rules.country}", f"known: {known}"
            )
        )
    return DialPlan(
        rehearsal=order.rehearsal,
        gateway=REHEARSAL_GATEWAY if order.rehearsal else settings.freeswitch_gateway,
        caller_id=_caller_id(settings, order),
        calling_rules=settings.calling_rules,
        legal_basis=order.legal_basis,
        allowed_prefixes=settings.allowed_prefixes,
        max_concurrent=order.max_concurrent or settings.max_concurrent_calls,
        delay_s=settings.call_delay if order.delay_s is None else order.delay_s,
        ring_s=settings.connection_timeout,
        longest_call_s=settings.max_call_duration,
        retry_enabled=settings.retry_enabled if order.retry_enabled is None else order.retry_enabled,
        max_retry_attempts=settings.max_retry_attempts,
        retry_delay_s=settings.retry_delay,
        retry_conditions=settings.retry_conditions,
    )


def create_campaign(conn: connection, settings: Settings, order: LaunchOrder) -> int:
    """Create a campaign in draft with its contacts; its id.

    Raises:
        CampaignError: as :func:`plan_of`, or no contact to call.
    """
    plan = plan_of(settings, order)
    now = campaigns.clock(conn)
    name = order.name or f"{order.scenario} {now:%Y-%m-%d %H:%M}"
    campaign_id = campaigns.create(conn, name, order.scenario, plan)
    if not campaigns.add_contacts(conn, campaign_id, order.tag, now):
        what = f"no contact has the tag {order.tag!r}" if order.tag else "there are no contacts"
        raise CampaignError(Problem(what, "import some with scripts/import_contacts.py"))
    return campaign_id


def report_callable(
    conn: connection,
    keys: PhoneKeys,
    campaign_id: int,
    on_progress: Callable[[int], None] = lambda _: None,
) -> CallableReport:
    """Ask the calling rules about every waiting contact, without changing anything.

    Args:
        on_progress: told the number of contacts asked about so far.
    """
    campaign = campaigns.find(conn, campaign_id)
    assert campaign is not None
    now = campaigns.clock(conn) + campaign.plan.clock_offset
    later: Counter[str] = Counter()
    never: Counter[str] = Counter()
    texts: dict[str, str] = {}
    next_at: datetime | None = None
    seen = callable_now = 0
    for rows in campaigns.listed(conn, campaign_id):
        for _, decision in decide_all(conn, keys, campaign, rows, now):
            if not isinstance(decision, Refused):
                callable_now += 1
                continue
            texts[decision.rule] = decision.text
            if decision.until is None:
                never[decision.rule] += 1
            else:
                later[decision.rule] += 1
                next_at = min(next_at or decision.until, decision.until)
        seen += len(rows)
        on_progress(seen)
    return CallableReport(
        seen,
        callable_now,
        dict(later.most_common()),
        dict(never.most_common()),
        texts,
        next_at,
        rules_of(campaign.plan.calling_rules).duties,
    )


def _caller_id(settings: Settings, order: LaunchOrder) -> str:
    given = order.caller_id or settings.caller_id
    if not given and order.rehearsal:
        return _REHEARSAL_CALLER_ID
    try:
        caller_id = to_e164(given, settings.default_region)
    except PhoneNumberError as error:
        raise CampaignError(
            Problem(
                f"no usable caller id ({error})", "set CALLER_ID to a number you may show", field="CALLER_ID"
            )
        ) from None
    return caller_id
