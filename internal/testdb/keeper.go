package testdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// keeperDirEnv and keeperLingerEnv turn a test binary into the keeper of the shared server.
const (
	keeperDirEnv    = "BOXOFFICE_TESTDB_KEEPER_DIR"
	keeperLingerEnv = "BOXOFFICE_TESTDB_KEEPER_LINGER"
)

// leasePoll is how often the keeper looks whether the server is still used.
const leasePoll = 250 * time.Millisecond

func (s state) keeperEnv() []string {
	return []string{keeperDirEnv + "=" + s.Dir, keeperLingerEnv + "=" + s.Linger.String()}
}

// init runs the keeper instead of the tests where the environment says so. It is an init because the keeper is the test
// binary itself, started again: a test package needs no TestMain for it, and there is no other program to build and find.
func init() {
	dir := os.Getenv(keeperDirEnv)
	if dir == "" {
		return
	}
	if err := keep(dir, os.Getenv(keeperLingerEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keep owns the shared server from its start to its end. It is a program of its own, hence the root context.
func keep(dir, lingerText string) error {
	wait, err := time.ParseDuration(lingerText)
	if err != nil {
		return fmt.Errorf("%s: %w", keeperLingerEnv, err)
	}
	// The server's own processes and further keepers are not keepers.
	if err := errors.Join(os.Unsetenv(keeperDirEnv), os.Unsetenv(keeperLingerEnv)); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the keeper is a program of its own
	defer stop()
	return state{Dir: dir, Linger: wait}.keep(ctx)
}

func (s state) keep(ctx context.Context) error {
	alone, err := proc.Lock(ctx, s.keeper()) // waits for a keeper that is ending
	if err != nil {
		return err
	}
	server, err := s.startServer(ctx)
	if err == nil {
		err = s.publish(server.URL)
		if err == nil {
			err = s.untilUnused(ctx, server)
		}
		err = errors.Join(err, server.Stop())
	}
	return errors.Join(err, alone.Unlock())
}

// startServer starts from nothing: the data of an earlier server is of no use, and as it was never flushed, of no trust.
func (s state) startServer(ctx context.Context) (*postgres.Server, error) {
	dir := filepath.Join(s.Dir, "postgres")
	if err := postgres.Destroy(ctx, dir); err != nil {
		return nil, err
	}
	return postgres.Start(ctx, postgres.Options{
		Dir: dir, Ephemeral: true, MaxConnections: 400,
		Settings: map[string]string{"synchronous_commit": "off", "shared_buffers": "256MB", "max_wal_size": "4GB"},
		Progress: func(message string) { fmt.Fprintln(os.Stderr, message) },
	})
}

// publish writes the URL under another name first: nobody may read half of it.
func (s state) publish(url string) error {
	tmp := s.urlFile() + ".new"
	if err := os.WriteFile(tmp, []byte(url+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.urlFile())
}

// untilUnused returns when nobody has held the lease for the linger time, or the server has ended by itself.
func (s state) untilUnused(ctx context.Context, server *postgres.Server) error {
	tick := time.NewTicker(leasePoll)
	defer tick.Stop()
	for lastUse := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-server.Done():
			return nil // Stop tells why
		case <-tick.C:
		}
		used, err := s.used()
		switch {
		case err != nil:
			return err
		case used:
			lastUse = time.Now()
		case time.Since(lastUse) >= s.Linger:
			closed, err := s.close()
			if closed || err != nil {
				return err
			}
			lastUse = time.Now()
		}
	}
}

// used tells whether anybody holds the lease.
func (s state) used() (bool, error) {
	lease, err := proc.TryLock(s.lease())
	if errors.Is(err, proc.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, lease.Unlock()
}

// close takes the server off the list if nobody has joined meanwhile: who comes later finds none, and starts a keeper,
// which waits for this one to end.
func (s state) close() (bool, error) {
	entry, err := proc.TryLock(s.entry())
	if errors.Is(err, proc.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	used, err := s.used()
	if err == nil && !used {
		err = os.Remove(s.urlFile())
	}
	return !used, errors.Join(err, entry.Unlock())
}
