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

-- What became of the money of each booking, a line a fact, told from the rows, so that it cannot differ from them. What came
-- in is above zero, and so is what was given away: a discount, goodwill. What went back is below it, and so is what the money
-- stands for: tickets at their full price, fees, and what was kept of seats that were given back. Of a booking that is
-- finished all lines come to nothing.
CREATE VIEW booking_ledger AS
    SELECT p.booking_id, b.event_id, p.received_at AS at, 'capture' AS kind, p.amount_minor, p.currency, p.id::text AS ref
    FROM payments p JOIN bookings b ON b.id = p.booking_id
    WHERE p.amount_minor > 0
UNION ALL
    SELECT p.booking_id, b.event_id, r.requested_at, 'refund', -r.amount_minor, r.currency, r.payment_id || ':' || r.n
    FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN bookings b ON b.id = p.booking_id
    WHERE r.state <> 'failed'
UNION ALL
    SELECT bt.booking_id, b.event_id, s.settled_at, l.kind, l.minor::bigint, b.currency, bt.ticket_id::text
    FROM booking_tickets bt
    JOIN bookings b ON b.id = bt.booking_id
    LEFT JOIN payments s ON s.booking_id = bt.booking_id AND s.settled_as = 'sale'
    CROSS JOIN LATERAL (VALUES ('ticket', -bt.price_minor - bt.discount_minor), ('discount', bt.discount_minor), ('fee', -bt.fee_minor))
        AS l (kind, minor)
    WHERE l.minor <> 0 AND ((b.status = 'confirmed' AND bt.released_at IS NULL) -- whose tickets are being made
        OR EXISTS (SELECT FROM admissions a WHERE a.booking_id = bt.booking_id AND a.ticket_id = bt.ticket_id AND a.voided_at IS NULL))
UNION ALL
    SELECT bt.booking_id, b.event_id, bt.released_at, l.kind, l.minor::bigint, b.currency, bt.ticket_id::text
    FROM booking_tickets bt
    JOIN bookings b ON b.id = bt.booking_id
    CROSS JOIN LATERAL (VALUES ('fee_kept', -least(bt.kept_minor, bt.fee_minor)), ('share_retained', least(bt.kept_minor, bt.fee_minor) - bt.kept_minor))
        AS l (kind, minor)
    WHERE l.minor <> 0
UNION ALL
    SELECT p.booking_id, b.event_id, p.settled_at, 'goodwill', least(p.goodwill_minor, w.minor)::bigint, p.currency, p.id::text
    FROM payments p
    JOIN bookings b ON b.id = p.booking_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN bt.released_at IS NULL THEN bt.price_minor + bt.fee_minor ELSE bt.kept_minor END), 0) AS minor
        FROM booking_tickets bt WHERE bt.booking_id = p.booking_id) w
    WHERE p.settled_as = 'sale' AND least(p.goodwill_minor, w.minor) > 0;

-- +goose Down
DROP VIEW booking_ledger;
ALTER TABLE booking_tickets DROP COLUMN discount_minor;
ALTER TABLE bookings DROP COLUMN promotion_id;
DROP TABLE promotions;
ALTER TABLE events DROP COLUMN booking_fee_minor;
