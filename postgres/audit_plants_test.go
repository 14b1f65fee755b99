package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// plant is a broken promise: a booking that the acts have made, and what is done to its rows by hand, past them and past
// the schema where that would refuse it.
type plant struct {
	promise string
	what    string
	build   func(h *house, t testing.TB, user string, tickets []string) scene
	sql     string // {booking}, {payment}, {attempt}: of the scene; {first}, {second}: its seats; {now}: the clock
	subject string // what is named first, in the same words
}

// plantPayment is a second payment like the scene's, of a booking and settled as the words say.
func plantPayment(booking, settled string) string {
	return strings.NewReplacer("{of}", booking, "{as}", settled).Replace(`INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency, settled_as, settled_at)
		SELECT '01900000-0000-7000-8000-000000000001', {of}, attempt_id, 'cs_planted', 'pi_planted', amount_minor, currency, '{as}', {now}
		FROM payments WHERE id = {payment}; `)
}

const (
	plantBooking = `INSERT INTO bookings (id, reference, user_id, event_id, status, amount_minor, currency, hold_expires_at, next_check_at)
		SELECT '01900000-0000-7000-8000-000000000002', 'PLANTED0', user_id, event_id, 'confirmed', amount_minor, currency, hold_expires_at, {now} + '1 minute'
		FROM bookings WHERE id = {booking};
		INSERT INTO booking_tickets (booking_id, ticket_id, price_minor)
		SELECT '01900000-0000-7000-8000-000000000002', ticket_id, price_minor FROM booking_tickets WHERE booking_id = {booking}; `
	plantAdmission = `INSERT INTO admissions (id, booking_id, ticket_id) VALUES ('01900000-0000-7000-8000-000000000003', {booking}, {first}); `
	plantAttempt   = `INSERT INTO payment_attempts (id, booking_id, state, parameters, amount_minor, currency, expires_at)
		VALUES ('01900000-0000-7000-8000-000000000004', {booking}, 'live', '{}', 1, 'USD', {now}); `
	plantedPayment, plantedAdmission, plantedAttempt = `payment 01900000-0000-7000-8000-000000000001`,
		`admission 01900000-0000-7000-8000-000000000003`, `attempt 01900000-0000-7000-8000-000000000004`
)

// plantEvent is a webhook that is parked, received and due again at the given times.
func plantEvent(received, due string) string {
	return `INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload, outcome, received_at, next_try_at)
		VALUES ('evt_planted', 'cs_planted', 'checkout.session.completed', '2011-01-01', '{}', 'parked: planted', ` + received + `, ` + due + `); `
}

const plantedEvent = `webhook evt_planted`

// Scenes that the stages do not have.

func (h *house) sold(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	return h.soldBooking(t, user, tickets...)
}

func (h *house) moneyBack(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.refunding(t, user, tickets)
	_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundSucceeded))
	require.NoError(t, err)
	return s
}

func (h *house) refunded(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.moneyBack(t, user, tickets)
	_, err := h.store.FinishRefund(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	return s
}

func (h *house) moneyStuck(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.refunding(t, user, tickets)
	_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundFailed))
	require.NoError(t, err)
	return s
}

func (h *house) partByHand(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.soldBooking(t, user, tickets...)
	h.refundByHand(t, s, "re_hand", 1000)
	return s
}

func (h *house) disputed(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.soldBooking(t, user, tickets...)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeOpen)
	return s
}

func (h *house) disputeLost(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.soldBooking(t, user, tickets...)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
	return s
}

