package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

const salePrice = 1450 // minor units of a seat of Sold

// Sold puts on an event of an organizer with a seat for each of n bookings, which are sold, and so many free ones. The bookings are
// written to the database as their runs would leave them, and the provider has their payments: making them by buyers and runs
// costs 60 ms of CPU each, and is tested on its own.
func (s *System) Sold(t *testing.T, organizer, buyer Customer, n, free int) (eventID string) {
	t.Helper()
	Breaks(t, s.Stripe(), Fault{Target: "webhook", Kind: "drop"}) // nobody waits for them
	sessions, intents := make([]string, n), make([]string, n)
	paying, ctx := errgroup.WithContext(t.Context())
	paying.SetLimit(8)
	for i := range n {
		paying.Go(func() (err error) {
			sessions[i], intents[i], err = s.takeMoney(ctx, buyer.Email)
			return err
		})
	}
	require.NoError(t, paying.Wait())
	Mends(t, s.Stripe())
	id, err := uuid.NewV7()
	require.NoError(t, err)
	_, err = s.DB.Exec(t.Context(), `
		INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at, sales_close_at, status,
			currency, seats, price_from_minor)
		SELECT $1, $2, title_id, venue_id, plan_hash, 'The matinee', type, starts_at, ends_at, sales_open_at, sales_close_at, 'on_sale', currency, $3, $4
		FROM events WHERE id = $5`, id, organizer.ID, n+free, salePrice, s.Showing(t))
	require.NoError(t, err)
	_, err = s.DB.Exec(t.Context(), `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT gen_random_uuid(), $1, 'Stalls', 'A', n, 'Standard', $3 FROM generate_series(1, $2) n`, id, n+free, salePrice)
	require.NoError(t, err)
	_, err = s.DB.Exec(t.Context(), soldBookings, id, buyer.ID, sessions, intents, salePrice)
	require.NoError(t, err)
	_, err = s.DB.Exec(t.Context(), `UPDATE tickets t SET state = 'sold', booking_id = bt.booking_id, holder_id = $2
		FROM booking_tickets bt WHERE bt.ticket_id = t.id AND t.event_id = $1`, id, buyer.ID)
	require.NoError(t, err)
	return id.String()
}

// soldBookings writes bookings of the event $1 and the user $2, one for each payment, each of the next seat.
const soldBookings = `
	WITH sold AS (
		SELECT p.session, p.intent, t.id AS ticket, gen_random_uuid() AS booking, gen_random_uuid() AS attempt, p.n
		FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS p (session, intent, n) JOIN tickets t ON t.event_id = $1 AND t.number = p.n),
	b AS (
		INSERT INTO bookings (id, reference, user_id, event_id, status, amount_minor, currency, hold_expires_at, epoch, blob_key, completed_at)
		SELECT booking, upper(lpad(to_hex(n), 8, '0')), $2, $1, 'completed', $5, 'USD', boxoffice_now(), 1, 'tickets/' || booking, boxoffice_now() FROM sold),
	a AS (
		INSERT INTO payment_attempts (id, booking_id, state, parameters, amount_minor, currency, session_id, expires_at)
		SELECT attempt, booking, 'paid', '{}', $5, 'USD', session, boxoffice_now() FROM sold),
	p AS (
		INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency, settled_as, settled_at)
		SELECT gen_random_uuid(), booking, attempt, session, intent, $5, 'USD', 'sale', boxoffice_now() FROM sold),
	bt AS (INSERT INTO booking_tickets (booking_id, ticket_id, price_minor) SELECT booking, ticket, $5 FROM sold)
	INSERT INTO admissions (id, booking_id, ticket_id) SELECT gen_random_uuid(), booking, ticket FROM sold`

// takeMoney makes a payment at the provider, past us.
func (s *System) takeMoney(ctx context.Context, email string) (sessionID, intent string, err error) {
	form := url.Values{
		"mode": {"payment"}, "success_url": {s.Env["BOXOFFICE_URL"]}, "payment_method_types[0]": {"card"}, "line_items[0][quantity]": {"1"},
		"line_items[0][price_data][currency]": {"usd"}, "line_items[0][price_data][unit_amount]": {fmt.Sprint(salePrice)},
		"line_items[0][price_data][product_data][name]": {"A seat"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Stripe()+"/v1/checkout/sessions", strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	request.SetBasicAuth(s.Env["STRIPE_API_KEY"], "")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", "", err
	}
	var made, paid Session
	if err = errors.Join(json.NewDecoder(response.Body).Decode(&made), response.Body.Close()); err != nil || made.ID == "" {
		return "", "", fmt.Errorf("the provider makes no page: %s %w", response.Status, err)
	}
	err = Tell(http.MethodPost, s.Stripe()+"/_sim/sessions/"+made.ID+"/pay", map[string]any{"email": email, "card_number": GoodCard}, &paid)
	return paid.ID, paid.Intent, err
}

// RefundsByIntent counts the refunds that the provider has of each payment.
func (s *System) RefundsByIntent(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	require.NoError(t, each(t.Context(), s, "/v1/refunds", func(refund movement) { found[refund.Intent]++ }))
	return found
}

// AuditNow is boxoffice audit, and gives the promises that it finds broken, by how often.
func (s *System) AuditNow(t *testing.T) map[string]int {
	t.Helper()
	out, _, _ := RunProgram(t, []string{"DATABASE_URL=" + s.Env["DATABASE_URL"]}, "audit", "--grace", "5s", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var report struct {
		Violations []struct{ Promise string }
		More       map[string]int
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &report), out)
	broken := map[string]int{}
	for _, v := range report.Violations {
		broken[v.Promise]++
	}
	for promise, more := range report.More {
		broken[promise] += more
	}
	return broken
}
