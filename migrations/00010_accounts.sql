-- +goose Up

-- What a session is known by to its user, and what it was opened from.
ALTER TABLE sessions
    ADD COLUMN id     uuid NOT NULL DEFAULT uuidv7(),
    ADD COLUMN device text NOT NULL DEFAULT '' CHECK (length(device) <= 60);

CREATE INDEX users_email ON users (lower(email));

-- Mails about accounts: they belong to no booking. A reset names no user: whose address it is is looked up when the mail
-- is made, so that asking costs the same whether there is an account or not.
CREATE TABLE account_mails (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('reset', 'confirm_email', 'password_changed', 'email_changed')),
    user_id       uuid REFERENCES users ON DELETE CASCADE,
    recipient     text NOT NULL CHECK (recipient <> ''),
    status        email_status NOT NULL DEFAULT 'queued',
    attempts      integer NOT NULL DEFAULT 0,
    last_error    text,
    created_at    timestamptz NOT NULL DEFAULT boxoffice_now(),
    next_check_at timestamptz DEFAULT boxoffice_now() + interval '5 seconds',
    sent_at       timestamptz,
    CHECK ((user_id IS NULL) = (kind = 'reset')),
    CHECK ((status = 'queued') = (next_check_at IS NOT NULL)),
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX account_mails_check ON account_mails (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX account_mails_user ON account_mails (user_id) WHERE user_id IS NOT NULL;

-- What a mail lets its reader do, once and for a short time. The token itself is in the mail only.
CREATE TABLE account_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('reset', 'confirm_email')),
    email      text NOT NULL, -- that it was sent to; of a confirmation the new one
    expires_at timestamptz NOT NULL
);
CREATE INDEX account_tokens_user ON account_tokens (user_id);
CREATE INDEX account_tokens_expiry ON account_tokens (expires_at);

-- +goose Down
DROP TABLE account_tokens, account_mails;
DROP INDEX users_email;
ALTER TABLE sessions DROP COLUMN device, DROP COLUMN id;
