package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func (h *house) backlog(t *testing.T) boxoffice.Backlog {
	t.Helper()
	b, err := h.store.Backlog(t.Context())
	require.NoError(t, err)
	// Time goes on between a test's steps; whole ten seconds of it are what it moved the clock by.
	b.RunWaits, b.ProviderWaits = b.RunWaits.Round(10*time.Second), b.ProviderWaits.Round(10*time.Second)
	return b
}

func TestBacklog(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	require.Equal(t, boxoffice.Backlog{}, h.backlog(t))
	h.soldBooking(t, h.addUser(t), h.tickets[0]) // its event is done
	strangers := h.strangers(t, 2)
	h.clock.AdvanceClock(t, 50*time.Second)
	require.Equal(t, boxoffice.Backlog{ProviderWaits: 50 * time.Second}, h.backlog(t), "a minute is for the sweep")

	h.clock.AdvanceClock(t, 20*time.Second)
	h.paid(t, h.addUser(t), h.tickets[1:2])
	require.Equal(t, boxoffice.Backlog{OverdueEvents: 2, ProviderWaits: 70 * time.Second}, h.backlog(t))
	h.clock.AdvanceClock(t, 100*time.Second)
	require.Len(t, h.claim(t), 2)
	require.Equal(t, boxoffice.Backlog{OverdueBookings: 2, RunWaits: 100 * time.Second, ProviderWaits: 170 * time.Second}, h.backlog(t),
		"the paid booking was due after half a minute, the mail of the sold one after a minute")

	h.exec(t, `UPDATE webhook_inbox SET given_up_at = boxoffice_now(), next_try_at = NULL WHERE stripe_event_id = ANY ($1)`, strangers)
	require.Zero(t, h.backlog(t).ProviderWaits, "what is given up waits for nobody")
}

// A refund that failed is stuck until the payment has gone back another way, and one that succeeded never was.
func TestBacklog_StuckRefunds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	back := h.refunding(t, h.addUser(t), h.tickets[:1])
	_, err := h.store.MarkRefund(t.Context(), back.ID, back.epoch, refundOf(back.payment, 1, boxoffice.RefundSucceeded))
	require.NoError(t, err)
	s := h.refunding(t, h.addUser(t), h.tickets[1:])
	require.Zero(t, h.backlog(t).StuckRefunds)
	_, err = h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundFailed))
	require.NoError(t, err)
	require.EqualValues(t, 1, h.backlog(t).StuckRefunds)
	h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) SELECT payment_id, 2, amount_minor, currency, 'again'
		FROM refunds WHERE payment_id = $1`, s.payment)
	require.Zero(t, h.backlog(t).StuckRefunds)
}

func TestPoolUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.hold(t, h.addUser(t), h.tickets...)
	conn, err := h.db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	h.backlog(t)
	shared, apart := h.db.PoolUse()[0], h.db.PoolUse()[1]
	require.Equal(t, []any{"shared", int32(1), int32(8)}, []any{shared.Name, shared.Used, shared.Max})
	require.Equal(t, []any{"apart", int32(0), int32(1), int32(4)}, []any{apart.Name, apart.Used, apart.Idle, apart.Max})
	require.Positive(t, shared.Waits, "the first connection had to be made")
	require.Positive(t, shared.Waited)
}
