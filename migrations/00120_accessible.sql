-- +goose Up

-- Whether the buyer said that somebody of theirs needs a place for a wheelchair. Nobody asks for more than that.
ALTER TABLE bookings ADD COLUMN accessible boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE bookings DROP COLUMN accessible;