var plants = []plant{
	{"seat-sold-once", "a second sale of the seats", (*house).sold,
		plantBooking + plantPayment(`'01900000-0000-7000-8000-000000000002'`, "sale"), `ticket {first}`},
	{"seat-admits-once", "a second admission", (*house).sold, `DROP INDEX admissions_one_valid; ` + plantAdmission, `ticket {first}`},
	{"sold-seat-has-its-sale", "sold to a hold that ended", (*house).expired,
		`UPDATE tickets SET state = 'sold', booking_id = {booking}, holder_id = {user} WHERE id = {first}`, `ticket {first}`},
	{"sold-seat-has-its-sale", "another holds it", (*house).sold, `UPDATE tickets SET holder_id = {booking} WHERE id = {first}`, `ticket {first}`},
	{"sold-seat-has-its-sale", "never booked", (*house).held, `ALTER TABLE tickets DROP CONSTRAINT tickets_booked; INSERT INTO tickets
		(id, event_id, section, row, number, category, price_minor, state, booking_id, holder_id)
		SELECT id, event_id, 'Box', 'A', 1, 'box', 1, 'sold', id, user_id FROM bookings WHERE id = {booking}`, `ticket {booking}`},
	{"sold-seat-has-its-sale", "the booking is gone", (*house).held, `ALTER TABLE tickets DROP CONSTRAINT tickets_booked; INSERT INTO tickets
		(id, event_id, section, row, number, category, price_minor, state, booking_id, holder_id)
		SELECT id, event_id, 'Box', 'A', 1, 'box', 1, 'sold', user_id, user_id FROM bookings WHERE id = {booking}`, `ticket {booking}`},
	{"sale-has-its-seats", "a seat is free again", (*house).sold,
		`UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL WHERE id = {first}`, `booking {booking}`},
	{"sale-has-its-seats", "a seat is blocked", (*house).sold,
		`UPDATE tickets SET state = 'blocked', booking_id = NULL, holder_id = NULL WHERE id = {first}`, `booking {booking}`},
	{"sale-has-its-seats", "no seats", (*house).confirmed, `UPDATE booking_tickets SET released_at = {now}, kept_minor = price_minor;
		UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL`, `booking {booking}`},
	{"cancelled-is-not-sold", "the wish came first", (*house).sold,
		`ALTER TABLE bookings DROP CONSTRAINT bookings_cancel_is_no_sale; UPDATE bookings SET closing_reason = 'cancel'`, `booking {booking}`},
	{"closed-booking-holds-nothing", "a seat stayed held", (*house).expired,
		`UPDATE tickets SET state = 'held', booking_id = {booking}, held_until = {now} - interval '1 hour' WHERE id = {first}`, `ticket {first}`},
	{"closed-booking-holds-nothing", "a seat was not let go", (*house).expired,
		`UPDATE booking_tickets SET released_at = NULL WHERE ticket_id = {first}`, `booking {booking}`},
	{"endless-hold-is-paid", "nobody paid", (*house).held, `UPDATE tickets SET held_until = 'infinity' WHERE id = {first}`, `ticket {first}`},
	{"page-is-backed", "held too short", (*house).open, `UPDATE tickets SET held_until = {now} + '30 minutes' WHERE id = {first}`, `attempt {attempt}`},
	{"page-is-backed", "a seat was freed", (*house).open,
		`UPDATE tickets SET state = 'available', booking_id = NULL, held_until = NULL WHERE id = {first}`, `attempt {attempt}`},
	{"hold-ends", "its end never came", (*house).held, `UPDATE bookings SET hold_expires_at = {now} - interval '20 minutes';
		UPDATE tickets SET held_until = {now} - interval '5 minutes'`, `booking {booking}`},

	// A companion's seat that costs nothing: no sum of money shows that it is missing.
	{"completed-admits", "an admission was voided", (*house).sold, `UPDATE booking_tickets SET price_minor = CASE ticket_id WHEN {first} THEN 0 ELSE 2900 END;
		UPDATE admissions SET voided_at = {now} WHERE ticket_id = {first}`, `booking {booking}`},
	{"admission-has-its-sale", "of a sale that was undone", (*house).refunding, plantAdmission, plantedAdmission},
	{"admission-has-its-sale", "of a seat that was let go", (*house).confirmed, plantAdmission + `UPDATE booking_tickets SET released_at = {now}, kept_minor = price_minor WHERE ticket_id = {first};
		UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL WHERE id = {first}`, plantedAdmission},
	{"sale-gets-its-tickets", "nobody made them", (*house).confirmed, `UPDATE payments SET settled_at = {now} - interval '3 minutes'`, `booking {booking}`},
	{"completed-has-a-file", "no key", (*house).sold, `ALTER TABLE bookings DROP CONSTRAINT bookings_completed_have_tickets;
		UPDATE bookings SET blob_key = NULL`, `booking {booking}`},
	{"completed-has-a-file", "an empty key", (*house).sold, `UPDATE bookings SET blob_key = ''`, `booking {booking}`},
	{"buyer-is-told", "of tickets", (*house).sold, `DELETE FROM emails`, `booking {booking}`},
	{"buyer-is-told", "of the end", (*house).refunded, `UPDATE emails SET kind = 'tickets'`, `booking {booking}`},
	{"buyer-is-told", "of another refund", (*house).refunded, `UPDATE emails SET dedupe_key = 'refund:' || {payment} || ':2'`, `payment {payment}`},
	{"buyer-is-told", "of a calling off", (*house).refunded, `UPDATE refunds SET announced = true; UPDATE emails SET dedupe_key = 'planted'`, `payment {payment}`},
	{"mail-is-true", "a refund that is under way", (*house).refunding, `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient)
		VALUES ('01900000-0000-7000-8000-000000000005', {booking}, 'refunded', 'refund:' || {payment} || ':1', 'x')`,
		`mail 01900000-0000-7000-8000-000000000005`},
	{"mail-goes-out", "stuck", (*house).sold, `UPDATE emails SET created_at = {now} - interval '3 minutes'`, `mail {mail}`},
	{"mail-goes-out", "refused", (*house).sold, `UPDATE emails SET status = 'failed'`, `mail {mail}`},
	{"mail-goes-out", "handed over again and again", (*house).sold, `UPDATE emails SET created_at = {now} - interval '7 days', handed_over = {now}`, `mail {mail}`},

	{"payment-is-settled", "forgotten", (*house).paid, `UPDATE payments SET received_at = {now} - interval '3 minutes'`, `payment {payment}`},
	{"sale-is-paid", "nobody paid", (*house).confirmed, `UPDATE payments SET settled_as = NULL, settled_at = NULL`, `booking {booking}`},
	{"sale-is-paid-once", "by two payments", (*house).confirmed, `DROP INDEX payments_one_sale; ` + plantPayment("{booking}", "sale"), `booking {booking}`},
	{"sale-is-paid-exactly", "less", (*house).confirmed, `UPDATE payments SET amount_minor = amount_minor - 1`, `payment {payment}`},
	{"sale-is-paid-exactly", "in other money", (*house).confirmed, `UPDATE payments SET currency = 'MXN'`, `payment {payment}`},
	{"payment-bought-something", "of a hold", (*house).paid, `UPDATE payments SET settled_as = 'sale', settled_at = {now};
		UPDATE tickets SET held_until = {now} + interval '1 hour'`, `payment {payment}`},
	{"refund-covers-payment", "no refund", (*house).refunding, `DELETE FROM refunds`, `payment {payment}`},
	{"refund-covers-payment", "too little", (*house).refunding, `UPDATE refunds SET amount_minor = amount_minor - 1`, `payment {payment}`},
	{"refund-covers-payment", "of a seat that was given back before its tickets", (*house).confirmed, `UPDATE booking_tickets SET released_at = {now} WHERE ticket_id = {first};
		UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL WHERE id = {first}`, `payment {payment}`},
	{"refund-covers-payment", "refused, and nobody is asked", (*house).refunding, `UPDATE refunds SET state = 'failed', ended_at = {now}`, `payment {payment}`},
	{"refund-covers-payment", "another's task", (*house).moneyStuck, `UPDATE support_tasks SET key = 'refund-failed:' || {booking} || ':1', kind = 'dispute'`, `payment {payment}`},
	{"refund-covers-payment", "of a payment that bought nothing", (*house).confirmed,
		plantPayment("{booking}", "refund"), plantedPayment},
	{"refund-within-payment", "too much", (*house).refunding, `ALTER TABLE refunds DISABLE TRIGGER refunds_within_payment;
		UPDATE refunds SET amount_minor = amount_minor + 1`, `payment {payment}`},
	{"refund-within-payment", "in other money", (*house).refunding, `ALTER TABLE refunds DISABLE TRIGGER refunds_within_payment;
		UPDATE refunds SET currency = 'MXN'`, `payment {payment}`},
	{"refund-goes-on", "never asked for", (*house).refunding, `UPDATE refunds SET requested_at = {now} - interval '3 minutes'`, `payment {payment}`},
	{"refund-goes-on", "never ended", (*house).moneyBack, `UPDATE refunds SET ended_at = {now} - interval '3 minutes'`, `booking {booking}`},
	{"refunded-has-arrived", "still under way", (*house).refunded, `UPDATE refunds SET state = 'pending', ended_at = NULL; UPDATE emails SET status = 'withdrawn'`, `booking {booking}`},
	{"booking-costs-its-tickets", "a hold for less", (*house).held, `UPDATE bookings SET amount_minor = amount_minor - 1`, `booking {booking}`},
	{"booking-costs-its-tickets", "a late payment's hold for more", (*house).expired, `UPDATE booking_tickets SET fee_minor = 1 WHERE ticket_id = {first}`, `booking {booking}`},
	{"booking-costs-its-tickets", "a discount from nowhere", (*house).sold, `UPDATE booking_tickets SET discount_minor = 1`, `booking {booking}`},
	{"money-balances", "a fee that nobody paid", (*house).sold, `UPDATE booking_tickets SET fee_minor = 1 WHERE ticket_id = {first}`, `booking {booking}`},
	{"money-balances", "a ticket for more than came in", (*house).sold, `UPDATE booking_tickets SET price_minor = price_minor + 1 WHERE ticket_id = {first}`, `booking {booking}`},
	{"money-balances", "more kept than was paid", (*house).oneReturned, `ALTER TABLE booking_tickets DROP CONSTRAINT booking_tickets_kept_of_released;
		UPDATE booking_tickets SET kept_minor = kept_minor + 1 WHERE released_at IS NOT NULL`, `booking {booking}`},
	{"money-balances", "a refund beside the tickets", (*house).sold, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason, provider_id, state)
		VALUES ({payment}, 1, 1, 'USD', 'planted', 're_planted', 'pending')`, `booking {booking}`},

	{"failed-task-has-its-debt", "the money is on its way", (*house).refunding, `INSERT INTO support_tasks (id, key, kind, booking_id, summary, advice, details)
		VALUES ({first}, 'refund-failed:' || {payment} || ':1', 'refund-failed', {booking}, 'planted', 'planted', '{"amount_minor": 0, "currency": "USD"}')`, `task {first}`},
	{"undecided-is-asked", "nobody is", (*house).partByHand, `DELETE FROM support_tasks`, `payment {payment}`},
	{"undecided-is-asked", "it is decided", (*house).partByHand, `UPDATE refunds SET undecided_minor = 0`, `payment {payment}`},
	{"undecided-is-goodwill", "it is none", (*house).partByHand, `UPDATE payments SET goodwill_minor = 0;
		UPDATE booking_tickets SET price_minor = price_minor - 1000 WHERE ticket_id = {first}`, `payment {payment}`},
	{"dispute-is-asked", "nobody is", (*house).disputed, `DELETE FROM support_tasks`, `dispute dp_1`},
	{"dispute-is-asked", "it is over", (*house).disputed, `UPDATE disputes SET state = 'won', closed_at = {now}`, `dispute dp_1`},
	{"lost-dispute-counts", "it does not", (*house).disputeLost, `UPDATE refunds SET provider_id = 're_planted'`, `dispute dp_1`},
	{"lost-dispute-counts", "it was won", (*house).disputeLost, `UPDATE disputes SET state = 'won'`, `dispute dp_1`},

	{"unfinished-is-checked", "a hold", (*house).held, `ALTER TABLE bookings DROP CONSTRAINT bookings_unfinished_are_checked;
		UPDATE bookings SET next_check_at = NULL`, `booking {booking}`},
	{"unfinished-is-checked", "a mail", (*house).sold, `UPDATE bookings SET next_check_at = NULL`, `booking {booking}`},
	{"unfinished-is-checked", "a refund", (*house).sold, `DELETE FROM emails; INSERT INTO booking_timeline (booking_id, what, actor) VALUES ({booking}, 'no mail: no address', 'workflow'); ` +
		plantPayment("{booking}", "refund") + `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) SELECT id, 1, amount_minor, currency, 'planted' FROM payments WHERE settled_as = 'refund';
		UPDATE bookings SET next_check_at = NULL`, `booking {booking}`},
	{"unfinished-is-checked", "a payment", (*house).expired, `INSERT INTO payment_attempts (id, booking_id, state, parameters, amount_minor, currency, expires_at)
		VALUES ({first}, {booking}, 'dead', '{}', 1, 'USD', {now});
		INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency)
		VALUES ({second}, {booking}, {first}, 'cs_planted', 'pi_planted', 1, 'USD')`, `booking {booking}`},
	{"called-off-goes-on", "nobody sweeps", (*house).refunded, `INSERT INTO event_cancellations (event_id, cancelled_by, per_second, next_check_at)
		SELECT event_id, user_id, 5, {now} - interval '3 minutes' FROM bookings WHERE id = {booking}`, `event {event}`},
	{"called-off-goes-on", "a ticket that was left", (*house).sold, `INSERT INTO event_cancellations (event_id, cancelled_by, per_second, finished_at)
		SELECT event_id, user_id, 5, {now} FROM bookings WHERE id = {booking}`, `booking {booking}`},
	{"check-is-kept", "nobody sweeps", (*house).confirmed, `UPDATE bookings SET next_check_at = {now} - interval '3 minutes'`, `booking {booking}`},
	{"closed-booking-is-not-payable", "a page is open", (*house).expired, plantAttempt, plantedAttempt},
	{"webhook-is-processed", "without effect", (*house).sold, `UPDATE payments SET received_at = {now} - interval '3 minutes';
		UPDATE webhook_inbox SET processed_at = NULL, received_at = {now} - interval '3 minutes'`, `webhook {webhook}`},
	{"webhook-is-processed", "nobody looks after it", (*house).held, `ALTER TABLE webhook_inbox DROP CONSTRAINT webhook_inbox_unfinished_are_tried; ` +
		plantEvent(`{now} - interval '3 minutes'`, `NULL`), plantedEvent},
	{"inbox-is-swept", "nobody sweeps", (*house).held, plantEvent(`{now} - interval '4 minutes'`, `{now} - interval '3 minutes'`), plantedEvent},
	{"inbox-is-swept", "tried without end", (*house).held, plantEvent(`{now} - interval '85 hours'`, `{now} + interval '12 hours'`), plantedEvent},
	{"ticket-file-exists", "gone", (*house).sold, `UPDATE bookings SET blob_key = 'tickets/gone.pdf'`, `booking {booking}`},
	{"ticket-file-exists", "another file", (*house).sold, `UPDATE bookings SET blob_key = 'tickets/text.pdf'`, `booking {booking}`},
	{"ticket-file-exists", "no name of a file", (*house).sold, `UPDATE bookings SET blob_key = '../secret'`, `booking {booking}`},
}

// TestAudit_FindsEachBrokenPromise breaks one promise at a time: that one is reported, and no other.
func TestAudit_FindsEachBrokenPromise(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		t.Run(p.promise+", "+p.what, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := p.build(h, t, h.addUser(t), h.tickets)
			store := openFiles(t)
			require.NoError(t, store.Put(t.Context(), boxoffice.TicketsKey(s.ID, 0), "application/pdf", []byte("%PDF-1.4")))
			require.NoError(t, store.Put(t.Context(), "tickets/text.pdf", "text/plain", []byte("Sorry")))
			before := h.audit(t, postgres.AuditOptions{Files: store})
			require.Empty(t, before.Violations, "before anything is planted")

			words := strings.NewReplacer("{booking}", s.ID, "{event}", h.event, "{payment}", s.payment, "{attempt}", s.attempt.ID, "{first}", h.tickets[0],
				"{mail}", one[string](t, h, `SELECT coalesce(max(id::text), '') FROM emails`),
				"{webhook}", one[string](t, h, `SELECT coalesce(max(stripe_event_id), '') FROM webhook_inbox`))
			subject := words.Replace(p.subject)
			sql := strings.NewReplacer("{booking}", quoted(s.ID), "{payment}", quoted(s.payment), "{attempt}", quoted(s.attempt.ID), "{user}", quoted(s.UserID),
				"{first}", quoted(h.tickets[0]), "{second}", quoted(h.tickets[1]), "{now}", "boxoffice_now()").Replace(p.sql)
			h.exec(t, sql)

			report := h.audit(t, postgres.AuditOptions{Files: store})
			require.Equal(t, []string{p.promise}, broken(report), "%+v", report.Violations)
			require.Equal(t, subject, report.Violations[0].Subject)
			require.NotEmpty(t, report.Violations[0].Detail)
			require.NotContains(t, report.Violations[0].Detail, "@", "nothing personal")
		})
	}
}

func quoted(word string) string { return "'" + word + "'" }

// TestAudit_EachPromiseIsPlanted keeps the plants complete: a query without one may find nothing, ever.
func TestAudit_EachPromiseIsPlanted(t *testing.T) {
	t.Parallel()
	planted := map[string]bool{}
	for _, p := range plants {
		planted[p.promise] = true
	}
	asked := map[string]bool{}
	for _, p := range postgres.AuditPromises() {
		require.False(t, asked[p.Name], "%s is there twice", p.Name)
		require.NotEmpty(t, p.Says)
		asked[p.Name] = true
	}
	require.Equal(t, asked, planted)
}

// TestAudit_SumsTheMoney tells beside each booking what is missing in its currency.
func TestAudit_SumsTheMoney(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	for i := range h.tickets {
		h.sold(t, h.addUser(t), h.tickets[i:i+1])
	}
	h.exec(t, `UPDATE booking_tickets SET price_minor = price_minor + 100`)
	report := h.audit(t, postgres.AuditOptions{})
	require.Equal(t, []string{"money-balances"}, broken(report))
	require.Len(t, report.Violations, 3)
	require.Equal(t, postgres.AuditViolation{
		Promise: "money-balances", Subject: "currency USD",
		Detail: "2900 USD came in, 0 goes back, the valid tickets are worth 3100, 0 was kept of others",
	}, report.Violations[2])
}

// TestAudit_WebhooksThatAreNotOurs are tried again and then given up: they are counted, and break no promise.
func TestAudit_WebhooksThatAreNotOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	counted := func(want postgres.AuditInbox) {
		t.Helper()
		report := h.audit(t, postgres.AuditOptions{})
		require.Empty(t, report.Violations)
		require.Equal(t, want, report.Inbox)
	}
	h.park(t, "evt_parked", strange)
	h.strangers(t, 2)
	counted(postgres.AuditInbox{Parked: 1, Unknown: 2})
	for one[bool](t, h, `SELECT EXISTS (SELECT FROM webhook_inbox WHERE given_up_at IS NULL)`) {
		h.clock.AdvanceClock(t, 12*time.Hour)
		for _, id := range h.claim(t) {
			_, err := h.store.PutOffEvent(t.Context(), id, "the provider does not know it")
			require.NoError(t, err)
		}
		require.Empty(t, h.audit(t, postgres.AuditOptions{}).Violations)
	}
	counted(postgres.AuditInbox{GivenUp: 3})
}

// An event that was parked for long, and has been settled a moment ago, waits for its run as any other does.
func TestAudit_AParkedEventThatSettlesNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	now := h.park(t, "evt_1", sessionOf(s.attempt, boxoffice.SessionComplete))
	h.clock.AdvanceClock(t, 5*time.Minute)
	h.receive(t, now)
	h.requireClean(t, 1)
	h.clock.AdvanceClock(t, 3*time.Minute)
	require.Equal(t, []string{"payment-is-settled", "check-is-kept", "webhook-is-processed"}, broken(h.audit(t, postgres.AuditOptions{})))
}
