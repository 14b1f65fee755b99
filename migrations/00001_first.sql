-- +goose Up

-- Time is the database's. All SQL reads it here, so that a test can move it in its own database.
-- +goose StatementBegin
CREATE FUNCTION boxoffice_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN clock_timestamp();
-- +goose StatementEnd

CREATE TYPE user_role AS ENUM ('buyer', 'organizer', 'support', 'admin');
CREATE TYPE event_status AS ENUM ('draft', 'on_sale', 'cancelled', 'past');
CREATE TYPE seat_state AS ENUM ('available', 'held', 'sold', 'blocked');
CREATE TYPE booking_status AS ENUM ('held', 'confirmed', 'completed', 'expired', 'cancelled', 'refunding', 'refunded');
CREATE TYPE attempt_state AS ENUM ('live', 'paid', 'dead', 'surplus');
CREATE TYPE settlement AS ENUM ('sale', 'refund');
CREATE TYPE refund_state AS ENUM ('pending', 'succeeded', 'failed');
CREATE TYPE email_status AS ENUM ('queued', 'sent', 'failed', 'withdrawn');

-- People ---------------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    username      text NOT NULL CHECK (length(username) BETWEEN 3 AND 40),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    email         text CHECK (length(email) BETWEEN 3 AND 254),
    location      text CHECK (length(location) <= 100),
    role          user_role NOT NULL DEFAULT 'buyer',
    created_at    timestamptz NOT NULL DEFAULT boxoffice_now(),
    disabled_at   timestamptz
);
CREATE UNIQUE INDEX users_username ON users (lower(username));

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    last_seen  timestamptz NOT NULL DEFAULT boxoffice_now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- What is on -----------------------------------------------------------------------------------------------------------

CREATE TABLE titles (
    id              uuid PRIMARY KEY,
    name            text NOT NULL CHECK (name <> ''),
    kind            text NOT NULL CHECK (kind <> ''),
    year            smallint CHECK (year BETWEEN 1800 AND 2200),
    runtime_minutes smallint CHECK (runtime_minutes > 0),
    genre           text,
    rating          text,
    director        text,
    score           real,
    votes           integer
);

CREATE TABLE venues (
    id        uuid PRIMARY KEY,
    name      text NOT NULL CHECK (name <> ''),
    city      text NOT NULL,
    state     char(2) NOT NULL,
    lat       double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lon       double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    time_zone text NOT NULL
);
CREATE INDEX venues_city ON venues (lower(city));

-- A plan is immutable; its hash is the SHA-256 of its canonical JSON.
CREATE TABLE seat_plans (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    venue_id   uuid NOT NULL REFERENCES venues,
    version    integer NOT NULL CHECK (version > 0),
    plan       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    UNIQUE (venue_id, version)
);

CREATE TABLE events (
    id             uuid PRIMARY KEY,
    owner_id       uuid NOT NULL REFERENCES users,
    title_id       uuid NOT NULL REFERENCES titles,
    venue_id       uuid NOT NULL REFERENCES venues,
    plan_hash      bytea NOT NULL REFERENCES seat_plans,
    name           text NOT NULL CHECK (name <> ''),
    type           text NOT NULL CHECK (type <> ''),
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL CHECK (ends_at > starts_at),
    sales_open_at  timestamptz NOT NULL,
    sales_close_at timestamptz NOT NULL CHECK (sales_close_at > sales_open_at),
    status         event_status NOT NULL DEFAULT 'draft',
    currency       char(3) NOT NULL CHECK (currency = upper(currency)),
    seats          integer NOT NULL CHECK (seats > 0),
    price_from_minor bigint NOT NULL CHECK (price_from_minor >= 0),
    created_at     timestamptz NOT NULL DEFAULT boxoffice_now()
);
CREATE INDEX events_time ON events (starts_at, id);
CREATE INDEX events_title ON events (title_id, starts_at);
CREATE INDEX events_venue ON events (venue_id, starts_at);
CREATE INDEX events_owner ON events (owner_id);

-- Whether an event can be bought now. The hold and the confirmation ask this same function.
-- +goose StatementBegin
CREATE FUNCTION event_is_on_sale(e events) RETURNS boolean
    LANGUAGE sql VOLATILE
    RETURN e.status = 'on_sale' AND boxoffice_now() >= e.sales_open_at AND boxoffice_now() < e.sales_close_at;
-- +goose StatementEnd

-- Bookings -------------------------------------------------------------------------------------------------------------

