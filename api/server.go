package api

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/boxoffice/boxoffice/internal/bookingwatch"
	"github.com/boxoffice/boxoffice/internal/seatwatch"
	"github.com/boxoffice/boxoffice/internal/serving"
)

// writeTimeout leaves a slow line time for a seat map and a PDF after RequestTimeout.
const writeTimeout = 30 * time.Second

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
	seats     *seatwatch.Hub
	bookings  *bookingwatch.Hub
	streams   *streams
	streamPatience
	metrics   *metrics
	readiness *serving.Readiness
	client    *client // nil where no pages are served
	limits    limiters
	unlimited []netip.Prefix
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
		opts: o, log: slog.New(RequestIDs(o.Logger.Handler())), base: base, tls: base.Scheme == "https",
		origins: http.NewCrossOriginProtection(), passwords: newPasswords(o.Limits.PasswordHashes), limits: newLimiters(o.Limits),
	}
	if s.unlimited, err = parsePrefixes(o.Unlimited); err != nil {
		return nil, fmt.Errorf("api: Unlimited: %w", err)
	}
	s.readiness = serving.NewReadiness(o.Ready, s.log)
	if err := s.origins.AddTrustedOrigin(base.String()); err != nil {
		return nil, fmt.Errorf("api: BaseURL: %w", err)
	}
	if s.documents, err = newDocuments(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Services, ServiceBookings) {
		if s.client, err = readClient(o.Client, o.Name); err != nil {
			return nil, err
		}
	}
	if s.metrics, err = newMetrics(o.Registry); err != nil {
		return nil, err
	}
	s.seats, s.bookings, s.streams = s.watchSeats(), s.watchBookings(), newStreams(o.Limits)
	s.streamPatience = streamPatience{silence: 15 * time.Second, slowReader: 10 * time.Second}
	if s.handler, err = s.mount(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler answers the routes of openapi.yaml and the pages.
func (s *Server) Handler() http.Handler { return s.handler }

// AdminHandler answers for a port that only operators reach; see serving.AdminHandler.
func (s *Server) AdminHandler() http.Handler {
	return serving.AdminHandler(serving.AdminOptions{
		Registry: s.opts.Registry, Readiness: s.readiness, Logger: s.log, Profiling: s.opts.Profiling,
	})
}

// Run serves Handler on the listener until ctx ends, and then drains: /readyz says 503, after DrainDelay the listener
// closes, and the requests under way have ShutdownTimeout to end. It returns nil when all of them did.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	return serving.Serve(ctx, listener, s.Handler(), s.serving(writeTimeout, s.endWatches))
}

// RunAdmin is Run for AdminHandler.
func (s *Server) RunAdmin(ctx context.Context, listener net.Listener) error {
	return serving.Serve(ctx, listener, s.AdminHandler(), s.serving(serving.AdminWriteTimeout, nil))
}

// serving says how a port is served; endStreams ends what would keep it from being drained.
func (s *Server) serving(write time.Duration, endStreams func()) serving.Options {
	return serving.Options{
		Logger: s.log, WriteTimeout: write, Drain: s.readiness.Drain, DrainDelay: s.opts.DrainDelay, Closing: endStreams,
		ShutdownTimeout: s.opts.ShutdownTimeout,
	}
}

// endWatches ends the requests that would not end by themselves.
func (s *Server) endWatches() {
	s.seats.Close()
	s.bookings.Close()
}

// Close ends what the server does in the background: the watching of seats and bookings, and the tidying of its caches. It
// comes after Run.
func (s *Server) Close() {
	s.endWatches()
	s.documents.StopAllGoroutines()
	s.limits.close()
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
