package e2e

import (
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// A few people look around in a running system: everything is answered, and what they come back to is unchanged. No system
// answers within a microsecond, so the first rate is the last.
func TestBenchBrowse_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	r := measure[struct {
		Events int
		Steps  []struct {
			Search    measuredLatency `json:"search_ms"`
			Event     measuredLatency `json:"event_ms"`
			SeatMap   measuredLatency `json:"seat_map_ms"`
			SeatPlan  measuredLatency `json:"seat_plan_ms"`
			Unchanged float64
			HTTP5xx   int `json:"http_5xx"`
			Errors    map[string]int
			Kept      bool
		}
	}](t, "browse", "--url", s.Env["BOXOFFICE_URL"], "--users", "6", "--pause", "1s", "--duration", "5s", "--most", "1us", "--json")
	require.Positive(t, r.Events)
	require.Len(t, r.Steps, 1)
	step := r.Steps[0]
	require.False(t, step.Kept)
	require.Positive(t, step.Search.Count)
	require.Positive(t, step.Event.Count)
	require.GreaterOrEqual(t, step.SeatMap.Count, step.Event.Count)
	require.Positive(t, step.SeatPlan.Count)
	require.LessOrEqual(t, step.SeatPlan.Count, step.Event.Count, "a hall is loaded once")
	require.Positive(t, step.Unchanged)
	require.Zero(t, step.HTTP5xx)
	require.Empty(t, step.Errors)
}

func TestBenchBrowse_ErrWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for complaint, args := range map[string][]string{
		"--events must be": {"--events", "0"},
		"--users must be":  {"--users", "0"},
		"must be longer":   {"--step", "0s"},
	} {
		_, said, code := stack.RunProgram(t, nil, append([]string{"bench", "browse"}, args...)...)
		require.NotZero(t, code)
		require.Contains(t, said, complaint)
	}
}
