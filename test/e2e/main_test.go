package e2e

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
	scratch string // logs and failpoints; removed at the end
)

// The systems that tests share. Each is started by the first test that asks for it: a start costs about 4 s of CPU.
var (
	usual = sync.OnceValues(func() (*system, error) { return startShared("usual", seeded, "BOXOFFICE_HOLD_DURATION=8m") })
	short = sync.OnceValues(func() (*system, error) {
		return startShared("short", seeded, "BOXOFFICE_HOLD_DURATION=4s", "BOXOFFICE_HOLD_EXTENSION=4s", "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	})
)

// shared are those that were started.
var shared struct {
	sync.Mutex
	systems []*system
}

func startShared(name string, flags []string, settings ...string) (*system, error) {
	s, err := start(name, append([]string{"--ephemeral"}, flags...), settings...)
	shared.Lock()
	defer shared.Unlock()
	if s != nil {
		shared.systems = append(shared.systems, s)
	}
	return s, err
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs the tests, and then holds what they left in each shared system against what must always be true of it.
func run(m *testing.M) int {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	code := m.Run()
	for _, s := range shared.systems {
		if err := finish(s); err != nil {
			fmt.Fprintf(os.Stderr, "--- FAIL: system %q: %v\n", s.name, err)
			code = 1
		}
	}
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return code
}

// finish audits a system and stops it, also where the audit used up its time.
func finish(s *system) error {
	auditing, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := s.audit(auditing)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, s.tails()) // now: an ephemeral system takes its logs along
	}
	stopping, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(err, s.stop(stopping))
}

// prepare finds or builds the program.
func prepare() (err error) {
	if root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		return err
	}
	if scratch, err = os.MkdirTemp("", "boxoffice-e2e-"); err != nil {
		return err
	}
	if err := os.Chmod(scratch, 0o755); err != nil { // the database's user must get through, where we are root
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
	program = filepath.Join(scratch, "boxoffice")
	build := exec.Command("go", "build", "-o", program, "./cmd/boxoffice")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}
