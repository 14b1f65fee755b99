package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// A few people look around in a running system, and what they come back to is unchanged. No system answers within a microsecond,
// so the first rate is the last, and the run fails, as it should. Search may be away for a moment where the machine is busy.
func TestBenchBrowse_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	out, complaint, code := stack.RunProgram(t, nil, "bench", "browse", "--url", s.Env["BOXOFFICE_URL"], "--users", "6", "--pause", "1s",
		"--duration", "5s", "--most", "1us", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r struct {
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
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &r), "%s\n%s", complaint, out)
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
	away := step.Errors["search: 503 unavailable"]
	require.Equal(t, away, step.HTTP5xx)
	delete(step.Errors, "search: 503 unavailable")
	require.Empty(t, step.Errors)
	require.NotZero(t, code)
	require.Contains(t, complaint, "at the users' own rate")
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
