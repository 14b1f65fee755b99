// Package postgres runs a private PostgreSQL server, version 18 or newer, as a child process.
//
// It depends on server binaries found on the machine or carried by an npm package, and on pgx to see when the server
// answers. Nothing else of the machine is touched: the data lies in a folder of the caller's, the server listens on
// 127.0.0.1 alone and asks for a password that only the folder's owner can read.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const (
	// User is the superuser that URL logs in as.
	User = "boxoffice"
	// Database is the one database that is created.
	Database = "boxoffice"

	defaultMaxConnections = 200
	defaultStartTimeout   = time.Minute
	// stopGrace is how long a fast shutdown may take (it writes a checkpoint) before the server is killed.
	stopGrace = 20 * time.Second
)

// Options say where the data lies and how the server runs. The zero value is a server in a temporary folder on a free
// port that forgets everything at its end.
type Options struct {
	// Dir holds the data, the password and the process record. It is made if it is not there. Empty means a new temporary
	// folder, and Ephemeral. One running server a folder; Start returns proc.ErrLocked for the second.
	Dir string
	// Ephemeral removes the data when the server has ended, however it did.
	Ephemeral bool
	// Port to listen on; 0 takes a free one, another at each start.
	Port int
	// Durable makes a commit survive a crash of the machine (fsync). Without it a commit survives a crash of the server
	// only (a kill -9 included), and the server is several times faster: right for tests and nothing else.
	Durable bool
	// StandbyOf makes the server a standby of the running one at this URL, which logs in as User: data that are not there yet
	// are copied from it, and it waits with each commit until the standby has it, so that nothing acknowledged is lost with
	// it. While the standby is away its commits wait. The two must have the same MaxConnections. See Promote.
	StandbyOf string
	// MaxConnections is 200 by default.
	MaxConnections int
	// Settings are further server settings by name; they win over those that this package makes.
	Settings map[string]string
	// LogFile gets the server's log; by default the file log in Dir.
	LogFile string
	// BinDir is the folder of the server binaries; by default they are searched (see Find).
	BinDir string
	// StartTimeout bounds the wait until the server answers, recovery from a crash included; by default a minute.
	StartTimeout time.Duration
	// Progress, if set, is told in a sentence about each step that takes long.
	Progress func(message string)
}

// Server is a running server. Its methods may be called from several goroutines.
type Server struct {
	// URL logs into Database as User, with the password.
	URL string
	// Port is the one it listens on, at 127.0.0.1.
	Port int
	// Version is that of the binaries, as in "18.4".
	Version string
	// DataDir is where the data lies, which is not in Dir if the server's user cannot reach that (see Start).
	DataDir string
	// LogFile has the server's log.
	LogFile string

	process *proc.Process
	done    chan struct{}
	err     error // written before done is closed
}

