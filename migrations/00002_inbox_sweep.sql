-- +goose Up

-- An event that was stored without an effect is tried again, until it has one or is given up.
ALTER TABLE webhook_inbox
    ADD COLUMN tries       integer NOT NULL DEFAULT 0,
    ADD COLUMN next_try_at timestamptz,
    ADD COLUMN given_up_at timestamptz;
-- Set apart from the column, so that the table is not written anew.
ALTER TABLE webhook_inbox ALTER COLUMN next_try_at SET DEFAULT boxoffice_now();
UPDATE webhook_inbox SET next_try_at = boxoffice_now()
    WHERE processed_at IS NULL AND (booking_id IS NULL OR outcome IS DISTINCT FROM 'payment received');

-- Somebody always looks after an event: the sweep, its booking's run, or nobody any more.
ALTER TABLE webhook_inbox ADD CONSTRAINT webhook_inbox_unfinished_are_tried
    CHECK (processed_at IS NOT NULL OR next_try_at IS NOT NULL OR given_up_at IS NOT NULL OR booking_id IS NOT NULL);

CREATE INDEX webhook_inbox_due ON webhook_inbox (next_try_at) WHERE processed_at IS NULL AND next_try_at IS NOT NULL;
-- What was given up stays for good, and must not lie before the oldest that waits.
DROP INDEX webhook_inbox_open;
CREATE INDEX webhook_inbox_open ON webhook_inbox (received_at) WHERE processed_at IS NULL AND given_up_at IS NULL;

-- A refund that failed is rare, and somebody has to be told at once.
CREATE INDEX refunds_failed ON refunds (payment_id) WHERE state = 'failed';

-- +goose Down
DROP INDEX refunds_failed;
DROP INDEX webhook_inbox_open;
CREATE INDEX webhook_inbox_open ON webhook_inbox (received_at) WHERE processed_at IS NULL;
DROP INDEX webhook_inbox_due;
ALTER TABLE webhook_inbox DROP CONSTRAINT webhook_inbox_unfinished_are_tried;
ALTER TABLE webhook_inbox DROP COLUMN given_up_at, DROP COLUMN next_try_at, DROP COLUMN tries;
