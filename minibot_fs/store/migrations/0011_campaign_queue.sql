-- How a campaign dials. Its clock is now() + clock_offset: a rehearsal jumps over the hours in which
-- nothing happens, a real campaign never does.
CREATE TABLE dial_plans (
    campaign_id        bigint PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    rehearsal          boolean     NOT NULL DEFAULT false,
    gateway            text        NOT NULL,
    caller_id          text        NOT NULL,
    calling_rules      text        NOT NULL,
    legal_basis        text,
    allowed_prefixes   text[]      NOT NULL DEFAULT '{}',
    max_concurrent     integer     NOT NULL CHECK (max_concurrent > 0),
    delay_s            real        NOT NULL CHECK (delay_s >= 0),
    ring_s             real        NOT NULL CHECK (ring_s > 0),
    longest_call_s     real        NOT NULL CHECK (longest_call_s > 0),
    retry_enabled      boolean     NOT NULL,
    max_retry_attempts integer     NOT NULL,
    retry_delay_s      real        NOT NULL,
    retry_conditions   text[]      NOT NULL,
    clock_offset       interval    NOT NULL DEFAULT '0',
    next_call_at       timestamptz,
    CHECK (rehearsal OR clock_offset = '0')
);

-- Whom a campaign calls, and where each of them stands: waiting -> open -> waiting (again) or done.
CREATE TABLE campaign_contacts (
    campaign_id bigint      NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id  bigint      NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'open', 'done')),
    due_at      timestamptz NOT NULL,
    outcome     text,
    PRIMARY KEY (campaign_id, contact_id)
);
CREATE INDEX campaign_contacts_due ON campaign_contacts (campaign_id, due_at) WHERE state = 'waiting';
CREATE INDEX campaign_contacts_open ON campaign_contacts (campaign_id) WHERE state = 'open';
CREATE INDEX campaign_contacts_contact ON campaign_contacts (contact_id);

-- Why a contact is not called at the moment, or never (until is null).
CREATE TABLE contact_refusals (
    contact_id  bigint      NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    campaign_id bigint      NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    rule        text        NOT NULL,
    text        text        NOT NULL,
    until       timestamptz,
    refused_at  timestamptz NOT NULL,
    PRIMARY KEY (contact_id, campaign_id)
);
CREATE INDEX contact_refusals_campaign ON contact_refusals (campaign_id);

-- Dialer processes: each adds its channels to what the campaigns may use.
CREATE TABLE dialers (
    id           uuid        PRIMARY KEY,
    node         text        NOT NULL,
    rehearsal    boolean     NOT NULL,
    channels     integer     NOT NULL CHECK (channels > 0),
    heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- One row a dial. started_at and ended_at are in the campaign's time, the lease in real time.
CREATE TABLE attempts (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_uuid    uuid        NOT NULL UNIQUE,
    campaign_id  bigint      NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id   bigint      NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    rehearsal    boolean     NOT NULL,
    state        text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'dialing', 'ended')),
    gateway      text        NOT NULL,
    caller_id    text        NOT NULL,
    dialer_id    uuid,
    lease_until  timestamptz NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    outcome      text,
    result       text,
    hangup_cause text,
    sip_code     integer
);
-- A contact is never dialled twice at once, whatever dies: the database itself refuses the second attempt.
-- A rehearsal does not stand in the way of real calls, nor of another rehearsal.
CREATE UNIQUE INDEX attempts_one_open_a_contact ON attempts
    (contact_id, (CASE WHEN rehearsal THEN campaign_id ELSE 0 END)) WHERE state <> 'ended';
CREATE INDEX attempts_open ON attempts (rehearsal, campaign_id, gateway) WHERE state <> 'ended';
CREATE INDEX attempts_contact ON attempts (contact_id, started_at);
CREATE INDEX attempts_campaign ON attempts (campaign_id);

-- What a gateway carries and how it fares; rows appear with the first call through it.
CREATE TABLE gateways (
    name             text PRIMARY KEY,
    max_concurrent   integer,
    calls_per_second real,
    next_call_at     timestamptz,
    breaker          text    NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open')),
    calls            integer NOT NULL DEFAULT 0,
    faults           integer NOT NULL DEFAULT 0,
    pause_s          real    NOT NULL DEFAULT 0,
    opened_until     timestamptz
);
