-- +goose NO TRANSACTION
-- +goose Up

-- A seat that the event's plan no longer has, but that was booked once: its row stays for the bookings' sake. A value of an
-- enum may not be used by the transaction that adds it, hence no transaction around this file.
ALTER TYPE seat_state ADD VALUE IF NOT EXISTS 'withdrawn';

-- Who may change it. What belongs to nobody is for everybody to use, and for nobody to change.
ALTER TABLE titles ADD COLUMN owner_id uuid REFERENCES users;
ALTER TABLE venues ADD COLUMN owner_id uuid REFERENCES users;
CREATE INDEX titles_owner ON titles (owner_id, lower(name), id);
CREATE INDEX venues_owner ON venues (owner_id, lower(name), id);

-- What the next buyer of a seat pays, by category: {"standard": 1450}. A category that is missing has the price of its
-- tickets. A seat that is sold or held has its own price, in booking_tickets.
ALTER TABLE events ADD COLUMN prices jsonb NOT NULL DEFAULT '{}';

-- Two venues may have the same plan; an event has a plan of its own venue.
ALTER TABLE events DROP CONSTRAINT events_plan_hash_fkey;
ALTER TABLE seat_plans DROP CONSTRAINT seat_plans_pkey, DROP CONSTRAINT seat_plans_venue_id_version_key,
    ADD PRIMARY KEY (venue_id, version), ADD CONSTRAINT seat_plans_of_venue UNIQUE (venue_id, hash);
CREATE INDEX seat_plans_hash ON seat_plans (hash);
ALTER TABLE events ADD CONSTRAINT events_plan FOREIGN KEY (venue_id, plan_hash) REFERENCES seat_plans (venue_id, hash);

-- +goose Down
ALTER TABLE events DROP CONSTRAINT events_plan;
DROP INDEX seat_plans_hash;
ALTER TABLE seat_plans DROP CONSTRAINT seat_plans_of_venue, DROP CONSTRAINT seat_plans_pkey,
    ADD PRIMARY KEY (hash), ADD CONSTRAINT seat_plans_venue_id_version_key UNIQUE (venue_id, version);
ALTER TABLE events ADD CONSTRAINT events_plan_hash_fkey FOREIGN KEY (plan_hash) REFERENCES seat_plans (hash);
ALTER TABLE events DROP COLUMN prices;
DROP INDEX titles_owner, venues_owner;
ALTER TABLE venues DROP COLUMN owner_id;
ALTER TABLE titles DROP COLUMN owner_id;
