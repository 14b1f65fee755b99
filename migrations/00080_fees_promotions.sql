-- +goose Up

-- What a ticket costs on top of its price; a ticket that is free of charge has no fee. It is for the next buyer: what a
-- booking pays is in booking_tickets.
ALTER TABLE events ADD COLUMN booking_fee_minor integer NOT NULL DEFAULT 0 CHECK (booking_fee_minor BETWEEN 0 AND 1000000);

-- +goose Down
ALTER TABLE events DROP COLUMN booking_fee_minor;
