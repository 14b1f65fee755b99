package main

import (
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(15)
	m.Run()
}

// small are runs of the protocol as it is built that fit into the ordinary suite; `make model` makes the large ones.
var small = []config{
	run("no faults, two whole bookings", ""),
	run("two attempts, a ghost, a lost run", "", rival, faults, attempts),
	run("late money and another amount beside another page, a lost run", "", rival, loss, attempts, late, odd),
	run("banks that refuse, the event cancelled, tickets given back, a lost run", "", rival, loss, bank, planned),
}

// needed are the gaps that are seen soon.
var needed = []string{"gap 8:", "gap 15:", "gap 16:", "gap 17a:", "gap 18:", "gap 19:", "gap 20:", "gap 21:", "fence 1:", "break 3a:"}

func TestTheProtocolAsItIsBuilt(t *testing.T) {
	t.Parallel()
	var all coverage
	var lock sync.Mutex
	t.Run("runs", func(t *testing.T) {
		for _, c := range small {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				v := explore(c, func(line string) { t.Log(line) })
				require.Empty(t, v.found)
				lock.Lock()
				defer lock.Unlock()
				all.add(v.seen)
			})
		}
	})
	// What never happened was not checked.
	for s := range stepNames {
		idle := []step{stepNone, stepWait, stepLook, stepVoidSeats}
		require.Equal(t, !slices.Contains(idle, step(s)), all.steps[s], "%s changed something", stepNames[s])
	}
	for _, tr := range boxoffice.Transitions {
		from, to := slices.Index(statuses[:], tr.From), slices.Index(statuses[:], tr.To)
		require.True(t, all.transitions[from][to], "%s → %s was seen", tr.From, tr.To)
	}
}

func (c *coverage) add(other coverage) {
	for s, seen := range other.steps {
		c.steps[s] = c.steps[s] || seen
	}
	for from := range other.transitions {
		for to, seen := range other.transitions[from] {
			c.transitions[from][to] = c.transitions[from][to] || seen
		}
	}
}

// TestARuleThatIsDroppedIsMissed shows that the checker sees.
func TestARuleThatIsDroppedIsMissed(t *testing.T) {
	t.Parallel()
	for _, prefix := range needed {
		i := slices.IndexFunc(gaps, func(c config) bool { return c.name[:len(prefix)] == prefix })
		t.Run(gaps[i].name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, gaps[i].expect)
			require.Equal(t, gaps[i].expect, explore(gaps[i], nil).String())
		})
	}
}

func TestAKeyKeepsEveryVariable(t *testing.T) {
	t.Parallel()
	a := attempt{
		state: attemptSurplus, session: sessionLate, page: pageOut, ended: true, odd: true, settled: settledRefund,
		refund: refundFailed, bank: bankTookBack, over: true,
	}
	r := runner{step: stepEnd, attempt: 1, answer: bankRefused, current: true}
	b := booking{
		status: bookingRefunded, cancel: true, closing: true, late: true, extended: true, admitted: true, mail: true, check: true,
		signal: true, started: true, run: r, ghost: r, attempts: [2]attempt{a, a},
	}
	full := state{
		seats: [2]seat{{seatSold, rivals, untilForever}, {seatSold, rivals, untilForever}}, bookings: [2]booking{b, b},
		event: eventCancelled, ghostsLeft: 2, lossesLeft: 2,
	}
	require.Equal(t, full, full.pack().unpack())
	require.Equal(t, state{bookings: [2]booking{1: b}}, (&state{bookings: [2]booking{1: b}}).pack().unpack())
}
