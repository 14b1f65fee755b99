-- +goose Up

-- What a ticket costs on top of its price; a ticket that is free of charge has no fee. It is for the next buyer: what a
-- booking pays is in booking_tickets.
ALTER TABLE events ADD COLUMN booking_fee_minor integer NOT NULL DEFAULT 0 CHECK (booking_fee_minor BETWEEN 0 AND 1000000);

-- A code by which bookings of its owner's events cost less. Its uses are counted where they are, in the bookings.
CREATE TABLE promotions (
    id            uuid PRIMARY KEY,
    owner_id      uuid NOT NULL REFERENCES users,
    code          text NOT NULL CHECK (code ~ '^[A-Z0-9-]{3,32}$'),
    percent       integer CHECK (percent BETWEEN 1 AND 100),
    amount_minor  bigint CHECK (amount_minor BETWEEN 1 AND 10000000),
    currency      char(3) CHECK (currency = upper(currency)),
    uses          integer NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND 1000000),          -- 0: without a limit
    uses_per_user integer NOT NULL DEFAULT 0 CHECK (uses_per_user BETWEEN 0 AND 1000000), -- the same
    min_tickets   integer NOT NULL DEFAULT 0 CHECK (min_tickets BETWEEN 0 AND 100),
    event_ids     uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(event_ids) <= 100),     -- none: all of the owner's
    valid_from    timestamptz NOT NULL DEFAULT boxoffice_now(),
    valid_until   timestamptz CHECK (valid_until > valid_from),
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT boxoffice_now(),
    CONSTRAINT promotions_code UNIQUE (owner_id, code),
    CONSTRAINT promotions_one_discount CHECK ((percent IS NULL) <> (amount_minor IS NULL) AND (amount_minor IS NULL) = (currency IS NULL))
);

ALTER TABLE bookings ADD COLUMN promotion_id uuid REFERENCES promotions;
CREATE INDEX bookings_promotion ON bookings (promotion_id) WHERE promotion_id IS NOT NULL;

-- What a promotion took off: price_minor is what was left, so whatever adds up money need not know of promotions.
ALTER TABLE booking_tickets ADD COLUMN discount_minor integer NOT NULL DEFAULT 0 CHECK (discount_minor >= 0);

-- +goose Down
ALTER TABLE booking_tickets DROP COLUMN discount_minor;
ALTER TABLE bookings DROP COLUMN promotion_id;
DROP TABLE promotions;
ALTER TABLE events DROP COLUMN booking_fee_minor;
