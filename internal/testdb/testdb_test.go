package testdb_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/testdb"
)

// schema is a small schema of this test's own.
func schema(table string) fs.FS {
	return fstest.MapFS{"00001_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE " + table + " (n int);\nINSERT INTO " + table + " VALUES (42);\n")}}
}

func TestNew_HasTheProductsSchema(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	require.Equal(t, 1, count(t, db, "pg_proc WHERE proname = 'boxoffice_now'"))
	require.Equal(t, 1, count(t, db, "pg_tables WHERE tablename = 'tickets'"))
}

func TestNew_DatabasesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	small := testdb.WithMigrations(schema("things"))
	one, two := testdb.New(t, small), testdb.New(t, small)
	require.NotEqual(t, one.URL, two.URL)
	execute(t, one, "INSERT INTO things VALUES (43)")
	require.Equal(t, 2, count(t, one, "things"))
	require.Equal(t, 1, count(t, two, "things"))
}

func TestNew_EachSchemaHasItsTemplate(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, count(t, testdb.New(t, testdb.WithMigrations(schema("apples"))), "apples"))
	require.Equal(t, 1, count(t, testdb.New(t, testdb.WithMigrations(schema("pears"))), "pears"))
	empty := testdb.New(t, testdb.WithMigrations(fstest.MapFS{}))
	require.Equal(t, 0, count(t, empty, "pg_tables WHERE schemaname = 'public'"))
}

func TestNew_DropsTheDatabaseThoughConnectionsAreOpen(t *testing.T) {
	t.Parallel()
	watch := testdb.New(t, testdb.WithMigrations(fstest.MapFS{}))
	var name string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		db := testdb.New(t, testdb.WithMigrations(fstest.MapFS{}))
		conn, err := pgx.Connect(context.Background(), db.URL)
		require.NoError(t, err)
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name))
		require.Contains(t, name, "test_testnew_drops")
		require.Equal(t, 1, count(t, watch, "pg_database WHERE datname = '"+name+"'"))
	})
	require.Equal(t, 0, count(t, watch, "pg_database WHERE datname = '"+name+"'"))
}

func TestClock_MovesInItsOwnDatabaseOnly(t *testing.T) {
	t.Parallel()
	moved, still := testdb.New(t), testdb.New(t)
	// A session that has planned with the old clock, and a default that calls it.
	conn, err := moved.Pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	ahead := func() time.Duration {
		var d time.Duration
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT boxoffice_now() - clock_timestamp()").Scan(&d))
		return d.Round(time.Second)
	}
	require.Zero(t, ahead())
	moved.AdvanceClock(t, 8*time.Minute)
	moved.AdvanceClock(t, 2*time.Minute)
	require.Equal(t, 10*time.Minute, ahead())
	require.NoError(t, moved.SetClockOffset(t.Context(), -time.Hour))
	require.Equal(t, -time.Hour, ahead())
	require.Equal(t, 1, count(t, still, "(SELECT 1) x WHERE abs(extract(epoch FROM boxoffice_now() - clock_timestamp())) < 1"))
}

func BenchmarkNew(b *testing.B) {
	testdb.New(b)
	for b.Loop() {
		testdb.New(b)
	}
}

func execute(t *testing.T, db *testdb.DB, sql string) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func count(t *testing.T, db *testdb.DB, from string) int {
	t.Helper()
	var n int
	require.NoError(t, db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+from).Scan(&n))
	return n
}
