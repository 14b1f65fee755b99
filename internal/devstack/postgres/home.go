package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// sharedHome is where data goes whose folder the server's user cannot reach. Every user can reach it.
const sharedHome = "/var/lib/boxoffice"

// home is the folder of a server, claimed by us: nobody else starts, stops or removes a server in it meanwhile.
type home struct {
	dir       string           // what the caller asked for: password, process record, log
	base      string           // the folder that holds the data folder: dir, or one in sharedHome
	user      *proc.Credential // who the server runs as; nil for ourselves
	password  string
	temporary bool // we made dir, so that destroy removes it
	claim     *proc.PIDFile
}

// data is the server's data folder.
func (h *home) data() string { return filepath.Join(h.base, "data") }

// openHome claims dir, which is made if need be, and stops a server that an earlier owner left running there.
func openHome(ctx context.Context, dir string) (*home, error) {
	h := &home{}
	var err error
	if dir == "" {
		h.temporary = true
		dir, err = os.MkdirTemp("", "boxoffice-postgres-")
	} else if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	h.dir = dir
	if h.temporary && os.Geteuid() == 0 {
		// The server's user must get through; what it may not read has modes of its own.
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
			return nil, fmt.Errorf("open the folder: %w", err)
		}
	}
	h.claim, err = proc.Claim(ctx, filepath.Join(dir, "postgres.pid"), proc.Orphan{Signal: syscall.SIGINT, Grace: stopGrace})
	if err != nil {
		return nil, err
	}
	if err := h.settle(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *home) close() error {
	if err := h.claim.Close(); err != nil {
		return fmt.Errorf("give the folder free: %w", err)
	}
	if h.temporary {
		return h.removeTemporary()
	}
	return nil
}

// removeTemporary removes the folder that we made, last of all: nobody else knows its name.
func (h *home) removeTemporary() error {
	if err := os.RemoveAll(h.dir); err != nil {
		return fmt.Errorf("remove the temporary folder: %w", err)
	}
	return nil
}

