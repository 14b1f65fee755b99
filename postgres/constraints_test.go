package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// promise is one that the schema keeps by itself: SQL that keeps to it, and SQL by hand that breaks it, with the
// constraint that refuses it. Words in braces stand for the rows of promiseWorld.
type promise struct {
	name       string
	legal      string
	illegal    string
	constraint string
}

const (
	addTicket = `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor) VALUES (gen_random_uuid(), {event}, `
	addRefund = `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ({payment}, `
	addMoney  = `INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency, settled_as, settled_at)
		VALUES (gen_random_uuid(), {sold}, {paid}, 's', `
	addAttempt = `INSERT INTO payment_attempts (id, booking_id, state, parameters, expires_at, currency, amount_minor)
		VALUES (gen_random_uuid(), `
	addDispute = `INSERT INTO disputes (id, payment_id, amount_minor, currency, reason, state, closed_at) VALUES ('dp_1', {payment}, 1, 'USD', '', `
	addUser    = `INSERT INTO users (id, password_hash, username) VALUES (gen_random_uuid(), `
	addHash    = `INSERT INTO users (id, username, password_hash) VALUES (gen_random_uuid(), `
	addHold    = `INSERT INTO bookings (id, reference, user_id, event_id, currency, hold_expires_at, status, next_check_at, amount_minor, closing_reason)
		VALUES (gen_random_uuid(), `
	addMail = `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient, status, sent_at) VALUES (gen_random_uuid(), {sold}, 'tickets', `
)

