package reconcile_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// repair is something that no webhook told us of, or told wrong, and that has one right answer.
type repair struct {
	name  string
	plant func(t *testing.T, h *hall) (object string)
	kind  boxoffice.FindingKind
	says  string
	sql   string // is true once it is mended; $1: the object
}

const waitsForItsRun = `SELECT p.settled_as IS NULL AND b.next_check_at <= boxoffice_now() + interval '30 seconds'
	FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE p.payment_intent = $1`

var repairs = []repair{
	{"a payment of a hold", func(t *testing.T, h *hall) string { return h.pay(t, h.open(t), goodCard) },
		boxoffice.FindingPayment, "The provider took $14.50 for the booking, and we never heard of it.", waitsForItsRun},
	{"a payment on a page that closed long ago", func(t *testing.T, h *hall) string {
		s := h.open(t)
		h.expire(t, s)
		_, err := h.stripe.ExpireSession(t.Context(), s.session.ID)
		require.NoError(t, err)
		return h.pay(t, s, goodCard)
	}, boxoffice.FindingPayment, "The provider took $14.50 for the booking, and we never heard of it.", waitsForItsRun},
	{"a payment of another amount", func(t *testing.T, h *hall) string {
		s := h.open(t)
		var paid struct {
			Intent string `json:"payment_intent"`
		}
		h.tell(t, "/_sim/sessions/"+s.session.ID+"/pay", `{"email":"x@example.org","card_number":"`+goodCard+`","amount_minor":1}`, &paid)
		return paid.Intent
	}, boxoffice.FindingPayment, "The provider took $0.01 for the booking, and we never heard of it.",
		`SELECT a.state = 'surplus' FROM payments p JOIN payment_attempts a ON a.id = p.attempt_id WHERE p.payment_intent = $1`},
	{"a page that is open for an ended booking", func(t *testing.T, h *hall) string {
		s := h.open(t)
		h.expire(t, s)
		return s.session.ID
	}, boxoffice.FindingPage, "A payment page is open at the provider, and what is paid on it can buy nothing.",
		`SELECT state = 'dead' FROM payment_attempts WHERE session_id = $1`},
	{"a page that is open for an attempt that is still said to live, of an ended booking", func(t *testing.T, h *hall) string {
		s := h.open(t)
		h.expire(t, s)
		h.exec(t, `UPDATE payment_attempts SET state = 'live', ended_at = NULL WHERE id = $1`, s.attempt.ID)
		return s.session.ID
	}, boxoffice.FindingPage, "A payment page is open at the provider, and what is paid on it can buy nothing.",
		`SELECT state = 'dead' FROM payment_attempts WHERE session_id = $1`},
	{"an attempt whose page was closed in the dashboard", func(t *testing.T, h *hall) string {
		s := h.open(t)
		_, err := h.stripe.ExpireSession(t.Context(), s.session.ID)
		require.NoError(t, err)
		return s.session.ID
	}, boxoffice.FindingPage, "A payment page is closed at the provider, and our books have it open.",
		`SELECT state = 'dead' FROM payment_attempts WHERE session_id = $1`},
	{"a refund that arrived", func(t *testing.T, h *hall) string {
		s, _, payment := h.known(t, slowCard)
		id := h.giveBack(t, s, payment)
		require.NoError(t, h.sim.AdvanceClock(time.Hour))
		h.base.AdvanceClock(t, time.Hour)
		return id
	}, boxoffice.FindingRefund, "The refund of $14.50 is succeeded at the provider, and pending in our books.",
		`SELECT r.state = 'succeeded' AND EXISTS (SELECT FROM emails WHERE kind = 'refunded') FROM refunds r WHERE provider_id = $1`},
	{"a refund that the bank sent back weeks later", func(t *testing.T, h *hall) string {
		s, _, payment := h.known(t, falseCard)
		id := h.giveBack(t, s, payment)
		require.NoError(t, h.sim.AdvanceClock(20*24*time.Hour))
		h.base.AdvanceClock(t, 20*24*time.Hour)
		return id
	}, boxoffice.FindingRefund, "The refund of $14.50 is failed at the provider, and succeeded in our books.",
		`SELECT state = 'failed' FROM refunds WHERE provider_id = $1`},
	{"a refund whose ID was never stored", func(t *testing.T, h *hall) string {
		s, _, payment := h.known(t, goodCard)
		id := h.giveBack(t, s, payment)
		h.exec(t, `UPDATE refunds SET provider_id = NULL, state = 'pending', ended_at = NULL`)
		return id
	}, boxoffice.FindingRefund, "The refund of $14.50 is succeeded at the provider, and pending in our books.",
		`SELECT state = 'succeeded' FROM refunds WHERE provider_id = $1`},
}

