package worker

import (
	"context"
	"log/slog"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// overdue is a store with bookings that are due, and runs that may not be reached.
type overdue struct {
	boxoffice.BookingStore
	refs   []boxoffice.BookingRef
	err    error
	away   map[string]bool
	nudged []string
}

func (o *overdue) ClaimOverdue(_ context.Context, limit int) ([]boxoffice.BookingRef, error) {
	return o.refs[:min(limit, len(o.refs))], o.err
}

func (o *overdue) NudgeOverdue(_ context.Context, ref boxoffice.BookingRef) (woken bool, err error) {
	o.nudged = append(o.nudged, ref.BookingID)
	if o.away[ref.BookingID] {
		return false, boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
	}
	return ref.BookingID != "busy", nil
}

func due(ids ...string) *overdue {
	o := &overdue{away: map[string]bool{}}
	for _, id := range ids {
		o.refs = append(o.refs, boxoffice.BookingRef{BookingID: id})
	}
	return o
}

func TestSweepBookings(t *testing.T) {
	t.Parallel()
	sweep := func(ctx context.Context, o *overdue, batch int) []string {
		options := Options{Store: o, Nudger: o, Logger: slog.New(slog.DiscardHandler), SweepBatch: batch}
		options.withDefaults().sweepBookings(ctx)
		return o.nudged
	}
	t.Run("wakes every booking that is due", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"b1", "b2", "b3"}, sweep(t.Context(), due("b1", "b2", "b3"), 0))
	})
	t.Run("takes no more than a batch", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"b1", "b2"}, sweep(t.Context(), due("b1", "b2", "b3"), 2))
	})
	t.Run("goes on behind a booking whose run cannot be woken", func(t *testing.T) {
		t.Parallel()
		o := due("b1", "b2", "b3")
		o.away["b1"] = true
		require.Equal(t, []string{"b1", "b2", "b3"}, sweep(t.Context(), o, 0))
	})
	t.Run("believes after some failures that Temporal is away", func(t *testing.T) {
		t.Parallel()
		o := due("b1", "b2", "b3", "b4", "b5")
		o.away = map[string]bool{"b1": true, "b2": true, "b3": true}
		require.Equal(t, []string{"b1", "b2", "b3"}, sweep(t.Context(), o, 0))
	})
	t.Run("wakes nobody at shutdown, nor when the store does not answer", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Empty(t, sweep(ctx, due("b1"), 0))
		o := due()
		o.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
		require.Empty(t, sweep(t.Context(), o, 0))
	})
}
