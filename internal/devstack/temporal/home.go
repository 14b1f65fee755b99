package temporal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// home is the folder of a server, claimed by us.
type home struct {
	dir       string
	temporary bool // we made dir, so that close removes it
	claim     *proc.PIDFile
}

// openHome claims dir, which is made if need be, and stops a server that an earlier owner left running there.
func openHome(ctx context.Context, dir string) (*home, error) {
	h := &home{temporary: dir == ""}
	var err error
	if h.temporary {
		dir, err = os.MkdirTemp("", "boxoffice-temporal-")
	} else if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	h.dir = dir
	h.claim, err = proc.Claim(ctx, filepath.Join(dir, "temporal.pid"), proc.Orphan{Signal: syscall.SIGTERM, Grace: stopGrace})
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *home) close() error {
	err := h.claim.Close()
	if h.temporary {
		err = errors.Join(err, os.RemoveAll(h.dir))
	}
	if err != nil {
		return fmt.Errorf("give the folder free: %w", err)
	}
	return nil
}

func (h *home) database() string { return filepath.Join(h.dir, "temporal.db") }

// madeFile says that the database was complete once.
func (h *home) madeFile() string { return filepath.Join(h.dir, "temporal.made") }

// dropHalfMade removes a database whose making was cut off: the server makes its tables only if there is no file, and
// would refuse to work on half of them for ever. Nothing can be in it, since the server never worked.
func (h *home) dropHalfMade() error {
	_, err := os.Stat(h.madeFile())
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look for state: %w", err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(h.database() + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a half-made database: %w", err)
		}
	}
	return nil
}

func (h *home) markMade() error {
	if err := os.WriteFile(h.madeFile(), []byte("The database beside this file is complete.\n"), 0o600); err != nil {
		return fmt.Errorf("mark the database as complete: %w", err)
	}
	return nil
}
