package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The places of this run.
var (
	root    string // of the repository, where tools/go.mod is found
	program string // the boxoffice binary
	Scratch string // logs and failpoints; removed at the end
)

// The systems that tests share. Each is started by the first test that asks for it: a start costs about 4 s of CPU.
var (
	Usual = sync.OnceValues(func() (*System, error) { return StartShared("usual", Seeded, "BOXOFFICE_HOLD_DURATION=8m") })
	Short = sync.OnceValues(func() (*System, error) {
		return StartShared("short", Seeded, "BOXOFFICE_HOLD_DURATION=4s", "BOXOFFICE_HOLD_EXTENSION=4s", "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	})
)

// BriefHold is how long seats are held in the system of the tests of late money and of failing servers.
const BriefHold = 4 * time.Second

// Brief is that system. A payment that comes late wakes a run of its own, so its runs are not counted.
var Brief = sync.OnceValues(func() (*System, error) {
	s, err := StartShared("brief", Seeded, "BOXOFFICE_HOLD_DURATION="+BriefHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	if s != nil {
		s.disturbed = true
	}
	return s, err
})

// shared are those that were started.
var shared struct {
	sync.Mutex
	systems []*System
}

// StartShared starts an ephemeral system that Main audits and stops. One that did not become ready is given with the error.
func StartShared(name string, flags []string, settings ...string) (*System, error) {
	return share(Start(name, append([]string{"--ephemeral"}, flags...), settings...))
}

// share gives what a start gave, and has Main see to it.
func share(s *System, err error) (*System, error) {
	shared.Lock()
	defer shared.Unlock()
	if s != nil {
		shared.systems = append(shared.systems, s)
	}
	return s, err
}

// Main runs the tests, and then holds what they left in each shared system against what must always be true of it.
func Main(m *testing.M) int {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "system tests:", err)
		return 1
	}
	code := m.Run()
	for _, s := range shared.systems {
		if err := finish(s); err != nil {
			fmt.Fprintf(os.Stderr, "--- FAIL: system %q: %v\n", s.name, err)
			code = 1
		}
	}
	if err := os.RemoveAll(Scratch); err != nil {
		fmt.Fprintln(os.Stderr, "system tests:", err)
		return 1
	}
	return code
}

// finish audits a system and stops it, also where the audit used up its time.
func finish(s *System) error {
	auditing, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := s.Audit(auditing)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, s.Tails()) // now: an ephemeral system takes its logs along
	}
	stopping, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(err, s.Stop(stopping))
}

// prepare finds or builds the program.
func prepare() (err error) {
	if root, err = findRoot(); err != nil {
		return err
	}
	if Scratch, err = os.MkdirTemp("", "boxoffice-test-"); err != nil {
		return err
	}
	if err := os.Chmod(Scratch, 0o755); err != nil { // the database's user must get through, where we are root
		return err
	}
	if program = os.Getenv("BOXOFFICE_BIN"); program != "" {
		if program, err = filepath.Abs(program); err != nil {
			return err
		}
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("BOXOFFICE_BIN: %w", err)
		}
		return nil
	}
	program = filepath.Join(Scratch, "boxoffice")
	build := exec.Command("go", "build", "-o", program, "./cmd/boxoffice")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// findRoot goes up from where the tests are to the module.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("these tests are in no module")
		}
		folder = filepath.Dir(folder)
	}
	return "", err
}
