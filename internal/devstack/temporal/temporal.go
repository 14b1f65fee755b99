// Package temporal runs a private Temporal server with its web UI as a child process: the development server that is part
// of the Temporal command line.
//
// It depends on the program temporal (found, or built once from the pinned tools module) and on Temporal's Go SDK to see
// when the server works and to set up its namespace.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const (
	// DefaultNamespace exists in every development server.
	DefaultNamespace = "default"
	// DefaultRetention is how long closed workflows stay readable. The development server's own default is a day, too
	// short for a support that is asked about last week's booking.
	DefaultRetention = 30 * 24 * time.Hour

	defaultStartTimeout = time.Minute
	stopGrace           = 15 * time.Second
)

// Options say where the state lies and how the server runs. The zero value is a server in a temporary folder on free ports
// that forgets everything at its end.
type Options struct {
	// Dir holds the state (temporal.db), the process record and the log. It is made if it is not there. Empty means a new
	// temporary folder that is removed at the end. One running server a folder; Start returns proc.ErrLocked for the second.
	Dir string
	// Port, UIPort and MetricsPort to listen on; 0 takes a free one, another at each start.
	Port, UIPort, MetricsPort int
	// Namespace to use, "default" if empty.
	Namespace string
	// SearchAttributes to have, name to type as Temporal spells it ("Keyword", "Int", "Datetime"). They are added to what
	// an existing state has; none is ever removed.
	SearchAttributes map[string]string
	// Retention of closed workflows, 30 days if zero.
	Retention time.Duration
	// LogFile gets the server's log; by default the file log in Dir.
	LogFile string
	// LogLevel is "warn" by default; Temporal spells debug, info, warn, error, never.
	LogLevel string
	// Bin is the program temporal; by default it is searched or built (see Find).
	Bin string
	// ToolsDir is the module that Find builds from; by default the folder tools in the current folder or one above it.
	ToolsDir string
	// StartTimeout bounds the wait until the server works; by default a minute. Building is not part of it.
	StartTimeout time.Duration
	// Progress, if set, is told in a sentence about each step that takes long.
	Progress func(message string)
}

// Server is a running server. Its methods may be called from several goroutines.
type Server struct {
	// Address is host:port for clients, Namespace what they name.
	Address   string
	Namespace string
	// UIURL is the web UI, MetricsURL the server's metrics for Prometheus. The UI has no login and allows writes.
	UIURL      string
	MetricsURL string
	// Port, UIPort and MetricsPort are those it listens on, at 127.0.0.1.
	Port, UIPort, MetricsPort int
	// LogFile has the server's log.
	LogFile string

	process *proc.Process
	done    chan struct{}
	err     error // written before done is closed
}

