package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/bench"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	searchserver "github.com/boxoffice/boxoffice/internal/devstack/typesense"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/search"
	"github.com/boxoffice/boxoffice/seed"
)

// benchCommand measures: boxoffice bench.
type benchCommand struct {
	OnSale benchOnSaleCommand `cmd:"" name:"onsale" help:"Measure a sale: buyers book over HTTP until the time is over or nine tenths of the seats are sold."`
	Race   benchRaceCommand   `cmd:"" help:"Let everybody want the same few seats at once: each gets exactly one owner."`
	Browse benchBrowseCommand `cmd:"" help:"Let thousands look around: searches, event pages and seat maps at their own rate, and then at rising ones."`
	Scale  benchScaleCommand  `cmd:"" help:"Compare what a sale costs among ten thousand, a million and 18 million tickets, by turns on one server."`
	Soak   benchSoakCommand   `cmd:"" help:"Let buyers come at an even rate for half an hour, and fail if memory, connections or anything else grows."`
	Chaos  benchChaosCommand  `cmd:"" help:"Break the system in every way while people buy from it, and hold what they were told against its books."`
	Search benchSearchCommand `cmd:"" help:"Measure the search beside the same questions to Postgres, on servers of its own."`
}

// benchSearchCommand measures the search: boxoffice bench search.
type benchSearchCommand struct {
	Events  int  `default:"30000" help:"How many events are indexed."`
	QPS     int  `name:"qps" default:"100" help:"Questions a second."`
	Seconds int  `default:"30" help:"How long they are asked, of each side."`
	JSON    bool `name:"json" help:"Print the result as JSON."`

	TypesenseURL    string `env:"TYPESENSE_URL" help:"The search server to measure; empty: the local one. Its collections begin with bench-."`
	TypesenseAPIKey string `env:"TYPESENSE_API_KEY" name:"typesense-api-key" help:"The search server's key."`
}

// Validate is called by kong.
func (c *benchSearchCommand) Validate() error {
	if c.Events < 100 || c.Events > seed.MaxEvents || c.QPS < 1 || c.Seconds < 1 {
		return errors.New("--events must be 100 or more, --qps and --seconds 1 or more")
	}
	return nil
}

// Run starts what it needs, measures, and leaves nothing behind.
func (c *benchSearchCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	servers, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	progress := func(message string) { fmt.Fprintln(os.Stderr, "  "+message) }
	database, err := pgserver.Start(servers, pgserver.Options{Progress: progress})
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() {
		stop()
		err = errors.Join(err, database.Wait())
	}()
	db, err := c.openDatabase(ctx, database.URL, progress)
	if err != nil {
		return err
	}
	defer db.Close()
	client, err := c.openSearch(servers, logger)
	if err != nil {
		return err
	}
	baseline, err := db.SearchBaseline(ctx)
	if err != nil {
		return err
	}
	report, err := bench.Search(ctx, bench.SearchOptions{
		Builds: db.Search(), Index: client, Collection: "bench-1", Finder: client, Baseline: baseline, Progress: progress,
		Memory:    func(ctx context.Context) (int64, error) { runtime.GC(); return client.Memory(ctx) },
		PerSecond: c.QPS, Lasts: time.Duration(c.Seconds) * time.Second,
	})
	if err = errors.Join(err, client.DropAllBut(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return c.report(os.Stdout, report)
}

// openSearch gives a client of the search server that is measured, and starts the local one where none is named.
func (c *benchSearchCommand) openSearch(ctx context.Context, logger *slog.Logger) (*search.Client, error) {
	if c.TypesenseURL == "" {
		c.TypesenseAPIKey = "bench"
		server, err := searchserver.Start(ctx, searchserver.Options{APIKey: c.TypesenseAPIKey, Logger: logger})
		if err != nil {
			return nil, err
		}
		c.TypesenseURL = server.URL
	}
	client, err := search.New(search.Options{
		URL: c.TypesenseURL, APIKey: c.TypesenseAPIKey, Alias: "bench", Timeout: 5 * time.Second, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("TYPESENSE_URL or TYPESENSE_API_KEY: %w", err)
	}
	return client, client.DropAllBut(ctx)
}

// openDatabase makes the schema and the events.
func (c *benchSearchCommand) openDatabase(ctx context.Context, url string, progress func(string)) (*postgres.DB, error) {
	if err := postgres.Migrate(ctx, url, migrations.FS); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return nil, err
	}
	progress(fmt.Sprintf("Seeding %d events with ten seats each", c.Events))
	return db, c.fill(ctx, db)
}

func (c *benchSearchCommand) fill(ctx context.Context, db *postgres.DB) error {
	if _, err := seed.CreateAccounts(ctx, db.Users(), seed.DemoAccounts, api.HashPassword); err != nil {
		return err
	}
	owner, err := db.Users().UserByUsername(ctx, "organizer")
	if err != nil {
		return err
	}
	catalogue, err := seed.New(seed.Options{
		Events: c.Events, Days: max(7, c.Events/eventsADay), Rand: 1, Start: time.Now().AddDate(0, 0, 1), OwnerID: owner.ID,
	})
	if err != nil {
		return err
	}
	return db.Seed(ctx, smallHalls{catalogue}, nil)
}

// smallHalls is a catalogue whose halls have ten seats: a search does not count them, and millions take minutes to make.
type smallHalls struct{ *seed.Catalogue }

// Event gives an event with its first ten seats.
func (s smallHalls) Event(i int) (boxoffice.Event, []boxoffice.Ticket) {
	event, tickets := s.Catalogue.Event(i)
	tickets = tickets[:min(len(tickets), 10)]
	event.Total = len(tickets)
	return event, tickets
}

func (c *benchSearchCommand) report(w io.Writer, r bench.SearchReport) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d events indexed in %.1f s, %.0f documents/s; the index takes %.0f MB\n", r.Events, r.ImportSeconds, r.DocumentsASecond, float64(r.IndexBytes)/1e6)
	fmt.Fprintf(&text, "%-10s %8s %8s %8s %8s %8s\n", "", "asked", "p50 ms", "p95 ms", "p99 ms", "errors")
	for _, side := range []struct {
		name string
		l    bench.Latencies
	}{{"search", r.Search}, {"Postgres", r.Postgres}} {
		fmt.Fprintf(&text, "%-10s %8d %8.1f %8.1f %8.1f %8d\n", side.name, side.l.Requests, side.l.P50, side.l.P95, side.l.P99, side.l.Errors+side.l.Shed)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
