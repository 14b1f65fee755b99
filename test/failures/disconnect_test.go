package failures

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// mostBackends is what the pools of an API and a worker have together: 8 connections each, and 4 apart for webhooks.
const mostBackends = 2 * (8 + 4)

// A thousand requests are broken off in the middle. The transactions under way come to their end, so that no connection to
// the database is lost over it and none is opened anew; a hold has all of its seats; buyers who stay are served.
func TestBuyersDropConnections_NoReconnectStorm(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	eventID := s.Showing(t)
	crowd := s.Customers(t, 50)
	seats := s.Pairs(t, eventID, 50)
	everybody(crowd, 4, func(c stack.Customer, _ int) { _, _ = c.Ask(t.Context(), http.MethodGet, "/bookings", "", nil) }) // opens the pool

	before := backends(t, s)
	watch := watchBackends(t, s)
	var answered int64
	var counting sync.Mutex
	everybody(crowd, 20, func(c stack.Customer, n int) {
		ctx, leave := context.WithTimeout(t.Context(), time.Duration(rand.IntN(200))*time.Millisecond)
		defer leave()
		if _, err := askAnything(ctx, c, n, eventID, seats[rand.IntN(len(seats))]); err == nil {
			counting.Lock()
			answered++
			counting.Unlock()
		}
	})
	most, seen := watch()
	fresh := slices.DeleteFunc(seen, func(pid int) bool { return slices.Contains(before, pid) })
	t.Logf("%d of 1000 requests were answered before the buyer left; at most %d backends, %d before, %d new", answered, most, len(before), len(fresh))
	require.Less(t, answered, int64(900), "hardly anybody left")
	require.LessOrEqual(t, most, mostBackends)
	require.LessOrEqual(t, len(fresh), mostBackends-len(before)+1, "connections were lost and opened anew")

	requireHoldsAreWhole(t, s, eventID)
	stayer := s.Customer(t)
	booking := stayer.Hold(t, s.Showing(t), 2)
	stayer.PayFor(t, booking.ID)
	s.RequireSoldOnce(t, stayer, stayer.AwaitEnd(t, 20*time.Second, booking.ID, "completed"))
}

// everybody has each customer do something so often, all customers at once.
func everybody(crowd []stack.Customer, times int, do func(c stack.Customer, n int)) {
	var busy sync.WaitGroup
	for _, c := range crowd {
		busy.Go(func() {
			for n := range times {
				do(c, n)
			}
		})
	}
	busy.Wait()
}

// askAnything is what buyers do all day, two bookings in five requests.
func askAnything(ctx context.Context, c stack.Customer, n int, eventID string, seats []string) (buyer.Answer, error) {
	switch n % 5 {
	case 0, 3:
		return c.Ask(ctx, http.MethodPost, "/book", "", seats)
	case 1:
		return c.Ask(ctx, http.MethodGet, "/events/"+eventID+"/seats", "", nil)
	case 2:
		return c.Ask(ctx, http.MethodGet, "/bookings", "", nil)
	default:
		return c.Ask(ctx, http.MethodGet, "/events/"+eventID, "", nil)
	}
}

// backends gives the server processes that serve the program.
func backends(t *testing.T, s *stack.System) []int {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `SELECT pid FROM pg_stat_activity WHERE application_name = 'boxoffice' ORDER BY pid`)
	require.NoError(t, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	return pids
}

// watchBackends looks at the backends all the time until it is asked: how many were there at most, and who were they?
func watchBackends(t *testing.T, s *stack.System) (stop func() (most int, seen []int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	most, seen := 0, map[int]bool{}
	watching.Go(func() {
		for ctx.Err() == nil {
			now := backends(t, s)
			most = max(most, len(now))
			for _, pid := range now {
				seen[pid] = true
			}
		}
	})
	return func() (int, []int) {
		cancel()
		watching.Wait()
		pids := make([]int, 0, len(seen))
		for pid := range seen {
			pids = append(pids, pid)
		}
		return most, pids
	}
}

// requireHoldsAreWhole asserts that each booking of an event has two seats, and each seat that is held its booking.
func requireHoldsAreWhole(t *testing.T, s *stack.System, eventID string) {
	t.Helper()
	var holds, torn, stray int
	require.NoError(t, s.DB.QueryRow(t.Context(), `
		WITH seats AS (SELECT b.id, count(*) FILTER (WHERE t.booking_id = b.id AND t.state = 'held') AS held
			FROM bookings b LEFT JOIN booking_tickets bt ON bt.booking_id = b.id LEFT JOIN tickets t ON t.id = bt.ticket_id
			WHERE b.event_id = $1 GROUP BY b.id)
		SELECT (SELECT count(*) FROM seats), (SELECT count(*) FROM seats WHERE held <> 2),
			(SELECT count(*) FROM tickets t WHERE t.event_id = $1 AND t.state = 'held' AND NOT EXISTS (SELECT FROM seats WHERE id = t.booking_id))`,
		eventID).Scan(&holds, &torn, &stray))
	require.Positive(t, holds)
	require.Zero(t, torn, "holds with a part of their seats")
	require.Zero(t, stray, "held seats of no booking")
}

// Two tabs of one buyer book at once, each with a key of its own: one of them gets its seats, the other is led to the
// booking that is open.
func TestTwoTabs_OneBooking(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	pairs := s.Pairs(t, s.Showing(t), 8)
	answers, failed := make([]buyer.Answer, len(pairs)), make([]error, len(pairs))
	var tabs sync.WaitGroup
	for i, seats := range pairs {
		tabs.Go(func() { answers[i], failed[i] = c.Ask(t.Context(), http.MethodPost, "/book", "tab-"+seats[0], seats) })
	}
	tabs.Wait()
	require.NoError(t, errors.Join(failed...))

	ids := c.BookingIDs(t)
	require.Len(t, ids, 1)
	won := 0
	for _, answer := range answers {
		if answer.Status == http.StatusCreated {
			won++
			continue
		}
		var problem buyer.Problem
		require.NoError(t, json.Unmarshal(answer.Body, &problem))
		require.Equal(t, http.StatusConflict, answer.Status)
		require.Equal(t, "/problems/open-booking-exists", problem.Type)
		require.Equal(t, "/bookings/"+ids[0], problem.Link)
	}
	require.Equal(t, 1, won)
}
