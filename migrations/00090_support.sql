-- +goose Up

-- What support finds bookings by. None of these changes with a booking's state.
CREATE INDEX bookings_email ON bookings (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX emails_recipient ON emails (lower(recipient));
CREATE INDEX webhook_inbox_booking ON webhook_inbox (booking_id, received_at) WHERE booking_id IS NOT NULL;
CREATE INDEX support_tasks_closed ON support_tasks (closed_at, id) WHERE closed_at IS NOT NULL;

-- A hash of all that an act asked for, whose key is refused for anything else.
ALTER TABLE audit_log ADD COLUMN request bytea;

-- +goose Down
ALTER TABLE audit_log DROP COLUMN request;
DROP INDEX support_tasks_closed, webhook_inbox_booking, emails_recipient, bookings_email;
