package worker

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// inbox is a store with events that are due, and a service that settles them or does not.
type inbox struct {
	boxoffice.BookingStore
	events  []boxoffice.PaymentEvent
	err     error
	away    map[string]bool // events of which the provider says nothing
	fates   map[string]boxoffice.EventFate
	settled []string
}

func (i *inbox) ClaimEvents(_ context.Context, limit int) ([]boxoffice.PaymentEvent, error) {
	return i.events[:min(limit, len(i.events))], i.err
}

func (i *inbox) SettleEvent(_ context.Context, e boxoffice.PaymentEvent) (boxoffice.EventFate, error) {
	i.settled = append(i.settled, e.ID)
	if i.away[e.ID] {
		return "", boxoffice.Errorf(boxoffice.CodeProviderUnknown, "away")
	}
	return i.fates[e.ID], nil
}

func dueEvents(ids ...string) *inbox {
	i := &inbox{away: map[string]bool{}, fates: map[string]boxoffice.EventFate{}}
	for _, id := range ids {
		i.events = append(i.events, boxoffice.PaymentEvent{ID: id})
	}
	return i
}

func TestSweepInbox(t *testing.T) {
	t.Parallel()
	sweep := func(ctx context.Context, i *inbox, batch int) []string {
		options := Options{Store: i, Settler: i, Logger: slog.New(slog.DiscardHandler), InboxBatch: batch}
		options.withDefaults().sweepInbox(ctx)
		return i.settled
	}
	t.Run("takes up every event that is due", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"e1", "e2"}, sweep(t.Context(), dueEvents("e1", "e2"), 0))
	})
	t.Run("takes no more than a batch, each is a call to the provider", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"e1", "e2"}, sweep(t.Context(), dueEvents("e1", "e2", "e3"), 2))
	})
	t.Run("goes on behind an event that is not settled", func(t *testing.T) {
		t.Parallel()
		i := dueEvents("e1", "e2", "e3")
		i.away["e1"] = true
		require.Equal(t, []string{"e1", "e2", "e3"}, sweep(t.Context(), i, 0))
	})
	t.Run("believes after some failures that the provider is away", func(t *testing.T) {
		t.Parallel()
		i := dueEvents("e1", "e2", "e3", "e4", "e5")
		i.away = map[string]bool{"e1": true, "e2": true, "e3": true}
		require.Equal(t, []string{"e1", "e2", "e3"}, sweep(t.Context(), i, 0))
	})
	t.Run("asks nobody at shutdown, nor when the store does not answer", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Empty(t, sweep(ctx, dueEvents("e1"), 0))
		i := dueEvents()
		i.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
		require.Empty(t, sweep(t.Context(), i, 0))
	})
	t.Run("says which event was given up", func(t *testing.T) {
		t.Parallel()
		i := dueEvents("e1", "e2")
		i.fates = map[string]boxoffice.EventFate{"e1": boxoffice.EventUnknown, "e2": boxoffice.EventGivenUp}
		var logs strings.Builder
		Options{Store: i, Settler: i, Logger: slog.New(slog.NewTextHandler(&logs, nil)), InboxBatch: 2}.sweepInbox(t.Context())
		require.Contains(t, logs.String(), "event=e2")
		require.NotContains(t, logs.String(), "event=e1", "what stays as it is fills no log")
	})
}

// What a sweep took up is counted, so that operators see that something falls through.
func TestSweepsCountWhatTheyTookUp(t *testing.T) {
	t.Parallel()
	counted, err := metrics.New(prometheus.NewRegistry())
	require.NoError(t, err)
	i := dueEvents("settled", "strange", "over", "unanswered")
	i.fates = map[string]boxoffice.EventFate{
		"settled": boxoffice.EventTaken, "strange": boxoffice.EventUnknown, "over": boxoffice.EventGivenUp,
	}
	i.away["unanswered"] = true
	o := due("b1", "b2", "b3", "busy")
	o.away["b2"] = true
	options := Options{Store: i, Settler: i, Logger: slog.New(slog.DiscardHandler), Metrics: counted}.withDefaults()
	options.sweepInbox(t.Context())
	options.Store, options.Nudger = o, o
	options.sweepBookings(t.Context())
	families, err := counted.Registry().Gather()
	require.NoError(t, err)
	counts := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			switch family.GetName() {
			case "boxoffice_sweep_wakes_total":
				counts[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			case "boxoffice_inbox_given_up_total":
				counts["given up"] = m.GetCounter().GetValue()
			}
		}
	}
	require.Equal(t, map[string]float64{"bookings": 2, "inbox": 1, "given up": 1}, counts)
}

// The series of a fault of ours is there before the first one, for every activity that is registered.
func TestActivityNames(t *testing.T) {
	t.Parallel()
	require.Contains(t, activityNames(), "IssueTickets")
	require.Contains(t, activityNames(), "GiveMailUp")
	require.Contains(t, activityNames(), "LoadEvents")
	require.NotContains(t, activityNames(), "Logger")
}
