package testdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const patience = 30 * time.Second

func TestShared_OneServerThatEndsAfterItsLastUser(t *testing.T) {
	t.Parallel()
	s := state{Dir: t.TempDir(), Linger: 100 * time.Millisecond}
	type use struct {
		url   string
		lease *proc.FileLock
		err   error
	}
	uses := make(chan use)
	for range 4 {
		go func() {
			url, lease, err := s.join(t.Context())
			uses <- use{url, lease, err}
		}()
	}
	first := <-uses
	require.NoError(t, first.err)
	for range 3 {
		next := <-uses
		require.NoError(t, next.err)
		require.Equal(t, first.url, next.url)
		require.NoError(t, next.lease.Unlock())
	}
	require.NoError(t, execute(t.Context(), first.url, "SELECT 1"), "one user keeps it running")
	require.NoError(t, first.lease.Unlock())
	waitUntilGone(t, s, first.url)

	url, lease, err := s.join(t.Context())
	require.NoError(t, err, "there is a new one for who comes later")
	require.NoError(t, execute(t.Context(), url, "SELECT 1"))
	require.NoError(t, lease.Unlock())
	waitUntilGone(t, s, url)
}

func TestShared_KilledKeeperIsReplaced(t *testing.T) {
	t.Parallel()
	s := state{Dir: t.TempDir(), Linger: 100 * time.Millisecond}
	url, lease, err := s.join(t.Context())
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(keeperPID(t, url), syscall.SIGKILL))
	require.Eventually(t, func() bool { return execute(t.Context(), url, "SELECT 1") != nil }, patience, 10*time.Millisecond,
		"the server goes with its keeper")
	require.NoError(t, lease.Unlock())

	url, lease, err = s.join(t.Context())
	require.NoError(t, err)
	require.NoError(t, execute(t.Context(), url, "SELECT 1"))
	require.NoError(t, lease.Unlock())
	waitUntilGone(t, s, url)
}

func TestShared_KeeperThatFailsIsHeard(t *testing.T) {
	t.Parallel()
	s := state{Dir: t.TempDir(), Linger: -1}
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "postgres"), nil, 0o600)) // in the way of the data
	_, _, err := s.join(t.Context())
	require.ErrorContains(t, err, "its keeper ended (exit status 1)")
	require.ErrorContains(t, err, "not a directory")
}

func TestTemplate_MadeOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	server, err := serverURL(t.Context())
	require.NoError(t, err)
	migrations := fstest.MapFS{"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE " + databaseName("t") + " ();\n")}}
	names := make(chan string, 8)
	for range cap(names) {
		go func() {
			name, err := ensureTemplate(t.Context(), server, migrations)
			names <- fmt.Sprint(name, err)
		}()
	}
	first := <-names
	require.True(t, strings.HasPrefix(first, "template_") && strings.HasSuffix(first, "<nil>"), first)
	for range cap(names) - 1 {
		require.Equal(t, first, <-names)
	}
}

func TestTemplate_WrongMigrationIsTold(t *testing.T) {
	t.Parallel()
	server, err := serverURL(t.Context())
	require.NoError(t, err)
	wrong := fstest.MapFS{"00001_wrong.sql": {Data: []byte("-- +goose Up\nCREATE TABEL x ();\n")}}
	for range 2 { // the half-made template of the first attempt is not taken for a complete one
		_, err = ensureTemplate(t.Context(), server, wrong)
		require.ErrorContains(t, err, `syntax error at or near "TABEL"`)
	}
}

func TestDatabaseName_IsShortAndUnique(t *testing.T) {
	t.Parallel()
	name := databaseName("TestSomething/with a long, long name that goes on and on and on — and on")
	require.Len(t, name, 63)
	require.Regexp(t, `^test_testsomething_with_a_long[a-z0-9_]+$`, name)
	require.NotEqual(t, name, databaseName("TestSomething/with a long, long name that goes on and on and on — and on"))
}

func waitUntilGone(t *testing.T, s state, url string) {
	t.Helper()
	require.Eventually(t, func() bool { return execute(context.Background(), url, "SELECT 1") != nil }, patience, 20*time.Millisecond)
	lock, err := proc.Lock(t.Context(), s.keeper()) // the keeper has gone too
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
	require.NoFileExists(t, s.urlFile())
	require.NoFileExists(t, filepath.Join(s.Dir, "postgres", "data"))
}

// keeperPID is the parent of the server.
func keeperPID(t *testing.T, url string) int {
	t.Helper()
	var pid, parent int
	require.NoError(t, connected(t.Context(), url, func(conn *pgx.Conn) error {
		return conn.QueryRow(t.Context(), "SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int").Scan(&pid)
	}))
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(stat), ") ")
	_, err = fmt.Sscanf(after, "%1s %d", new(string), &parent)
	require.NoError(t, err)
	return parent
}
