package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A soak of seconds reads every vital, lets some buyers leave, and says that it is too short to be judged.
func TestBenchSoak_OK(t *testing.T) {
	t.Parallel()
	r := measure[struct {
		sold
		Begun, Abandoned int
		Vitals           []struct {
			Name   string
			Thirds [3]float64
			Judged bool
		}
	}](t, "soak", "--duration", "8s", "--rate", "3", "--abandoned", "40", "--every", "1s", "--json")
	require.Empty(t, r.Errors)
	require.Positive(t, r.Bookings+r.Late)
	require.Positive(t, r.Abandoned)
	require.LessOrEqual(t, r.Bookings+r.Late+r.Abandoned, r.Begun)
	require.NotNil(t, r.Violations)
	require.Zero(t, *r.Violations)
	read := map[string]float64{}
	for _, v := range r.Vitals {
		read[v.Name] = v.Thirds[2]
		require.False(t, v.Judged, v.Name)
	}
	for _, name := range []string{
		"api, memory", "api, heap in use", "api, goroutines", "api, open files", "worker, memory", "worker, heap in use", "worker, goroutines",
		"worker, open files", "temporal, memory", "postgres, memory", "connections of Postgres", "tickets with their indexes",
		"runs under way", "events in a run's history", "database", "Temporal's file",
	} {
		require.Positive(t, read[name], name)
	}
}
