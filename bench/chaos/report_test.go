package chaos_test

import (
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/bench/chaos"
	"github.com/stretchr/testify/require"
)

// A run is good when no promise is broken and enough was seen; else its verdict says what is wrong.
func TestVerdict(t *testing.T) {
	t.Parallel()
	good := func() chaos.Report {
		return chaos.Report{
			Kills: 100, LeastKills: 100, Bookings: 500, LeastBookings: 500,
			Struck: map[string]chaos.Struck{"api": {Times: 3, InFlight: 1}, "worker": {Times: 1, InFlight: 1}},
		}
	}
	whole := good()
	require.NoError(t, whole.Verdict())
	for complaint, spoil := range map[string]func(*chaos.Report){
		"1 violations":                   func(r *chaos.Report) { r.Broken = []string{"sold twice: seat a"} },
		"did not come to their end":      func(r *chaos.Report) { r.Unsettled = 1 },
		"could not be counted: away":     func(r *chaos.Report) { r.Uncounted = "away" },
		"499 bookings were paid for":     func(r *chaos.Report) { r.Bookings = 499 },
		"99 kills of 100":                func(r *chaos.Report) { r.Kills = 99 },
		"worker never hit a booking":     func(r *chaos.Report) { r.Struck["worker"] = chaos.Struck{Times: 4} },
		"a fault of ours, 2 times":       func(r *chaos.Report) { r.Refusals = map[string]int{"500 internal": 2, "503 unavailable": 9} },
		"nothing worked again after api": func(r *chaos.Report) { r.Unhealed = []string{"api"} },
	} {
		t.Run(complaint, func(t *testing.T) {
			t.Parallel()
			r := good()
			spoil(&r)
			require.ErrorContains(t, r.Verdict(), complaint)
		})
	}
}

func TestWriteTable_NamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	r := chaos.Report{Broken: []string{"stuck: seat a"}, Struck: map[string]chaos.Struck{"relay": {Times: 2, InFlight: 2}}}
	var text strings.Builder
	require.NoError(t, r.WriteTable(&text))
	require.Contains(t, text.String(), "VIOLATION: stuck: seat a")
	require.Contains(t, text.String(), "relay")
}
