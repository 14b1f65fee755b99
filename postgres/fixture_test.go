package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
)

// houseRules are the configuration's defaults.
var houseRules = boxoffice.HoldRules{
	Duration: 8 * time.Minute, Extension: 2 * time.Minute, CheckoutMinimum: 10 * time.Minute, Max: 30 * time.Minute,
	Grace: 15 * time.Minute, MaxSeats: 10, MaxOpenBookings: 1,
}

const seatPrice = 1450

// house is a database of one test with a store over it and one event on sale.
type house struct {
	*boxofficeDB
	store   *postgres.Bookings
	event   string
	tickets []string // in the order of their seats
	names   atomic.Int64
}

// boxofficeDB keeps the two ways to the database apart: own is the test's, db is the store's.
type boxofficeDB struct {
	clock *testdb.DB
	own   *pgxpool.Pool
	db    *postgres.DB
}

func newHouse(t testing.TB, seats int) *house {
	t.Helper()
	base := testdb.New(t)
	db, err := postgres.Open(t.Context(), base.URL, postgres.Options{LockTimeout: 4 * time.Second})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	h := &house{boxofficeDB: &boxofficeDB{clock: base, own: base.Pool, db: db}, store: db.Bookings(houseRules)}
	h.event, h.tickets = h.addEvent(t, seats)
	return h
}

// exec runs SQL of the test's own, past the store.
func (h *house) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := h.own.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// one reads one value.
func one[T any](t testing.TB, h *house, sql string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, h.own.QueryRow(t.Context(), sql, args...).Scan(&v), sql)
	return v
}

func newID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	require.NoError(t, err)
	return id.String()
}

// addUser makes a buyer with an address.
func (h *house) addUser(t testing.TB) string {
	t.Helper()
	id, name := newID(t), fmt.Sprintf("buyer%d", h.names.Add(1))
	h.exec(t, `INSERT INTO users (id, username, password_hash, email) VALUES ($1, $2, '$argon2id$x', $3)`, id, name, name+"@example.org")
	return id
}

