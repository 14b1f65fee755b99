package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/events"
	"github.com/boxoffice/boxoffice/posters"
	"github.com/boxoffice/boxoffice/web"
	"golang.org/x/sync/errgroup"
)

// apiCommand serves the HTTP API: boxoffice api.
type apiCommand struct {
	coreSettings `embed:""`
	Limits       limitSettings `embed:"" group:"Limits"`

	Addr           string   `env:"BOXOFFICE_ADDR" default:":8080" help:"Where the API listens." group:"HTTP"`
	AdminAddr      string   `env:"BOXOFFICE_ADMIN_ADDR" default:"127.0.0.1:8081" help:"Where metrics and health are, not for the public." group:"HTTP"`
	Services       []string `env:"BOXOFFICE_SERVICES" help:"Groups of routes to serve: users, search, events, bookings, support; all if empty." group:"HTTP"`
	PublicBrowsing bool     `env:"BOXOFFICE_PUBLIC_BROWSING" help:"The catalogue needs no login." group:"HTTP"`
	TrustedProxies []string `env:"BOXOFFICE_TRUSTED_PROXIES" help:"Proxies whose X-Forwarded-For is believed, as addresses or CIDR; nobody if empty." group:"HTTP"`
	Profiling      bool     `env:"BOXOFFICE_PROFILING" help:"Serve /debug/pprof/ on the admin address." group:"HTTP"`
}

// Validate is called by kong: a setting that makes no sense names itself, and nothing starts.
func (c *apiCommand) Validate() error { return errors.Join(c.check(), c.Limits.check()) }

// Run serves until ctx is done, then lets the requests under way finish.
func (c *apiCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	collectSeldom()
	logger = slog.New(api.RequestIDs(logger.Handler())).With("process", "api")
	parts, err := c.open(ctx, logger)
	if err != nil {
		return err
	}
	defer parts.close(logger)
	server, err := c.server(parts, logger) //nolint:contextcheck // requests bring their own
	if err != nil {
		return err
	}
	defer server.Close()
	public, err := listen(ctx, "BOXOFFICE_ADDR", c.Addr)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "BOXOFFICE_ADMIN_ADDR", c.AdminAddr)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	logger.Info("serving", "addr", public.Addr().String(), "admin", admin.Addr().String())
	serving, ctx := errgroup.WithContext(ctx)
	serving.Go(func() error { return server.Run(ctx, public) })
	serving.Go(func() error { return server.RunAdmin(ctx, admin) })
	return serving.Wait()
}

func (c *apiCommand) server(parts core, logger *slog.Logger) (*api.Server, error) {
	return api.New(api.Options{
		Users: parts.db.Users(), Accounts: parts.accounts, Search: parts.search, Catalogue: parts.db.Catalogue(),
		Organizers: events.New(parts.db.Organizers(), &posters.Renderer{}, parts.files), Posters: parts.files, MaxSeats: c.Hold.MaxSeats,
		Bookings: parts.service, Cancellations: parts.service, Support: parts.service, Client: web.Files(),
		// Not Temporal: while it is away seats are sold as ever, and a gateway must not take us out for it.
		Ready:   map[string]func(context.Context) error{"postgres": parts.db.Ping},
		BaseURL: c.Origin.BaseURL, Name: c.Tickets.Name, PublicBrowsing: c.PublicBrowsing, Services: c.Services,
		TrustedProxies: c.TrustedProxies, Profiling: c.Profiling, Logger: logger,
		Registry: parts.metrics.Registry(),
		Limits:   c.Limits.limits(), Unlimited: c.Limits.UnlimitedAddresses,
	})
}

func listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}
