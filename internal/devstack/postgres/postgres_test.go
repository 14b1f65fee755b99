package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const patience = 30 * time.Second

func TestStart_ServesOneDatabaseOfTheRightKind(t *testing.T) {
	t.Parallel()
	s := start(t, postgres.Options{Dir: folder(t), Durable: true, Settings: map[string]string{"work_mem": "7MB"}})
	conn := connect(t, s)
	for query, want := range map[string]string{
		"SELECT current_database()": postgres.Database,
		"SELECT current_user":       postgres.User,
		"SHOW server_encoding":      "UTF8",
		"SELECT datlocale FROM pg_database WHERE datname = 'boxoffice'": "C.UTF-8",
		"SHOW data_checksums":     "on",
		"SHOW fsync":              "on",
		"SHOW synchronous_commit": "on",
		"SHOW max_connections":    "200",
		"SHOW work_mem":           "7MB",
		"SHOW timezone":           "UTC",
		"SHOW listen_addresses":   "127.0.0.1",
		"SELECT upper('é')":       "É",
		"SELECT (setting::int >= 180000)::text FROM pg_settings WHERE name = 'server_version_num'": "true",
	} {
		var got string
		require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&got), query)
		require.Equal(t, want, got, query)
	}
	require.NoError(t, conn.Close(t.Context()))
	require.NoError(t, s.Stop())
	require.NoError(t, s.Wait())
}

func TestStart_AsksForThePassword(t *testing.T) {
	t.Parallel()
	s := start(t, postgres.Options{})
	config, err := pgx.ParseConfig(s.URL)
	require.NoError(t, err)
	config.Password = "guessed"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.ErrorContains(t, err, "password authentication failed")
}

func TestStart_PasswordAndDataAreClosedToOthers(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	for path, want := range map[string]os.FileMode{filepath.Join(dir, "password"): 0o600, s.DataDir: 0o700, s.LogFile: 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestRestart_KeepsData(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	execute(t, s, "CREATE TABLE kept AS SELECT 42 AS n")
	require.NoError(t, s.Stop())

	again := start(t, postgres.Options{Dir: dir, Port: s.Port})
	require.Equal(t, s.URL, again.URL, "same port, same password")
	require.Equal(t, 42, number(t, again, "SELECT n FROM kept"))
}

func TestKill_NextStartRecovers(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	execute(t, s, "CREATE TABLE kept AS SELECT 42 AS n")
	conn := connect(t, s) // a session that is open during the crash
	require.NoError(t, s.Kill())
	// A backend that is busy dying may still answer once.
	require.Eventually(t, func() bool { return conn.Ping(t.Context()) != nil }, patience, 10*time.Millisecond)

	require.Equal(t, 42, number(t, start(t, postgres.Options{Dir: dir}), "SELECT n FROM kept"))
}

func TestPostmasterKilledFromOutside_IsReportedAndRecovered(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	execute(t, s, "CREATE TABLE kept AS SELECT 42 AS n")
	require.NoError(t, syscall.Kill(postmaster(t, s), syscall.SIGKILL))
	select {
	case <-s.Done():
	case <-time.After(patience):
		require.FailNow(t, "the end of the server is not noticed")
	}
	require.ErrorContains(t, s.Wait(), "postgres ended by itself: signal: killed")
	require.Equal(t, 42, number(t, start(t, postgres.Options{Dir: dir}), "SELECT n FROM kept"))
}

func TestStalePostmasterPID_OfAStranger(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	require.NoError(t, s.Stop())
	// The worst that a reused process ID can be: alive, and of the user that the server runs as.
	stranger := fmt.Sprintf("%d\n%s\n0\n%d\n\n127.0.0.1\n", os.Getpid(), s.DataDir, s.Port)
	require.NoError(t, os.WriteFile(filepath.Join(s.DataDir, "postmaster.pid"), []byte(stranger), 0o600))
	require.Equal(t, 1, number(t, start(t, postgres.Options{Dir: dir}), "SELECT 1"))
}

func TestInterruptedInitdb_DoesNotPoisonTheNextStart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := postgres.Start(ctx, postgres.Options{Dir: dir, Progress: func(string) {
		time.AfterFunc(200*time.Millisecond, cancel) // initdb takes a second or more
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, number(t, start(t, postgres.Options{Dir: dir}), "SELECT 1"))
}

func TestTwoServersAtOnce(t *testing.T) {
	t.Parallel()
	one, two := start(t, postgres.Options{}), start(t, postgres.Options{})
	require.NotEqual(t, one.Port, two.Port)
	execute(t, one, "CREATE TABLE mine ()")
	execute(t, two, "CREATE TABLE mine ()")
}

func TestSecondServerInAFolder_IsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	_, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
	require.ErrorIs(t, err, proc.ErrLocked)
	require.ErrorContains(t, err, dir)
	require.Equal(t, 1, number(t, s, "SELECT 1"), "the first one goes on")
}

func TestPortInUse_IsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	dir := folder(t)
	_, err = postgres.Start(t.Context(), postgres.Options{Dir: dir, Port: port})
	var inUse *proc.PortInUseError
	require.ErrorAs(t, err, &inUse)
	require.ErrorContains(t, err, "port "+strconv.Itoa(port))
	require.NoError(t, l.Close())
}

func TestWrongSetting_IsToldInTheServersWords(t *testing.T) {
	t.Parallel()
	_, err := postgres.Start(t.Context(), postgres.Options{Settings: map[string]string{"no_such_setting": "1"}})
	require.ErrorContains(t, err, `unrecognized configuration parameter "no_such_setting"`)
}

func TestServer_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := postgres.Start(ctx, postgres.Options{})
	require.NoError(t, err)
	cancel()
	require.NoError(t, s.Wait())
	require.NoDirExists(t, filepath.Dir(s.DataDir), "an ephemeral server leaves nothing")
	_, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestDestroy_BeginsAnew(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir})
	execute(t, s, "CREATE TABLE gone ()")
	require.ErrorIs(t, postgres.Destroy(t.Context(), dir), proc.ErrLocked)
	require.NoError(t, s.Stop())
	require.NoError(t, postgres.Destroy(t.Context(), dir))
	require.NoDirExists(t, s.DataDir)
	require.Equal(t, 0, number(t, start(t, postgres.Options{Dir: dir}), "SELECT count(*) FROM pg_tables WHERE tablename = 'gone'"))
}

// folder is a folder that is closed to other users, as a home folder is, and whose data is removed with the test.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pg")
	t.Cleanup(func() { require.NoError(t, postgres.Destroy(context.Background(), dir)) })
	return dir
}

func start(t *testing.T, o postgres.Options) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() }) // a test that cares about the end looks at it itself
	return s
}

func connect(t *testing.T, s *postgres.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // may be broken by the test
	return conn
}

func execute(t *testing.T, s *postgres.Server, sql string) {
	t.Helper()
	_, err := connect(t, s).Exec(t.Context(), sql)
	require.NoError(t, err)
}

func number(t *testing.T, s *postgres.Server, sql string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, connect(t, s).QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// postmaster is the process ID of the server.
func postmaster(t *testing.T, s *postgres.Server) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.DataDir, "postmaster.pid"))
	require.NoError(t, err)
	var pid int
	_, err = fmt.Sscan(string(b), &pid)
	require.NoError(t, err)
	return pid
}
