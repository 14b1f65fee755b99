package money

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/test/stack"
)

var (
	callOffBookings = flag.Int("call-off", 120, "bookings of the event that is called off amid kills; `make call-off` takes more")
	callOffRate     = flag.Int("call-off-rate", 10, "of them that are given back in a second")
)

const workerKills = 10

// cancellation is how far a calling off is, as the API says.
type cancellation struct {
	State        string `json:"state"`
	PausedReason string `json:"paused_reason"`
	Total        int    `json:"total"`
	Refunded     int    `json:"refunded"`
	Released     int    `json:"released"`
	Failed       int    `json:"failed"`
	Waiting      int    `json:"waiting"`
}

// A promoter calls off an event while the provider refuses, limits, breaks, and hangs up on a share of the calls, and the worker
// is killed ten times: every booking comes to one end, nobody's money goes back twice, and none stays.
func TestCallOff_AmidKills(t *testing.T) {
	t.Parallel()
	s := ownStack(t, "call-off")
	n, holds := *callOffBookings, 10
	people := s.Customers(t, 2+holds)
	promoter, buyer := people[0], people[1]
	_, err := s.DB.Exec(t.Context(), `UPDATE users SET role = 'admin' WHERE id = $1`, promoter.ID)
	require.NoError(t, err)
	event := s.Sold(t, promoter, buyer, n, holds)
	seats := buyer.FreeSeats(t, event, holds)
	for i, customer := range people[2:] {
		booking, err := customer.Book(t.Context(), "", seats[i])
		require.NoError(t, err)
		if i%2 == 0 {
			_, err = customer.Checkout(t.Context(), booking.ID)
			require.NoError(t, err)
		}
	}
	began := time.Now()
	refuse := stack.Fault{Target: "api", Kind: "error", Method: "POST", Path: "/v1/refunds", Status: 402, Share: 0.02}
	stack.Breaks(t, s.Stripe(), refuse,
		stack.Fault{Target: "api", Kind: "error", Path: "/v1/refunds", Status: 429, Share: 0.1},
		stack.Fault{Target: "api", Kind: "error", Path: "/v1/refunds", Status: 500, Share: 0.05},
		stack.Fault{Target: "api", Kind: "error_after", Method: "POST", Path: "/v1/refunds", Status: 500, Share: 0.05},
		stack.Fault{Target: "api", Kind: "timeout", Path: "/v1/refunds", DelayMS: 200, Share: 0.05},
		stack.Fault{Target: "api", Kind: "timeout_after", Method: "POST", Path: "/v1/refunds", DelayMS: 200, Share: 0.05})
	require.NoError(t, promoter.Call(t.Context(), "POST", "/events/"+event+"/cancel", map[string]string{"name": "The matinee", "reason": "The singer is ill."}, nil))
	require.NoError(t, promoter.Call(t.Context(), "POST", "/events/"+event+"/cancellation/throttle", map[string]int{"per_second": *callOffRate}, nil))
	killAtTenPoints(t, s, promoter, event)
	end := awaitCallOff(t, promoter, event, 8*time.Minute, func(c cancellation) bool { return c.State == "done" })
	t.Logf("%d bookings, %d kills: %+v after %s; histories of the runs: %v", n, workerKills, end, time.Since(began).Round(time.Second), s.CallOffRuns(t, event))

	require.Equal(t, []int{n + holds, holds, 0}, []int{end.Total, end.Released, end.Waiting})
	require.Equal(t, n, end.Refunded+end.Failed)
	require.Positive(t, end.Refunded)
	stack.Mends(t, s.Stripe())
	requireOneRefundEach(t, s, event)
	for _, length := range s.CallOffRuns(t, event) {
		require.Less(t, length, int64(10_240), "a history that Temporal warns of")
	}
	requireAudit(t, s, end.Failed)
}

// killAtTenPoints kills the worker ten times, spread over the whole.
func killAtTenPoints(t *testing.T, s *stack.System, promoter stack.Customer, event string) {
	t.Helper()
	for kill := range workerKills {
		awaitCallOff(t, promoter, event, 4*time.Minute, func(c cancellation) bool {
			return c.Total-c.Waiting >= kill*c.Total/(workerKills+2)
		})
		moment := time.NewTimer(time.Duration(rand.IntN(400)) * time.Millisecond)
		<-moment.C
		pid := s.Signal(t, "worker", syscall.SIGKILL)
		s.AwaitRestart(t, "worker", pid)
	}
}

func awaitCallOff(t *testing.T, who stack.Customer, event string, patience time.Duration, enough func(cancellation) bool) (c cancellation) {
	t.Helper()
	stack.Eventually(t, patience, func() error {
		c = cancellation{}
		err := who.Call(t.Context(), "GET", "/events/"+event+"/cancellation", nil, &c)
		if err == nil && !enough(c) {
			err = fmt.Errorf("it is at %+v", c)
		}
		return err
	})
	return c
}

