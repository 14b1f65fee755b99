package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The bounds of a connection. WriteTimeout leaves a slow line time for a seat map and a PDF after RequestTimeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Server answers HTTP. It keeps nothing that another copy of it would need.
type Server struct {
	opts      Options
	log       *slog.Logger
	base      *url.URL
	tls       bool // as browsers see it
	handler   http.Handler
	origins   *http.CrossOriginProtection
	passwords *passwords
	documents *otter.Cache[string, *document]
	metrics   *metrics
	readiness readiness
	draining  atomic.Bool

	loginsByAddress  *limiter
	loginsByAccount  *limiter
	signUpsByAddress *limiter
}

// New makes a server. Its error names every option that is wrong.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := parseOrigin(o.BaseURL)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts: o, log: o.Logger, base: base, tls: base.Scheme == "https",
		origins:          http.NewCrossOriginProtection(),
		passwords:        newPasswords(o.Limits.PasswordHashes),
		loginsByAddress:  newLimiter(o.Limits.LoginPerAddress),
		loginsByAccount:  newLimiter(o.Limits.LoginPerAccount),
		signUpsByAddress: newLimiter(o.Limits.SignUpPerAddress),
	}
	s.readiness = readiness{checks: o.Ready, log: o.Logger}
	if err := s.origins.AddTrustedOrigin(base.String()); err != nil {
		return nil, fmt.Errorf("api: BaseURL: %w", err)
	}
	if s.documents, err = newDocuments(); err != nil {
		return nil, err
	}
	if s.metrics, err = newMetrics(o.Registry); err != nil {
		return nil, err
	}
	if s.handler, err = s.mount(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler answers the routes of openapi.yaml and the pages.
func (s *Server) Handler() http.Handler { return s.handler }

// AdminHandler answers /metrics, /healthz and /readyz, and /debug/pprof/ if asked for: for a port that only operators reach.
func (s *Server) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.opts.Registry, promhttp.HandlerOpts{Registry: s.opts.Registry}))
	mux.Handle("GET /healthz", s.handler)
	mux.Handle("GET /readyz", s.handler)
	if s.opts.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// Run serves Handler on the listener until ctx ends, and then drains: /readyz says 503, after DrainDelay the listener
// closes, and the requests under way have ShutdownTimeout to end. It returns nil when all of them did.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	return s.run(ctx, listener, s.Handler(), writeTimeout)
}

// RunAdmin is Run for AdminHandler. A CPU profile may take two minutes.
func (s *Server) RunAdmin(ctx context.Context, listener net.Listener) error {
	return s.run(ctx, listener, s.AdminHandler(), 2*time.Minute)
}

func (s *Server) run(ctx context.Context, listener net.Listener, handler http.Handler, write time.Duration) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: write,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	server.SetKeepAlivesEnabled(false)
	delay := time.NewTimer(s.opts.DrainDelay)
	defer delay.Stop()
	<-delay.C
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.ShutdownTimeout)
	defer cancel()
	err := server.Shutdown(last)
	if err != nil {
		err = errors.Join(fmt.Errorf("drain %s: %w", listener.Addr(), err), server.Close())
	}
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// Close ends what the server does in the background: the tidying of its caches. It comes after Run.
func (s *Server) Close() {
	s.documents.StopAllGoroutines()
	for _, l := range []*limiter{s.loginsByAddress, s.loginsByAccount, s.signUpsByAddress} {
		l.close()
	}
}

// absolute makes a URL of a path on our origin.
func (s *Server) absolute(path string) string { return s.base.String() + path }

// onOurOrigin gives the absolute URL of a place on our own origin that a client named, by path or in full.
func (s *Server) onOurOrigin(place string) (string, bool) {
	if strings.ContainsFunc(place, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "", false // browsers drop some of these and read others as a slash
	}
	u, err := url.Parse(place)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(place, "/") && !strings.HasPrefix(place, "//") {
		return s.absolute(place), true
	}
	return place, u.Scheme == s.base.Scheme && u.Host == s.base.Host
}
