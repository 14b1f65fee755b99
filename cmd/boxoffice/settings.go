package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/accounts"
	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/files"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/search"
	"github.com/boxoffice/boxoffice/tickets"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// databaseSettings say where the primary is.
type databaseSettings struct {
	DatabaseURL   string `env:"DATABASE_URL" required:"" help:"PostgreSQL: postgres://user:password@host:5432/name."`
	DatabaseConns int32  `env:"BOXOFFICE_DATABASE_CONNS" default:"8" help:"Connections of this process at most. About four for each processor of the server: more wait for each other there."`
	WebhookConns  int32  `env:"BOXOFFICE_WEBHOOK_CONNS" default:"4" help:"Connections beside those, for webhooks and sweeps, which must not wait behind buyers."`
}

func (s databaseSettings) open(ctx context.Context) (*postgres.DB, error) {
	return postgres.Open(ctx, s.DatabaseURL, postgres.Options{MaxConns: s.DatabaseConns, WebhookConns: s.WebhookConns})
}

// holdSettings are the times and limits of a hold.
type holdSettings struct {
	HoldDuration    time.Duration `env:"BOXOFFICE_HOLD_DURATION" default:"8m" help:"How long seats are held at first."`
	HoldExtension   time.Duration `env:"BOXOFFICE_HOLD_EXTENSION" default:"2m" help:"What one press of extend adds."`
	CheckoutMinimum time.Duration `env:"BOXOFFICE_CHECKOUT_MINIMUM" default:"10m" help:"What is left at least when the payment page first opens."`
	HoldMax         time.Duration `env:"BOXOFFICE_HOLD_MAX" default:"30m" help:"The longest hold, from its beginning; only the first checkout may pass it."`
	HoldGrace       time.Duration `env:"BOXOFFICE_HOLD_GRACE" default:"15m" help:"From the deadline until seats free themselves if nobody acts."`
	MaxSeats        int           `env:"BOXOFFICE_MAX_SEATS" default:"10" help:"Seats a booking."`
	MaxOpenBookings int           `env:"BOXOFFICE_MAX_OPEN_BOOKINGS" default:"1" help:"Open bookings a user an event."`
	MaxUnpaidHolds  int           `env:"BOXOFFICE_MAX_UNPAID_HOLDS" default:"8" help:"Holds of a user that may end unpaid within BOXOFFICE_UNPAID_WINDOW, before the next must wait; 0: no limit."`
	UnpaidWindow    time.Duration `env:"BOXOFFICE_UNPAID_WINDOW" default:"3h" help:"How long such a hold counts, from its beginning."`
}

// check names the rule that makes no sense.
func (s holdSettings) check() error {
	if err := checkDurations(map[string]time.Duration{
		"BOXOFFICE_HOLD_DURATION": s.HoldDuration, "BOXOFFICE_HOLD_EXTENSION": s.HoldExtension, "BOXOFFICE_HOLD_GRACE": s.HoldGrace,
	}); err != nil {
		return err
	}
	if s.HoldMax < s.HoldDuration {
		return fmt.Errorf("BOXOFFICE_HOLD_MAX (%s) must not be shorter than BOXOFFICE_HOLD_DURATION (%s)", s.HoldMax, s.HoldDuration)
	}
	if s.CheckoutMinimum < 0 || s.CheckoutMinimum > maxCheckoutMinimum {
		return fmt.Errorf("BOXOFFICE_CHECKOUT_MINIMUM must not be longer than %s, nor negative: a payment page lives 35 minutes", maxCheckoutMinimum)
	}
	if s.MaxSeats < 1 || s.MaxOpenBookings < 1 {
		return errors.New("BOXOFFICE_MAX_SEATS and BOXOFFICE_MAX_OPEN_BOOKINGS must be at least 1")
	}
	if s.MaxUnpaidHolds < 0 || s.UnpaidWindow <= 0 {
		return errors.New("BOXOFFICE_MAX_UNPAID_HOLDS must not be negative, and BOXOFFICE_UNPAID_WINDOW must be longer than nothing")
	}
	return nil
}

// checkDurations names one that is none.
func checkDurations(settings map[string]time.Duration) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name] <= 0 {
			return fmt.Errorf("%s must be longer than nothing", name)
		}
	}
	return nil
}

// maxCheckoutMinimum keeps the deadline before the payment page's own end.
const maxCheckoutMinimum = 30 * time.Minute

func (s holdSettings) rules() boxoffice.HoldRules {
	return boxoffice.HoldRules{
		Duration: s.HoldDuration, Extension: s.HoldExtension, CheckoutMinimum: s.CheckoutMinimum, Max: s.HoldMax,
		Grace: s.HoldGrace, MaxSeats: s.MaxSeats, MaxOpenBookings: s.MaxOpenBookings,
		MaxUnpaid: s.MaxUnpaidHolds, UnpaidWindow: s.UnpaidWindow,
	}
}

