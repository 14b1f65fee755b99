package typesense

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options of a server. The zero value of a field means its default.
type Options struct {
	Addr   string // where to listen, host:port; port 0 takes a free one; default 127.0.0.1:0
	Dir    string // where the state is kept; made if need be; default nowhere: it ends with the server
	APIKey string // what clients must send; required

	MaxBody int64            // a larger import is refused; default 64 MiB; other bodies have 1 MiB at most
	Logger  *slog.Logger     // default slog.Default()
	Now     func() time.Time // the clock; default time.Now
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 64 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Server is a running search server.
type Server struct {
	URL string // what a client's TYPESENSE_URL says

	options Options
	log     *slog.Logger
	store   *store
	handler http.Handler

	stop context.CancelFunc
	done chan struct{}
	err  error // why it ended; set before done is closed
}

// Start opens the state in o.Dir and serves until ctx is done or Stop is called. It fails if the folder belongs to another
// server, if its journal is damaged, or if the address is taken (the error names it). It returns once all documents are
// indexed, 30,000 of them in some seconds.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	if o.APIKey == "" {
		return nil, errors.New("typesense: Options.APIKey is required")
	}
	s := &Server{options: o, log: o.Logger.With("part", "typesense"), done: make(chan struct{})}
	var err error
	if s.store, err = openStore(o.Dir, o.Now); err != nil {
		return nil, fmt.Errorf("typesense: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("typesense: listen on %s: %w", o.Addr, err), s.store.close())
	}
	s.URL = "http://" + listener.Addr().String()
	s.handler = s.routes()
	ctx, s.stop = context.WithCancel(ctx)
	go s.run(ctx, listener)
	return s, nil
}

// Handler is what the server answers with; for a test that brings its own listener.
func (s *Server) Handler() http.Handler { return s.handler }

// run serves until ctx is done, then closes the state.
func (s *Server) run(ctx context.Context, listener net.Listener) {
	defer close(s.done)
	defer s.stop()
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		s.shutdown(ctx, server)
	}()
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	s.stop()
	<-ended
	if s.err = errors.Join(err, s.store.close()); s.err != nil {
		s.err = fmt.Errorf("typesense: %w", s.err)
	}
}

// shutdown lets the calls in progress finish, for two seconds.
func (s *Server) shutdown(ctx context.Context, server *http.Server) {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		s.log.Warn("calls were cut off at the end", "error", errors.Join(err, server.Close()))
	}
}

// Stop ends the server and waits for all of its goroutines. The error is what Wait returns.
func (s *Server) Stop() error {
	s.stop()
	return s.Wait()
}

// Wait blocks until the server has ended; its state is then closed. The error says why it ended on its own.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}
