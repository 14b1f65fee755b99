-- +goose Up

-- A seat that the event's plan no longer has, but that was booked once: its row stays for the bookings' sake. The
-- transaction that adds a value may not use it: nothing below names it.
ALTER TYPE seat_state ADD VALUE IF NOT EXISTS 'withdrawn';

-- Who may change it. What belongs to nobody is for everybody to use, and for nobody to change.
ALTER TABLE titles ADD COLUMN owner_id uuid REFERENCES users;
ALTER TABLE venues ADD COLUMN owner_id uuid REFERENCES users;
CREATE INDEX titles_owner ON titles (owner_id, lower(name), id);
CREATE INDEX venues_owner ON venues (owner_id, lower(name), id);

-- An organizer lists their events by time, and counts their drafts.
DROP INDEX events_owner;
CREATE INDEX events_owner ON events (owner_id, starts_at, id);

-- What a list of plans shows, so that nobody reads a plan for it.
ALTER TABLE seat_plans
    ADD COLUMN name       text NOT NULL DEFAULT '',
    ADD COLUMN seats      integer NOT NULL DEFAULT 0,
    ADD COLUMN categories text[] NOT NULL DEFAULT '{}';
UPDATE seat_plans p SET name = coalesce(p.plan->>'name', ''), categories = ARRAY(SELECT jsonb_array_elements_text(p.plan->'categories'));
UPDATE seat_plans p SET seats = e.seats
    FROM (SELECT plan_hash, max(seats) AS seats FROM events GROUP BY plan_hash) AS e WHERE e.plan_hash = p.hash;

-- Two venues may have the same plan; an event has a plan of its own venue.
ALTER TABLE events DROP CONSTRAINT events_plan_hash_fkey;
ALTER TABLE seat_plans DROP CONSTRAINT seat_plans_pkey, DROP CONSTRAINT seat_plans_venue_id_version_key,
    ADD PRIMARY KEY (venue_id, version), ADD CONSTRAINT seat_plans_of_venue UNIQUE (venue_id, hash);
INSERT INTO seat_plans (venue_id, version, hash, plan, created_at, name, seats, categories)
    SELECT e.venue_id,
        coalesce((SELECT max(version) FROM seat_plans WHERE venue_id = e.venue_id), 0) + row_number() OVER (PARTITION BY e.venue_id ORDER BY p.hash),
        p.hash, p.plan, p.created_at, p.name, p.seats, p.categories
    FROM (SELECT DISTINCT venue_id, plan_hash FROM events) e JOIN seat_plans p ON p.hash = e.plan_hash
    WHERE e.venue_id <> p.venue_id;
CREATE INDEX seat_plans_hash ON seat_plans (hash);
ALTER TABLE events ADD CONSTRAINT events_plan FOREIGN KEY (venue_id, plan_hash) REFERENCES seat_plans (venue_id, hash);

-- +goose Down
ALTER TABLE events DROP CONSTRAINT events_plan;
DROP INDEX seat_plans_hash;
DELETE FROM seat_plans p USING seat_plans other WHERE other.hash = p.hash AND other.venue_id < p.venue_id;
ALTER TABLE seat_plans DROP CONSTRAINT seat_plans_of_venue, DROP CONSTRAINT seat_plans_pkey,
    ADD PRIMARY KEY (hash), ADD CONSTRAINT seat_plans_venue_id_version_key UNIQUE (venue_id, version);
ALTER TABLE events ADD CONSTRAINT events_plan_hash_fkey FOREIGN KEY (plan_hash) REFERENCES seat_plans (hash);
ALTER TABLE seat_plans DROP COLUMN categories, DROP COLUMN seats, DROP COLUMN name;
DROP INDEX events_owner;
CREATE INDEX events_owner ON events (owner_id);
DROP INDEX titles_owner, venues_owner;
ALTER TABLE venues DROP COLUMN owner_id;
ALTER TABLE titles DROP COLUMN owner_id;
