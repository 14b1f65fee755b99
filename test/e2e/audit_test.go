package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
)

// promises are queries that count what must never be. Each has its sabotage: what breaks it for a completed booking.
var promises = []struct{ broken, sql, sabotage string }{
	{"seats sold without a payment that bought them", `
		SELECT count(*) FROM tickets t WHERE t.state = 'sold' AND NOT EXISTS (
			SELECT FROM payments p WHERE p.booking_id = t.booking_id AND p.settled_as = 'sale')`,
		`UPDATE payments SET settled_as = 'refund' WHERE booking_id = $1`},
	{"seats sold to a booking that is no sale, or to somebody else than its user", `
		SELECT count(*) FROM tickets t JOIN bookings b ON b.id = t.booking_id
		WHERE t.state = 'sold' AND (b.status NOT IN ('confirmed', 'completed') OR t.holder_id <> b.user_id)`,
		`UPDATE bookings SET status = 'expired' WHERE id = $1`},
	{"completed bookings that have not all their seats", `
		SELECT count(*) FROM bookings b WHERE b.status = 'completed' AND
			(SELECT count(*) FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NULL)
			<> (SELECT count(*) FROM tickets t WHERE t.booking_id = b.id AND t.state = 'sold')`,
		`UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL WHERE booking_id = $1 AND number % 2 = 0`},
	{"completed bookings without as many valid admissions as seats", `
		SELECT count(*) FROM bookings b WHERE b.status = 'completed' AND
			(SELECT count(*) FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NULL)
			<> (SELECT count(*) FROM admissions a WHERE a.booking_id = b.id AND a.voided_at IS NULL)`,
		`UPDATE admissions SET voided_at = boxoffice_now() WHERE booking_id = $1`},
	{"completed bookings that were not paid exactly", `
		SELECT count(*) FROM bookings b WHERE b.status = 'completed' AND NOT EXISTS (
			SELECT FROM payments p WHERE p.booking_id = b.id AND p.settled_as = 'sale'
				AND p.amount_minor = b.amount_minor AND p.currency = b.currency)`,
		`UPDATE payments SET amount_minor = amount_minor + 1 WHERE booking_id = $1`},
	{"payments neither sold nor given back", `
		SELECT count(*) FROM payments p WHERE p.settled_as IS NULL OR (p.settled_as = 'refund' AND p.amount_minor <> (
			SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND r.state = 'succeeded'))`,
		`UPDATE payments SET settled_as = NULL, settled_at = NULL WHERE booking_id = $1`},
	{"seats held for a booking that holds none", `
		SELECT count(*) FROM tickets t JOIN bookings b ON b.id = t.booking_id WHERE t.state = 'held' AND b.status <> 'held'`,
		`UPDATE tickets SET state = 'held', holder_id = NULL, held_until = 'infinity' WHERE booking_id = $1`},
	{"payment pages that can be paid for a booking that is over", `
		SELECT count(*) FROM payment_attempts a JOIN bookings b ON b.id = a.booking_id
		WHERE a.state = 'live' AND b.status IN ('completed', 'expired', 'cancelled', 'refunded')`,
		`UPDATE payment_attempts SET state = 'live' WHERE booking_id = $1`},
	{"completed bookings without a mail that was sent", `
		SELECT count(*) FROM bookings b WHERE b.status = 'completed' AND NOT EXISTS (
			SELECT FROM emails e WHERE e.booking_id = b.id AND e.status = 'sent')`,
		`UPDATE emails SET status = 'failed', sent_at = NULL WHERE booking_id = $1`},
}

// The audit that ends every run of these tests sees each promise that is broken.
func TestAudit_SeesEachBrokenPromise(t *testing.T) {
	t.Parallel()
	s := of(t, usual)
	c := s.customer(t)
	booking := c.hold(t, s.showing(t), 2)
	c.payFor(t, booking.ID)
	booking = c.await(t, 20*time.Second, booking.ID, "completed")
	s.requireSoldOnce(t, c, booking)
	for _, promise := range promises {
		tx, err := s.db.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), promise.sabotage, booking.ID)
		require.NoError(t, err, promise.broken)
		var n int
		require.NoError(t, tx.QueryRow(t.Context(), promise.sql).Scan(&n))
		require.Positive(t, n, promise.broken)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

// auditPatience is for what is still under way when the last test is done.
const auditPatience = 20 * time.Second

// audit holds the rows against the promises, and the payments in the rows against those that the provider took.
func (s *system) audit(ctx context.Context) (err error) {
	if s.db == nil {
		return errors.New("it never became ready")
	}
	for _, promise := range promises {
		err = errors.Join(err, s.auditOne(ctx, promise.broken, promise.sql))
	}
	taken, takenErr := s.charged(ctx)
	var received, earned int64
	rowsErr := s.db.QueryRow(ctx, `
		SELECT (SELECT coalesce(sum(amount_minor), 0) FROM payments),
			(SELECT coalesce(sum(amount_minor), 0) FROM bookings WHERE status IN ('confirmed', 'completed'))
			+ (SELECT coalesce(sum(amount_minor), 0) FROM payments WHERE settled_as = 'refund')`).Scan(&received, &earned)
	if taken != received || received != earned {
		err = errors.Join(err, fmt.Errorf("the provider took %d, the payments say %d, sales and refunds come to %d", taken, received, earned))
	}
	return errors.Join(err, takenErr, rowsErr, s.auditRuns(ctx))
}

// auditRuns asserts that where nothing was killed every booking had one run, and none two: a second one would have found
// nothing to do, at the price of a booking's. Only a booking that was cancelled before its run began needs none.
func (s *system) auditRuns(ctx context.Context) error {
	if s.disturbed {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return poll(ctx, func() error { // what Temporal lists comes a moment late
		var bookings, needed int64
		err := s.db.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE status <> 'cancelled') FROM bookings`).Scan(&bookings, &needed)
		if err != nil {
			return err
		}
		runs, err := s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: `WorkflowType = 'Booking'`})
		if n := runs.GetCount(); err == nil && (n < needed || n > bookings) {
			err = fmt.Errorf("%d bookings, %d of them not cancelled, had %d runs", bookings, needed, n)
		}
		return err
	})
}

func (s *system) auditOne(ctx context.Context, broken, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return poll(ctx, func() error {
		var n int
		if err := s.db.QueryRow(ctx, sql).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%d %s", n, broken)
		}
		return nil
	})
}

// charged is what the provider took in all, in minor units.
func (s *system) charged(ctx context.Context) (total int64, err error) {
	var page struct {
		HasMore bool `json:"has_more"`
		Data    []struct {
			ID       string `json:"id"`
			Paid     bool   `json:"paid"`
			Captured int64  `json:"amount_captured"`
		} `json:"data"`
	}
	for after := ""; ; after = "&starting_after=" + page.Data[len(page.Data)-1].ID {
		page.Data = nil
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.env["STRIPE_API_BASE"]+"/v1/charges?limit=100"+after, http.NoBody)
		if err != nil {
			return 0, err
		}
		request.SetBasicAuth(s.env["STRIPE_API_KEY"], "")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		err = json.NewDecoder(response.Body).Decode(&page)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return 0, err
		}
		if response.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("the provider answers %s", response.Status)
		}
		for _, charge := range page.Data {
			if charge.Paid {
				total += charge.Captured
			}
		}
		if !page.HasMore || len(page.Data) == 0 {
			return total, nil
		}
	}
}
