package failures

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	stripesim "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// adrift is a system among clocks that tests move: the database's, and the provider's, which is in the test's own process.
// The program's clock is the machine's, so it is off by the opposite.
type adrift struct {
	*stack.System
	provider *stripesim.Server
	ahead    atomic.Int64 // of the provider's clock
}

var drifting = sync.OnceValues(func() (*adrift, error) {
	a := &adrift{}
	dir, err := os.MkdirTemp(stack.Scratch, "provider-")
	if err != nil {
		return nil, err
	}
	a.provider, err = stripesim.Start(context.Background(), stripesim.Options{
		Dir: filepath.Join(dir, "stripe"), RetryMax: time.Second,
		Now: func() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) },
	})
	if err != nil {
		return nil, err
	}
	a.System, err = stack.StartShared("adrift", stack.Seeded, "STRIPE_API_BASE="+a.provider.URL,
		"BOXOFFICE_HOLD_DURATION="+stack.BriefHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	if a.System != nil {
		a.Beside(a.provider.Stop)
	}
	if err != nil {
		return a, err
	}
	return a, a.provider.SetWebhooks(stripesim.Endpoint{
		URL: a.Env["BOXOFFICE_URL"] + "/webhooks/stripe", Secret: a.Env["STRIPE_WEBHOOK_SECRET"], Events: payments.WebhookTypes(),
	})
})

// set moves the clocks of the database and of the provider away from the program's.
func (a *adrift) set(t *testing.T, database, provider time.Duration) {
	t.Helper()
	_, err := a.DB.Exec(context.WithoutCancel(t.Context()), fmt.Sprintf(`CREATE OR REPLACE FUNCTION boxoffice_now() RETURNS timestamptz
		LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() + interval '%d seconds' $$`, int64(database.Seconds())))
	require.NoError(t, err)
	a.ahead.Store(int64(provider))
	require.NoError(t, a.provider.AdvanceClock(0)) // what waits for a time looks at the clock again
}

// The clock of the API and the worker is ten minutes off. Holds begin and end by the database's all the same, and pages are
// sold. The provider's signatures are refused as stale, or as from the future, and counted; the payments that they would
// have told of are found when the pages close. Once the clock is right, the provider is heard.
func TestProgramsClockOff_HoldsGoByTheDatabase(t *testing.T) {
	a, err := drifting()
	require.NoError(t, err)
	s := stack.Of(t, func() (*stack.System, error) { return a.System, nil })
	s.Disturb()
	eventID := s.Showing(t)
	var page stack.Session
	for _, program := range []time.Duration{-10 * time.Minute, 10 * time.Minute} { // this order: refused webhooks wait by the provider's clock
		t.Run(program.String(), func(t *testing.T) {
			a.set(t, -program, -program)
			requireHoldEnds(t, s, eventID, -program)
			refused := s.Metric(t, refusedSignatures)
			c := s.Customer(t)
			booking, paid := s.Paid(t, c, c.FreeSeats(t, eventID, 2)...)
			page = paid
			s.AwaitMetric(t, refusedSignatures, refused+1)
			held, err := c.Booking(t.Context(), booking.ID)
			require.NoError(t, err)
			require.Equal(t, "held", held.Status, "a webhook was taken")
			booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			s.RequireSoldOnce(t, c, booking)
			s.RequireChargedOnce(t, booking.ID)
		})
	}
	a.set(t, 0, 0)
	s.AwaitInbox(t, page.ID, 1)
}

// refusedSignatures counts the webhooks that the API did not believe for their time, which operators are alerted by.
const refusedSignatures = `boxoffice_webhooks_received_total{outcome="stale"}`

// requireHoldEnds lets a hold end: by the database's clock, which is ahead of the test's.
func requireHoldEnds(t *testing.T, s *stack.System, eventID string, ahead time.Duration) {
	t.Helper()
	pair := s.Customers(t, 2)
	began := time.Now()
	booking := pair[0].Hold(t, eventID, 2)
	require.WithinDuration(t, began.Add(ahead+stack.BriefHold), booking.HoldExpiresAt, 2*time.Second)
	pair[0].AwaitEnd(t, 30*time.Second, booking.ID, "expired")
	took := time.Since(began)
	t.Logf("with the database's clock ahead by %s a hold of %s ended after %s", ahead, stack.BriefHold, took.Round(10*time.Millisecond))
	require.Greater(t, took, stack.BriefHold-time.Second)
	s.RequireFree(t, pair[1], booking, eventID)
}

// The database's clock alone is off. Ahead, nothing comes of it. Behind by more than what Stripe's pages have to spare, no
// page can be opened, and buyers are told so; no money moves, and holds end as ever.
func TestDatabasesClockOff(t *testing.T) {
	a, err := drifting()
	require.NoError(t, err)
	s := stack.Of(t, func() (*stack.System, error) { return a.System, nil })
	s.Disturb()
	pairs := s.Pairs(t, s.Showing(t), 2)
	t.Cleanup(func() { a.set(t, 0, 0) })

	a.set(t, 10*time.Minute, 0)
	c := s.Customer(t)
	booking, _ := s.Paid(t, c, pairs[0]...)
	booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)

	a.set(t, -10*time.Minute, 0)
	c = s.Customer(t)
	booking, err = c.Book(t.Context(), "", pairs[1]...)
	require.NoError(t, err)
	_, err = c.Checkout(t.Context(), booking.ID)
	stack.RequireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
	require.Empty(t, s.SessionsOf(t, booking.ID))
	c.AwaitEnd(t, 30*time.Second, booking.ID, "expired")
}
