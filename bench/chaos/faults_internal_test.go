package chaos

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func kinds(faults []Fault) (kinds []string) {
	for _, f := range faults {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

// The same seed breaks the same things in the same order, and each kind comes at least once.
func TestDeck_BySeed(t *testing.T) {
	t.Parallel()
	o := Options{Faults: []Fault{
		{Kind: "often", Track: TrackKills, Weight: 50}, {Kind: "seldom", Track: TrackKills, Weight: 1}, {Kind: "never", Track: TrackNetwork, Weight: 1},
	}}
	o.Seed = 1
	one, same := &run{o: o}, &run{o: o}
	o.Seed = 2
	other := &run{o: o}
	deck := kinds(one.deck(TrackKills, 1, 40, true))
	require.Len(t, deck, 40)
	require.Contains(t, deck, "often")
	require.Contains(t, deck, "seldom")
	require.NotContains(t, deck, "never")
	require.Equal(t, deck, kinds(same.deck(TrackKills, 1, 40, true)))
	require.NotEqual(t, deck, kinds(other.deck(TrackKills, 1, 40, true)))
}

// Only what was begun after a fault shows that the system has recovered from it.
func TestPulse_BegunAfterTheFault(t *testing.T) {
	t.Parallel()
	var p pulse
	before := time.Now()
	p.await("api", SignalAnswer)
	p.beat(SignalAnswer, before)
	require.Equal(t, []string{"api"}, p.unhealed(), "asked before the fault")
	p.beat(SignalHold, time.Now())
	require.Equal(t, 1, p.missing(), "something else")
	p.beat(SignalAnswer, time.Now())
	require.Empty(t, p.unhealed())
	require.Len(t, p.took["api"], 1)
}

// A kind of fault that met nothing proves nothing.
func TestStrikes_HitEachKind(t *testing.T) {
	t.Parallel()
	var s strikes
	both := []Fault{{Kind: "api"}, {Kind: "worker"}}
	s.add("api", 3)
	s.add("worker", 0)
	require.False(t, s.hit(both))
	s.add("worker", 1)
	require.True(t, s.hit(both))
}

// A fault that another one ended early has met nothing, so that it is asked for again.
func TestBreakOnce_CutShortIsNoHit(t *testing.T) {
	t.Parallel()
	r := &run{o: Options{Logger: slog.New(slog.DiscardHandler)}}
	defer r.traffic.enter(StageOpen)()
	done := func(context.Context) error { return nil }
	f := Fault{Kind: "pause", Track: TrackNetwork, Hits: StageOpen, Strike: done, Mend: done, CutShort: func() bool { return true }}
	require.NoError(t, r.breakOnce(t.Context(), f, 0))
	require.False(t, r.strikes.hit([]Fault{f}))
	r.pulse.beat(f.Heals, time.Now())
	f.CutShort = func() bool { return false }
	require.NoError(t, r.breakOnce(t.Context(), f, 0))
	require.True(t, r.strikes.hit([]Fault{f}))
}
