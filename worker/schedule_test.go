package worker

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// calendar is a scheduler that is away for some calls.
type calendar struct{ calls, away int }

func (c *calendar) Ensure(context.Context) error {
	if c.calls++; c.calls <= c.away {
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
	}
	return nil
}

// The schedules are made at the start, where Temporal does not answer at the next try, and then no more.
func TestSchedule(t *testing.T) {
	t.Parallel()
	for _, away := range []int{0, 3} {
		c := &calendar{away: away}
		Options{Schedules: c, SweepEvery: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}.schedule(t.Context())
		require.Equal(t, away+1, c.calls)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	c := &calendar{away: 1000}
	Options{Schedules: c, SweepEvery: time.Hour, Logger: slog.New(slog.DiscardHandler)}.schedule(stopped)
	require.LessOrEqual(t, c.calls, 1)
}
