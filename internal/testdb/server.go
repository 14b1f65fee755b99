package testdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// linger is how long the shared server waits for another user after the last: test binaries of one run follow each other
// with gaps.
const linger = 10 * time.Second

// shared is this process's use of the shared server, taken by its first test and given back by its death.
var shared struct {
	sync.Mutex
	url   string
	lease *proc.FileLock
}

// serverURL is a server on which databases can be made.
func serverURL(ctx context.Context) (string, error) {
	if given := os.Getenv(ServerEnv); given != "" {
		if _, err := url.Parse(given); err != nil {
			return "", fmt.Errorf("%s: %w", ServerEnv, err)
		}
		return given, nil
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.url != "" {
		return shared.url, nil
	}
	cache, err := proc.CacheDir()
	if err != nil {
		return "", err
	}
	s := state{Dir: filepath.Join(cache, "testdb-"+strconv.Itoa(os.Getuid())), Linger: linger}
	shared.url, shared.lease, err = s.join(ctx)
	return shared.url, err
}

// state is the folder by which the processes that share a server find it and each other. Two locks rule it:
//
//	lease  held shared by every process that uses the server, until it dies, however it dies; the keeper, which owns the
//	       server, may end it only when it gets the lease alone
//	entry  held while one joins or the keeper decides to end, so that nobody joins a server that is about to end
type state struct {
	Dir    string
	Linger time.Duration
}

func (s state) lease() string   { return filepath.Join(s.Dir, "lease.lock") }
func (s state) entry() string   { return filepath.Join(s.Dir, "entry.lock") }
func (s state) keeper() string  { return filepath.Join(s.Dir, "keeper.lock") }
func (s state) urlFile() string { return filepath.Join(s.Dir, "url") }
func (s state) logFile() string { return filepath.Join(s.Dir, "keeper.log") }

// join returns the URL of the shared server, which it has started if there is none, and the lease that keeps it running.
func (s state) join(ctx context.Context) (string, *proc.FileLock, error) {
	entry, err := proc.Lock(ctx, s.entry())
	if err != nil {
		return "", nil, err
	}
	lease, err := proc.LockShared(ctx, s.lease())
	if err != nil {
		return "", nil, errors.Join(err, entry.Unlock())
	}
	url, ok := s.running(ctx)
	if !ok {
		url, err = s.startKeeper(ctx)
	}
	if err := errors.Join(err, entry.Unlock()); err != nil {
		return "", nil, errors.Join(fmt.Errorf("start the shared test server: %w", err), lease.Unlock())
	}
	return url, lease, nil
}

// running returns the URL that the keeper has published, if a server answers there.
func (s state) running(ctx context.Context) (string, bool) {
	b, err := os.ReadFile(s.urlFile())
	if err != nil {
		return "", false
	}
	url := strings.TrimSpace(string(b))
	return url, execute(ctx, url, "SELECT 1") == nil
}

// startKeeper starts the keeper in a session of its own, so that neither the end of this process nor an interrupt from the
// terminal ends it, and waits until its server runs.
func (s state) startKeeper(ctx context.Context) (string, error) {
	if err := os.Remove(s.urlFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	keeper := exec.Command(program) //nolint:noctx // it outlives this process
	keeper.Dir = s.Dir
	keeper.Env = append(os.Environ(), s.keeperEnv()...)
	keeper.Stdout, keeper.Stderr = log, log
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := errors.Join(keeper.Start(), log.Close()); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- keeper.Wait() }() // ends with the keeper or with this process, which is not its owner
	return s.awaitURL(ctx, ended)
}

func (s state) awaitURL(ctx context.Context, ended <-chan error) (string, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if url, ok := s.running(ctx); ok {
			return url, nil
		}
		select {
		case err := <-ended:
			said, readErr := os.ReadFile(s.logFile())
			return "", errors.Join(fmt.Errorf("its keeper ended (%w):\n%s", err, said), readErr)
		case <-ctx.Done():
			return "", fmt.Errorf("its keeper does not get ready (see %s): %w", s.logFile(), ctx.Err())
		case <-tick.C:
		}
	}
}
