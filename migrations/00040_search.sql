-- +goose Up

-- When a change was noted, for how far the index lags behind.
ALTER TABLE search_outbox ADD COLUMN at timestamptz;
ALTER TABLE search_outbox ALTER COLUMN at SET DEFAULT boxoffice_now();
UPDATE search_outbox SET at = boxoffice_now();
CREATE INDEX search_outbox_event ON search_outbox (event_id);

-- Who writes an event to the index, and until when nobody else may. A claim that has run out may be taken over.
CREATE TABLE search_claims (
    event_id uuid PRIMARY KEY,
    claim    uuid NOT NULL,
    until    timestamptz NOT NULL,
    tries    integer NOT NULL DEFAULT 1
);
CREATE INDEX search_claims_claim ON search_claims (claim);

-- Events that the search server refuses. They come back when they change.
CREATE TABLE search_parked (
    event_id  uuid PRIMARY KEY,
    parked_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    reason    text NOT NULL
);

-- The collections that changes are written to: the one that is searched, and one that is being built.
CREATE TABLE search_collections (
    name  text PRIMARY KEY,
    state text NOT NULL UNIQUE CHECK (state IN ('live', 'building')),
    since timestamptz NOT NULL DEFAULT boxoffice_now()
);

-- Up to which line of the bookings' history seats have been sampled, and which lines behind it were seen already: a line
-- may be committed after one that has a higher number.
CREATE TABLE search_sample (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    line   bigint NOT NULL,
    recent bigint[] NOT NULL DEFAULT '{}'
);
INSERT INTO search_sample (line) SELECT coalesce(max(id), 0) FROM booking_timeline;

-- +goose Down
DROP TABLE search_sample, search_collections, search_parked, search_claims;
DROP INDEX search_outbox_event;
ALTER TABLE search_outbox DROP COLUMN at;
