-- +goose Up

-- Each pass that compared the payment provider's record with ours and came to its end. The next one goes on from there.
CREATE TABLE reconciliations (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    checked  integer NOT NULL,
    strange integer NOT NULL,
    repaired integer NOT NULL,
    found    integer NOT NULL,
    CHECK (since <= until)
);

-- What of ours the provider's lists showed of late: all else is asked for one by one. What a crash loses of it costs calls.
CREATE UNLOGGED TABLE reconciliation_seen (
    object  text PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT boxoffice_now()
);

-- Both tables grow at their ends.
CREATE INDEX payments_received ON payments USING brin (received_at);
CREATE INDEX refunds_requested ON refunds USING brin (requested_at);

CREATE INDEX support_tasks_reconciliation ON support_tasks (key) WHERE kind = 'reconciliation' AND closed_at IS NULL;

-- +goose Down
DROP INDEX support_tasks_reconciliation;
DROP INDEX refunds_requested;
DROP INDEX payments_received;
DROP TABLE reconciliation_seen;
DROP TABLE reconciliations;
