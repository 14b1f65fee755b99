package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/seed"
)

// TestSeed_KilledAndRunAgain kills the program with the signal that nothing can catch, more than once, and lets it come to
// its end: what is there then is what a seed without a break makes, and nothing twice.
func TestSeed_KilledAndRunAgain(t *testing.T) {
	t.Parallel()
	broken, whole := testdb.New(t), testdb.New(t)
	require.NoError(t, startSeed(t, whole).Wait())
	before := 0
	for kills := 0; kills < 2; {
		command := startSeed(t, broken)
		stored := awaitEvents(t, broken.Pool, before)
		require.NoError(t, command.Process.Kill())
		require.Error(t, command.Wait())
		if stored == seedTestEvents {
			t.Fatal("the seed was done before it could be killed: it needs more events")
		}
		require.Greater(t, stored, before)
		before, kills = stored, kills+1
	}
	require.NoError(t, startSeed(t, broken).Wait())
	require.NoError(t, startSeed(t, broken).Wait(), "once more, with nothing to do")
	require.Equal(t, seeded(t, whole.Pool), seeded(t, broken.Pool))
	var codes []string
	require.NoError(t, broken.Pool.QueryRow(t.Context(), `SELECT array_agg(code) FROM promotions`).Scan(&codes))
	require.Equal(t, []string{seed.DemoPromotion.Code}, codes)
}

// seedTestEvents are some batches, with plays and concerts among them.
const seedTestEvents = 250

// startSeed begins to fill a database.
func startSeed(t *testing.T, db *testdb.DB) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, "seed", "--demo-accounts", "--events", strconv.Itoa(seedTestEvents), "--start", "2030-01-01")
	command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1", "DATABASE_URL="+db.URL)
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	return command
}

// awaitEvents waits until there are more events than so many, and gives how many there are.
func awaitEvents(t *testing.T, pool *pgxpool.Pool, before int) (stored int) {
	t.Helper()
	require.Eventually(t, func() bool {
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM events`).Scan(&stored))
		return stored > before
	}, time.Minute, 2*time.Millisecond)
	return stored
}

// seeded gives for each table that a seed fills how many rows there are and a digest of all, without what differs from
// one database to another: the organizer and the time of writing.
func seeded(t *testing.T, pool *pgxpool.Pool) map[string]string {
	t.Helper()
	found := map[string]string{}
	for table, columns := range map[string]string{
		"titles": "t", "venues": "t", "seat_plans": "(hash, venue_id, version, plan)",
		"events":        "(id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, status, seats, price_from_minor)",
		"tickets":       "(id, event_id, section, row, number, category, price_minor, accessible, state)",
		"search_outbox": "event_id",
	} {
		var digest string
		query := `SELECT count(*) || ' ' || md5(string_agg(md5(` + columns + `::text), '' ORDER BY md5(` + columns + `::text))) FROM ` + table + ` AS t`
		require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&digest))
		found[table] = digest
	}
	require.True(t, strings.HasPrefix(found["events"], strconv.Itoa(seedTestEvents)+" "), found["events"])
	return found
}
