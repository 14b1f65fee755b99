-- +goose Up

-- An event that was called off, and how its bookings are given back: at which pace, and whether that is paused. How far it is
-- is counted from the bookings.
CREATE TABLE event_cancellations (
    event_id      uuid PRIMARY KEY REFERENCES events,
    cancelled_by  uuid NOT NULL REFERENCES users,
    reason        text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    cancelled_at  timestamptz NOT NULL DEFAULT boxoffice_now(),
    per_second    integer NOT NULL CHECK (per_second BETWEEN 1 AND 100),
    paused_reason text NOT NULL DEFAULT '' CHECK (paused_reason IN ('', 'by_hand', 'balance')),
    pauses        integer NOT NULL DEFAULT 0,
    finished_at   timestamptz,
    next_check_at timestamptz,
    CONSTRAINT event_cancellations_unfinished_are_checked CHECK ((finished_at IS NULL) = (next_check_at IS NOT NULL))
);
CREATE INDEX event_cancellations_check ON event_cancellations (next_check_at) WHERE next_check_at IS NOT NULL;

-- When a booking was ended because its event was called off.
ALTER TABLE bookings ADD COLUMN called_off_at timestamptz;

-- announced: its buyer was told of it when it was requested, so that no other mail does. short_at: when the provider's balance
-- did not suffice for it; it is asked for again after a while.
ALTER TABLE refunds ADD COLUMN announced boolean NOT NULL DEFAULT false, ADD COLUMN short_at timestamptz;
CREATE INDEX refunds_short ON refunds (payment_id) WHERE short_at IS NOT NULL AND state = 'pending';

-- What giving a booking back has come to, where its event was called off; counts and runs ask this same function.
-- +goose StatementBegin
CREATE FUNCTION call_off_outcome(b bookings) RETURNS text
    LANGUAGE sql STABLE
    RETURN CASE b.status
        WHEN 'refunded' THEN 'refunded'
        WHEN 'cancelled' THEN 'released'
        WHEN 'expired' THEN 'released'
        WHEN 'refunding' THEN coalesce((
            SELECT CASE
                WHEN bool_or(r.state = 'pending' AND r.provider_id IS NULL AND r.short_at IS NULL) THEN 'open'
                WHEN bool_or(r.state = 'pending' AND r.provider_id IS NULL) THEN 'short'
                WHEN bool_or(r.state = 'pending') THEN 'asked'
                WHEN bool_or(r.state = 'failed' AND payment_owes(p) > (SELECT coalesce(sum(g.amount_minor), 0)
                    FROM refunds g WHERE g.payment_id = p.id AND g.state <> 'failed')) THEN 'failed'
            END
            FROM payments p JOIN refunds r ON r.payment_id = p.id WHERE p.booking_id = b.id), 'open')
        ELSE 'open' END;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION call_off_outcome;
ALTER TABLE refunds DROP COLUMN short_at, DROP COLUMN announced;
ALTER TABLE bookings DROP COLUMN called_off_at;
DROP TABLE event_cancellations;
