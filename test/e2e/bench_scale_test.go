package e2e

import (
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// The same sales are made among few tickets and among more.
func TestBenchScale_OK(t *testing.T) {
	t.Parallel()
	type act struct {
		measuredLatency
		Growth float64
	}
	r := measure[struct {
		Sizes []struct {
			Tickets, Bytes       int
			Hold, Confirm, Sweep act
			SeatMap              act `json:"seat_map"`
		}
	}](t, "scale", "--sizes", "400,2000", "--sales", "40", "--most", "1000", "--json")
	require.Len(t, r.Sizes, 2)
	for i, tickets := range []int{400, 2000} {
		size := r.Sizes[i]
		require.Equal(t, tickets, size.Tickets)
		require.Positive(t, size.Bytes)
		require.Equal(t, 40, size.Hold.Count)
		require.Positive(t, size.Confirm.Count)
		require.LessOrEqual(t, size.Confirm.Count, 40)
		require.Equal(t, 2, size.Sweep.Count, "one of each turn")
		for _, a := range []act{size.SeatMap, size.Hold, size.Confirm, size.Sweep} {
			require.Positive(t, a.P50)
			require.Positive(t, a.Growth)
		}
	}
	require.InDelta(t, 1, r.Sizes[0].Hold.Growth, 0)
}

func TestBenchScale_ErrWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for complaint, args := range map[string][]string{
		"--sizes must rise":    {"--sizes", "2000,400"},
		"--sales must be":      {"--sizes", "400", "--sales", "101"},
		"choose smaller ones":  {"--sizes", "100000000"},
		"--most must be above": {"--most", "0"},
	} {
		_, said, code := stack.RunProgram(t, nil, append([]string{"bench", "scale"}, args...)...)
		require.NotZero(t, code)
		require.Contains(t, said, complaint)
	}
}
