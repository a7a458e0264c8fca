-- Numbers that are never called again. phone_key is HMAC-SHA256 of the E.164 number under PRIVACY_KEY:
-- erasing a person empties phone and leaves the key, so the number stays closed and cannot be read back.
CREATE TABLE do_not_call (
    phone_key    bytea       NOT NULL,
    rehearsal_id bigint      NOT NULL DEFAULT 0,  -- 0: everywhere; else only within that rehearsal campaign
    phone        text,
    reason       text        NOT NULL,
    source       text        NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (phone_key, rehearsal_id)
);

-- One row: what PRIVACY_KEY gives for a fixed text. A node with another key would not see the others' opt-outs.
CREATE TABLE privacy_key_check (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fingerprint bytea   NOT NULL
);