// Each of what no webhook told is found, mended once, and agrees from then on.
func TestReconcile_Mends(t *testing.T) {
	t.Parallel()
	for _, c := range repairs {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t, 1)
			object := c.plant(t, h)
			h.age(t)
			dry := h.pass(t, boxoffice.ReconcilePass{DryRun: true})
			pass := h.pass(t, boxoffice.ReconcilePass{})
			require.Equal(t, dry.Repairs, pass.Repairs, "a dry run says what is to come")
			require.Len(t, pass.Repairs, 1)
			require.Empty(t, pass.Findings)
			require.Equal(t, 1, pass.Repaired)
			note := pass.Repairs[0]
			require.Equal(t, []string{string(c.kind), object, c.says}, []string{string(note.Kind), note.Object, note.Says})
			require.Equal(t, one[string](t, h, `SELECT id::text FROM bookings`), note.BookingID)
			require.True(t, one[bool](t, h, c.sql, object), "it is not mended")
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE kind = 'reconciliation'`))
			h.requireClean(t)
		})
	}
}

// finding is what only a person can decide.
type finding struct {
	name   string
	plant  func(t *testing.T, h *hall) (object string)
	kind   boxoffice.FindingKind
	says   string
	orphan bool   // it is of no booking that we have
	right  string // SQL after which it agrees; $1: the object; empty: nothing can make it so
}

var findings = []finding{
	{"another amount in our books", func(t *testing.T, h *hall) string {
		_, intent, _ := h.known(t, goodCard)
		h.exec(t, `UPDATE payments SET amount_minor = 1400`)
		return intent
	}, boxoffice.FindingPayment, "The provider took $14.50, and our books say $14.00.", false, `UPDATE payments SET amount_minor = 1450 WHERE payment_intent = $1`},
	{"another currency in our books", func(t *testing.T, h *hall) string {
		_, intent, _ := h.known(t, goodCard)
		h.exec(t, `UPDATE payments SET currency = 'EUR'`)
		return intent
	}, boxoffice.FindingPayment, "The provider took $14.50, and our books say €14.50.", false, `UPDATE payments SET currency = 'USD' WHERE payment_intent = $1`},
	{"a payment that the provider does not know", func(t *testing.T, h *hall) string {
		h.known(t, goodCard)
		h.exec(t, `UPDATE payments SET id = gen_random_uuid(), payment_intent = 'pi_unknown'`)
		h.exec(t, `INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency)
			SELECT gen_random_uuid(), booking_id, attempt_id, session_id, (SELECT $1), amount_minor, currency FROM payments`,
			intentOf(t, h))
		return "pi_unknown"
	}, boxoffice.FindingPaymentUnknown, "Our books have a payment that the provider does not know.", false, ""},
	{"a payment of which nothing was captured", func(t *testing.T, h *hall) string {
		s := h.open(t)
		response := h.decline(t, s)
		h.exec(t, `INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency)
			VALUES (gen_random_uuid(), $1, $2, $3, $4, 1450, 'USD')`, s.ID, s.attempt.ID, s.session.ID, response)
		return response
	}, boxoffice.FindingPaymentUnknown, "Our books have a payment of which the provider never captured anything.", false, ""},
	{"a refund that the provider does not know", func(t *testing.T, h *hall) string {
		_, _, payment := h.known(t, goodCard)
		h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason, provider_id, state, ended_at)
			VALUES ($1, 1, 50, 'USD', 'planted', 're_unknown', 'succeeded', boxoffice_now())`, payment)
		return "re_unknown"
	}, boxoffice.FindingRefundUnknown, "Our books have a refund as done that the provider does not know.", false, ""},
	{"a refund of another amount", func(t *testing.T, h *hall) string {
		s, _, payment := h.known(t, goodCard)
		id := h.giveBack(t, s, payment)
		h.exec(t, `UPDATE refunds SET amount_minor = 1400`)
		return id
	}, boxoffice.FindingRefund, "The provider's refund is of $14.50, and our books say $14.00.", false, `UPDATE refunds SET amount_minor = 1450 WHERE provider_id = $1`},
	{"a refund that failed in our books alone", func(t *testing.T, h *hall) string {
		s, _, payment := h.known(t, goodCard)
		id := h.giveBack(t, s, payment)
		h.exec(t, `UPDATE refunds SET state = 'failed', failure = 'planted'`)
		return id
	}, boxoffice.FindingRefund, "The refund of $14.50 is succeeded at the provider, and failed in our books.", false,
		`UPDATE refunds SET state = 'succeeded' WHERE provider_id = $1`},
	{"a payment of a booking that is gone", func(t *testing.T, h *hall) string {
		intent := h.pay(t, h.open(t), goodCard)
		h.lose(t)
		return intent
	}, boxoffice.FindingPaymentLost, "The provider took $14.50 for a booking that this database does not have.", true, ""},
}

