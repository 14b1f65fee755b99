package smtp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const maxRecipients = 500

// Options of a sink. The zero value of a field means its default.
type Options struct {
	Addr     string // where to take mail, host:port; port 0 takes a free one; default 127.0.0.1:0
	HTTPAddr string // where to show it; default 127.0.0.1:0
	Dir      string // where messages are kept; made if need be; required

	MaxBytes    int64            // a larger message is refused; EHLO announces it; default 25 MiB
	MaxMessages int              // the oldest beyond so many are deleted; default 20,000
	Logger      *slog.Logger     // default slog.Default()
	Now         func() time.Time // the clock; default time.Now
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.HTTPAddr == "" {
		o.HTTPAddr = "127.0.0.1:0"
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 25 << 20
	}
	if o.MaxMessages <= 0 {
		o.MaxMessages = 20_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Server is a running mail sink.
type Server struct {
	SMTPURL string // smtp://host:port, what a client's SMTP_URL says
	URL     string // the inbox page and the API

	log      *slog.Logger
	maxBytes int64
	store    *store
	faults   faults
	handler  http.Handler

	stop context.CancelFunc
	done chan struct{}
	err  error // why it ended; set before done is closed
}

// Start reads the messages in o.Dir and serves until ctx is done or Stop is called. It fails if an address is taken (the error
// names it).
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	if o.Dir == "" {
		return nil, errors.New("smtp: Options.Dir is required")
	}
	s := &Server{log: o.Logger.With("part", "smtp"), maxBytes: o.MaxBytes, done: make(chan struct{})}
	var err error
	if s.store, err = openStore(o, s.log); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	mail, err := listen(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	web, err := listen(ctx, o.HTTPAddr)
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	s.SMTPURL, s.URL = "smtp://"+mail.Addr().String(), "http://"+web.Addr().String()
	s.handler = s.routes()
	ctx, s.stop = context.WithCancel(ctx)
	go s.run(ctx, track(mail), web)
	return s, nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("smtp: listen on %s: %w", addr, err)
	}
	return l, nil
}

// Handler is what the inbox and the API answer with; for a test that brings its own listener.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) run(ctx context.Context, mail *tracked, web net.Listener) {
	defer close(s.done)
	defer s.stop()
	postman := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{ctx: ctx, server: s}, nil
	}))
	postman.Domain = "sink.invalid"
	postman.MaxMessageBytes, postman.MaxRecipients = s.maxBytes, maxRecipients
	postman.ReadTimeout, postman.WriteTimeout = time.Minute, time.Minute
	postman.AllowInsecureAuth, postman.EnableSMTPUTF8 = true, true
	postman.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	pages := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	var parts sync.WaitGroup
	failures := make([]error, 2)
	parts.Go(func() { failures[0] = s.serve(func() error { return postman.Serve(mail) }) })
	parts.Go(func() { failures[1] = s.serve(func() error { return pages.Serve(web) }) })
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := postman.Shutdown(grace); err != nil {
		s.log.Info("mail connections are cut off at the end", "error", err)
	}
	// Shutdown does not know a listener whose Serve has not begun yet; such a Serve would never end.
	if err := mail.cut(); err != nil {
		s.log.Warn("mail connections were not closed", "error", err)
	}
	if err := pages.Shutdown(grace); err != nil {
		s.log.Warn("pages were cut off at the end", "error", errors.Join(err, pages.Close()))
	}
	parts.Wait()
	if s.err = errors.Join(failures...); s.err != nil {
		s.err = fmt.Errorf("smtp: %w", s.err)
	}
}

// serve runs one of the two servers; when it ends, both do.
func (s *Server) serve(run func() error) error {
	defer s.stop()
	if err := run(); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

// Stop ends the sink and waits for its goroutines. The error is what Wait returns.
func (s *Server) Stop() error {
	s.stop()
	return s.Wait()
}

// Wait blocks until the sink has ended. The error says why it ended on its own.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}
