package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows that are written again leave old versions behind, until the server is told to clean up.
func TestVitals_SeeWhatIsLeftBehindAndTidyRemovesIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 100)
	h.exec(t, `ALTER TABLE tickets SET (autovacuum_enabled = false)`)
	h.exec(t, `UPDATE tickets SET state = 'blocked'`)
	h.exec(t, `UPDATE tickets SET state = 'available'`)
	eventually(t, "the server has counted the old versions", func(ctx context.Context) bool {
		v, err := h.db.Vitals(ctx)
		require.NoError(t, err)
		require.Positive(t, v.Connections)
		require.Positive(t, v.TicketBytes)
		require.Zero(t, v.DeadBookings)
		return v.DeadTickets > 0.2 && v.DeadTickets < 1
	})
	require.NoError(t, h.db.Tidy(t.Context()))
	eventually(t, "and that they are gone", func(ctx context.Context) bool {
		v, err := h.db.Vitals(ctx)
		require.NoError(t, err)
		return v.DeadTickets == 0
	})
}
