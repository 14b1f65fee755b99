package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sized is a house in which each act took so many milliseconds, and twice that of the server's time.
func sized(tickets, ms int) *House {
	h := &House{Tickets: tickets, record: newRecord(), cpu: map[step]time.Duration{}}
	for _, what := range []step{stepRead, stepHold, stepConfirm, stepSweep} {
		for range 10 {
			h.record.steps[what] = append(h.record.steps[what], sample{took: time.Duration(ms) * time.Millisecond})
		}
		h.cpu[what] = time.Duration(20*ms) * time.Millisecond
	}
	return h
}

func TestScaleReport_Growth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ms     int
		growth float64
		kept   bool
	}{{10, 1, true}, {13, 1.3, true}, {14, 1.4, false}, {5, 0.5, true}} {
		r := ScaleReport{Most: 1.3, Sizes: []SizeReport{sized(10_000, 10).result(), sized(1_000_000, c.ms).result()}}
		r.Sizes[1].Hold.P95 *= 2
		r.compare()
		require.InDelta(t, c.growth, r.Sizes[1].Hold.Growth, 0)
		require.InDelta(t, c.growth, r.Sizes[1].Sweep.CPUGrowth, 0)
		require.InDelta(t, 2*c.growth, r.Sizes[1].Hold.P95Growth, 0)
		require.InDelta(t, 1, r.Sizes[0].Hold.Growth, 0)
		require.Equal(t, c.kept, r.Verdict() == nil)
		var text bytes.Buffer
		require.NoError(t, r.WriteTable(&text))
		require.Regexp(t, `1000000 .*\n +hold +10 `, text.String())
	}
	(&ScaleReport{}).compare()
}

// What is read is not what is sold from, which would be in memory by it.
func TestHouse_Draw(t *testing.T) {
	t.Parallel()
	events := map[string]int{}
	h := &House{
		Events: 1000, random: rand.New(rand.NewPCG(1, 3)), sold: map[int]int{}, NewUser: func(context.Context) (string, error) { return "u", nil },
		Event: func(n int) (string, []string) { return strconv.Itoa(n), []string{strconv.Itoa(n), strconv.Itoa(n)} },
	}
	for range turnSales {
		s, err := h.draw(t.Context())
		require.NoError(t, err)
		events[s.viewed]++
		require.Zero(t, events[s.tickets[0]])
	}
	require.Greater(t, len(events), turnSales/2)
}