// temporalSettings say where Temporal is.
type temporalSettings struct {
	TemporalAddress   string `env:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233" help:"Temporal: host:port."`
	TemporalNamespace string `env:"TEMPORAL_NAMESPACE" default:"default" help:"Temporal namespace."`
}

// dial makes a client that connects when it is first used, so that Temporal may be away at the start. What it and its
// workers count goes to metrics, which may be nil.
func (s temporalSettings) dial(logger *slog.Logger, metrics client.MetricsHandler) (client.Client, error) {
	return client.NewLazyClient(client.Options{
		HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace, Logger: log.NewStructuredLogger(logger), MetricsHandler: metrics,
	})
}

// stripeSettings say how to reach Stripe.
type stripeSettings struct {
	StripeAPIKey        string `env:"STRIPE_API_KEY" name:"stripe-api-key" required:"" help:"Stripe's secret key: sk_live_… or sk_test_…."`
	StripeAPIBase       string `env:"STRIPE_API_BASE" name:"stripe-api-base" help:"Another address of Stripe's API; empty: Stripe."`
	StripeWebhookSecret string `env:"STRIPE_WEBHOOK_SECRET" name:"stripe-webhook-secret" required:"" help:"The webhook's signing secret; several, separated by commas, while one is rotated."`
}

func (s stripeSettings) client(logger *slog.Logger) (*payments.Client, error) {
	return payments.New(payments.Options{
		APIKey: s.StripeAPIKey, APIBase: s.StripeAPIBase, WebhookSecrets: splitList(s.StripeWebhookSecret), Logger: logger,
	})
}

func splitList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// ticketSettings say how tickets are made and kept.
type ticketSettings struct {
	TicketSigningKey string `env:"TICKET_SIGNING_KEY" required:"" help:"Signs entry tokens: id:seed, several separated by commas while one is rotated; the first signs."`
	BlobURL          string `env:"BLOB_URL" required:"" help:"Where made files are kept: file:///folder or s3://bucket?region=…."`
	Name             string `env:"BOXOFFICE_NAME" default:"boxoffice" help:"The box office's name, on tickets, mails and pages."`
}

func (s ticketSettings) renderer() (*tickets.Renderer, error) {
	keys, err := tickets.ParseKeys(s.TicketSigningKey)
	if err != nil {
		return nil, fmt.Errorf("TICKET_SIGNING_KEY: %w", err)
	}
	return tickets.New(tickets.Options{Keys: keys, Name: s.Name})
}

// originSettings say what buyers see us as.
type originSettings struct {
	BaseURL string `env:"BOXOFFICE_BASE_URL" default:"http://localhost:8080" help:"Our own origin, as browsers see it."`
}

func (s originSettings) parse() (*url.URL, error) {
	u, err := url.Parse(s.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("BOXOFFICE_BASE_URL: %q is no http or https origin", s.BaseURL)
	}
	return u, nil
}

// searchSettings say where the search server is.
type searchSettings struct {
	TypesenseURL    string        `env:"TYPESENSE_URL" default:"http://127.0.0.1:8108" help:"The search server: Typesense 28 or 29."`
	TypesenseAPIKey string        `env:"TYPESENSE_API_KEY" name:"typesense-api-key" required:"" help:"The search server's key. The API only searches; the worker makes, fills and drops collections."`
	SearchTimeout   time.Duration `env:"BOXOFFICE_SEARCH_TIMEOUT" default:"800ms" help:"How long a search may take; after that it is answered 503."`
	SnapshotPath    string        `env:"TYPESENSE_SNAPSHOT_PATH" default:"/tmp/boxoffice-search-snapshot" help:"Where the search server puts the snapshot that follows a reindex, on its own machine."`
}