// Start finds or builds the program, starts the server, and returns when it executes workflows, and its namespace has the
// search attributes and the retention asked for. The server ends with ctx. It takes 1 s; after a crash 5 to 8 s, which the
// server spends on getting its shards back; with a build 3 to 4 minutes more.
//
// Errors: *proc.PortInUseError, proc.ErrLocked, ErrNoProgram, or what the server said last.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = withDefaults(opts)
	for _, port := range []int{opts.Port, opts.UIPort, opts.MetricsPort} {
		if port == 0 {
			continue
		}
		if err := proc.CheckPort(hostPort(port)); err != nil {
			return nil, fmt.Errorf("start temporal: %w", err)
		}
	}
	bin, err := Find(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	h, err := openHome(ctx, opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	s, err := startIn(ctx, h, bin, opts)
	if err != nil {
		return nil, fmt.Errorf("start temporal: %w", errors.Join(err, h.close()))
	}
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Namespace == "" {
		o.Namespace = DefaultNamespace
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.LogLevel == "" {
		o.LogLevel = "warn"
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// startTries is how often a start is tried whose free port another took just now. The server takes more free ports for its
// inner services in the same way.
const startTries = 3

func startIn(ctx context.Context, h *home, bin string, opts Options) (*Server, error) {
	if err := h.dropHalfMade(); err != nil {
		return nil, err
	}
	if opts.LogFile == "" {
		opts.LogFile = filepath.Join(h.dir, "log")
	}
	for try := 1; ; try++ {
		s, err := launch(ctx, h, bin, opts)
		if err == nil {
			return s, nil
		}
		var ended *endedError
		if try == startTries || !errors.As(err, &ended) || !ended.portTaken() {
			return nil, err
		}
	}
}

// launch starts the server once and returns it when it works.
func launch(ctx context.Context, h *home, bin string, opts Options) (*Server, error) {
	for _, port := range []*int{&opts.Port, &opts.UIPort, &opts.MetricsPort} {
		if *port != 0 {
			continue
		}
		free, err := proc.FreePort()
		if err != nil {
			return nil, err
		}
		*port = free
	}
	process, err := proc.Start(ctx, proc.Options{
		Name: "temporal", Path: bin, Args: arguments(h, opts), Env: environment(h.dir), Dir: h.dir,
		LogFile: opts.LogFile, PIDFile: h.claim, StopSignal: syscall.SIGTERM, Grace: stopGrace,
	})
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	if err := ready(wait, process, opts); err != nil {
		return nil, errors.Join(err, process.Kill())
	}
	if err := h.markMade(); err != nil {
		return nil, errors.Join(err, process.Stop())
	}
	s := &Server{
		Address: hostPort(opts.Port), Namespace: opts.Namespace, Port: opts.Port, UIPort: opts.UIPort, MetricsPort: opts.MetricsPort,
		UIURL: "http://" + hostPort(opts.UIPort), MetricsURL: "http://" + hostPort(opts.MetricsPort) + "/metrics",
		LogFile: opts.LogFile, process: process, done: make(chan struct{}),
	}
	go s.tidyUp(h)
	return s, nil
}

// dynamicConfig is what the server does otherwise than by default.
var dynamicConfig = []string{
	// A queue that is read at most 20 times a second adds 50 ms to every step.
	"history.transferProcessorMaxPollRPS=2000",
	"history.timerProcessorMaxPollRPS=2000",
	"history.visibilityProcessorMaxPollRPS=2000",
	// The development server reads all search attributes anew whenever it meets one: 16 of 35 questions to its database a
	// booking. Read every two seconds, one that is added is known soon enough; ready waits for that.
	"system.forceSearchAttributesCacheRefreshOnRead=false",
	// Four partitions are for many matching hosts. Here they make a task and the poller that waits for it miss each other.
	"matching.numTaskqueueReadPartitions=1",
	"matching.numTaskqueueWritePartitions=1",
	// By default the server keeps 128,000 runs in memory, each for an hour after it was last needed: at five bookings a second
	// it grows for that hour. A run that is not kept is read from the database when it is needed, in about a millisecond.
	"history.hostLevelCacheMaxSize=2000",
}

func arguments(h *home, opts Options) []string {
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1",
		"--port", strconv.Itoa(opts.Port), "--ui-port", strconv.Itoa(opts.UIPort), "--metrics-port", strconv.Itoa(opts.MetricsPort),
		"--namespace", opts.Namespace, "--db-filename", h.database(),
		// Three times as many workflow steps a second as with the default pragmas, and no commit lost by kill -9.
		"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=1",
		"--log-level", opts.LogLevel, "--log-format", "json",
	}
	for _, setting := range dynamicConfig {
		args = append(args, "--dynamic-config-value", setting)
	}
	// The server makes these only together with a new namespace; ready sees to an existing one.
	for _, name := range slices.Sorted(maps.Keys(opts.SearchAttributes)) {
		args = append(args, "--search-attribute", name+"="+opts.SearchAttributes[name])
	}
	return args
}

// environment is ours without what the program would take for flags, and with a home that has no settings file.
func environment(home string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "TEMPORAL_") || strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "XDG_CONFIG_HOME=")
	})
	return append(env, "HOME="+home)
}

func hostPort(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// tidyUp gives the folder free once the server is gone, and only then says that it is.
func (s *Server) tidyUp(h *home) {
	<-s.process.Done()
	s.err = errors.Join(s.process.Err(), h.close())
	close(s.done)
}

// Done is closed when the server is gone and its folder is free for another start.
func (s *Server) Done() <-chan struct{} { return s.done }

// Wait returns when the server is gone: nil if it was asked to end, otherwise how it ended.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Stop ends the server in order and returns when it is gone.
func (s *Server) Stop() error {
	err := s.process.Stop()
	<-s.done
	if err != nil {
		return err
	}
	return s.err
}

// Kill ends the server by SIGKILL: a crash, for tests of what comes after. Workflows go on with the next Start in the
// folder.
func (s *Server) Kill() error {
	err := s.process.Kill()
	<-s.done
	if err != nil {
		return err
	}
	return s.err
}
