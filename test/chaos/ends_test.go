package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// awaitEnds waits until no booking has anything left to be done. Nobody helps: no request is made meanwhile.
func awaitEnds(t *testing.T, s *stack.System) {
	t.Helper()
	stack.Eventually(t, 3*time.Minute, func() error {
		var open int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM bookings WHERE next_check_at IS NOT NULL`).Scan(&open)
		if err == nil && open > 0 {
			err = fmt.Errorf("%d bookings are not at their end", open)
		}
		return err
	})
}

// endsOf counts the bookings by status.
func endsOf(t *testing.T, s *stack.System) map[string]int {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `SELECT status::text, count(*) FROM bookings GROUP BY status`)
	require.NoError(t, err)
	ends := map[string]int{}
	var status string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&status, &n}, func() error { ends[status] = n; return nil })
	require.NoError(t, err)
	return ends
}

// logRecovery tells how long after a kill work of the killed process was done again: the first hold after one of the API,
// the first tickets after one of the worker. The buyers' pauses are in it, and a further kill that came before.
func logRecovery(t *testing.T, s *stack.System, kills []kill) {
	t.Helper()
	for child, column := range map[string]string{"api": "created_at", "worker": "completed_at"} {
		var took []time.Duration
		for _, k := range kills {
			var next *time.Time
			require.NoError(t, s.DB.QueryRow(t.Context(),
				fmt.Sprintf(`SELECT min(%[1]s) FROM bookings WHERE %[1]s > $1`, column), k.at).Scan(&next))
			if k.child == child && next != nil {
				took = append(took, next.Sub(k.at).Round(10*time.Millisecond))
			}
		}
		require.NotEmpty(t, took)
		slices.Sort(took)
		t.Logf("%d kills of the %s: working again after %s (half of them), %s (the longest)", len(took), child, took[len(took)/2], took[len(took)-1])
	}
}
