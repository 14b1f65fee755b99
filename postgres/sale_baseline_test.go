package postgres_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every bare sale has its two seats, the next run goes on where the last one ended, and a sale without seats is no sale.
func TestSaleBaseline(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.addUser(t)
	b, err := h.db.SaleBaseline(t.Context(), h.clock.URL, 30)
	require.NoError(t, err)
	for round := range int64(2) {
		perMin, err := b.Run(t.Context(), 3, 4)
		require.NoError(t, err)
		require.Positive(t, perMin)
		sales, next, err := b.Made(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int64{12 * (round + 1), 12 * (round + 1)}, []int64{sales, next})
	}
	require.Equal(t, 48, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'sold' AND section = 'Baseline'`))
	_, err = b.Run(t.Context(), 3, 4)
	require.Error(t, err, "there are six sales left")
}

// pgbench's script has the same statements, and leaves none of its variables unset.
func TestSaleBaseline_Script(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.addUser(t)
	b, err := h.db.SaleBaseline(t.Context(), h.clock.URL, 1)
	require.NoError(t, err)
	script := b.Script()
	require.Len(t, regexp.MustCompile(`(?m)^(BEGIN|COMMIT);$`).FindAllString(script, -1), 4)
	require.NotContains(t, script, "$1")
	for _, found := range regexp.MustCompile(`[^:]:([a-z_]+)`).FindAllStringSubmatch(script, -1) {
		require.Contains(t, []string{"n", "first", "client_id", "clients", "turn"}, found[1])
	}
	size, err := h.db.Size(t.Context())
	require.NoError(t, err)
	require.Greater(t, size, int64(1<<20))
}
