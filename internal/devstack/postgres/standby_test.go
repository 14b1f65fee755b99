package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/postgres"
)

// A primary is killed while rows are written to it as fast as it takes them. Its standby, promoted, has each one that was
// acknowledged, and takes changes by the same password.
func TestPromote_HasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	primary := start(t, postgres.Options{})
	execute(t, primary, "CREATE TABLE told (n int)")
	standby := start(t, postgres.Options{StandbyOf: primary.URL})

	written := make(chan int, 1)
	go func() { written <- writeUntilItDies(primary.URL) }()
	require.Eventually(t, func() bool { return number(t, standby, "SELECT count(*) FROM told") > 100 }, patience, 10*time.Millisecond)
	_, err := connect(t, standby).Exec(t.Context(), "INSERT INTO told VALUES (0)")
	refused, ok := errors.AsType[*pgconn.PgError](err)
	require.True(t, ok, err)
	require.Equal(t, "25006", refused.Code)
	require.NoError(t, primary.Kill())
	n := <-written
	require.NoError(t, standby.Promote(t.Context()))

	require.Equal(t, n, number(t, standby, "SELECT count(*) FROM told WHERE n <= $1", n))
	execute(t, standby, "INSERT INTO told VALUES (0)") // it does not wait for a standby of its own
	next := start(t, postgres.Options{StandbyOf: standby.URL})
	require.GreaterOrEqual(t, number(t, next, "SELECT count(*) FROM told"), n)
}

// writeUntilItDies writes 1, 2, 3 …, a commit each, and gives the last that was acknowledged.
func writeUntilItDies(url string) (last int) {
	conn, err := pgx.Connect(context.Background(), url)
	for n := 1; err == nil; n++ {
		if _, err = conn.Exec(context.Background(), "INSERT INTO told VALUES ($1)", n); err == nil {
			last = n
		}
	}
	return last
}

// A commit waits for a standby that is away: were it acknowledged before, the standby's promotion could lose it.
func TestStandby_CommitsWaitForIt(t *testing.T) {
	t.Parallel()
	primary := start(t, postgres.Options{})
	execute(t, primary, "CREATE TABLE told (n int)")
	dir := folder(t)
	standby := start(t, postgres.Options{Dir: dir, StandbyOf: primary.URL})
	require.NoError(t, standby.Stop())

	conn := connect(t, primary)
	committed := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "INSERT INTO told VALUES (1)")
		committed <- err
	}()
	require.Eventually(t, func() bool {
		return number(t, primary, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 1
	}, patience, 10*time.Millisecond)
	require.Empty(t, committed)
	back := start(t, postgres.Options{Dir: dir, StandbyOf: primary.URL})
	require.NoError(t, <-committed)
	require.Eventually(t, func() bool { return number(t, back, "SELECT count(*) FROM told") == 1 }, patience, 10*time.Millisecond)
}

func TestStandby_OfNobody(t *testing.T) {
	t.Parallel()
	_, err := postgres.Start(t.Context(), postgres.Options{StandbyOf: "postgres://stranger@127.0.0.1:1/boxoffice"})
	require.ErrorContains(t, err, "must log in as boxoffice")
}
