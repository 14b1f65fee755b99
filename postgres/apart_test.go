package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestWebhooks_AreNotHeldUpByBuyers takes every connection that buyers share, as those who wait for locked seats of several
// events can: a webhook is stored all the same, the sweeps go on, and the database counts as there.
func TestWebhooks_AreNotHeldUpByBuyers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	paid := h.open(t, h.addUser(t), h.tickets)
	h.park(t, "evt_parked", strange)
	for range h.db.Pool().Config().MaxConns {
		conn, err := h.db.Pool().Acquire(t.Context())
		require.NoError(t, err)
		defer conn.Release()
	}

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
}
