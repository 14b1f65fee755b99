package stripe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options of a simulator. The zero value of a field means its default.
type Options struct {
	Addr      string     // where to listen, host:port; port 0 takes a free one; default 127.0.0.1:0
	Dir       string     // where the state is kept; made if need be; required
	PublicURL string     // under what address buyers reach the payment page; default the address listened on
	Webhooks  []Endpoint // see SetWebhooks

	Logger *slog.Logger     // default slog.Default()
	Now    func() time.Time // the clock; default time.Now

	AsyncDelay      time.Duration // until a pending refund settles, a refund fails, a dispute arrives; default 2 s
	RetryBase       time.Duration // first wait before a webhook is sent again; doubles each time; default 1 s
	RetryMax        time.Duration // longest such wait; default 1 h
	DeliveryTimeout time.Duration // for an endpoint to take a webhook; default 10 s
	MaxParallel     int           // webhooks on their way at the same time; default 16
}

func (o Options) withDefaults() Options {
	orElse := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	orElse(&o.AsyncDelay, 2*time.Second)
	orElse(&o.RetryBase, time.Second)
	orElse(&o.RetryMax, time.Hour)
	orElse(&o.DeliveryTimeout, 10*time.Second)
	if o.MaxParallel <= 0 {
		o.MaxParallel = 16
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Server is a running simulator.
type Server struct {
	URL string // the base of the API: a client's STRIPE_API_BASE

	options  Options
	log      *slog.Logger
	clock    *clock
	store    *store
	chores   *timers // sessions to expire, refunds to settle
	outbox   *timers // webhooks to send
	choring  sync.Mutex
	moving   sync.Mutex // one clock jump at a time
	flights  flights
	faults   faults
	webhooks webhooks
	client   *http.Client
	handler  http.Handler

	stop context.CancelFunc
	done chan struct{}
	err  error // why it ended; set before done is closed
}

// Start opens the state in o.Dir and serves until ctx is done or Stop is called. It fails if the folder belongs to another
// simulator, if its journal is damaged, or if the address is taken (the error names it).
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	if o.Dir == "" {
		return nil, errors.New("stripe: Options.Dir is required")
	}
	s := &Server{
		options: o, log: o.Logger.With("part", "stripe"), clock: newClock(o.Now), client: newWebhookClient(o), done: make(chan struct{}),
		flights: flights{keys: map[string]bool{}},
	}
	s.chores, s.outbox = newTimers(s.clock), newTimers(s.clock)
	if err := s.SetWebhooks(o.Webhooks...); err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	var err error
	if s.store, err = openStore(o.Dir, s.clock.Now()); err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stripe: listen on %s: %w", o.Addr, err), s.store.close())
	}
	s.URL = "http://" + listener.Addr().String()
	s.prepare()
	ctx, s.stop = context.WithCancel(ctx)
	go s.run(ctx, listener)
	return s, nil
}

// prepare connects the parts, and queues what the last run left to do.
func (s *Server) prepare() {
	base := strings.TrimSuffix(s.options.PublicURL, "/")
	if base == "" {
		base = s.URL
	}
	s.store.pageURL = func(id string) string { return base + "/c/pay/" + id }
	if row, ok := s.store.settings.rows[clockSetting]; ok {
		s.clock.setOffset(time.Duration(row.value))
	}
	s.restoreChores()
	s.restoreDeliveries()

	mux := http.NewServeMux()
	mux.Handle("/v1/", s.faulty(s.api()))
	mux.Handle("/c/pay/", s.pages())
	mux.Handle("/_sim/", s.sim())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.writeError(w, unknownRoute(r)) })
	s.handler = mux
}

// Handler is what the server answers with; for a test that brings its own listener.
func (s *Server) Handler() http.Handler { return s.handler }

// run serves, expires and delivers until ctx is done; then it ends all of it and closes the state.
func (s *Server) run(ctx context.Context, listener net.Listener) {
	defer close(s.done)
	defer s.stop()
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	var parts sync.WaitGroup
	parts.Go(func() { s.dispatch(ctx) })
	parts.Go(func() { s.doChores(ctx) })
	parts.Go(func() {
		<-ctx.Done()
		s.shutdown(ctx, server)
	})
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	s.stop()
	parts.Wait()
	s.client.CloseIdleConnections()
	if s.err = errors.Join(err, s.store.close()); s.err != nil {
		s.err = fmt.Errorf("stripe: %w", s.err)
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

// doChores settles what is due at its time.
func (s *Server) doChores(ctx context.Context) {
	for s.chores.await(ctx) {
		s.settleDue(s.clock.Now())
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
