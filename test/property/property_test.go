package property

import (
	"testing"

	"pgregory.net/rapid"
)

// TestEveryBookingComesToItsRightEnd lets things happen in a random order, holds the invariants after each, and then lets
// the clocks, the sweep and the runs alone bring everything to its end.
func TestEveryBookingComesToItsRightEnd(t *testing.T) {
	th := newTheatre(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t.Context(), rt, th, 3)
		defer w.close()
		w.open(rt)
		rt.Repeat(map[string]func(*rapid.T){"": func(*rapid.T) { w.check() }, "act": w.act})
		w.settle(w.play)
	})
	t.Logf("what the runs did: %v", th.seen)
}
