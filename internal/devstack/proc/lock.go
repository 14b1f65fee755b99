package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrLocked says that another holds a lock that was asked for without waiting.
var ErrLocked = errors.New("locked by another process")

// lockPoll is how often a lock that another holds is tried again. Polling, because a blocking flock cannot be cancelled.
const lockPoll = 20 * time.Millisecond

// FileLock is an advisory lock on a file. The kernel releases it when its process dies, however it dies. Children do not
// inherit it. The file stays: removing it would let two processes lock two files of one name.
type FileLock struct {
	file *os.File
}

// Lock takes the exclusive lock on path, creating the file and its folder, and waits for it until ctx ends.
func Lock(ctx context.Context, path string) (*FileLock, error) {
	return lock(ctx, path, syscall.LOCK_EX)
}

// LockShared takes a shared lock on path: many may hold it at once, but none beside the exclusive one.
func LockShared(ctx context.Context, path string) (*FileLock, error) {
	return lock(ctx, path, syscall.LOCK_SH)
}

// TryLock takes the exclusive lock on path or returns ErrLocked at once.
func TryLock(path string) (*FileLock, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	if err := flock(f, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &FileLock{file: f}, nil
}

// Unlock releases the lock. It does not leave that to the closing of the file: a child that another goroutine is starting
// has the file open, too, until it runs its own program.
func (l *FileLock) Unlock() error {
	if err := errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close()); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}

func lock(ctx context.Context, path string, how int) (*FileLock, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := flock(f, how)
		if err == nil {
			return &FileLock{file: f}, nil
		}
		if !errors.Is(err, ErrLocked) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, ctx.Err()), f.Close())
		case <-tick.C:
		}
	}
}

func openLock(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

// flock tries once; a signal that interrupts it is no answer.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("%s: %w", f.Name(), ErrLocked)
		default:
			return fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}
