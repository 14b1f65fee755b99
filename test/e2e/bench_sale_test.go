package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// sold is what a measurement of a sale prints last.
type sold struct {
	Bookings   int                `json:"bookings"`
	Late       int                `json:"bookings_late"`
	SeatsSold  int                `json:"seats_sold"`
	Hold       measuredLatency    `json:"hold_ms"`
	Loser      measuredLatency    `json:"loser_ms"`
	Ticket     measuredLatency    `json:"pay_to_ticket_ms"`
	HTTP5xx    *int               `json:"http_5xx"`
	Errors     map[string]int     `json:"errors"`
	CPU        map[string]float64 `json:"cpu_share"`
	Postgres   *float64           `json:"postgres_bytes_per_booking"`
	SQL        *float64           `json:"sql_baseline_per_min"`
	PgBench    *float64           `json:"pgbench_per_min"`
	Violations *int               `json:"violations"`
}

type measuredLatency struct {
	Count         int
	P50, P95, P99 float64
}

// measure runs a measurement to its good end, and reads its last line.
func measure[T any](t *testing.T, args ...string) (r T) {
	t.Helper()
	out, complaint, code := stack.RunProgram(t, nil, append([]string{"bench"}, args...)...)
	require.Zero(t, code, "%s\n%s", complaint, out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &r), out)
	return r
}

// bench runs a measurement of a sale to its good end and gives its last line.
func bench(t *testing.T, args ...string) (r sold) {
	t.Helper()
	r = measure[sold](t, args...)
	require.Empty(t, r.Errors)
	require.NotNil(t, r.HTTP5xx)
	require.Zero(t, *r.HTTP5xx)
	require.NotNil(t, r.Violations)
	require.Zero(t, *r.Violations)
	return r
}

// A small sale on a system of its own: bookings are made, and what they cost is known from every side.
func TestBenchOnSale_OK(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "report.html")
	r := bench(t, "onsale", "--seats", "200", "--buyers", "5", "--duration", "5s", "--json", "--html", page)
	require.Positive(t, r.Bookings+r.Late)
	require.Equal(t, r.Hold.Count, r.Ticket.Count, "who holds seats pays for them")
	require.Equal(t, r.Hold.Count, r.Bookings+r.Late, "and has the ticket and the mail")
	require.Positive(t, r.Hold.P50)
	require.Positive(t, r.Ticket.P95)
	for _, process := range []string{"api", "worker", "postgres", "temporal", "simulators", "load"} {
		require.Contains(t, r.CPU, process)
	}
	require.NotNil(t, r.Postgres)
	require.NotNil(t, r.SQL)
	require.Positive(t, *r.SQL)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "<svg")
}

// Everybody wants the same few seats: each has one owner, and all others are told so.
func TestBenchRace_OK(t *testing.T) {
	t.Parallel()
	r := bench(t, "race", "--seats", "4", "--buyers", "20", "--json")
	require.Equal(t, 4, r.SeatsSold)
	require.Equal(t, 4, r.Bookings+r.Late)
	require.Equal(t, 4, r.Hold.Count)
	require.GreaterOrEqual(t, r.Loser.Count, 16)
}

// Of a system that runs already less can be seen, and what cannot is left out.
func TestBenchOnSale_OfARunningSystem(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	r := bench(t, "onsale", "--url", s.Env["BOXOFFICE_URL"], "--mail-url", s.Env["MAIL_URL"], "--event", s.Showing(t),
		"--buyers", "2", "--duration", "3s", "--json")
	require.Positive(t, r.Bookings+r.Late)
	require.Nil(t, r.CPU)
	require.Nil(t, r.Postgres)
	require.Nil(t, r.SQL)
}

func TestBenchOnSale_ErrWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for complaint, args := range map[string][]string{
		"--seats must be between": {"--seats", "0"},
		"belong together":         {"--url", "http://localhost:1"},
		"--duration must be":      {"--duration", "0s"},
	} {
		_, said, code := stack.RunProgram(t, nil, append([]string{"bench", "onsale"}, args...)...)
		require.Equal(t, 1, code)
		require.Contains(t, said, complaint)
	}
}
