-- +goose Up

-- What only a person can decide: each is one row, opened by whatever found it and closed by who decided, or by the system
-- itself where it came right. The key is the fact that it is about, so that finding it again opens no second one.
CREATE TABLE support_tasks (
    id          uuid PRIMARY KEY,
    key         text NOT NULL UNIQUE,
    kind        text NOT NULL,
    booking_id  uuid REFERENCES bookings (id),
    event_id    uuid REFERENCES events (id),
    summary     text NOT NULL,
    advice      text NOT NULL,
    details     jsonb NOT NULL DEFAULT '{}',
    opened_at   timestamptz NOT NULL DEFAULT boxoffice_now(),
    closed_at   timestamptz,
    closed_by   text,
    resolution  text,
    CONSTRAINT support_tasks_closed_is_whole CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (resolution IS NULL))
);
CREATE INDEX support_tasks_open ON support_tasks (opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX support_tasks_booking ON support_tasks (booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX support_tasks_event ON support_tasks (event_id) WHERE event_id IS NOT NULL;

-- What was given back of a payment although its tickets stay: by a person's decision, which says so in the audit log.
ALTER TABLE payments ADD COLUMN goodwill_minor integer NOT NULL DEFAULT 0 CHECK (goodwill_minor BETWEEN 0 AND amount_minor);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION payment_owes(p payments) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN p.amount_minor - CASE WHEN p.settled_as = 'sale' THEN greatest(0, coalesce((
        SELECT sum(CASE WHEN bt.released_at IS NULL THEN bt.price_minor + bt.fee_minor ELSE bt.kept_minor END)
        FROM booking_tickets bt WHERE bt.booking_id = p.booking_id), 0) - p.goodwill_minor) ELSE 0 END;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION payment_owes(p payments) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN p.amount_minor - CASE WHEN p.settled_as = 'sale' THEN coalesce((
        SELECT sum(CASE WHEN bt.released_at IS NULL THEN bt.price_minor + bt.fee_minor ELSE bt.kept_minor END)
        FROM booking_tickets bt WHERE bt.booking_id = p.booking_id), 0) ELSE 0 END;
-- +goose StatementEnd
ALTER TABLE payments DROP COLUMN goodwill_minor;
DROP TABLE support_tasks;
