package reconcile_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	simulator "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/reconcile"
)

const (
	testKey   = "sk_test_reconcile"
	goodCard  = "4242424242424242"
	slowCard  = "4000000000007726" // its refunds are pending at first
	falseCard = "4000000000005126" // its refunds fail after they succeeded
	seatPrice = 1450
)

// hall is a database with one event on sale, and a provider whose webhooks reach nobody.
type hall struct {
	base   *testdb.DB
	db     *postgres.DB
	store  *postgres.Bookings
	sim    *simulator.Server
	stripe *payments.Client
	*reconcile.Reconciler
	event   string
	tickets []string
}

func newHall(t *testing.T, seats int) *hall {
	t.Helper()
	h := &hall{base: testdb.New(t)}
	var err error
	h.db, err = postgres.Open(t.Context(), h.base.URL, postgres.Options{LockTimeout: 4 * time.Second})
	require.NoError(t, err)
	t.Cleanup(h.db.Close)
	h.store = h.db.Bookings(boxoffice.HoldRules{
		Duration: 8 * time.Minute, CheckoutMinimum: 10 * time.Minute, Max: 30 * time.Minute, Grace: 15 * time.Minute, MaxSeats: 10, MaxOpenBookings: 1,
	})
	quiet := slog.New(slog.DiscardHandler)
	h.sim, err = simulator.Start(t.Context(), simulator.Options{Dir: t.TempDir(), Logger: quiet, AsyncDelay: time.Hour})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.sim.Stop()) })
	h.stripe = newClient(t, h.sim.URL, 20*time.Second)
	h.Reconciler = &reconcile.Reconciler{Ledger: ledgerOf(h.stripe), Provider: h.stripe, Bookings: h.store, Store: h.store, Logger: quiet}
	h.addEvent(t, seats)
	return h
}

