package bench

import (
	"bytes"
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
		r.compare()
		require.InDelta(t, c.growth, r.Sizes[1].Hold.Growth, 0)
		require.InDelta(t, c.growth, r.Sizes[1].Sweep.CPUGrowth, 0)
		require.InDelta(t, 1, r.Sizes[0].Hold.Growth, 0)
		require.Equal(t, c.kept, r.Verdict() == nil)
		var text bytes.Buffer
		require.NoError(t, r.WriteTable(&text))
		require.Regexp(t, `1000000 .*\n +hold +10 `, text.String())
	}
	(&ScaleReport{}).compare()
}