// destroy removes data and password. The children of a killed server may still write for a moment, so it tries again.
func (h *home) destroy() error {
	paths := []string{h.data(), filepath.Join(h.base, "data.new"), filepath.Join(h.dir, "data"), h.passwordFile()}
	if h.base != h.dir {
		paths = append(paths, h.base)
	}
	for try := 0; ; try++ {
		var err error
		for _, path := range paths {
			err = errors.Join(err, os.RemoveAll(path))
		}
		if err == nil {
			return nil
		}
		if try == 20 {
			return fmt.Errorf("remove the data: %w", err)
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // a dying server may still write; nothing tells when it is done
	}
}

// Destroy removes all that a server keeps in dir (data, password), stopping one that an earlier owner left running. It
// returns proc.ErrLocked if a living process serves the folder.
func Destroy(ctx context.Context, dir string) error {
	h, err := openHome(ctx, dir)
	if err != nil {
		return fmt.Errorf("destroy postgres data: %w", err)
	}
	if err := errors.Join(h.destroy(), h.close()); err != nil {
		return fmt.Errorf("destroy postgres data: %w", err)
	}
	return nil
}

func (h *home) passwordFile() string { return filepath.Join(h.dir, "password") }

// loadPassword reads the password, or makes one if the data is yet to be made.
func (h *home) loadPassword(fresh bool) error {
	b, err := os.ReadFile(h.passwordFile())
	if err == nil && len(b) > 0 {
		h.password = strings.TrimSpace(string(b))
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the password: %w", err)
	}
	if !fresh {
		return fmt.Errorf("%s has data but its password is lost (%s): restore that file, or remove the folder to begin anew",
			h.dir, h.passwordFile())
	}
	return h.setPassword(rand.Text())
}

func (h *home) setPassword(password string) error {
	h.password = password
	if err := os.WriteFile(h.passwordFile(), []byte(h.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep the password: %w", err)
	}
	return nil
}

// initialise makes the data folder if it is not there. It is made under another name and renamed when complete, so that
// an attempt that was cut off leaves nothing that looks like data.
func (h *home) initialise(ctx context.Context, bin Binaries, opts Options) error {
	_, err := os.Stat(filepath.Join(h.data(), "PG_VERSION"))
	fresh := errors.Is(err, os.ErrNotExist)
	if err != nil && !fresh {
		return fmt.Errorf("look for data: %w", err)
	}
	if opts.StandbyOf != "" {
		err = h.adoptPassword(opts.StandbyOf)
	} else {
		err = h.loadPassword(fresh)
	}
	if err != nil {
		return err
	}
	if !fresh {
		return h.checkVersion(bin)
	}
	opts.Progress("Making a new database cluster in " + h.data())
	staging := filepath.Join(h.base, "data.new")
	if err := h.stage(staging); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if opts.StandbyOf != "" {
		err = h.backUp(ctx, opts.StandbyOf, staging)
	} else {
		err = h.initdb(ctx, bin, staging, opts.Durable)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(staging, h.data()); err != nil {
		return fmt.Errorf("put the new data in place: %w", err)
	}
	return nil
}

// stage makes an empty folder of the server's user.
func (h *home) stage(staging string) error {
	if err := errors.Join(os.RemoveAll(staging), os.Mkdir(staging, 0o700)); err != nil {
		return err
	}
	return h.give(staging)
}

// give makes a file or folder the server's user's.
func (h *home) give(path string) error {
	if h.user == nil {
		return nil
	}
	return os.Chown(path, int(h.user.UID), int(h.user.GID))
}

// initdb fills an empty folder with data of which there are none.
func (h *home) initdb(ctx context.Context, bin Binaries, staging string, durable bool) error {
	pwfile := filepath.Join(h.base, "initdb-password")
	if err := errors.Join(os.RemoveAll(pwfile), os.WriteFile(pwfile, []byte(h.password+"\n"), 0o600), h.give(pwfile)); err != nil {
		return fmt.Errorf("tell initdb the password: %w", err)
	}
	args := []string{
		"-D", staging, "-U", User, "--pwfile", pwfile, "--auth", "scram-sha-256", "--data-checksums",
		"--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
	}
	if !durable {
		args = append(args, "--no-sync")
	}
	err := proc.Run(ctx, proc.Options{
		Name: "initdb", Path: filepath.Join(bin.Dir, "initdb"), Args: args, Env: environment(), Dir: "/", Credential: h.user,
	})
	return errors.Join(err, os.Remove(pwfile))
}

// checkVersion refuses data of another major version before the server does so in words of its own.
func (h *home) checkVersion(bin Binaries) error {
	b, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read the data's version: %w", err)
	}
	if have := strings.TrimSpace(string(b)); have != strconv.Itoa(major(bin.Version)) {
		return fmt.Errorf("the data in %s is of PostgreSQL %s, but the server in %s is %s: use a server of that version, or remove the folder to begin anew",
			h.dir, have, bin.Dir, bin.Version)
	}
	return nil
}

// clearStalePostmaster deals with the lock file of a server whose owner was killed. A server that still runs is stopped.
// If the process ID belongs to a stranger of the same user by now, the server would take it for a rival, so the file is
// removed. Otherwise the file stays: from it the server learns which shared memory to look after.
func (h *home) clearStalePostmaster(ctx context.Context) error {
	path := filepath.Join(h.data(), "postmaster.pid")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read postmaster.pid: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return os.Remove(path) // torn: the server refuses to start with it
	}
	ours := func(line string) bool {
		return strings.Contains(line, "postgres") && strings.Contains(line, " -D "+h.data()+" ")
	}
	how := proc.Orphan{Signal: syscall.SIGINT, Grace: stopGrace}
	if err := proc.StopProcess(ctx, pid, ours, how); err != nil {
		return fmt.Errorf("stop the server that still runs: %w", err)
	}
	if syscall.Kill(pid, 0) != nil { // gone
		return nil //nolint:nilerr // as it should be
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the stale postmaster.pid: %w", err)
	}
	return nil
}