var promises = []promise{
	{"a sold ticket has a holder", `UPDATE tickets SET state = 'sold', held_until = NULL, holder_id = {user} WHERE id = {heldSeat}`, `UPDATE tickets SET state = 'sold', held_until = NULL WHERE id = {heldSeat}`, "tickets_state"},
	{"a sold ticket has a booking", `UPDATE tickets SET state = 'blocked' WHERE id = {freeSeat}`, `UPDATE tickets SET state = 'sold', holder_id = {user} WHERE id = {freeSeat}`, "tickets_state"},
	{"a sold ticket has no expiry", `UPDATE tickets SET holder_id = {user} WHERE id = {soldSeat}`, `UPDATE tickets SET held_until = now() WHERE id = {soldSeat}`, "tickets_state"},
	{"a held ticket has an expiry", `UPDATE tickets SET held_until = 'infinity' WHERE id = {heldSeat}`, `UPDATE tickets SET held_until = NULL WHERE id = {heldSeat}`, "tickets_state"},
	{"a held ticket has a booking", `UPDATE tickets SET held_until = now() WHERE id = {heldSeat}`, `UPDATE tickets SET state = 'held', held_until = now() WHERE id = {freeSeat}`, "tickets_state"},
	{"a held ticket has no holder", `UPDATE tickets SET held_until = now() WHERE id = {heldSeat}`, `UPDATE tickets SET holder_id = {user} WHERE id = {heldSeat}`, "tickets_state"},
	{"an available ticket has no booking", `UPDATE tickets SET state = 'available', booking_id = NULL, held_until = NULL WHERE id = {heldSeat}`, `UPDATE tickets SET state = 'available', held_until = NULL WHERE id = {heldSeat}`, "tickets_state"},
	{"a blocked ticket has no expiry", `UPDATE tickets SET state = 'blocked' WHERE id = {freeSeat}`, `UPDATE tickets SET state = 'blocked', held_until = now() WHERE id = {freeSeat}`, "tickets_state"},
	{"a seat belongs to a booking that booked it", `UPDATE tickets SET held_until = now(), booking_id = {held} WHERE id = {heldSeat}`, `UPDATE tickets SET booking_id = {sold} WHERE id = {heldSeat}`, "tickets_booked"},
	{"a seat is one row", addTicket + `'Stalls', 'C', 99, 'standard', 1)`, addTicket + `'Stalls', 'C', 1, 'standard', 1)`, "tickets_seat"},
	{"a price is not negative", addTicket + `'Stalls', 'D', 1, 'standard', 0)`, addTicket + `'Stalls', 'D', 1, 'standard', -1)`, "tickets_price_minor_check"},
	{"seats are counted from one", addTicket + `'Stalls', 'D', 1, 'standard', 1)`, addTicket + `'Stalls', 'D', 0, 'standard', 1)`, "tickets_number_check"},
	{"a booked seat is booked once by a booking", `INSERT INTO booking_tickets (booking_id, ticket_id, price_minor) VALUES ({held}, {freeSeat}, 1)`, `INSERT INTO booking_tickets (booking_id, ticket_id, price_minor) VALUES ({held}, {heldSeat}, 1)`, "booking_tickets_pkey"},
	{"a booked seat stays booked", `DELETE FROM admissions; UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL, held_until = NULL; DELETE FROM booking_tickets`, `DELETE FROM booking_tickets WHERE ticket_id = {heldSeat}`, "tickets_booked"},

	{"what was given back is kept in part", `UPDATE booking_tickets SET released_at = now(), kept_minor = price_minor WHERE ticket_id = {heldSeat}`, `UPDATE booking_tickets SET kept_minor = 1 WHERE ticket_id = {heldSeat}`, "booking_tickets_kept_of_released"},
	{"no more is kept than was paid", `UPDATE booking_tickets SET released_at = now(), kept_minor = price_minor WHERE ticket_id = {heldSeat}`, `UPDATE booking_tickets SET released_at = now(), kept_minor = price_minor + 1 WHERE ticket_id = {heldSeat}`, "booking_tickets_kept_of_released"},
	{"a refund policy is whole", `UPDATE events SET refund_hours = 0, refund_percent = 100`, `UPDATE events SET refund_hours = 2`, "events_refund_is_whole"},
	{"something goes back", `UPDATE events SET refund_hours = 2, refund_percent = 1`, `UPDATE events SET refund_hours = 2, refund_percent = 0`, "events_refund_percent_check"},

	{"a seat admits once", `UPDATE admissions SET voided_at = now(); INSERT INTO admissions (id, booking_id, ticket_id) VALUES (gen_random_uuid(), {sold}, {soldSeat})`, `INSERT INTO admissions (id, booking_id, ticket_id) VALUES (gen_random_uuid(), {sold}, {soldSeat})`, "admissions_one_valid"},
	{"who admits has booked", `INSERT INTO admissions (id, booking_id, ticket_id) VALUES (gen_random_uuid(), {held}, {heldSeat})`, `INSERT INTO admissions (id, booking_id, ticket_id) VALUES (gen_random_uuid(), {held}, {freeSeat})`, "admissions_booking_id_ticket_id_fkey"},

	{"one attempt is live", addAttempt + `{held}, 'dead', '{}', now(), 'USD', 1)`, addAttempt + `{held}, 'live', '{}', now(), 'USD', 1)`, "payment_attempts_one_open"},
	{"none is live beside a paid one", addAttempt + `{sold}, 'surplus', '{}', now(), 'USD', 1)`, addAttempt + `{sold}, 'live', '{}', now(), 'USD', 1)`, "payment_attempts_one_open"},
	{"none is paid beside a live one", addAttempt + `{held}, 'surplus', '{}', now(), 'USD', 1)`, addAttempt + `{held}, 'paid', '{}', now(), 'USD', 1)`, "payment_attempts_one_open"},
	{"an attempt costs nothing or something", addAttempt + `{held}, 'dead', '{}', now(), 'USD', 0)`, addAttempt + `{held}, 'dead', '{}', now(), 'USD', -1)`, "payment_attempts_amount_minor_check"},
	{"a session is of one attempt", `UPDATE payment_attempts SET session_id = 'new' WHERE id = {live}`, `UPDATE payment_attempts SET session_id = (SELECT session_id FROM payment_attempts WHERE id = {paid}) WHERE id = {live}`, "payment_attempts_session_id_key"},

	{"a booking is sold to one payment", addMoney + `'pi_new', 1, 'USD', 'refund', now())`, addMoney + `'pi_new', 1, 'USD', 'sale', now())`, "payments_one_sale"},
	{"a payment is written once", addMoney + `'pi_new', 1, 'USD', NULL, NULL)`, addMoney + `{intent}, 1, 'USD', NULL, NULL)`, "payments_payment_intent_key"},
	{"a payment has an intent", addMoney + `'pi_new', 1, 'USD', NULL, NULL)`, addMoney + `'', 1, 'USD', NULL, NULL)`, "payments_payment_intent_check"},
	{"a payment is of money", addMoney + `'pi_new', 1, 'USD', NULL, NULL)`, addMoney + `'pi_new', 0, 'USD', NULL, NULL)`, "payments_are_of_money"},
	{"or of nothing, where nothing was asked", addMoney + `'free_' || {paid}, 0, 'USD', NULL, NULL)`, addMoney + `'free_' || {live}, 0, 'USD', NULL, NULL)`, "payments_are_of_money"},
	{"a settlement has its time", addMoney + `'pi_new', 1, 'USD', 'refund', now())`, addMoney + `'pi_new', 1, 'USD', 'refund', NULL)`, "payments_check"},

	{"no more goes back than came in", addRefund + `1, 1000, 'USD', ''), ({payment}, 2, 450, 'USD', '')`, addRefund + `1, 1000, 'USD', ''), ({payment}, 2, 451, 'USD', '')`, "refunds_within_payment"},
	{"a failed refund counts nothing", addRefund + `1, 1450, 'USD', ''); UPDATE refunds SET state = 'failed'; ` + addRefund + `2, 1450, 'USD', '')`, addRefund + `1, 1450, 'USD', ''); UPDATE refunds SET state = 'succeeded'; ` + addRefund + `2, 1, 'USD', '')`, "refunds_within_payment"},
	{"a refund does not grow", addRefund + `1, 1, 'USD', ''); UPDATE refunds SET amount_minor = 1450`, addRefund + `1, 1, 'USD', ''); UPDATE refunds SET amount_minor = 1451`, "refunds_within_payment"},
	{"a refund is in the payment's currency", addRefund + `1, 1, 'USD', '')`, addRefund + `1, 1, 'EUR', '')`, "refunds_within_payment"},
	{"a refund gives something", addRefund + `1, 1, 'USD', '')`, addRefund + `1, 0, 'USD', '')`, "refunds_amount_minor_check"},
	{"a refund has its number", addRefund + `1, 1, 'USD', ''), ({payment}, 2, 1, 'USD', '')`, addRefund + `1, 1, 'USD', ''), ({payment}, 1, 1, 'USD', '')`, "refunds_pkey"},
	{"a refund is of a payment", addRefund + `1, 1, 'USD', '')`, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES (gen_random_uuid(), 1, 1, 'USD', '')`, "refunds_payment_id_fkey"},
	{"a refund has an origin that is known", addRefund + `1, 1, 'USD', ''); UPDATE refunds SET origin = 'dispute'`, addRefund + `1, 1, 'USD', ''); UPDATE refunds SET origin = 'a friend'`, "refunds_origin"},
	{"no more is undecided than went back", addRefund + `1, 9, 'USD', ''); UPDATE refunds SET undecided_minor = 9`, addRefund + `1, 9, 'USD', ''); UPDATE refunds SET undecided_minor = 10`, "refunds_undecided_is_part"},
	{"what failed is not to be decided", addRefund + `1, 9, 'USD', ''); UPDATE refunds SET undecided_minor = 0, state = 'failed'`, addRefund + `1, 9, 'USD', ''); UPDATE refunds SET undecided_minor = 1, state = 'failed'`, "refunds_undecided_is_part"},
	{"the provider's refund is one row", addRefund + `1, 1, 'USD', ''), ({payment}, 2, 1, 'USD', '')`, addRefund + `1, 1, 'USD', ''), ({payment}, 2, 1, 'USD', ''); UPDATE refunds SET provider_id = 're_1'`, "refunds_provider_id_key"},
	{"a dispute ends once it is decided", addDispute + `'won', now())`, addDispute + `'won', NULL)`, "disputes_end"},
	{"a dispute that is open has not ended", addDispute + `'open', NULL)`, addDispute + `'open', now())`, "disputes_end"},
	{"a dispute stands as we know it", addDispute + `'lost', now())`, addDispute + `'lose', NULL)`, "disputes_state_check"},

	{"an unfinished booking is checked", `UPDATE bookings SET next_check_at = NULL, status = 'expired' WHERE id = {held}`, `UPDATE bookings SET next_check_at = NULL WHERE id = {held}`, "bookings_unfinished_are_checked"},
	{"one whose money goes back is checked", `UPDATE bookings SET status = 'refunded', next_check_at = NULL WHERE id = {sold}`, `UPDATE bookings SET status = 'refunding', next_check_at = NULL WHERE id = {sold}`, "bookings_unfinished_are_checked"},
	{"a completed booking has tickets", `UPDATE bookings SET status = 'completed', blob_key = 'x', completed_at = now() WHERE id = {held}`, `UPDATE bookings SET status = 'completed', completed_at = now() WHERE id = {held}`, "bookings_completed_have_tickets"},
	{"a completed booking has its time", `UPDATE bookings SET status = 'completed', blob_key = 'x', completed_at = now() WHERE id = {held}`, `UPDATE bookings SET status = 'completed', blob_key = 'x' WHERE id = {held}`, "bookings_completed_have_tickets"},
	{"a cancelled hold is not sold", `UPDATE bookings SET closing_reason = 'cancel', status = 'refunding' WHERE id = {held}`, `UPDATE bookings SET closing_reason = 'cancel', status = 'confirmed' WHERE id = {held}`, "bookings_cancel_is_no_sale"},
	{"nor completed", `UPDATE bookings SET closing_reason = '' WHERE id = {sold}`, `UPDATE bookings SET closing_reason = 'cancel' WHERE id = {sold}`, "bookings_cancel_is_no_sale"},
	{"a booking closes for a known reason", `UPDATE bookings SET closing_reason = 'cancel' WHERE id = {held}`, `UPDATE bookings SET closing_reason = 'whim' WHERE id = {held}`, "bookings_closing_reason_check"},
	{"a reference is for people", addHold + `'ABCD2345', {user}, {event}, 'USD', now(), 'held', now(), 1, '')`, addHold + `'abcd2345', {user}, {event}, 'USD', now(), 'held', now(), 1, '')`, "bookings_reference_check"},
	{"a reference names one booking", addHold + `'ABCD2345', {user}, {event}, 'USD', now(), 'held', now(), 1, '')`, addHold + `{reference}, {user}, {event}, 'USD', now(), 'held', now(), 1, '')`, "bookings_reference_key"},
	{"an amount is not negative", addHold + `'ABCD2345', {user}, {event}, 'USD', now(), 'held', now(), 0, '')`, addHold + `'ABCD2345', {user}, {event}, 'USD', now(), 'held', now(), -1, '')`, "bookings_amount_minor_check"},

	{"a username is one in whatever case", addHash + `'SOMEBODY', '$argon2id$x')`, addHash + `upper({username}), '$argon2id$x')`, "users_username"},
	{"a username has a length", addHash + `'abc', '$argon2id$x')`, addHash + `'ab', '$argon2id$x')`, "users_username_check"},
	{"a password is hashed", addHash + `'somebody', '$argon2id$x')`, addHash + `'somebody', 'secret')`, "users_password_hash_check"},
	{"an event ends after it starts", `UPDATE events SET ends_at = starts_at + interval '1 second'`, `UPDATE events SET ends_at = starts_at`, "events_check"},
	{"a sale closes after it opens", `UPDATE events SET sales_close_at = sales_open_at + interval '1 second'`, `UPDATE events SET sales_close_at = sales_open_at`, "events_check1"},
	{"a mail is written once", addMail + `'new', 'a@b', 'queued', NULL)`, addMail + `'tickets:' || {sold}, 'a@b', 'queued', NULL)`, "emails_dedupe_key_key"},
	{"a mail that is sent has its time", addMail + `'new', 'a@b', 'sent', now())`, addMail + `'new', 'a@b', 'sent', NULL)`, "emails_check"},
	{"a webhook is stored once", `INSERT INTO webhook_inbox VALUES ('evt_new', 'o', 't', 'v', NULL, '{}')`, `INSERT INTO webhook_inbox VALUES ({stripeEvent}, 'o', 't', 'v', NULL, '{}')`, "webhook_inbox_pkey"},
}

// promiseWorld makes one held booking with a live attempt, one sold one, and a free seat; it gives the words for them.
func promiseWorld(t *testing.T, h *house) *strings.Replacer {
	t.Helper()
	held := h.open(t, h.addUser(t), h.tickets[:1])
	sold := h.soldBooking(t, h.addUser(t), h.tickets[1])
	word := func(s string) string { return "'" + s + "'" }
	return strings.NewReplacer(
		"{held}", word(held.ID), "{heldSeat}", word(h.tickets[0]), "{live}", word(held.attempt.ID), "{reference}", word(held.Reference),
		"{sold}", word(sold.ID), "{soldSeat}", word(h.tickets[1]), "{paid}", word(sold.attempt.ID), "{payment}", word(sold.payment),
		"{intent}", word("pi_"+sold.attempt.ID), "{stripeEvent}", word("evt_paid_"+sold.attempt.ID),
		"{freeSeat}", word(h.tickets[2]), "{event}", word(h.event), "{user}", word(held.UserID),
		"{username}", word(one[string](t, h, `SELECT username FROM users WHERE id = $1`, held.UserID)))
}

func TestSchema_KeepsItsPromises(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	words := promiseWorld(t, h)
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			require.NoError(t, h.try(t, words.Replace(p.legal)), "the legal form is taken")
			err := h.try(t, words.Replace(p.illegal))
			var refused *pgconn.PgError
			require.ErrorAs(t, err, &refused, "the illegal form is refused")
			require.Equal(t, p.constraint, refused.ConstraintName, "%v", err)
			require.Contains(t, []string{"23505", "23514", "23503"}, refused.Code) // unique, check, foreign key
		})
	}
}

var errUndo = errors.New("undo")

// try runs statements in a transaction that is rolled back, and gives their error.
func (h *house) try(t *testing.T, statements string) error {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), h.own, func(tx pgx.Tx) error {
		for statement := range strings.SplitSeq(statements, "; ") {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// TestSchema_RefundsAtOnceStayWithinThePayment writes two refunds from two connections, each of which alone would be in
// order: the second waits for the first and is refused.
func TestSchema_RefundsAtOnceStayWithinThePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	const refund = `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, $2, 1000, 'USD', '')`
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), refund, s.payment, 1)
	require.NoError(t, err)

	second := make(chan error, 1)
	go func() {
		_, err := h.own.Exec(t.Context(), refund, s.payment, 2)
		second <- err
	}()
	eventually(t, "the second waits for the first", func(ctx context.Context) bool {
		var n int
		err := h.own.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		return err == nil && n == 1
	})
	require.NoError(t, tx.Commit(t.Context()))
	var refused *pgconn.PgError
	require.ErrorAs(t, <-second, &refused)
	require.Equal(t, "refunds_within_payment", refused.ConstraintName)
	require.Equal(t, int64(1000), one[int64](t, h, `SELECT sum(amount_minor)::bigint FROM refunds`))
}

// TestRequestRefund_OnlyWhatIsLeft refunds a payment of which a part went back already.
func TestRequestRefund_OnlyWhatIsLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.expired(t, h.addUser(t), h.tickets)
	s.payment = h.lateMoney(t, s.Booking)
	h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, 1, 1000, 'USD', 'goodwill')`, s.payment)
	_, err := h.store.RequestRefund(t.Context(), s.ID, s.epoch, s.payment)
	require.NoError(t, err)
	r, err := h.store.Refund(t.Context(), s.payment, 2)
	require.NoError(t, err)
	require.Equal(t, boxoffice.Money{Minor: seatPrice - 1000, Currency: "USD"}, r.Amount)
	require.Equal(t, boxoffice.RefundPending, r.State)
}