CREATE TABLE bookings (
    id              uuid PRIMARY KEY,
    reference       text NOT NULL UNIQUE CHECK (reference ~ '^[0-9A-Z]{8}$'),
    user_id         uuid NOT NULL REFERENCES users,
    event_id        uuid NOT NULL REFERENCES events,
    status          booking_status NOT NULL DEFAULT 'held',
    amount_minor    bigint NOT NULL CHECK (amount_minor >= 0),
    currency        char(3) NOT NULL,
    email           text,
    created_at      timestamptz NOT NULL DEFAULT boxoffice_now(),
    hold_expires_at timestamptz NOT NULL,
    closing_at      timestamptz,
    closing_reason  text NOT NULL DEFAULT '' CHECK (closing_reason IN ('', 'cancel')),
    epoch           bigint NOT NULL DEFAULT 0,
    next_check_at   timestamptz,
    blob_key        text,
    completed_at    timestamptz,
    refund_reason   text,
    CONSTRAINT bookings_unfinished_are_checked
        CHECK (status IN ('completed', 'expired', 'cancelled', 'refunded') OR next_check_at IS NOT NULL),
    CONSTRAINT bookings_completed_have_tickets
        CHECK (status <> 'completed' OR (blob_key IS NOT NULL AND completed_at IS NOT NULL)),
    CONSTRAINT bookings_cancel_is_no_sale
        CHECK (closing_reason <> 'cancel' OR status NOT IN ('confirmed', 'completed'))
);
CREATE INDEX bookings_user ON bookings (user_id, created_at DESC, id);
CREATE INDEX bookings_event ON bookings (event_id);
CREATE INDEX bookings_check ON bookings (next_check_at) WHERE next_check_at IS NOT NULL;

