CREATE TABLE contacts (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone          text        NOT NULL UNIQUE CHECK (phone ~ '^\+[1-9][0-9]{3,14}$'),
    first_name     text        NOT NULL DEFAULT '',
    last_name      text        NOT NULL DEFAULT '',
    company        text        NOT NULL DEFAULT '',
    email          text        NOT NULL DEFAULT '',
    tags           text[]      NOT NULL DEFAULT '{}',
    consent_what   text,
    consent_source text,
    consent_at     timestamptz,
    timezone       text,
    language       text,
    extra          jsonb       NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX contacts_tags ON contacts USING gin (tags);

CREATE TABLE campaigns (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text        NOT NULL,
    scenario         text        NOT NULL,
    status           text        NOT NULL DEFAULT 'draft'
                     CHECK (status IN ('draft', 'running', 'paused', 'stopped', 'completed')),
    settings         jsonb       NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    ended_at         timestamptz
);

CREATE TABLE calls (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_uuid      uuid        NOT NULL UNIQUE,
    campaign_id    bigint      REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id     bigint      REFERENCES contacts (id) ON DELETE SET NULL,
    phone          text        NOT NULL,
    scenario       text        NOT NULL,
    status         text        NOT NULL
                   CHECK (status IN ('queued', 'dialing', 'active', 'completed', 'failed')),
    result         text,
    duration       numeric(10, 3),  -- seconds since the answer
    current_step   text,
    amd_result     text        CHECK (amd_result IN ('HUMAN', 'MACHINE', 'UNKNOWN')),
    amd_class      text,
    hangup_cause   text,
    sip_code       integer,
    retry_count    integer     NOT NULL DEFAULT 0,
    gateway        text,
    caller_id      text,
    owner          text,  -- host and process that holds the call, while it is active
    recording_path text,
    transcription  text,
    callback_at    timestamptz,
    started_at     timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz
);
CREATE INDEX calls_campaign ON calls (campaign_id, started_at);
CREATE INDEX calls_phone ON calls (phone);
CREATE INDEX calls_contact ON calls (contact_id);
CREATE INDEX calls_started ON calls (started_at);
CREATE INDEX calls_active ON calls (owner) WHERE status = 'active';

-- One row a turn, in order: what was said and heard, and how long the bot took. See minibot_fs/journal.py.
CREATE TABLE call_events (
    call_uuid          uuid        NOT NULL REFERENCES calls (call_uuid) ON DELETE CASCADE,
    seq                integer     NOT NULL,
    at_ms              integer     NOT NULL,  -- ms of caller audio since the answer
    kind               text        NOT NULL,
    step               text,
    prompt             text,
    prompt_position_ms integer,
    transcript         text        NOT NULL DEFAULT '',
    intent             text,
    confidence         real,
    why                text        NOT NULL DEFAULT '',
    latencies          jsonb       NOT NULL DEFAULT '{}',
    data               jsonb       NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (call_uuid, seq)
);
