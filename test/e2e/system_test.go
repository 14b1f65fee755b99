package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// seeded are the flags of a system that is quickly there.
var seeded = []string{"--no-durable", "--events", "40", "--days", "3"}

// transport keeps a connection for each of a hundred buyers, so that they wait for seats and not for handshakes.
var transport = &http.Transport{MaxIdleConns: 400, MaxIdleConnsPerHost: 200}

// system is a running boxoffice dev.
type system struct {
	name       string
	env        map[string]string // the addresses, as dev wrote them
	process    *proc.Process
	logFile    string
	envFile    string // of the addresses
	failpoints string // a folder
	ephemeral  bool
	disturbed  bool   // something was killed in it
	data       string // the database's folder, as the server says
	db         *pgxpool.Pool
	temporal   client.Client
	showings   atomic.Int64 // given out so far
}

// launch starts a system in the root of the repository, and waits for nothing.
func launch(name string, flags []string, settings ...string) (*system, error) {
	folder, err := os.MkdirTemp(scratch, name+"-")
	if err != nil {
		return nil, err
	}
	s := &system{
		name: name, logFile: filepath.Join(folder, "dev.log"), envFile: filepath.Join(folder, "env"),
		failpoints: filepath.Join(folder, "failpoints"), ephemeral: slices.Contains(flags, "--ephemeral"),
	}
	if err := os.Mkdir(s.failpoints, 0o755); err != nil {
		return nil, err
	}
	s.process, err = proc.Start(context.Background(), proc.Options{
		Name: "boxoffice dev", Path: program, Args: append([]string{"dev", "--env-file", s.envFile}, flags...), Dir: root,
		Env: environment(append(settings, failpoint.DirEnv+"="+s.failpoints)...), LogFile: s.logFile,
		StopSignal: syscall.SIGINT, Grace: time.Minute, OrphanSignal: syscall.SIGINT, // dev stops in order also where we die
	})
	return s, err
}

// start launches a system and waits until all of it is ready. One that is given with an error did not become ready, and
// is still to be stopped.
func start(name string, flags []string, settings ...string) (*system, error) {
	s, err := launch(name, flags, settings...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if err := poll(ctx, s.readEnv); err != nil {
		return s, fmt.Errorf("system %q does not become ready: %w\n%s", name, err, s.tails())
	}
	if s.db, err = pgxpool.New(ctx, s.env["DATABASE_URL"]); err != nil {
		return s, err
	}
	if s.temporal, err = client.NewLazyClient(client.Options{HostPort: s.env["TEMPORAL_ADDRESS"], Logger: quiet{}}); err != nil {
		return s, err
	}
	return s, s.db.QueryRow(ctx, `SHOW data_directory`).Scan(&s.data)
}

// environment is this process's, without what would point a system at servers of somebody else.
func environment(settings ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		switch name {
		case "DATABASE_URL", "STRIPE_API_BASE", "STRIPE_API_KEY", "SMTP_URL", "MAIL_URL", "TEMPORAL_ADDRESS", "TICKET_PUBLIC_KEYS":
			return true
		default:
			return false
		}
	})
	return append(append(env, "BOXOFFICE_SIGNUP_RATE=-1", "BOXOFFICE_LOGIN_RATE=-1"), settings...)
}

// readEnv reads the file that dev writes once all is ready.
func (s *system) readEnv() error {
	if err := s.process.Err(); err != nil {
		return fatal{err}
	}
	content, err := os.ReadFile(s.envFile)
	if err != nil {
		return err
	}
	s.env = map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s.env[name] = value
	}
	return nil
}

// stop does what Ctrl-C does, and holds against it that nothing stays: no process, no port, no file of an ephemeral system.
func (s *system) stop(ctx context.Context) error {
	if s.db != nil {
		s.db.Close()
	}
	if s.temporal != nil {
		s.temporal.Close()
	}
	children := s.children()
	if err := syscall.Kill(s.process.PID(), syscall.SIGINT); err != nil {
		return fmt.Errorf("interrupt dev: %w", err)
	}
	select {
	case <-s.process.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("dev does not end when interrupted: %w", ctx.Err()), s.process.Kill())
	}
	// The signal came from outside, so that Err tells how dev ended.
	if err := s.process.Err(); err == nil || !strings.Contains(err.Error(), "status 0") {
		return fmt.Errorf("dev does not end cleanly: %w", err)
	}
	return errors.Join(s.nothingLeft(children), s.nothingKept())
}

func (s *system) nothingLeft(children map[string]int) (err error) {
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
func (s *system) nothingKept() (err error) {
	if !s.ephemeral {
		return nil
	}
	for _, path := range []string{s.env["BOXOFFICE_STATE_DIR"], s.data} {
		if _, statErr := os.Stat(path); !errors.Is(statErr, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("%s is left behind: %w", path, statErr))
		}
	}
	return err
}

// servers are the children of dev that have a record in its state folder.
var servers = []string{"api", "worker", "postgres", "temporal"}

// children gives the process IDs of dev's children.
func (s *system) children() map[string]int {
	children := map[string]int{}
	for _, name := range servers {
		if pid, err := s.pid(name); err == nil {
			children[name] = pid
		}
	}
	return children
}

// pid reads the record of a child: state folder/name/name.pid. A child that is just being started again has none.
func (s *system) pid(name string) (int, error) {
	content, err := os.ReadFile(filepath.Join(s.env["BOXOFFICE_STATE_DIR"], name, name+".pid"))
	if err != nil {
		return 0, err
	}
	var record struct {
		PID int `json:"pid"`
	}
	if err := json.Unmarshal(content, &record); err != nil {
		return 0, fmt.Errorf("%s.pid: %w", name, err)
	}
	if record.PID <= 1 {
		return 0, fmt.Errorf("%s.pid names process %d", name, record.PID)
	}
	return record.PID, nil
}

// listening gives the host:port of everything in the file of addresses.
func (s *system) listening() map[string]string {
	found := map[string]string{}
	for name, value := range s.env {
		if u, err := url.Parse(value); err == nil && u.Host != "" && u.Port() != "" {
			found[name] = u.Host
		} else if _, _, err := net.SplitHostPort(value); err == nil && strings.HasSuffix(name, "_ADDRESS") {
			found[name] = value
		}
	}
	return found
}

// alive reports whether a process runs. One that has ended and that nobody waits for, as in a container without an init,
// does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // Linux has it: "1234 (name) Z …"
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || !strings.HasPrefix(state, "Z")
}

// signal sends a signal to a child, and gives its process ID. Tests that do so run one after the other.
func (s *system) signal(t *testing.T, name string, sig syscall.Signal) int {
	t.Helper()
	pid, err := s.pid(name)
	require.NoError(t, err)
	s.disturbed = true
	require.NoError(t, syscall.Kill(pid, sig))
	return pid
}

// awaitRestart waits until another process than old serves as a child.
func (s *system) awaitRestart(t *testing.T, name string, old int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		pid, err := s.pid(name)
		if err == nil && pid == old {
			err = fmt.Errorf("%s is still process %d", name, old)
		}
		return err
	})
}

// awaitReady waits until the API, and all that it needs, is ready.
func (s *system) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		response, err := http.Get(s.env["ADMIN_URL"] + "/readyz")
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = fmt.Errorf("/readyz answers %s", response.Status)
		}
		return errors.Join(err, response.Body.Close())
	})
}

// tails are the ends of the logs.
func (s *system) tails() string {
	var text strings.Builder
	files := []string{s.logFile}
	for _, name := range servers {
		files = append(files, filepath.Join(s.env["BOXOFFICE_STATE_DIR"], name, "log"))
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
