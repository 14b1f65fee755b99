package worker

import (
	"context"
	"log/slog"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

// calledOff is a store with events whose runs are missing and may not be started.
type calledOff struct {
	boxoffice.CancellationStore
	events []string
	err    error
	away   map[string]bool
	woken  []string
}

func (c *calledOff) ClaimCallOffs(_ context.Context, limit int) ([]string, error) {
	return c.events[:min(limit, len(c.events))], c.err
}

func (c *calledOff) RunCallOff(_ context.Context, event string) error {
	c.woken = append(c.woken, event)
	if c.away[event] {
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
	}
	return nil
}

func TestSweepCallOffs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		away map[string]bool
		want []string
	}{
		"wakes every run that is missing":           {nil, nil, []string{"e1", "e2", "e3", "e4", "e5"}},
		"goes on behind one that cannot be woken":   {nil, map[string]bool{"e1": true}, []string{"e1", "e2", "e3", "e4", "e5"}},
		"believes after some that Temporal is away": {nil, map[string]bool{"e1": true, "e2": true, "e3": true}, []string{"e1", "e2", "e3"}},
		"wakes none when the store does not answer": {boxoffice.Errorf(boxoffice.CodeUnavailable, "away"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &calledOff{events: []string{"e1", "e2", "e3", "e4", "e5"}, err: test.err, away: test.away}
			o := Options{CallOffs: &activities.CallOffs{Store: c}, Canceller: c, Logger: slog.New(slog.DiscardHandler)}.withDefaults()
			o.sweepCallOffs(t.Context())
			require.Equal(t, test.want, c.woken)
		})
	}
}
