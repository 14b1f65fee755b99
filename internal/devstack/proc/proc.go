// Package proc runs a child process that belongs to a context: it starts it, watches it, stops it and makes sure that it
// does not outlive its owner, even one that is killed.
//
// It depends on the operating system only (Linux and macOS). On Linux the kernel itself ends the child when the owner
// dies (PR_SET_PDEATHSIG); everywhere a [PIDFile] lets the next run find and stop what an earlier one left behind.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Credential is the user and group that a child runs as. Only root can ask for another than its own. The child gets no
// supplementary groups.
type Credential struct {
	UID, GID uint32
}

// Options say what to run and how it ends. Only Path is required.
type Options struct {
	// Name is what errors call the process. By default it is Path.
	Name string
	// Path is the program, Args its arguments without the program's own name.
	Path string
	Args []string
	// Env is the whole environment; nil means the caller's.
	Env []string
	// Dir is the working directory; empty means the caller's.
	Dir string
	// Credential drops to another user; nil keeps the caller's.
	Credential *Credential
	// LogFile, if set, gets the output (standard output and error) appended, without a pipe through this process, so
	// that nothing is lost when this process dies first.
	LogFile string
	// OnLine, if set, gets each line of output without its line end. It is called from one goroutine at a time, and must
	// not block for long: the child waits meanwhile.
	OnLine func(line string)
	// StopSignal asks the process to end; by default SIGTERM.
	StopSignal syscall.Signal
	// Grace is how long Stop waits before it sends SIGKILL to the process group; by default 10 s.
	Grace time.Duration
	// OrphanSignal is what the kernel sends when the owner dies (Linux only); by default SIGKILL.
	OrphanSignal syscall.Signal
	// PIDFile, if set, records the process while it runs. The caller claimed it and closes it after Done.
	PIDFile *PIDFile
}

// Process is a running or ended child. Its methods may be called from several goroutines.
type Process struct {
	opts Options
	cmd  *exec.Cmd
	out  *output
	done chan struct{}

	mu     sync.Mutex
	exited bool  // guarded by mu: its process ID may belong to another from now on
	asked  bool  // guarded by mu: the end was asked for, so that it is no failure
	status error // what waiting for the process returned; written before done is closed
	err    error // what Err returns; written before done is closed
}

// Start runs the program. It ends when ctx does: by StopSignal, then after Grace by SIGKILL. An error means that nothing
// runs. Start does not wait until the process serves anything; that is the caller's to find out.
func Start(ctx context.Context, opts Options) (*Process, error) {
	opts = withDefaults(opts)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", opts.Name, err)
	}
	out, err := openOutput(opts)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", opts.Name, err)
	}
	p := &Process{opts: opts, out: out, done: make(chan struct{})}
	p.cmd = p.command()
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", opts.Name, err)
	}
	if err := p.record(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", opts.Name, err), p.Kill())
	}
	go p.endWith(ctx)
	return p, nil
}

func withDefaults(o Options) Options {
	if o.Name == "" {
		o.Name = o.Path
	}
	if o.StopSignal == 0 {
		o.StopSignal = syscall.SIGTERM
	}
	if o.OrphanSignal == 0 {
		o.OrphanSignal = syscall.SIGKILL
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	return o
}

func (p *Process) command() *exec.Cmd {
	cmd := exec.Command(p.opts.Path, p.opts.Args...) //nolint:noctx // the context is watched by whoever owns the process
	cmd.Env = p.opts.Env
	cmd.Dir = p.opts.Dir
	cmd.Stdout, cmd.Stderr = p.out.writer(), p.out.writer()
	// A grandchild that keeps the output open must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = sysProcAttr(p.opts.OrphanSignal)
	cmd.SysProcAttr.Setpgid = true
	if c := p.opts.Credential; c != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID}
	}
	return cmd
}

// run starts the process and waits for it on one and the same thread: the kernel sends the parent-death signal when the
// thread that forked ends, not when the whole process does, and Go ends idle threads as it likes.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- errors.Join(err, p.out.close())
		return
	}
	started <- nil
	err := p.cmd.Wait()
	p.mu.Lock()
	p.exited = true
	asked := p.asked
	p.mu.Unlock()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	p.status = err
	if !asked {
		p.err = p.unexpected(err)
	}
	p.err = errors.Join(p.err, p.out.close(), p.opts.PIDFile.clear())
	close(p.done)
}

func (p *Process) unexpected(err error) error {
	if err == nil {
		return fmt.Errorf("%s ended by itself with status 0", p.opts.Name)
	}
	return fmt.Errorf("%s ended by itself: %w", p.opts.Name, err)
}

// Run runs the program to its end and returns nil if it ended with status 0; otherwise the error carries the last lines
// of its output. It ends early, with an error, when ctx does.
func Run(ctx context.Context, opts Options) error {
	last := make([]string, 0, 2*runTail)
	opts.OnLine = func(line string) {
		if last = append(last, line); len(last) == cap(last) {
			last = append(last[:0], last[runTail:]...)
		}
	}
	p, err := Start(ctx, opts)
	if err != nil {
		return err
	}
	<-p.Done()
	if err := ctx.Err(); err != nil && p.status != nil {
		return fmt.Errorf("run %s: %w", p.opts.Name, err)
	}
	if p.status != nil {
		return fmt.Errorf("run %s: %w\n%s", p.opts.Name, p.status, strings.Join(last, "\n"))
	}
	return nil
}

// runTail is how many lines of output at least an error of Run carries, if there were so many.
const runTail = 20

func (p *Process) record() error {
	return p.opts.PIDFile.record(p.cmd.Process.Pid, p.cmd.Args)
}

func (p *Process) endWith(ctx context.Context) {
	select {
	case <-ctx.Done():
		p.stop()
	case <-p.done:
	}
}

// PID is the process ID. It says nothing about whether the process still runs.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended and its PIDFile is empty again.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is nil while the process runs and when it ended because it was asked to (Stop, Kill, its context); otherwise it
// says how it ended.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Stop asks the process to end, waits Grace, then kills its process group. It returns when the process is gone, with the
// same error as Err; a process that is gone already is no error of Stop's.
func (p *Process) Stop() error {
	p.stop()
	return p.Err()
}

func (p *Process) stop() {
	p.signal(p.cmd.Process.Pid, p.opts.StopSignal)
	timer := time.NewTimer(p.opts.Grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.signal(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// Kill sends SIGKILL to the process group and returns when the process is gone: a crash, for tests of what comes after.
func (p *Process) Kill() error {
	p.signal(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	return p.Err()
}

// signal sends sig to target (a process, or a group if negative) unless the child is gone: then its ID may be another's.
// A failure means that the target ended just now, which the callers wait for anyway.
func (p *Process) signal(target int, sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = true
	if p.exited {
		return
	}
	if err := syscall.Kill(target, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		// The only other reason is that the child changed its user and we are not root: its own group kill is out of
		// reach, the process itself is not.
		_ = p.cmd.Process.Signal(os.Signal(sig))
	}
}

// LogTail is the end of what this run of the process wrote to LogFile, at most n bytes, for an error message. It is empty
// without LogFile.
func (p *Process) LogTail(n int64) string { return p.out.tail(n) }