// requireOneRefundEach holds our rows against the provider's: a booking that is refunded has one refund there, one whose refund
// was refused has none.
func requireOneRefundEach(t *testing.T, s *stack.System, event string) {
	t.Helper()
	made := s.RefundsByIntent(t)
	rows, err := s.DB.Query(t.Context(), `
		SELECT p.payment_intent, b.status, (SELECT count(*) FROM refunds r WHERE r.payment_id = p.id AND r.state = 'succeeded'),
			(SELECT count(*) FROM emails e WHERE e.booking_id = b.id AND e.status <> 'withdrawn')
		FROM bookings b JOIN payments p ON p.booking_id = b.id WHERE b.event_id = $1`, event)
	require.NoError(t, err)
	for rows.Next() {
		var intent, status string
		var refunds, mails int
		require.NoError(t, rows.Scan(&intent, &status, &refunds, &mails))
		want := map[string]int{"refunded": 1, "refunding": 0}[status]
		require.Equal(t, []int{want, want, 1}, []int{made[intent], refunds, mails}, "%s %s", status, intent)
	}
	require.NoError(t, rows.Err())
}

// requireAudit asserts that no promise is broken, and that for each refund that the provider has refused a person is asked. Each
// refund has a webhook that is asked about, five a second: with a thousand, that takes longer than the refunds.
func requireAudit(t *testing.T, s *stack.System, refused int) {
	t.Helper()
	stack.Eventually(t, 4*time.Minute, func() error {
		if got := s.AuditNow(t); len(got) > 0 {
			return fmt.Errorf("the audit finds %v", got)
		}
		var asked int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM support_tasks WHERE kind = 'refund-failed' AND closed_at IS NULL`).Scan(&asked)
		if err == nil && asked != refused {
			err = fmt.Errorf("%d tasks for %d refunds that were refused", asked, refused)
		}
		return err
	})
}

// ownStack starts a system of the test's own, which is stopped but not audited at its end: the test does so.
func ownStack(t *testing.T, name string) *stack.System {
	t.Helper()
	s, err := stack.Start(name, append([]string{"--ephemeral"}, stack.Seeded...), "BOXOFFICE_HOLD_DURATION=30m")
	if s != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(s.Tails())
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := s.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	require.NoError(t, err)
	return s
}

// putOn puts on an event of which so many bookings are sold, with its promoter.
func putOn(t *testing.T, s *stack.System, n int) (promoter stack.Customer, event string) {
	t.Helper()
	people := s.Customers(t, 2)
	_, err := s.DB.Exec(t.Context(), `UPDATE users SET role = 'organizer' WHERE id = $1`, people[0].ID)
	require.NoError(t, err)
	return people[0], s.Sold(t, people[0], people[1], n, 0)
}

func callOff(t *testing.T, promoter stack.Customer, event string) error {
	t.Helper()
	return promoter.Call(t.Context(), "POST", "/events/"+event+"/cancel", map[string]string{"name": "The matinee"}, nil)
}

// The money at the provider suffices for two refunds of six, and then the run is lost, too. It has paused by itself and asks a
// person for money; when that is there, a promoter resumes, and all of it goes back, each once.
func TestCallOff_BalanceRunsOutAndTheRunIsLost(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "balance", stack.Seeded)
	promoter, event := putOn(t, s, 6)
	balance := func(minor int) {
		require.NoError(t, stack.Tell("POST", s.Stripe()+"/_sim/balance", map[string]any{"currency": "usd", "available_minor": minor}, nil))
	}
	balance(2*1450 + 1)
	require.NoError(t, callOff(t, promoter, event))
	paused := awaitCallOff(t, promoter, event, time.Minute, func(c cancellation) bool { return c.State == "paused" && c.Refunded == 2 })
	require.Equal(t, cancellation{State: "paused", PausedReason: "balance", Total: 6, Refunded: 2, Waiting: 4}, paused)
	require.Equal(t, []int{1, 0}, tasksOf(t, s, event))
	require.NoError(t, s.Temporal.TerminateWorkflow(t.Context(), "cancel-event-"+event, "", "lost"))

	balance(100_000)
	require.NoError(t, promoter.Call(t.Context(), "POST", "/events/"+event+"/cancellation/resume", nil, nil))
	end := awaitCallOff(t, promoter, event, 3*time.Minute, func(c cancellation) bool { return c.State == "done" })
	require.Equal(t, cancellation{State: "done", Total: 6, Refunded: 6}, end)
	require.Equal(t, []int{0, 1}, tasksOf(t, s, event))
	requireOneRefundEach(t, s, event)
	require.Greater(t, len(s.CallOffRuns(t, event)), 1)
}

// tasksOf counts the support tasks of an event: open, and closed.
func tasksOf(t *testing.T, s *stack.System, event string) []int {
	t.Helper()
	var open, closed int
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE closed_at IS NULL), count(closed_at) FROM support_tasks
		WHERE event_id = $1 AND kind = 'refunds-paused'`, event).Scan(&open, &closed))
	return []int{open, closed}
}

// The API dies between calling an event off and starting its run: the sweep starts it.
func TestCallOff_KillAPIBeforeItsRunIsStarted(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "off-not-started", stack.Seeded)
	promoter, event := putOn(t, s, 3)
	_, led := s.KillAt(t, "api", bookings.PointOffNotStarted, func() error { return callOff(t, promoter, event) })
	require.Error(t, led, "its answer is lost")
	s.AwaitReady(t)
	end := awaitCallOff(t, promoter, event, 2*time.Minute, func(c cancellation) bool { return c.State == "done" })
	require.Equal(t, cancellation{State: "done", Total: 3, Refunded: 3}, end)
	require.NoError(t, callOff(t, promoter, event), "who asks again is told that it is done")
}