func newClient(t *testing.T, base string, timeout time.Duration) *payments.Client {
	t.Helper()
	client, err := payments.New(payments.Options{
		APIKey: testKey, APIBase: base, Timeout: timeout, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func ledgerOf(c *payments.Client) boxoffice.ProviderLedger {
	return payments.NewLedger(c, time.Millisecond)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (h *hall) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := h.base.Pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

func one[T any](t testing.TB, h *hall, sql string, args ...any) (v T) {
	t.Helper()
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), sql, args...).Scan(&v), sql)
	return v
}

func (h *hall) addUser(t testing.TB) string {
	t.Helper()
	id := newID()
	h.exec(t, `INSERT INTO users (id, username, password_hash, email) VALUES ($1, $2, '$argon2id$x', 'x@example.org')`, id, id[len(id)-12:])
	return id
}

func (h *hall) addEvent(t testing.TB, seats int) {
	t.Helper()
	title, venue := newID(), newID()
	h.event = newID()
	h.exec(t, `INSERT INTO titles (id, name, kind, year) VALUES ($1, 'Ghost', 'film', 1990)`, title)
	h.exec(t, `INSERT INTO venues (id, name, city, state, lat, lon, time_zone) VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, venue)
	h.exec(t, `INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256($2), $1, 1, '{}')`, venue, []byte(venue))
	h.exec(t, `INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor)
		VALUES ($1, $2, $3, $4, sha256($5), 'Ghost', 'film', now() + interval '99 days', now() + interval '99 days 2 hours',
			now() - interval '1 day', now() + interval '98 days', 'on_sale', 'USD', $6, $7)`,
		h.event, h.addUser(t), title, venue, []byte(venue), seats, seatPrice)
	for range seats {
		h.tickets = append(h.tickets, newID())
	}
	h.exec(t, `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT id, $1, 'Stalls', 'C', n, 'standard', $3 FROM unnest($2::text[]::uuid[]) WITH ORDINALITY AS t (id, n)`, h.event, h.tickets, seatPrice)
}

// sale is a booking with its payment page.
type sale struct {
	boxoffice.Booking
	attempt boxoffice.PaymentAttempt
	session boxoffice.PaymentSession
}

// open holds the next seat and opens its payment page.
func (h *hall) open(t testing.TB) sale {
	t.Helper()
	seat := h.tickets[0]
	h.tickets = h.tickets[1:]
	b, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: []string{seat}})
	require.NoError(t, err)
	a, err := h.store.OpenAttempt(t.Context(), boxoffice.CheckoutRequest{
		UserID: b.UserID, BookingID: b.ID, SuccessURL: "https://here/ok", CancelURL: "https://here/no",
	})
	require.NoError(t, err)
	s, err := h.stripe.CreateSession(t.Context(), a.Parameters)
	require.NoError(t, err)
	_, err = h.store.StoreSession(t.Context(), a.ID, s)
	require.NoError(t, err)
	return sale{b, a, s}
}

// pay pays a page, and gives its payment intent. We hear nothing of it.
func (h *hall) pay(t testing.TB, s sale, card string) (intent string) {
	t.Helper()
	var paid struct {
		Intent string `json:"payment_intent"`
	}
	h.tell(t, "/_sim/sessions/"+s.session.ID+"/pay", `{"email":"x@example.org","card_number":"`+card+`","late":true}`, &paid)
	require.NotEmpty(t, paid.Intent)
	return paid.Intent
}

// known is a sale whose payment we know of, with the intent and the payment's ID.
func (h *hall) known(t testing.TB, card string) (s sale, intent, payment string) {
	t.Helper()
	s = h.open(t)
	intent = h.pay(t, s, card)
	h.hear(t, s)
	return s, intent, one[string](t, h, `SELECT id::text FROM payments WHERE payment_intent = $1`, intent)
}

// hear brings the webhook that tells of a page.
func (h *hall) hear(t testing.TB, s sale) boxoffice.EventReceipt {
	t.Helper()
	now, err := h.stripe.Session(t.Context(), s.session.ID)
	require.NoError(t, err)
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), boxoffice.PaymentEvent{
		ID: "evt_" + s.session.ID, Type: "checkout.session.completed", APIVersion: "2023-10-16", ObjectID: s.session.ID, Payload: []byte(`{}`), Session: &now,
	})
	require.NoError(t, err)
	return receipt
}

// giveBack has a known payment given back, as its run does, and gives the provider's ID of the refund. We do not hear how it
// ends.
func (h *hall) giveBack(t testing.TB, s sale, payment string) (refund string) {
	t.Helper()
	now, err := h.store.VerifyHold(t.Context(), s.ID)
	require.NoError(t, err)
	now, err = h.store.Compensate(t.Context(), s.ID, now.Epoch, "It rains.")
	require.NoError(t, err)
	r, err := h.store.Refund(t.Context(), payment, 1)
	require.NoError(t, err)
	made, err := h.stripe.Refund(t.Context(), r)
	require.NoError(t, err)
	_, err = h.store.MarkRefund(t.Context(), s.ID, now.Epoch, made)
	require.NoError(t, err)
	return made.ID
}

// expire ends a booking whose page stays open at the provider.
func (h *hall) expire(t testing.TB, s sale) {
	t.Helper()
	h.exec(t, `UPDATE bookings SET hold_expires_at = boxoffice_now() - interval '1 second' WHERE id = $1`, s.ID)
	now, err := h.store.VerifyHold(t.Context(), s.ID)
	require.NoError(t, err)
	_, err = h.store.BeginClosing(t.Context(), s.ID, now.Epoch)
	require.NoError(t, err)
	_, err = h.store.ResolveAttempt(t.Context(), s.ID, now.Epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID})
	require.NoError(t, err)
	now, err = h.store.ReleaseSeats(t.Context(), s.ID, now.Epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingExpired, now.Status)
}

// age makes all that there is old enough for a pass.
func (h *hall) age(t testing.TB) {
	t.Helper()
	h.base.AdvanceClock(t, 6*time.Minute)
}

// pass takes a pass to its end, of which every state goes through JSON, as it does through Temporal.
func (h *hall) pass(t testing.TB, begin boxoffice.ReconcilePass) boxoffice.ReconcilePass {
	t.Helper()
	now := begin
	for steps := 0; now.Phase != boxoffice.ReconcileEnd; steps++ {
		require.Less(t, steps, 100, "it does not come to an end")
		next, err := h.Advance(t.Context(), now)
		require.NoError(t, err)
		stored, err := json.Marshal(next)
		require.NoError(t, err)
		now = boxoffice.ReconcilePass{}
		require.NoError(t, json.Unmarshal(stored, &now))
	}
	return now
}

// requireClean asserts that a pass finds nothing to mend and nothing to decide.
func (h *hall) requireClean(t testing.TB) {
	t.Helper()
	again := h.pass(t, boxoffice.ReconcilePass{})
	require.Empty(t, again.Repairs)
	require.Empty(t, again.Findings)
}

// tell talks JSON to the simulator.
func (h *hall) tell(t testing.TB, path, body string, answer any) {
	t.Helper()
	h.post(t, path, "application/json", body, answer)
}

// api calls Stripe's API as somebody else with our key does: an application, or a person in the dashboard.
func (h *hall) api(t testing.TB, path string, form url.Values) (id string) {
	t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	h.post(t, path, "application/x-www-form-urlencoded", form.Encode(), &made)
	return made.ID
}

func (h *hall) post(t testing.TB, path, kind, body string, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.sim.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", kind)
	request.SetBasicAuth(testKey, "")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, http.StatusMultipleChoices, string(said))
	if answer != nil {
		require.NoError(t, json.Unmarshal(said, answer))
	}
}

// intentOf gives the payment intent that the provider has, the only one.
func intentOf(t testing.TB, h *hall) string {
	t.Helper()
	page, err := h.Ledger.Payments(t.Context(), boxoffice.LedgerWindow{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, "")
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	return page.Items[0].PaymentIntent
}

// decline has a card refused on a page, and gives the payment intent of which nothing was captured.
func (h *hall) decline(t testing.TB, s sale) (intent string) {
	t.Helper()
	form := url.Values{"email": {"x@example.org"}, "card_number": {"4000000000000002"}, "exp": {"12/40"}, "cvc": {"123"}}
	response, err := http.PostForm(s.session.URL, form)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return intentOf(t, h)
}

// lose takes all bookings out of the database, as a restore of an older copy does.
func (h *hall) lose(t testing.TB) { h.loseAllBut(t, newID()) }

func (h *hall) loseAllBut(t testing.TB, keep string) {
	t.Helper()
	for _, sql := range []string{
		`DELETE FROM emails WHERE booking_id <> $1`, `DELETE FROM webhook_inbox WHERE booking_id IS DISTINCT FROM $1`,
		`DELETE FROM booking_timeline WHERE booking_id <> $1`,
		`DELETE FROM refunds r USING payments p WHERE p.id = r.payment_id AND p.booking_id <> $1`,
		`DELETE FROM payments WHERE booking_id <> $1`, `DELETE FROM payment_attempts WHERE booking_id <> $1`,
		`UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL, held_until = NULL WHERE booking_id <> $1`,
		`DELETE FROM booking_tickets WHERE booking_id <> $1`, `DELETE FROM bookings WHERE id <> $1`,
	} {
		h.exec(t, sql, keep)
	}
}

// mend ends all faults of the provider.
func (h *hall) mend(t testing.TB) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, h.sim.URL+"/_sim/faults", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}
