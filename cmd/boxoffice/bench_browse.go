package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/bench"
	"github.com/boxoffice/boxoffice/seed"
)

// benchBrowseCommand measures looking around: boxoffice bench browse.
type benchBrowseCommand struct {
	URL      string        `name:"url" help:"A running system, whose limits on requests of an address must be lifted; empty: a new one is started, and stopped in the end."`
	Events   int           `default:"10000" help:"Of the new system. With 10,000 it is there after about a minute; 30,000 take three, and 2 GB."`
	Users    int           `default:"10000" help:"How many look around."`
	Pause    time.Duration `default:"2m" help:"From one search of a user to the next: five in ten minutes. An event page and another look at its seats lie between."`
	Duration time.Duration `default:"2m" help:"How long at the users' own rate."`
	Step     time.Duration `default:"10s" help:"How long at each rate above it."`
	Most     time.Duration `default:"50ms" help:"What the 95th percentile may be; the first rate with a higher one is the last."`
	JSON     bool          `name:"json" help:"Print one JSON object last."`
}

// Validate is called by kong.
func (c *benchBrowseCommand) Validate() error {
	switch {
	case c.Events < 1 || c.Events > seed.MaxEvents:
		return fmt.Errorf("--events must be between 1 and %d", seed.MaxEvents)
	case c.Users < 1 || c.Users > 100_000:
		return errors.New("--users must be between 1 and 100000")
	case c.Pause <= 0 || c.Duration <= 0 || c.Step <= 0 || c.Most <= 0:
		return errors.New("--pause, --duration, --step and --most must be longer than nothing")
	}
	return nil
}

// Many users are logged in to one account, each with a browser of their own: the system reads the session at every request,
// and does not keep it.
const (
	visitorAccounts  = 1000
	strangerAccounts = 50 // each of which costs the running system a password
)

// eventsADay is how many events a day of a new system has at most, so that several weeks of what is on can be looked through.
const eventsADay = 330

// Run measures, and fails where the users' own rate is more than the system bears.
func (c *benchBrowseCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	bar := timeBar(c.Duration + 10*c.Step)
	o := bench.BrowseOptions{
		URL: c.URL, Users: c.Users, Pause: c.Pause, Lasts: c.Duration, Step: c.Step, Most: c.Most, Progress: bar.after,
	}
	if c.URL == "" {
		own, startErr := startBenchSystem(ctx, logger, saleSize{events: c.Events, days: max(7, c.Events/eventsADay), buyers: min(c.Users, visitorAccounts)})
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, own.stop()) }()
		o.URL, o.CPU = own.env["BOXOFFICE_URL"], own.cpu()
		o.Tokens, err = own.crowd(ctx)
	} else {
		o.Tokens, err = bench.SignUp(ctx, c.URL, min(c.Users, strangerAccounts))
	}
	if err != nil {
		return err
	}
	report, err := bench.Browse(ctx, o)
	if ctx.Err() != nil {
		return errors.New("the measurement was interrupted: it says nothing")
	}
	if err = errors.Join(err, bar.finish()); err != nil {
		return err
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	return errors.Join(err, report.Verdict())
}