// Each finding is listed and opens its task, once; who closes the task has decided it. One that comes right closes it.
func TestReconcile_AsksAPerson(t *testing.T) {
	t.Parallel()
	for _, c := range findings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t, 1)
			object := c.plant(t, h)
			h.age(t)
			dry := h.pass(t, boxoffice.ReconcilePass{DryRun: true})
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE kind = 'reconciliation'`), "a dry run asks nobody")
			pass := h.pass(t, boxoffice.ReconcilePass{})
			require.Equal(t, pass.Findings, append(dry.Findings, dry.Repairs...), "who only looks does not know what can be mended")
			h.requireAsked(t, pass, c, object)
			h.requireAsked(t, h.pass(t, boxoffice.ReconcilePass{}), c, object)

			if c.right != "" {
				h.exec(t, c.right, object)
				h.requireClean(t)
				require.Equal(t, "reconciliation", one[string](t, h, `SELECT closed_by FROM support_tasks WHERE kind = 'reconciliation'`))
				return
			}
			h.exec(t, `UPDATE support_tasks SET closed_at = boxoffice_now(), closed_by = 'anna', resolution = 'I called them.'`)
			h.requireClean(t)
			require.Equal(t, "anna", one[string](t, h, `SELECT closed_by FROM support_tasks WHERE kind = 'reconciliation'`))
		})
	}
}

// requireAsked asserts that a pass found this one thing, and that one person is asked about it.
func (h *hall) requireAsked(t *testing.T, pass boxoffice.ReconcilePass, c finding, object string) {
	t.Helper()
	require.Empty(t, pass.Repairs)
	require.Len(t, pass.Findings, 1)
	require.Equal(t, 1, pass.Found)
	note := pass.Findings[0]
	require.Equal(t, []string{string(c.kind), object, c.says}, []string{string(note.Kind), note.Object, note.Says})
	require.Equal(t, c.orphan, note.BookingID == "")
	require.Equal(t, []string{note.Key(), "reconciliation", note.BookingID, c.says}, one[[]string](t, h,
		`SELECT ARRAY[key, kind, coalesce(booking_id::text, ''), summary] FROM support_tasks WHERE kind = 'reconciliation' AND closed_at IS NULL AND advice <> ''`))
}

// What came right and goes wrong again is asked once more.
func TestReconcile_AFindingComesBack(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	_, intent, _ := h.known(t, goodCard)
	h.age(t)
	for range 2 {
		h.exec(t, `UPDATE payments SET amount_minor = 1400`)
		require.Equal(t, 1, h.pass(t, boxoffice.ReconcilePass{}).Found)
		require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
		h.exec(t, `UPDATE payments SET amount_minor = 1450 WHERE payment_intent = $1`, intent)
		h.requireClean(t)
		require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
	}
}

// What another application of the account takes and gives back is counted and named, and nothing else.
func TestReconcile_LeavesOthersAlone(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	page := h.api(t, "/v1/checkout/sessions", url.Values{
		"mode": {"payment"}, "success_url": {"https://shop/ok"}, "client_reference_id": {"order 7"}, "line_items[0][quantity]": {"1"},
		"line_items[0][price_data][currency]": {"usd"}, "line_items[0][price_data][unit_amount]": {"900"}, "line_items[0][price_data][product_data][name]": {"A mug"},
	})
	open := h.api(t, "/v1/checkout/sessions", url.Values{
		"mode": {"payment"}, "success_url": {"https://shop/ok"}, "line_items[0][quantity]": {"1"},
		"line_items[0][price_data][currency]": {"usd"}, "line_items[0][price_data][unit_amount]": {"900"}, "line_items[0][price_data][product_data][name]": {"A mug"},
	})
	intent := h.pay(t, sale{session: boxoffice.PaymentSession{ID: page}}, goodCard)
	refund := h.api(t, "/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {"100"}, "metadata[reason]": {"a crack"}})
	h.age(t)
	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Equal(t, []string{intent, refund}, pass.Strange)
	require.Equal(t, []int{2, 0, 0}, []int{pass.Foreign, pass.Repaired, pass.Found})
	left, err := h.stripe.Session(t.Context(), open)
	require.NoError(t, err)
	require.Equal(t, boxoffice.SessionOpen, left.Status)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE kind = 'reconciliation'`))
}

