package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestWebhooks_AreNotHeldUpByBuyers lets buyers wait for one locked seat until they hold every connection that they share:
// a webhook is stored all the same, the sweeps go on, and the database counts as there.
func TestWebhooks_AreNotHeldUpByBuyers(t *testing.T) {
	t.Parallel()
	const connections, crowd = 16, 20
	h := newHouse(t, 2)
	paid := h.open(t, h.addUser(t), h.tickets[1:])
	waiting := make([]boxoffice.HoldRequest, crowd)
	for i := range waiting {
		waiting[i] = boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: h.tickets[:1]}
	}
	h.park(t, "evt_parked", strange)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM tickets WHERE id = $1 FOR UPDATE`, h.tickets[0])
	require.NoError(t, err)

	ends := make(chan error, crowd)
	for _, req := range waiting {
		go func() {
			_, _, _, err := h.store.HoldSeats(t.Context(), req)
			ends <- err
		}()
	}
	eventually(t, "the buyers hold all connections", func(ctx context.Context) bool {
		var blocked int
		err := h.own.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'boxoffice' AND wait_event_type = 'Lock'`).Scan(&blocked)
		return err == nil && blocked == connections
	})
	require.EqualValues(t, connections, h.db.Pool().Stat().AcquiredConns())

	moment, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	receipt, err := h.store.ReceivePaymentEvent(moment, sessionEvent("evt_1", sessionOf(paid.attempt, boxoffice.SessionComplete)))
	require.NoError(t, err)
	require.Equal(t, paid.ID, receipt.Booking.BookingID)
	_, err = h.store.ClaimOverdue(moment, 10)
	require.NoError(t, err)
	events, err := h.store.ClaimEvents(moment, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	_, err = h.store.PutOffEvent(moment, events[0].ID, "the provider does not know it")
	require.NoError(t, err)
	require.NoError(t, h.db.Ping(moment))
	require.Empty(t, ends, "the buyers waited all the time")

	require.NoError(t, tx.Rollback(t.Context()))
	for range crowd {
		if err := <-ends; err != nil {
			requireCode(t, boxoffice.CodeSeatsTaken, err)
		}
	}
}
