package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/bench"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// benchSaleSettings are those of every measurement that sells.
type benchSaleSettings struct {
	URL     string `name:"url" help:"A running system; empty: a new one is started, and stopped in the end. Of a running one less can be seen, and its limits on sign-ups and requests of an address must be lifted."`
	MailURL string `env:"MAIL_URL" help:"The inbox of the running system (Mailpit's API)."`
	Event   string `help:"The event of the running system that is bought from; empty: the one with the most free seats."`
	HTML    string `name:"html" help:"Write a report with plots to this file."`
	JSON    bool   `name:"json" help:"Print one JSON object last."`
}

// benchOnSaleCommand measures bookings: boxoffice bench onsale.
type benchOnSaleCommand struct {
	benchSaleSettings `embed:""`
	Seats             int           `default:"10000" help:"Of the one event, all for sale."`
	Buyers            int           `default:"200" help:"How many buy at once, each one booking after the other."`
	Duration          time.Duration `default:"60s" help:"How long, unless 90 % of the seats are sold before."`
}

// benchRaceCommand measures the fight for few seats: boxoffice bench race.
type benchRaceCommand struct {
	benchSaleSettings `embed:""`
	Seats             int           `default:"20" help:"That all want."`
	Buyers            int           `default:"200" help:"How many want them at once."`
	Patience          time.Duration `default:"60s" help:"How long it may take until all are sold."`
}

// Most buyers and seats of a run: a connection of Postgres each, and a mail in the sink each.
const (
	mostBuyers = 1000
	mostSeats  = 20_000
)

func checkSale(url, mailURL string, seats, buyers int) error {
	if seats < 1 || seats > mostSeats || buyers < 1 || buyers > mostBuyers {
		return fmt.Errorf("--seats must be between 1 and %d, --buyers between 1 and %d", mostSeats, mostBuyers)
	}
	if (url == "") != (mailURL == "") {
		return errors.New("--url and --mail-url belong together: a booking counts once its mail has come")
	}
	return nil
}

// Run measures, and fails where the run proves nothing or a promise is broken.
func (c *benchOnSaleCommand) Run(ctx context.Context, logger *slog.Logger) error {
	if err := checkSale(c.URL, c.MailURL, c.Seats, c.Buyers); err != nil {
		return err
	}
	if c.Duration <= 0 {
		return errors.New("--duration must be longer than nothing")
	}
	return c.measure(ctx, logger, saleSize{seats: c.Seats, buyers: c.Buyers, lasts: c.Duration, baseline: true}, bench.OnSale)
}

// Run measures, and fails where a seat has not exactly one owner or a promise is broken.
func (c *benchRaceCommand) Run(ctx context.Context, logger *slog.Logger) error {
	if err := checkSale(c.URL, c.MailURL, c.Seats, c.Buyers); err != nil {
		return err
	}
	if c.Patience <= 0 {
		return errors.New("--patience must be longer than nothing")
	}
	return c.measure(ctx, logger, saleSize{seats: c.Seats, buyers: c.Buyers, lasts: c.Patience}, func(ctx context.Context, o bench.SaleOptions) (bench.SaleReport, error) {
		return bench.Race(ctx, o, c.Seats)
	})
}

// saleSize is what a system for a measurement must hold.
type saleSize struct {
	seats, buyers int
	lasts         time.Duration
	baseline      bool     // whether bare SQL is measured too
	events, days  int      // of the catalogue beside what is sold; 0: one
	settings      []string // of the system, besides those of every measurement
}

func (c benchSaleSettings) measure(
	ctx context.Context, logger *slog.Logger, size saleSize, run func(context.Context, bench.SaleOptions) (bench.SaleReport, error),
) (err error) {
	var options bench.SaleOptions
	if c.URL == "" {
		own, startErr := startBenchSystem(ctx, logger, size)
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, own.stop()) }()
		options, err = own.options(ctx)
	} else {
		options, err = c.strangers(ctx, size)
	}
	if err != nil {
		return err
	}
	options.Lasts = size.lasts
	bar := timeBar(size.lasts)
	options.Progress = bar.sold
	report, err := run(ctx, options)
	if ctx.Err() != nil {
		return errors.New("the measurement was interrupted: it says nothing")
	}
	if err = errors.Join(err, bar.finish()); err != nil {
		return err
	}
	return errors.Join(tell(os.Stdout, &report, c.HTML, c.JSON), report.Verdict())
}

// strangers signs buyers up at a running system, of which nothing else can be seen.
func (c benchSaleSettings) strangers(ctx context.Context, size saleSize) (bench.SaleOptions, error) {
	o := bench.SaleOptions{URL: c.URL, EventID: c.Event, Inbox: buyer.NewInbox(c.MailURL, http.DefaultTransport)}
	fmt.Fprintf(os.Stderr, "  Signing up %d buyers\n", size.buyers)
	tokens, err := bench.SignUp(ctx, c.URL, size.buyers)
	if err != nil {
		return o, err
	}
	o.Tokens = tokens
	if o.EventID == "" {
		o.EventID, err = bench.LargestEvent(ctx, c.URL, tokens[0])
	}
	return o, err
}

// measured is the report of a measurement.
type measured interface {
	WriteTable(w io.Writer) error
	WriteHTML(w io.Writer) error
}

// tell prints the report, and writes the one with plots where it is wanted.
func tell(w io.Writer, r measured, page string, asJSON bool) error {
	if err := r.WriteTable(w); err != nil {
		return err
	}
	if page != "" {
		file, err := os.Create(page)
		if err != nil {
			return fmt.Errorf("--html: %w", err)
		}
		if err := errors.Join(r.WriteHTML(file), file.Close()); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if !asJSON {
		return nil
	}
	return json.NewEncoder(w).Encode(r)
}

// bar shows how far a run is, on a terminal.
type bar struct {
	bar *progressbar.ProgressBar
	err error
}

func newBar(most int) *bar {
	return &bar{bar: progressbar.NewOptions(most, progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))}
}

// timeBar shows how much of a time is over.
func timeBar(lasts time.Duration) *bar { return newBar(int(lasts.Milliseconds())) }

// sold tells how far a sale is.
func (b *bar) sold(elapsed time.Duration, bookings, sold int) {
	b.after(elapsed, fmt.Sprintf("  %d bookings, %d %% of the seats", bookings, sold))
}

func (b *bar) after(elapsed time.Duration, what string) { b.at(int(elapsed.Milliseconds()), what) }

func (b *bar) at(n int, what string) {
	b.bar.Describe(what)
	b.err = errors.Join(b.err, b.bar.Set(min(n, b.bar.GetMax())))
}

func (b *bar) finish() error { return errors.Join(b.err, b.bar.Finish()) }
