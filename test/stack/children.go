package stack

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/stretchr/testify/require"
)

// Servers are the children of dev that have a record in its state folder.
var Servers = []string{"api", "worker", "postgres", "temporal"}

// Children gives the process IDs of dev's children.
func (s *System) Children() map[string]int {
	children := map[string]int{}
	for _, name := range Servers {
		if pid, err := s.PID(name); err == nil {
			children[name] = pid
		}
	}
	return children
}

// PID reads the record of a child: state folder/name/name.pid. A child that is just being started again has none.
func (s *System) PID(name string) (int, error) {
	return proc.Recorded(filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], name, name+".pid"))
}

// listening gives the host:port of everything in the file of addresses.
func (s *System) listening() map[string]string {
	found := map[string]string{}
	for name, value := range s.Env {
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

// Signal sends a signal to a child, and gives its process ID. Tests that do so run one after the other.
func (s *System) Signal(t *testing.T, name string, sig syscall.Signal) int {
	t.Helper()
	pid, err := s.PID(name)
	require.NoError(t, err)
	s.disturbed = true
	require.NoError(t, syscall.Kill(pid, sig))
	return pid
}

// TryKill is Signal for a child that may just be started again: an error then.
func (s *System) TryKill(name string, sig syscall.Signal) error {
	pid, err := s.PID(name)
	if err != nil {
		return err
	}
	s.disturbed = true
	return syscall.Kill(pid, sig)
}

// AwaitRestart waits until another process than old serves as a child.
func (s *System) AwaitRestart(t *testing.T, name string, old int) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		pid, err := s.PID(name)
		if err == nil && pid == old {
			err = fmt.Errorf("%s is still process %d", name, old)
		}
		return err
	})
}

// AwaitReady waits until the API, and all that it needs, is ready.
func (s *System) AwaitReady(t *testing.T) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		response, err := http.Get(s.Env["ADMIN_URL"] + "/readyz")
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = fmt.Errorf("/readyz answers %s", response.Status)
		}
		return errors.Join(err, response.Body.Close())
	})
}
