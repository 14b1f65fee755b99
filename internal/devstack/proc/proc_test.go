package proc_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const patience = 20 * time.Second

func TestProcess_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := start(ctx, t, proc.Options{Env: role("sleeper")})
	cancel()
	waitFor(t, p.Done())
	require.NoError(t, p.Err(), "an end that was asked for is no failure")
	require.False(t, proc.Runs(p.PID()))
}

func TestProcess_StopKillsWhatIgnoresTheSignal(t *testing.T) {
	t.Parallel()
	ready := make(chan struct{})
	p := start(t.Context(), t, proc.Options{
		Env: role("stubborn"), Grace: 50 * time.Millisecond, OnLine: func(string) { close(ready) },
	})
	waitFor(t, ready)
	require.NoError(t, p.Stop())
	require.False(t, proc.Runs(p.PID()))
	require.NoError(t, p.Stop(), "stopping twice is harmless")
}

func TestProcess_UnexpectedEndIsAnError(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(log, []byte("an earlier run\n"), 0o600))
	p := start(t.Context(), t, proc.Options{Name: "failing server", Env: role("failing"), LogFile: log})
	waitFor(t, p.Done())
	require.ErrorContains(t, p.Err(), "failing server ended by itself: exit status 3")
	require.Equal(t, "it went wrong", p.LogTail(1000), "only what this run wrote")
}

func TestProcess_OutputGoesToFileAndLines(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	var mu sync.Mutex
	var lines []string
	p := start(t.Context(), t, proc.Options{Env: role("talker"), LogFile: log, OnLine: func(l string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, l)
	}})
	waitFor(t, p.Done())
	require.Equal(t, []string{"one", "two", "three"}, lines)
	require.Equal(t, "one\ntwo\nthree", p.LogTail(1000))
}

func TestRun_ReportsTheLastOutput(t *testing.T) {
	t.Parallel()
	require.NoError(t, proc.Run(t.Context(), proc.Options{Path: os.Args[0], Env: role("talker")}))
	err := proc.Run(t.Context(), proc.Options{Name: "setup", Path: os.Args[0], Env: role("failing")})
	require.EqualError(t, err, "run setup: exit status 3\nit went wrong")

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, proc.Run(ctx, proc.Options{Path: os.Args[0], Env: role("sleeper")}), context.DeadlineExceeded)
}

func TestProcess_MissingProgramIsNamed(t *testing.T) {
	t.Parallel()
	_, err := proc.Start(t.Context(), proc.Options{Path: "/does/not/exist"})
	require.ErrorContains(t, err, "/does/not/exist")
}

func TestProcess_RunsAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		_, err := proc.Start(t.Context(), proc.Options{Path: "/bin/sh", Credential: &proc.Credential{UID: 65534, GID: 65534}})
		require.Error(t, err, "only root can change the user, and must be told so")
		return
	}
	var line string
	p, err := proc.Start(t.Context(), proc.Options{
		Path: "/bin/sh", Args: []string{"-c", "id -u; id -g; id -G"}, Dir: "/",
		Credential: &proc.Credential{UID: 65534, GID: 65534}, OnLine: func(l string) { line += l + " " },
	})
	require.NoError(t, err)
	waitFor(t, p.Done())
	require.Equal(t, "65534 65534 65534 ", line)
}

func TestOwnerKilled_ChildDies(t *testing.T) {
	t.Parallel()
	owner, child := startOwner(t, filepath.Join(t.TempDir(), "server.pid"))
	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	require.Eventually(t, func() bool { return !proc.Runs(child) }, patience, 10*time.Millisecond)
}

func TestClaim_StopsAnOrphan(t *testing.T) {
	t.Parallel()
	// The owner dies without a word and the kernel's signal does not come, as on a system that has none: the orphan is
	// started here, and its record is what the owner would have left.
	orphan := exec.Command(os.Args[0], "an-argument")
	orphan.Env = role("sleeper")
	require.NoError(t, orphan.Start())
	gone := make(chan error, 1)
	go func() { gone <- orphan.Wait() }()
	waitUntilRuns(t, orphan.Process.Pid)
	pidFile := filepath.Join(t.TempDir(), "server.pid")
	writeRecord(t, pidFile, orphan.Process.Pid, os.Args[0]+" an-argument")

	claim, err := proc.Claim(t.Context(), pidFile, proc.Orphan{Signal: syscall.SIGTERM, Grace: patience})
	require.NoError(t, err)
	require.ErrorContains(t, <-gone, "terminated")
	require.NoError(t, claim.Close())
}