// Start finds or installs the binaries, makes the data folder if it is new, starts the server, and returns when it
// answers and Database exists. The server ends with ctx. It takes 0.3 s, the first time in a folder 2 s, and with an
// installation a download of 24 MB more.
//
// PostgreSQL refuses to run as root. As root, the server runs as the user postgres, else nobody; and if that user cannot
// reach Dir, because a folder above it is closed to others (as /root is), the data is put into /var/lib/boxoffice and Dir
// gets a symbolic link to it. Data that an ordinary user made is served as that user.
//
// Errors: *proc.PortInUseError, proc.ErrLocked, *VersionError, ErrNoBinaries, or what initdb or the server said last.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = withDefaults(opts)
	if opts.Port != 0 {
		if err := proc.CheckPort(hostPort(opts.Port)); err != nil {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
	}
	home, err := openHome(ctx, opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	s, err := startIn(ctx, home, opts)
	if err != nil {
		if opts.Ephemeral {
			err = errors.Join(err, home.destroy())
		}
		return nil, fmt.Errorf("start postgres: %w", errors.Join(err, home.close()))
	}
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Dir == "" {
		o.Ephemeral = true
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultMaxConnections
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

func startIn(ctx context.Context, h *home, opts Options) (*Server, error) {
	bin, err := findFor(ctx, h.user, opts)
	if err != nil {
		return nil, err
	}
	if err := h.initialise(ctx, bin, opts); err != nil {
		return nil, err
	}
	if err := h.clearStalePostmaster(ctx); err != nil {
		return nil, err
	}
	if opts.LogFile == "" {
		opts.LogFile = filepath.Join(h.dir, "log")
	}
	process, port, err := launch(ctx, h, bin, opts)
	if err != nil {
		return nil, err
	}
	if opts.StandbyOf == "" {
		err = createDatabase(ctx, h.url(port, "postgres"))
	} else {
		following, cancel := context.WithTimeout(ctx, opts.StartTimeout)
		err = keepInStep(following, opts.StandbyOf)
		cancel()
	}
	if err != nil {
		return nil, errors.Join(err, process.Stop())
	}
	s := &Server{
		URL: h.url(port, Database), Port: port, Version: bin.Version, DataDir: h.data(), LogFile: opts.LogFile,
		process: process, done: make(chan struct{}),
	}
	go s.tidyUp(h, opts.Ephemeral)
	return s, nil
}

// tidyUp gives the folder free once the server is gone, and only then says that it is.
func (s *Server) tidyUp(h *home, ephemeral bool) {
	<-s.process.Done()
	s.err = s.process.Err()
	if ephemeral {
		s.err = errors.Join(s.err, h.destroy())
	}
	s.err = errors.Join(s.err, h.close())
	close(s.done)
}

// Done is closed when the server is gone and its folder is free for another start.
func (s *Server) Done() <-chan struct{} { return s.done }

// Wait returns when the server is gone: nil if it was asked to end, otherwise how it ended.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Stop ends the server by a fast shutdown: open transactions are rolled back, everything committed is on disk. It returns
// when the server is gone.
func (s *Server) Stop() error {
	err := s.process.Stop()
	<-s.done
	if err != nil {
		return err
	}
	return s.err
}

// Kill ends the server by SIGKILL: a crash, for tests of what comes after. The next Start in the folder recovers.
func (s *Server) Kill() error {
	err := s.process.Kill()
	<-s.done
	if err != nil {
		return err
	}
	return s.err
}

// launch starts the server until it answers. Two reasons to fail pass by themselves, so it tries again: a free port that
// another took just now, and children of a killed server that have not noticed its death yet.
func launch(ctx context.Context, h *home, bin Binaries, opts Options) (*proc.Process, int, error) {
	ctx2, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	for {
		process, port, err := launchOnce(ctx, ctx2, h, bin, opts)
		if err == nil {
			return process, port, nil
		}
		var ended *endedError
		if !errors.As(err, &ended) || !ended.passing(opts.Port) {
			return nil, 0, err
		}
		select {
		case <-ctx2.Done():
			return nil, 0, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// launchOnce starts the server for the time of ctx, and waits for its answer for the time of wait.
func launchOnce(ctx, wait context.Context, h *home, bin Binaries, opts Options) (*proc.Process, int, error) {
	port := opts.Port
	if port == 0 {
		free, err := proc.FreePort()
		if err != nil {
			return nil, 0, err
		}
		port = free
	}
	process, err := proc.Start(ctx, proc.Options{
		Name: "postgres", Path: filepath.Join(bin.Dir, "postgres"), Args: arguments(h, port, opts),
		Env: environment(), Dir: h.data(), Credential: h.user, LogFile: opts.LogFile, PIDFile: h.claim,
		StopSignal: syscall.SIGINT, OrphanSignal: syscall.SIGINT, Grace: stopGrace,
	})
	if err != nil {
		return nil, 0, err
	}
	if err := untilAnswers(wait, h.url(port, "postgres"), process); err != nil {
		return nil, 0, errors.Join(err, process.Kill())
	}
	return process, port, nil
}

func arguments(h *home, port int, opts Options) []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         strconv.Itoa(opts.MaxConnections),
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
	if !opts.Durable {
		// synchronous_commit stays on: switched off, a commit would not even survive a kill of the server.
		settings["fsync"], settings["full_page_writes"] = "off", "off"
	}
	for name, value := range opts.Settings {
		settings[name] = value
	}
	args := []string{"-D", h.data()}
	for _, name := range sortedKeys(settings) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

func (h *home) url(port int, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, h.password), Host: hostPort(port), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func hostPort(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// endedError is a server that ended instead of answering.
type endedError struct {
	err error
	log string
}

func (e *endedError) Error() string { return fmt.Sprintf("%v; its log ends with:\n%s", e.err, e.log) }
func (e *endedError) Unwrap() error { return e.err }

// passing tells whether another try may succeed.
func (e *endedError) passing(port int) bool {
	if strings.Contains(e.log, "shared memory block") && strings.Contains(e.log, "still in use") {
		return true
	}
	return port == 0 && strings.Contains(e.log, "Address already in use")
}