-- One row a seat of an event. Its state flips stay HOT: no index touches what changes, and a page keeps room for it.
CREATE TABLE tickets (
    id          uuid NOT NULL,
    event_id    uuid NOT NULL REFERENCES events,
    booking_id  uuid,
    holder_id   uuid,
    held_until  timestamptz,
    price_minor integer NOT NULL CHECK (price_minor >= 0),
    number      integer NOT NULL CHECK (number > 0),
    state       seat_state NOT NULL DEFAULT 'available',
    accessible  boolean NOT NULL DEFAULT false,
    section     text NOT NULL CHECK (section <> '' AND length(section) <= 40),
    row         text NOT NULL CHECK (length(row) <= 10),
    category    text NOT NULL CHECK (category <> '' AND length(category) <= 40),
    CONSTRAINT tickets_pkey PRIMARY KEY (id),
    CONSTRAINT tickets_seat UNIQUE (event_id, section, row, number),
    CONSTRAINT tickets_state CHECK (
        CASE state
            WHEN 'sold' THEN booking_id IS NOT NULL AND holder_id IS NOT NULL AND held_until IS NULL
            WHEN 'held' THEN booking_id IS NOT NULL AND holder_id IS NULL AND held_until IS NOT NULL
            ELSE booking_id IS NULL AND holder_id IS NULL AND held_until IS NULL
        END)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Whether a seat can be taken. Hold, late sale, event page, seat map and counts ask this same function.
-- +goose StatementBegin
CREATE FUNCTION seat_is_free(state seat_state, held_until timestamptz) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN state = 'available' OR (state = 'held' AND held_until <= boxoffice_now());
-- +goose StatementEnd

-- What was booked at which price; it stays when the seats are let go.
CREATE TABLE booking_tickets (
    booking_id  uuid NOT NULL REFERENCES bookings,
    ticket_id   uuid NOT NULL REFERENCES tickets,
    price_minor integer NOT NULL CHECK (price_minor >= 0),
    fee_minor   integer NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    released_at timestamptz,
    PRIMARY KEY (booking_id, ticket_id)
);
CREATE INDEX booking_tickets_ticket ON booking_tickets (ticket_id);

-- A seat belongs only to a booking that booked it.
ALTER TABLE tickets ADD CONSTRAINT tickets_booked
    FOREIGN KEY (booking_id, id) REFERENCES booking_tickets (booking_id, ticket_id);

CREATE TABLE admissions (
    id          uuid PRIMARY KEY,
    booking_id  uuid NOT NULL,
    ticket_id   uuid NOT NULL,
    issued_at   timestamptz NOT NULL DEFAULT boxoffice_now(),
    voided_at   timestamptz,
    admitted_at timestamptz,
    FOREIGN KEY (booking_id, ticket_id) REFERENCES booking_tickets
);
-- A seat of an event admits once.
CREATE UNIQUE INDEX admissions_one_valid ON admissions (ticket_id) WHERE voided_at IS NULL;
CREATE INDEX admissions_booking ON admissions (booking_id);

-- Money ----------------------------------------------------------------------------------------------------------------

CREATE TABLE payment_attempts (
    id           uuid PRIMARY KEY,
    booking_id   uuid NOT NULL REFERENCES bookings,
    state        attempt_state NOT NULL DEFAULT 'live',
    parameters   jsonb NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency     char(3) NOT NULL,
    session_id   text UNIQUE,
    url          text,
    created_at   timestamptz NOT NULL DEFAULT boxoffice_now(),
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (booking_id) WHERE state IN ('live', 'paid');
CREATE INDEX payment_attempts_booking ON payment_attempts (booking_id);

CREATE TABLE payments (
    id             uuid PRIMARY KEY,
    booking_id     uuid NOT NULL REFERENCES bookings,
    attempt_id     uuid NOT NULL REFERENCES payment_attempts,
    session_id     text NOT NULL,
    payment_intent text NOT NULL UNIQUE CHECK (payment_intent <> ''),
    amount_minor   bigint NOT NULL,
    currency       char(3) NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT boxoffice_now(),
    settled_as     settlement,
    settled_at     timestamptz,
    CHECK ((settled_as IS NULL) = (settled_at IS NULL)),
    -- A booking that is free of charge is bought by a payment of nothing, which the provider does not know.
    CONSTRAINT payments_are_of_money CHECK (amount_minor > 0 OR (amount_minor = 0 AND payment_intent = 'free_' || attempt_id))
);
CREATE INDEX payments_booking ON payments (booking_id);
-- One payment buys the seats of a booking; every other is refunded. A sale that is refunded later stays the sale.
CREATE UNIQUE INDEX payments_one_sale ON payments (booking_id) WHERE settled_as = 'sale';

CREATE TABLE refunds (
    payment_id   uuid NOT NULL REFERENCES payments,
    n            integer NOT NULL CHECK (n > 0),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     char(3) NOT NULL,
    state        refund_state NOT NULL DEFAULT 'pending',
    reason       text NOT NULL,
    provider_id  text UNIQUE,
    requested_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    asked_at     timestamptz,
    ended_at     timestamptz,
    failure      text,
    PRIMARY KEY (payment_id, n)
);

-- Never more back than came in: what is pending or through may not exceed the payment. The payment's row lock makes two
-- refunds at once wait for each other.
-- +goose StatementBegin
CREATE FUNCTION refunds_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE captured bigint; paid_currency char(3); back bigint;
BEGIN
    SELECT amount_minor, currency INTO captured, paid_currency FROM payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO back FROM refunds WHERE payment_id = NEW.payment_id AND state <> 'failed';
    IF back > captured OR NEW.currency <> paid_currency THEN
        RAISE EXCEPTION 'refunds of % exceed the payment of %', back, captured
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_payment', TABLE = 'refunds';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER refunds_within_payment AFTER INSERT OR UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refunds_within_payment();

CREATE TABLE webhook_inbox (
    stripe_event_id text PRIMARY KEY,
    object_id       text NOT NULL,
    type            text NOT NULL,
    api_version     text NOT NULL,
    booking_id      uuid REFERENCES bookings,
    payload         jsonb NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT boxoffice_now(),
    processed_at    timestamptz,
    outcome         text
);
CREATE INDEX webhook_inbox_open ON webhook_inbox (received_at) WHERE processed_at IS NULL;
CREATE INDEX webhook_inbox_object ON webhook_inbox (object_id) WHERE processed_at IS NULL;

-- Telling, remembering -------------------------------------------------------------------------------------------------

CREATE TABLE emails (
    id          uuid PRIMARY KEY,
    booking_id  uuid NOT NULL REFERENCES bookings,
    kind        text NOT NULL,
    dedupe_key  text NOT NULL UNIQUE,
    recipient   text NOT NULL CHECK (recipient <> ''),
    status      email_status NOT NULL DEFAULT 'queued',
    attempts    integer NOT NULL DEFAULT 0,
    last_error  text,
    details     jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT boxoffice_now(),
    handed_over timestamptz,
    sent_at     timestamptz,
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX emails_booking ON emails (booking_id);

CREATE TABLE booking_timeline (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    at         timestamptz NOT NULL DEFAULT boxoffice_now(),
    what       text NOT NULL,
    actor      text NOT NULL,
    details    jsonb
);
CREATE INDEX booking_timeline_booking ON booking_timeline (booking_id, id);

CREATE TABLE idempotency_keys (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    route      text NOT NULL,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    body_hash  bytea NOT NULL,
    response   jsonb,
    created_at timestamptz NOT NULL DEFAULT boxoffice_now(),
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE search_outbox (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL
);

CREATE TABLE audit_log (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT boxoffice_now(),
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    before  jsonb,
    after   jsonb,
    reason  text
);

-- +goose Down
DROP TABLE audit_log, search_outbox, idempotency_keys, booking_timeline, emails, webhook_inbox, refunds, payments,
    payment_attempts, admissions CASCADE;
DROP TABLE tickets, booking_tickets, bookings CASCADE;
DROP FUNCTION refunds_within_payment, event_is_on_sale, seat_is_free;
DROP TABLE events, seat_plans, venues, titles, sessions, users;
DROP TYPE user_role, event_status, seat_state, booking_status, attempt_state, settlement, refund_state, email_status;
DROP FUNCTION boxoffice_now;
