package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// settle decides as whom the server runs and where the data lies. Data that is there already decides both.
func (h *home) settle() error {
	h.base = h.dir
	link := filepath.Join(h.dir, "data")
	if target, err := os.Readlink(link); err == nil {
		h.base = filepath.Dir(target)
	}
	root := os.Geteuid() == 0
	info, err := os.Stat(h.data())
	switch {
	case errors.Is(err, os.ErrNotExist):
		if !root {
			return nil
		}
		return h.settleNew(link)
	case err != nil:
		return fmt.Errorf("look for data: %w", err)
	}
	owner, err := ownerOf(info)
	if err != nil {
		return err
	}
	switch {
	case !root && owner.UID != uint32(os.Geteuid()):
		return fmt.Errorf("the data in %s belongs to user %d: start as that user or as root, or remove the folder to begin anew",
			h.data(), owner.UID)
	case !root:
		return nil
	case owner.UID == 0:
		return fmt.Errorf("the data in %s belongs to root, whom PostgreSQL refuses to serve: give it to another user", h.data())
	}
	h.user = &owner
	if closed := closedFolder(h.data(), owner); closed != "" {
		return fmt.Errorf("the user %d, who owns the data in %s, cannot get through %s: open it (chmod o+x) or move the data",
			owner.UID, h.data(), closed)
	}
	return nil
}

// settleNew chooses for root where new data goes.
func (h *home) settleNew(link string) error {
	cred, err := unprivileged()
	if err != nil {
		return err
	}
	h.user = &cred
	if h.base == h.dir && closedFolder(h.dir, cred) == "" {
		return nil
	}
	if h.base == h.dir {
		if err := os.MkdirAll(sharedHome, 0o755); err != nil {
			return fmt.Errorf("make a folder that user %d can reach: %w", cred.UID, err)
		}
		// The name is new, never derived from dir: whoever removed or moved dir must not meet older data here.
		if h.base, err = os.MkdirTemp(sharedHome, "postgres-"); err != nil {
			return fmt.Errorf("make a folder that user %d can reach: %w", cred.UID, err)
		}
		if err := os.Symlink(h.data(), link); err != nil {
			return errors.Join(fmt.Errorf("link to the data: %w", err), os.Remove(h.base))
		}
	}
	// A link whose target is gone (an interrupted start, a cleaned machine) is served as if it were new.
	if err := os.MkdirAll(h.base, 0o711); err != nil {
		return fmt.Errorf("make a folder that user %d can reach: %w", cred.UID, err)
	}
	if err := os.Chmod(h.base, 0o711); err != nil { //nolint:gosec // the server's user must get through
		return fmt.Errorf("open the data's folder: %w", err)
	}
	return nil
}

// unprivileged is the user that the server runs as when we are root: postgres, else nobody.
func unprivileged() (proc.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue // not on this machine
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return proc.Credential{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return proc.Credential{}, fmt.Errorf("user %s: %w", name, err)
		}
		return proc.Credential{UID: uint32(uid), GID: uint32(gid)}, nil
	}
	return proc.Credential{}, errors.New(
		"PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it: start as another user")
}

func ownerOf(info os.FileInfo) (proc.Credential, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return proc.Credential{}, fmt.Errorf("owner of %s: unknown on this system", info.Name())
	}
	return proc.Credential{UID: stat.Uid, GID: stat.Gid}, nil
}

// closedFolder is the first folder, from the root down to path (a folder or a program), that cred may not enter or
// execute; empty if it may all. A missing part counts as closed.
func closedFolder(path string, cred proc.Credential) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if parent := filepath.Dir(path); parent != path {
		if closed := closedFolder(parent, cred); closed != "" {
			return closed
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return path
	}
	owner, err := ownerOf(info)
	if err != nil {
		return path
	}
	bit := os.FileMode(0o001)
	switch {
	case owner.UID == cred.UID:
		bit = 0o100
	case owner.GID == cred.GID:
		bit = 0o010
	}
	if info.Mode().Perm()&bit == 0 {
		return path
	}
	return ""
}
