package proc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// PIDFile says which process serves a folder, and is the lock of that folder: who claimed it owns the server. Its content
// outlives a killed owner, its lock does not; that is how the next owner tells an orphan from a server in use.
type PIDFile struct {
	lock *FileLock
}

// pidRecord is the content of a PIDFile.
type pidRecord struct {
	PID         int    `json:"pid"`
	CommandLine string `json:"command_line"`
}

// Orphan says how Claim ends a process that an earlier owner left behind. The zero value means SIGTERM and 10 s.
type Orphan struct {
	Signal syscall.Signal
	Grace  time.Duration
}

// Recorded gives the process that the file at path names, whoever owns it. It is an error where none is recorded: one is just
// being started, or was ended in order. For a moment one that has died may still be named.
func Recorded(path string) (pid int, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var record pidRecord
	if err := json.Unmarshal(content, &record); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if record.PID <= 1 {
		return 0, fmt.Errorf("%s names process %d", path, record.PID)
	}
	return record.PID, nil
}

// Claim takes path for this process until Close. If the process recorded in it still runs (the same ID and the same
// command line; a stranger who got the ID is left alone), its owner is dead, so Claim stops it first. It returns an error
// that is ErrLocked when a living process holds the claim.
func Claim(ctx context.Context, path string, orphan Orphan) (*PIDFile, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	lock, err := TryLock(path)
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("%s is in use: another running process serves it: %w", filepath.Dir(path), ErrLocked)
	}
	if err != nil {
		return nil, err
	}
	f := &PIDFile{lock: lock}
	rec, err := f.read()
	if err == nil && rec.PID > 0 {
		err = StopProcess(ctx, rec.PID, func(line string) bool { return line == rec.CommandLine }, orphan)
	}
	if err == nil {
		err = f.clear()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("claim %s: %w", path, err), lock.Unlock())
	}
	return f, nil
}

// Close gives the claim up. The process that it records should be gone by then.
func (f *PIDFile) Close() error { return f.lock.Unlock() }

// read returns an empty record for an empty or torn file: a torn one was written by an owner that was killed in the act,
// whose child the kernel ended with it.
func (f *PIDFile) read() (pidRecord, error) {
	b, err := io.ReadAll(io.NewSectionReader(f.lock.file, 0, 1<<20))
	if err != nil {
		return pidRecord{}, fmt.Errorf("read pid file: %w", err)
	}
	var rec pidRecord
	if err := json.Unmarshal(b, &rec); err != nil {
		return pidRecord{}, nil //nolint:nilerr // see above
	}
	return rec, nil
}

// record and clear work on a nil PIDFile too, and do nothing then.
func (f *PIDFile) record(pid int, args []string) error {
	if f == nil {
		return nil
	}
	b, err := json.Marshal(pidRecord{PID: pid, CommandLine: strings.Join(args, " ")})
	if err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	if _, err := f.lock.file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	return nil
}

func (f *PIDFile) clear() error {
	if f == nil {
		return nil
	}
	if err := f.lock.file.Truncate(0); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("empty pid file: %w", err)
	}
	return nil
}

// StopProcess ends a process that is not a child of ours, provided that its command line (joined with spaces) is the one
// that ours recognises: process IDs are used again. It sends the signal, waits the grace, sends SIGKILL, and returns when
// the process is gone. A process that is gone already, or is a stranger, is no error.
func StopProcess(ctx context.Context, pid int, ours func(commandLine string) bool, how Orphan) error {
	if how.Signal == 0 {
		how.Signal = syscall.SIGTERM
	}
	if how.Grace == 0 {
		how.Grace = 10 * time.Second
	}
	for _, step := range []struct {
		sig  syscall.Signal
		wait time.Duration
	}{{how.Signal, how.Grace}, {syscall.SIGKILL, 10 * time.Second}} {
		if !ours(commandLine(pid)) {
			return nil
		}
		if err := syscall.Kill(pid, step.sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		gone, err := waitGone(ctx, pid, ours, step.wait)
		if gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("process %d does not end, not even by SIGKILL", pid)
}

func waitGone(ctx context.Context, pid int, ours func(string) bool, wait time.Duration) (bool, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ours(commandLine(pid)) {
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for process %d to end: %w", pid, ctx.Err())
		case <-deadline.C:
			return false, nil
		case <-tick.C:
		}
	}
	return true, nil
}
