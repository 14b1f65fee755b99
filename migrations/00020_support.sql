-- +goose Up

-- An act of support is done once, however often it is asked for. Who did it may be what they say: Temporal's UI names nobody.
ALTER TABLE audit_log ADD COLUMN key text UNIQUE;
ALTER TABLE audit_log ADD COLUMN verified boolean NOT NULL DEFAULT true;
CREATE INDEX audit_log_subject ON audit_log (subject, id);

-- +goose Down
DROP INDEX audit_log_subject;
ALTER TABLE audit_log DROP COLUMN verified;
ALTER TABLE audit_log DROP COLUMN key;