// What is a moment old is left to the protocol: its webhook may be under way.
func TestReconcile_LeavesTheYoungToTheProtocol(t *testing.T) {
	t.Parallel()
	h := newHall(t, 2)
	h.pay(t, h.open(t), goodCard)
	_, err := h.stripe.ExpireSession(t.Context(), h.open(t).session.ID)
	require.NoError(t, err)
	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Zero(t, pass.Checked)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM payments`))
}

// A database that was restored from an older copy lacks what came after it. That is told as it is, and mended by itself
// where the rows come back.
func TestReconcile_AfterARestore(t *testing.T) {
	t.Parallel()
	h := newHall(t, 3)
	h.known(t, goodCard)
	tables := []string{"bookings", "booking_tickets", "tickets", "payment_attempts", "payments", "refunds", "booking_timeline", "users"}
	for _, table := range tables {
		h.exec(t, `CREATE TABLE newer_`+table+` AS SELECT * FROM `+table+` WHERE false`)
	}
	early := one[string](t, h, `SELECT id::text FROM bookings`)
	s, paid, payment := h.known(t, slowCard)
	refund := h.giveBack(t, s, payment)
	unheard := h.pay(t, h.open(t), goodCard)
	h.age(t)
	for _, table := range []string{"bookings", "booking_tickets", "payment_attempts", "payments", "refunds"} {
		key := map[string]string{"bookings": "id", "refunds": "(SELECT booking_id FROM payments p WHERE p.id = payment_id)"}[table]
		if key == "" {
			key = "booking_id"
		}
		h.exec(t, `INSERT INTO newer_`+table+` SELECT * FROM `+table+` WHERE `+key+` <> $1`, early)
	}
	h.loseAllBut(t, early)

	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Empty(t, pass.Repairs)
	lost := map[string]boxoffice.FindingKind{}
	for _, n := range pass.Findings {
		lost[n.Object] = n.Kind
		require.Empty(t, n.BookingID)
	}
	require.Equal(t, map[string]boxoffice.FindingKind{
		paid: boxoffice.FindingPaymentLost, unheard: boxoffice.FindingPaymentLost, refund: boxoffice.FindingRefundLost,
	}, lost)

	for _, table := range []string{"bookings", "booking_tickets", "payment_attempts", "payments", "refunds"} {
		h.exec(t, `INSERT INTO `+table+` OVERRIDING SYSTEM VALUE SELECT * FROM newer_`+table)
	}
	back := h.pass(t, boxoffice.ReconcilePass{})
	require.Empty(t, back.Findings)
	require.Len(t, back.Repairs, 1, "the payment that no webhook told of")
	require.Equal(t, unheard, back.Repairs[0].Object)
	require.Equal(t, 3, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_by = 'reconciliation'`))
}
