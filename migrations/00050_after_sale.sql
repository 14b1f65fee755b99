-- +goose Up

-- Until how many hours before its start the tickets of an event can be given back, and how much of their price goes back
-- then. Without both, sales are final.
ALTER TABLE events
    ADD COLUMN refund_hours   integer CHECK (refund_hours BETWEEN 0 AND 8760),
    ADD COLUMN refund_percent integer CHECK (refund_percent BETWEEN 1 AND 100),
    ADD CONSTRAINT events_refund_is_whole CHECK ((refund_hours IS NULL) = (refund_percent IS NULL));

-- Until when tickets of the event can be given back; NULL: they cannot.
-- +goose StatementBegin
CREATE FUNCTION event_refundable_until(e events) RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN CASE WHEN e.status = 'on_sale' THEN e.starts_at - make_interval(hours => e.refund_hours) END;
-- +goose StatementEnd

-- What of a seat's price and fee was kept although the seat was given back.
ALTER TABLE booking_tickets
    ADD COLUMN kept_minor integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT booking_tickets_kept_of_released
        CHECK (kept_minor = 0 OR (released_at IS NOT NULL AND kept_minor BETWEEN 0 AND price_minor + fee_minor));

-- What of a payment is to go back, refunds that there are not taken off: of a sale, what is neither the price of seats that
-- it still has nor was kept; of any other, all of it. Whatever writes, judges or ends refunds asks this same function.
-- +goose StatementBegin
CREATE FUNCTION payment_owes(p payments) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN p.amount_minor - CASE WHEN p.settled_as = 'sale' THEN coalesce((
        SELECT sum(CASE WHEN bt.released_at IS NULL THEN bt.price_minor + bt.fee_minor ELSE bt.kept_minor END)
        FROM booking_tickets bt WHERE bt.booking_id = p.booking_id), 0) ELSE 0 END;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION payment_owes;
ALTER TABLE booking_tickets DROP COLUMN kept_minor;
DROP FUNCTION event_refundable_until;
ALTER TABLE events DROP COLUMN refund_percent, DROP COLUMN refund_hours;
