package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/stretchr/testify/require"
)

// TestLockedSeats_LeaveThePoolToOthers locks the seats of an event while more buyers want them than the pool has
// connections: all of them are refused in time, and a buyer of another event does not wait for them.
func TestLockedSeats_LeaveThePoolToOthers(t *testing.T) {
	t.Parallel()
	const lockTimeout = 3 * time.Second
	h := newHouse(t, 12)
	_, elsewhere := h.addEvent(t, 1)
	small, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{MaxConns: 4, LockTimeout: lockTimeout})
	require.NoError(t, err)
	defer small.Close()
	store := small.Bookings(houseRules)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets WHERE event_id = $1 FOR UPDATE`, h.event)
	require.NoError(t, err)

	crowd := make([]string, len(h.tickets))
	for i := range crowd {
		crowd[i] = h.addUser(t)
	}
	user := h.addUser(t)
	var waiting sync.WaitGroup
	refused, began := make([]error, len(crowd)), time.Now()
	for i, ticket := range h.tickets {
		waiting.Go(func() {
			_, _, _, refused[i] = store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: crowd[i], TicketIDs: []string{ticket}})
		})
	}
	h.waitUntilBlocked(t)
	blocked := h.blocked(t)
	_, _, _, err = store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: elsewhere})
	require.NoError(t, err)
	require.Equal(t, blocked, h.blocked(t), "who wants other seats waited for those that wait for the lock")
	waiting.Wait()
	require.Less(t, time.Since(began), 2*lockTimeout)
	for _, err := range refused {
		require.Positive(t, requireCode(t, boxoffice.CodeUnavailable, err).RetryAfter)
	}

	require.NoError(t, tx.Rollback(t.Context()))
	_, _, _, err = store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[:1]})
	require.NoError(t, err, "the lane is free again")
}

// blocked names the statements that wait for a lock.
func (h *house) blocked(t *testing.T) string {
	t.Helper()
	return one[string](t, h, `
		SELECT coalesce(string_agg(pid || ' since ' || query_start, ', ' ORDER BY pid), '') FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
}

// TestLockedSeats_OKOnceUnlocked waits for a transaction that lets go in time.
func TestLockedSeats_OKOnceUnlocked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	user := h.addUser(t)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets WHERE id = $1 FOR UPDATE`, h.tickets[1])
	require.NoError(t, err)
	held := make(chan error, 1)
	go func() {
		_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets})
		held <- err
	}()
	h.waitUntilBlocked(t)
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-held)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'held'`))
}
