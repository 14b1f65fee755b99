package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestSupportReads_GoByIndexes has what support asks explained with scans of whole tables all but forbidden: where one
// remains, there is no index for it.
func TestSupportReads_GoByIndexes(t *testing.T) {
	t.Parallel()
	base := testdb.New(t)
	tx, err := base.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off`)
	require.NoError(t, err)
	explain := func(sql string, args ...any) []string {
		rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, args...)
		require.NoError(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return wholeScans(plan)
	}
	require.NotEmpty(t, explain(`SELECT FROM bookings WHERE amount_minor = 5`), "what has no index is seen")
	require.NotEmpty(t, explain(`SELECT booking_id FROM emails WHERE recipient = 'x' ORDER BY booking_id`), "and what goes through all of an index")
	id := uuid.NewString()
	ways := map[string]bool{}
	for _, q := range []boxoffice.BookingQuery{
		{Text: id}, {Text: "7KQ2M9XD"}, {Text: "ada@example.org"}, {Text: "pi_1"}, {Text: "Stalls C 1", EventID: id},
	} {
		s, err := readSought(q)
		require.NoError(t, err)
		ways[s.by] = true
		require.Empty(t, explain(findSQL(s), append([]any{time.Now(), id, 10}, s.args...)...), q.Text)
	}
	require.Len(t, ways, 5)
	for _, sql := range []string{openTasks, closedTasks} {
		require.Empty(t, explain(sql, time.Now(), id, "", 10), sql)
	}
	for _, sql := range []string{
		`SELECT FROM webhook_inbox WHERE booking_id = $1 ORDER BY received_at`, `SELECT FROM audit_log WHERE subject = $1::text ORDER BY id DESC`,
		`SELECT FROM emails WHERE booking_id = $1`, `SELECT FROM support_tasks WHERE booking_id = $1`, `SELECT FROM payments WHERE booking_id = $1`,
	} {
		require.Empty(t, explain(sql, id), sql)
	}
}

// wholeScans gives the nodes of a plan that go through all of a table, or of an index.
func wholeScans(plan []string) (whole []string) {
	for i, line := range plan {
		searches := i+1 < len(plan) && strings.Contains(plan[i+1], "Index Cond: ")
		if strings.Contains(line, "Seq Scan") || strings.Contains(line, "Index") && strings.Contains(line, " Scan ") && !searches {
			whole = append(whole, line)
		}
	}
	return whole
}
