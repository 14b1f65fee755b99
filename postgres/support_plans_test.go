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
	explain := func(sql string, args ...any) string {
		rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, args...)
		require.NoError(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return strings.Join(plan, "\n")
	}
	require.Contains(t, explain(`SELECT FROM bookings WHERE amount_minor = 5`), "Seq Scan", "what has no index is seen")
	id := uuid.NewString()
	ways := map[string]bool{}
	for _, q := range []boxoffice.BookingQuery{
		{Text: id}, {Text: "7KQ2M9XD"}, {Text: "ada@example.org"}, {Text: "pi_1"}, {Text: "Stalls C 1", EventID: id},
	} {
		s, err := readSought(q)
		require.NoError(t, err)
		ways[s.by] = true
		require.NotContains(t, explain(findSQL(s), append([]any{time.Now(), id, 10}, s.args...)...), "Seq Scan", q.Text)
	}
	require.Len(t, ways, 5)
	for _, sql := range []string{openTasks, closedTasks} {
		require.NotContains(t, explain(sql, time.Now(), id, "", 10), "Seq Scan", sql)
	}
	for _, sql := range []string{
		`SELECT FROM webhook_inbox WHERE booking_id = $1 ORDER BY received_at`, `SELECT FROM audit_log WHERE subject = $1::text ORDER BY id DESC`,
		`SELECT FROM emails WHERE booking_id = $1`, `SELECT FROM support_tasks WHERE booking_id = $1`, `SELECT FROM payments WHERE booking_id = $1`,
	} {
		require.NotContains(t, explain(sql, id), "Seq Scan", sql)
	}
}