func (s searchSettings) client(logger *slog.Logger) (*search.Client, error) {
	client, err := search.New(search.Options{
		URL: s.TypesenseURL, APIKey: s.TypesenseAPIKey, Timeout: s.SearchTimeout, SnapshotPath: s.SnapshotPath, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("TYPESENSE_URL or TYPESENSE_API_KEY: %w", err)
	}
	return client, nil
}

// coreSettings are what both the API and the worker are made of.
type coreSettings struct {
	Database databaseSettings `embed:"" group:"Database"`
	Hold     holdSettings     `embed:"" group:"Holds"`
	Temporal temporalSettings `embed:"" group:"Temporal"`
	Stripe   stripeSettings   `embed:"" group:"Stripe"`
	Tickets  ticketSettings   `embed:"" group:"Tickets"`
	Origin   originSettings   `embed:"" group:"Origin"`
	Search   searchSettings   `embed:"" group:"Search"`
}

// check names the setting that makes no sense. Kong asks commands alone, and not what is embedded in them.
func (s coreSettings) check() error {
	if s.Database.DatabaseConns < 1 || s.Database.WebhookConns < 1 {
		return errors.New("BOXOFFICE_DATABASE_CONNS and BOXOFFICE_WEBHOOK_CONNS must be at least 1")
	}
	if len(splitList(s.Stripe.StripeWebhookSecret)) == 0 {
		return errors.New("STRIPE_WEBHOOK_SECRET names no secret: no payment would be believed")
	}
	if u, err := url.Parse(s.Search.TypesenseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("TYPESENSE_URL: %q is no http or https URL", s.Search.TypesenseURL)
	}
	if s.Search.TypesenseAPIKey == "" {
		return errors.New("TYPESENSE_API_KEY is empty: the search server lets nobody in without it")
	}
	return errors.Join(s.Hold.check(), checkDurations(map[string]time.Duration{"BOXOFFICE_SEARCH_TIMEOUT": s.Search.SearchTimeout}))
}

// core is what both the API and the worker are made of, opened.
type core struct {
	metrics  *metrics.Metrics
	db       *postgres.DB
	store    *postgres.Bookings
	temporal client.Client
	provider boxoffice.PaymentProvider
	stripe   *payments.Client
	renderer *tickets.Renderer
	files    boxoffice.FileStore
	folder   *files.Store
	service  *bookings.Service
	accounts *accounts.Service
	search   *search.Client
}

func (s coreSettings) open(ctx context.Context, logger *slog.Logger) (c core, err error) {
	defer func() {
		if err != nil {
			c.close(logger)
		}
	}()
	base, err := s.Origin.parse()
	if err != nil {
		return c, err
	}
	if c.db, err = s.Database.open(ctx); err != nil {
		return c, err
	}
	c.store = c.db.Bookings(s.Hold.rules())
	if err = c.count(logger, s.Temporal); err != nil {
		return c, err
	}
	if c.stripe, err = s.Stripe.client(logger); err != nil {
		return c, fmt.Errorf("STRIPE_API_KEY, STRIPE_API_BASE or STRIPE_WEBHOOK_SECRET: %w", err)
	}
	if c.renderer, err = s.Tickets.renderer(); err != nil {
		return c, err
	}
	if c.folder, err = files.Open(ctx, s.Tickets.BlobURL); err != nil {
		return c, fmt.Errorf("BLOB_URL: %w", err)
	}
	if c.search, err = s.Search.client(logger); err != nil {
		return c, err
	}
	c.provider, c.files = c.stripe, c.folder
	points := failpoint.FromEnv()
	if points != nil {
		c.provider, c.files = pointedProvider{c.stripe, points}, pointedFiles{c.folder, points}
	}
	c.service = bookings.New(bookings.Options{
		Store: c.store, Support: c.store, Provider: c.provider, Tickets: c.renderer, Files: c.files, Temporal: c.temporal, BaseURL: base,
		Logger: logger, Metrics: c.metrics, Failpoints: points, CallOffs: c.db.Cancellations(),
	})
	c.accounts = accounts.New(accounts.Options{Store: c.db.Users(), Temporal: c.temporal, Logger: logger})
	return c, nil
}

// count makes the metrics of the process, and the client of Temporal, which counts by them.
func (c *core) count(logger *slog.Logger, s temporalSettings) (err error) {
	if c.metrics, err = metrics.New(prometheus.NewRegistry()); err != nil {
		return err
	}
	if err = c.metrics.WatchPools(c.pools); err != nil {
		return err
	}
	handler, err := c.metrics.TemporalHandler(logger)
	if err != nil {
		return err
	}
	if c.temporal, err = s.dial(logger, handler); err != nil {
		return fmt.Errorf("TEMPORAL_ADDRESS: %w", err)
	}
	return nil
}

func (c *core) pools() []metrics.Pool {
	var pools []metrics.Pool
	for _, use := range c.db.PoolUse() {
		pools = append(pools, metrics.Pool(use))
	}
	return pools
}

// ready says what must answer before a process can do its work.
func (c *core) ready() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"postgres": c.db.Ping,
		"temporal": func(ctx context.Context) error {
			_, err := c.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		},
	}
}

// close gives everything back, the starts in the background first.
func (c core) close(logger *slog.Logger) {
	if c.service != nil {
		if err := c.service.Drain(); err != nil {
			logger.Error("starts in the background", "error", err)
		}
	}
	if c.accounts != nil {
		if err := c.accounts.Drain(); err != nil {
			logger.Error("starts in the background", "error", err)
		}
	}
	if c.stripe != nil {
		c.stripe.Close()
	}
	if c.folder != nil {
		if err := c.folder.Close(); err != nil {
			logger.Error("close the file store", "error", err)
		}
	}
	if c.temporal != nil {
		c.temporal.Close()
	}
	if c.db != nil {
		c.db.Close()
	}
}
