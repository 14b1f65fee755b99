// Package stack runs the whole system for tests across processes: the program as it is deployed, started by boxoffice dev,
// with nothing of it in the test's own process. It buys over HTTP, reads Postgres and Temporal with their own clients, kills
// what a test wants to see come back, and holds what is left against every promise. It is for tests alone.
//
// BOXOFFICE_BIN names the program to test; without it, it is built.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// startPatience is for a start that must first build the Temporal server; one that only starts takes seconds.
const startPatience = 8 * time.Minute

// Seeded are the flags of a system that is quickly there.
var Seeded = []string{"--no-durable", "--events", "40", "--days", "3"}

// Transport keeps a connection for each of a hundred buyers, so that they wait for seats and not for handshakes.
var Transport = &http.Transport{MaxIdleConns: 400, MaxIdleConnsPerHost: 200}

// System is a running boxoffice dev. Tests may read its fields; what they disturb they do by its methods.
type System struct {
	name       string
	Env        map[string]string // the addresses, as dev wrote them
	Process    *proc.Process
	logFile    string
	envFile    string // of the addresses
	Failpoints string // a folder
	ephemeral  bool
	disturbed  bool   // something was killed in it
	data       string // the database's folder, as the server says
	DB         *pgxpool.Pool
	Temporal   client.Client
	seeded     sync.Once
	showings   []string     // the seeded events
	shown      atomic.Int64 // of them, given out so far
	settings   []string     // beside those of Env
	spawned    []string     // logs

	ToPostgres, ToTemporal *Proxy   // of a system behind proxies, else nil
	Commits                *Commits // of the same
	beside                 func() error
}

// Launch starts a system in the root of the repository, and waits for nothing.
func Launch(name string, flags []string, settings ...string) (*System, error) {
	folder, err := os.MkdirTemp(Scratch, name+"-")
	if err != nil {
		return nil, err
	}
	s := &System{
		name: name, logFile: filepath.Join(folder, "dev.log"), envFile: filepath.Join(folder, "env"),
		Failpoints: filepath.Join(folder, "failpoints"), ephemeral: slices.Contains(flags, "--ephemeral"),
		settings: settings,
	}
	if err := os.Mkdir(s.Failpoints, 0o755); err != nil {
		return nil, err
	}
	s.Process, err = proc.Start(context.Background(), proc.Options{
		Name: "boxoffice dev", Path: program, Args: append([]string{"dev", "--env-file", s.envFile}, flags...), Dir: root,
		Env: environment(append(settings, failpoint.DirEnv+"="+s.Failpoints)...), LogFile: s.logFile,
		StopSignal: syscall.SIGINT, Grace: time.Minute, OrphanSignal: syscall.SIGINT, // dev stops in order also where we die
	})
	return s, err
}

// Start launches a system and waits until all of it is ready. One that is given with an error did not become ready, and
// is still to be stopped.
func Start(name string, flags []string, settings ...string) (*System, error) {
	return start(name, nil, flags, settings...)
}

func start(name string, far *remote, flags []string, settings ...string) (*System, error) {
	s, err := Launch(name, flags, settings...)
	if err != nil {
		return nil, err
	}
	if far != nil {
		s.Commits, s.ToPostgres, s.ToTemporal, s.disturbed = far.commits, far.toPostgres, far.toTemporal, true
		s.Beside(far.stop)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if err := poll(ctx, s.readEnv); err != nil {
		return s, fmt.Errorf("system %q does not become ready: %w\n%s", name, err, s.Tails())
	}
	database, temporal := s.Env["DATABASE_URL"], s.Env["TEMPORAL_ADDRESS"]
	if far != nil {
		database, temporal = far.postgres.URL, far.temporal.Address
	}
	if s.DB, err = pgxpool.New(ctx, database); err != nil {
		return s, err
	}
	if s.Temporal, err = client.NewLazyClient(client.Options{HostPort: temporal, Logger: quiet{}}); err != nil {
		return s, err
	}
	return s, s.DB.QueryRow(ctx, `SHOW data_directory`).Scan(&s.data)
}

// Beside says how to end what a test runs beside dev, servers that the system was pointed at: Stop does so after dev.
func (s *System) Beside(stop func() error) { s.beside = stop }

// RunProgram runs the program to its end.
func RunProgram(t testing.TB, settings []string, args ...string) (out, complaint string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Env = environment(settings...)
	command.Dir = root
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), stderr.String(), exit.ExitCode()
	}
	require.NoError(t, err)
	return stdout.String(), stderr.String(), 0
}

// Of gives a shared system. Where the test fails, it shows the logs.
func Of(t *testing.T, shared func() (*System, error)) *System {
	t.Helper()
	s, err := shared()
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Tails())
		}
	})
	return s
}

// Spawn runs another api or worker beside those of dev, until the test ends, and gives its process. Its log is in Tails.
func (s *System) Spawn(t *testing.T, command string, settings ...string) *proc.Process {
	t.Helper()
	return s.SpawnOf(t, program, command, settings...)
}

