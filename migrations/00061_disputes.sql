-- +goose Up

-- Whoever gave money back, it is a refund of its payment and counts once: what a booking's run asked for, what a person made
-- in the provider's dashboard, what the buyer's bank took in a dispute, what was paid past the provider.
ALTER TABLE refunds
    ADD COLUMN origin text NOT NULL DEFAULT 'booking'
        CONSTRAINT refunds_origin CHECK (origin IN ('booking', 'dashboard', 'dispute', 'elsewhere')),
    -- What of it nobody has said yet what it was for. It counts as goodwill until a person decides.
    ADD COLUMN undecided_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT refunds_undecided_is_part CHECK (undecided_minor BETWEEN 0 AND amount_minor AND (undecided_minor = 0 OR state <> 'failed'));

-- The provider's disputes about payments of ours.
CREATE TABLE disputes (
    id           text PRIMARY KEY CHECK (id <> ''),
    payment_id   uuid NOT NULL REFERENCES payments,
    amount_minor bigint NOT NULL,
    currency     char(3) NOT NULL,
    reason       text NOT NULL,
    state        text NOT NULL CHECK (state IN ('inquiry', 'open', 'won', 'lost')),
    opened_at    timestamptz NOT NULL DEFAULT boxoffice_now(),
    closed_at    timestamptz,
    CONSTRAINT disputes_end CHECK ((closed_at IS NOT NULL) = (state IN ('won', 'lost')))
);
CREATE INDEX disputes_payment ON disputes (payment_id);

-- Whether the buyer's bank has the money of a payment and has not decided yet. Nothing of it is asked for then.
-- +goose StatementBegin
CREATE FUNCTION payment_is_disputed(payment uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM disputes d WHERE d.payment_id = payment AND d.state = 'open');
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION payment_is_disputed;
DROP TABLE disputes;
ALTER TABLE refunds DROP CONSTRAINT refunds_undecided_is_part, DROP COLUMN undecided_minor, DROP COLUMN origin;