// addEvent makes an event on sale with its title, venue, plan and seats at seatPrice each.
func (h *house) addEvent(t testing.TB, seats int) (event string, tickets []string) {
	t.Helper()
	owner, title, venue, event := h.addUser(t), newID(t), newID(t), newID(t)
	h.exec(t, `INSERT INTO titles (id, name, kind, year) VALUES ($1, 'Ghost', 'film', 1990)`, title)
	h.exec(t, `INSERT INTO venues (id, name, city, state, lat, lon, time_zone)
		VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, venue)
	h.exec(t, `INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256($2), $1, 1, '{}')`, venue, []byte(venue))
	h.exec(t, `INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor)
		VALUES ($1, $2, $3, $4, sha256($5), 'Ghost', 'film', now() + interval '9 days', now() + interval '9 days 2 hours',
			now() - interval '1 day', now() + interval '8 days', 'on_sale', 'USD', $6, $7)`,
		event, owner, title, venue, []byte(venue), max(seats, 1), seatPrice)
	for range seats {
		tickets = append(tickets, newID(t))
	}
	h.exec(t, `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT id, $1, 'Stalls', 'C', n, 'standard', $3 FROM unnest($2::text[]::uuid[]) WITH ORDINALITY AS t (id, n)`,
		event, tickets, seatPrice)
	return event, tickets
}

// hold books the seats for the user.
func (h *house) hold(t testing.TB, user string, tickets ...string) boxoffice.Booking {
	t.Helper()
	b, _, fresh, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: tickets})
	require.NoError(t, err)
	require.True(t, fresh)
	return b
}

// checkout opens a payment page for the booking and stores its session.
func (h *house) checkout(t testing.TB, b boxoffice.Booking) boxoffice.PaymentAttempt {
	t.Helper()
	a, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	_, err = h.store.StoreSession(t.Context(), a.ID, sessionOf(a, boxoffice.SessionOpen))
	require.NoError(t, err)
	a, err = h.store.Attempt(t.Context(), a.ID)
	require.NoError(t, err)
	return a
}

func checkoutOf(b boxoffice.Booking) boxoffice.CheckoutRequest {
	return boxoffice.CheckoutRequest{UserID: b.UserID, BookingID: b.ID, SuccessURL: "https://here/ok", CancelURL: "https://here/no"}
}

// sessionOf is the provider's word on an attempt's session. A complete one is paid with the attempt's amount.
func sessionOf(a boxoffice.PaymentAttempt, status boxoffice.SessionStatus) boxoffice.PaymentSession {
	s := boxoffice.PaymentSession{
		ID: "cs_" + a.ID, AttemptID: a.ID, URL: "https://pay/" + a.ID, Status: status, ExpiresAt: a.ExpiresAt,
		Amount: boxoffice.Money{Minor: a.Parameters.AmountMinor, Currency: a.Parameters.Currency}, Email: "page@example.org",
	}
	if status == boxoffice.SessionComplete {
		s.Paid, s.PaymentIntent = true, "pi_"+a.ID
	}
	return s
}

// sessionEvent is the webhook that tells of a session.
func sessionEvent(id string, s boxoffice.PaymentSession) boxoffice.PaymentEvent {
	kind := map[boxoffice.SessionStatus]string{
		boxoffice.SessionOpen: "checkout.session.created", boxoffice.SessionComplete: "checkout.session.completed",
		boxoffice.SessionExpired: "checkout.session.expired",
	}[s.Status]
	return boxoffice.PaymentEvent{ID: id, Type: kind, APIVersion: "2023-10-16", ObjectID: s.ID, Payload: []byte(`{"x":1}`), Session: &s}
}

// pay receives the webhook of the attempt's payment and gives the payment's ID.
func (h *house) pay(t testing.TB, a boxoffice.PaymentAttempt) string {
	t.Helper()
	s := sessionOf(a, boxoffice.SessionComplete)
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), sessionEvent("evt_paid_"+a.ID, s))
	require.NoError(t, err)
	require.NotNil(t, receipt.Booking)
	return h.paymentOf(t, s.PaymentIntent)
}

func (h *house) paymentOf(t testing.TB, intent string) string {
	t.Helper()
	return one[string](t, h, `SELECT id::text FROM payments WHERE payment_intent = $1`, intent)
}

// verify takes a run's first step.
func (h *house) verify(t testing.TB, bookingID string) boxoffice.Situation {
	t.Helper()
	s, err := h.store.VerifyHold(t.Context(), bookingID)
	require.NoError(t, err)
	return s
}

// markEmail notes how an attempt to send a mail ended; what comes back is the situation that is found afterwards.
func (h *house) markEmail(t testing.TB, emailID string, sendErr error, handedOver bool) {
	t.Helper()
	now, err := h.store.MarkEmail(t.Context(), emailID, sendErr, handedOver)
	require.NoError(t, err)
	if now.BookingID == "" {
		return // it was no longer queued
	}
	later, err := h.store.Look(t.Context(), now.BookingID, now.Epoch)
	require.NoError(t, err)
	later.Remaining = now.Remaining
	require.Equal(t, later, now)
}

func (h *house) status(t testing.TB, bookingID string) boxoffice.BookingStatus {
	t.Helper()
	return one[boxoffice.BookingStatus](t, h, `SELECT status FROM bookings WHERE id = $1`, bookingID)
}

// passDeadline puts a booking's deadline into the past; the clock, which all bookings share, stays.
func (h *house) passDeadline(t testing.TB, bookingID string) {
	t.Helper()
	h.exec(t, `UPDATE bookings SET hold_expires_at = boxoffice_now() - interval '1 second' WHERE id = $1`, bookingID)
}

// letGo makes the booking's hold of its seats a past one, as if nobody had closed it in time.
func (h *house) letGo(t testing.TB, bookingID string) {
	t.Helper()
	h.passDeadline(t, bookingID)
	h.exec(t, `UPDATE tickets SET held_until = boxoffice_now() - interval '1 second' WHERE booking_id = $1`, bookingID)
}

// storeTables are those that the acts write, each with the columns that may change without meaning: when the sweep looks
// next, and when the provider was last heard of.
var storeTables = []string{
	"bookings", "tickets", "booking_tickets", "admissions", "payment_attempts", "payments", "refunds", "webhook_inbox",
	"emails", "booking_timeline", "idempotency_keys",
}

// rows gives all that the store has written, for comparison: "nothing changed" is two equal answers.
func (h *house) rows(t testing.TB) map[string]string {
	t.Helper()
	tables := make([]string, len(storeTables))
	for i, table := range storeTables {
		tables[i] = `SELECT '` + table + `' AS name, coalesce(jsonb_agg(r ORDER BY r::text), '[]')::text
			FROM (SELECT to_jsonb(x) - 'next_check_at' - 'asked_at' - 'short_at' AS r FROM ` + table + ` x) q`
	}
	rows, err := h.own.Query(t.Context(), strings.Join(tables, " UNION ALL "))
	require.NoError(t, err)
	all, name, content := make(map[string]string, len(tables)), "", ""
	_, err = pgx.ForEachRow(rows, []any{&name, &content}, func() error { all[name] = content; return nil })
	require.NoError(t, err)
	return all
}

// requireCode asserts an error's code and gives the error.
func requireCode(t testing.TB, code boxoffice.Code, err error) *boxoffice.Error {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, boxoffice.CodeOf(err), "%v", err)
	var e *boxoffice.Error
	require.ErrorAs(t, err, &e)
	return e
}

// requireBalanced asserts the money equation: what came in less what went back is the price of the admissions that stand.
func (h *house) requireBalanced(t testing.TB, bookingID string, kept int64) {
	t.Helper()
	captured := one[int64](t, h, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM payments WHERE booking_id = $1`, bookingID)
	back := one[int64](t, h, `SELECT coalesce(sum(r.amount_minor), 0)::bigint FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1 AND r.state = 'succeeded'`, bookingID)
	admitted := one[int64](t, h, `SELECT coalesce(sum(bt.price_minor + bt.fee_minor), 0)::bigint
		FROM admissions a JOIN booking_tickets bt USING (booking_id, ticket_id)
		JOIN tickets t ON t.id = a.ticket_id AND t.booking_id = a.booking_id AND t.state = 'sold'
		WHERE a.booking_id = $1 AND a.voided_at IS NULL`, bookingID)
	require.Equal(t, admitted, captured-back, "captured %d, back %d", captured, back)
	require.Equal(t, kept, admitted)
}

// atOnce runs n functions released together and waits for all.
func atOnce(n int, run func(i int)) {
	start, done := make(chan struct{}), make(chan struct{})
	for i := range n {
		go func() {
			<-start
			run(i)
			done <- struct{}{}
		}()
	}
	close(start)
	for range n {
		<-done
	}
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, condition func(ctx context.Context) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return condition(t.Context()) }, time.Minute, 10*time.Millisecond, what)
}
