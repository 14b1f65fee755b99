// Package failpoint lets a test stop a process at a named point, so that it can be killed exactly there. It depends on
// the standard library alone.
//
// A point that is reached announces itself with a file and blocks; the test sees the file and kills the process from
// outside. Nothing happens unless the process was given a folder and the folder has a file of the point's name, so a
// deployed program, which is given none, cannot reach one by accident.
package failpoint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// DirEnv names the setting that arms failpoints; boxoffice --help does not list it.
const DirEnv = "BOXOFFICE_FAILPOINT_DIR"

// Points are the failpoints of a process. Nil has none and costs nothing.
type Points struct{ dir string }

// FromEnv gives the points of the folder that DirEnv names, nil if it names none.
func FromEnv() *Points {
	if dir := os.Getenv(DirEnv); dir != "" {
		return &Points{dir: dir}
	}
	return nil
}

// Armed reports whether a file arms the point name: for what is to go wrong there rather than to stop.
func (p *Points) Armed(name string) bool {
	if p == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(p.dir, name))
	return err == nil
}

// Reach is called at the point name. Armed, by a file of that name, it writes name.reached with the process ID into the
// folder and blocks until the file is removed, the context ends, or the process is killed.
func (p *Points) Reach(ctx context.Context, name string) error {
	if !p.Armed(name) {
		return nil
	}
	armed := filepath.Join(p.dir, name)
	if err := os.WriteFile(armed+".reached", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("announce failpoint %s: %w", name, err)
	}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
			if !p.Armed(name) {
				return nil
			}
		}
	}
}