func TestClaim_LeavesAStrangerAlone(t *testing.T) {
	t.Parallel()
	stranger := start(t.Context(), t, proc.Options{Env: role("sleeper")})
	waitUntilRuns(t, stranger.PID())
	pidFile := filepath.Join(t.TempDir(), "server.pid")
	writeRecord(t, pidFile, stranger.PID(), "postgres -D /some/data")

	claim, err := proc.Claim(t.Context(), pidFile, proc.Orphan{})
	require.NoError(t, err)
	require.True(t, proc.Runs(stranger.PID()))
	require.NoError(t, claim.Close())
}

func TestClaim_RefusesWhatALivingOwnerServes(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "server.pid")
	owner, child := startOwner(t, pidFile)
	_, err := proc.Claim(t.Context(), pidFile, proc.Orphan{})
	require.ErrorIs(t, err, proc.ErrLocked)
	require.True(t, proc.Runs(child))

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	claim, err := proc.Claim(t.Context(), pidFile, proc.Orphan{})
	require.NoError(t, err, "the claim of a killed owner is free")
	require.False(t, proc.Runs(child))
	require.NoError(t, claim.Close())
}

func TestClaim_SurvivesATornRecord(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "server.pid")
	require.NoError(t, os.WriteFile(pidFile, []byte(`{"pid": 1`), 0o600))
	claim, err := proc.Claim(t.Context(), pidFile, proc.Orphan{})
	require.NoError(t, err)
	require.NoError(t, claim.Close())
}

func TestLock_SharedKeepsExclusiveOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "lock")
	one, err := proc.LockShared(t.Context(), path)
	require.NoError(t, err)
	two, err := proc.LockShared(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, one.Unlock())
	_, err = proc.TryLock(path)
	require.ErrorIs(t, err, proc.ErrLocked)
	ended, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = proc.Lock(ended, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, two.Unlock())
	alone, err := proc.Lock(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, alone.Unlock())
}

func TestCheckPort_NamesThePortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	err = proc.CheckPort(addr)
	var inUse *proc.PortInUseError
	require.ErrorAs(t, err, &inUse)
	require.Equal(t, addr, inUse.Addr)
	require.ErrorContains(t, err, "port "+strings.TrimPrefix(addr, "127.0.0.1:")+" on 127.0.0.1 is already in use")
	require.NoError(t, l.Close())

	port, err := proc.FreePort()
	require.NoError(t, err)
	require.NoError(t, proc.CheckPort(net.JoinHostPort("127.0.0.1", strconv.Itoa(port))))
}

func start(ctx context.Context, t *testing.T, o proc.Options) *proc.Process {
	t.Helper()
	o.Path = os.Args[0]
	p, err := proc.Start(ctx, o)
	require.NoError(t, err)
	return p
}

// startOwner runs an owner of a sleeper in a process of its own.
func startOwner(t *testing.T, pidFile string) (*exec.Cmd, int) {
	t.Helper()
	owner := exec.Command(os.Args[0], pidFile)
	owner.Env = role("owner")
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	t.Cleanup(func() { _ = owner.Process.Kill() }) // in case the test fails before it does so
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	waitUntilRuns(t, child)
	return owner, child
}

// waitUntilRuns bridges the moment in which a program is started but the kernel does not yet show its command line.
func waitUntilRuns(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return proc.Runs(pid) }, patience, time.Millisecond)
}

func writeRecord(t *testing.T, path string, pid int, commandLine string) {
	t.Helper()
	rec := `{"pid":` + strconv.Itoa(pid) + `,"command_line":` + strconv.Quote(commandLine) + `}`
	require.NoError(t, os.WriteFile(path, []byte(rec), 0o600))
}

func waitFor(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		require.FailNow(t, "it did not happen in time")
	}
}
