-- +goose Up

-- What becomes of a booking that would leave a single free seat alone: warn and ignore let it be, and differ in what a seat
-- map says; refuse refuses it where as many seats are together elsewhere.
ALTER TABLE events ADD COLUMN orphan_rule text NOT NULL DEFAULT 'warn' CHECK (orphan_rule IN ('warn', 'refuse', 'ignore'));

-- +goose Down
ALTER TABLE events DROP COLUMN orphan_rule;