// SpawnOf is Spawn of another program: see BuildOtherwise.
func (s *System) SpawnOf(t *testing.T, program, command string, settings ...string) *proc.Process {
	t.Helper()
	env := append([]string{"LOG_FORMAT=json", "BOXOFFICE_ADMIN_ADDR=127.0.0.1:0"}, s.settings...)
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	log := filepath.Join(filepath.Dir(s.logFile), fmt.Sprintf("%s-%d.log", command, len(s.spawned)))
	s.spawned = append(s.spawned, log)
	process, err := proc.Start(context.Background(), proc.Options{
		Name: "boxoffice " + command, Path: program, Args: []string{command}, Dir: root, LogFile: log,
		Env: environment(append(env, settings...)...), Grace: 30 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = process.Stop() })
	return process
}

// SpawnAPI runs another API beside dev's, until the test ends, and gives its address once it listens.
func (s *System) SpawnAPI(t *testing.T, settings ...string) (url string) {
	t.Helper()
	port, err := proc.FreePort()
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.Spawn(t, "api", append(settings, "BOXOFFICE_ADDR="+address)...)
	Eventually(t, 30*time.Second, func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return "http://" + address
}

// environment is this process's, without what would point a system at servers of somebody else.
func environment(settings ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		switch name {
		case "DATABASE_URL", "STRIPE_API_BASE", "STRIPE_API_KEY", "SMTP_URL", "MAIL_URL", "TEMPORAL_ADDRESS", "TICKET_PUBLIC_KEYS",
			"TYPESENSE_URL", "TYPESENSE_API_KEY":
			return true
		default:
			return false
		}
	})
	return append(append(env, "BOXOFFICE_SIGNUP_RATE=-1", "BOXOFFICE_LOGIN_RATE=-1", "BOXOFFICE_ADDRESS_RATE=-1", "BOXOFFICE_USER_RATE=-1", "BOXOFFICE_MAX_UNPAID_HOLDS=0",
		"BOXOFFICE_RECONCILE_EVERY=8760h"), settings...) // a pass would meet the faults that are meant for others
}

// readEnv reads the file that dev writes once all is ready.
func (s *System) readEnv() error {
	if err := s.Process.Err(); err != nil {
		return fatal{err}
	}
	content, err := os.ReadFile(s.envFile)
	if err != nil {
		return err
	}
	s.Env = map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s.Env[name] = value
	}
	return nil
}

// Stop does what Ctrl-C does, and holds against it that nothing stays: no process, no port, no file of an ephemeral system.
func (s *System) Stop(ctx context.Context) error {
	if s.DB != nil {
		s.DB.Close()
	}
	if s.Temporal != nil {
		s.Temporal.Close()
	}
	children := s.Children()
	if err := syscall.Kill(s.Process.PID(), syscall.SIGINT); err != nil {
		return fmt.Errorf("interrupt dev: %w", err)
	}
	select {
	case <-s.Process.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("dev does not end when interrupted: %w", ctx.Err()), s.Process.Kill())
	}
	// The signal came from outside, so that Err tells how dev ended.
	if err := s.Process.Err(); err == nil || !strings.Contains(err.Error(), "status 0") {
		return fmt.Errorf("dev does not end cleanly: %w", err)
	}
	if s.beside != nil {
		if err := s.beside(); err != nil {
			return fmt.Errorf("stop what runs beside dev: %w", err)
		}
	}
	return errors.Join(s.NothingLeft(children), s.nothingKept())
}

// NothingLeft asserts that nothing of a system that was stopped, or that died, goes on: no process, and no port that listens.
func (s *System) NothingLeft(children map[string]int) (err error) {
	for name, pid := range children {
		if alive(pid) {
			err = errors.Join(err, fmt.Errorf("%s, process %d, outlives dev", name, pid))
		}
	}
	for name, address := range s.listening() {
		if connection, dialErr := net.DialTimeout("tcp", address, time.Second); dialErr == nil {
			err = errors.Join(err, fmt.Errorf("%s: %s still listens", name, address), connection.Close())
		}
	}
	return err
}

// nothingKept asserts that an ephemeral system has removed its state, and the database's data where that lies elsewhere.
func (s *System) nothingKept() (err error) {
	if !s.ephemeral {
		return nil
	}
	for _, path := range []string{s.Env["BOXOFFICE_STATE_DIR"], s.data} {
		if _, statErr := os.Stat(path); !errors.Is(statErr, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("%s is left behind: %w", path, statErr))
		}
	}
	return err
}

// Tails are the ends of the logs.
func (s *System) Tails() string {
	var text strings.Builder
	files := []string{s.logFile}
	files = append(files, s.spawned...)
	for _, name := range Servers {
		files = append(files, filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], name, "log"))
	}
	for _, file := range files {
		if content := tail(file, 3000); content != "" {
			fmt.Fprintf(&text, "== the end of %s ==\n%s\n", file, content)
		}
	}
	return text.String()
}

func tail(path string, n int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	content, err := io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-n), n))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// quiet is a logger for Temporal's client, which tells what it cannot reach while we have killed it.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
