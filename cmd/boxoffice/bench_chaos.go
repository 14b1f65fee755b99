package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"

	"github.com/boxoffice/boxoffice/bench/chaos"
)

// benchChaosCommand breaks a system of its own while people buy from it: boxoffice bench chaos.
type benchChaosCommand struct {
	Kills    int    `default:"100" help:"How often something is killed, at random. Beside that the network, the payment provider and the mail server misbehave."`
	Bookings int    `help:"Paid bookings that the run must see, where that is more than five for each kill."`
	Buyers   int    `default:"24" help:"How many buy at once, each one booking after the other."`
	Seed     uint64 `help:"Of the faults, their order and pauses, and of what buyers want; 0: a new one. What the machine makes of it differs."`
	JSON     bool   `name:"json" help:"Print one JSON object last."`
}

// Validate is called by kong.
func (c *benchChaosCommand) Validate() error {
	if c.Kills < leastKills || c.Bookings < 0 || c.Buyers < 1 || c.Buyers > mostBuyers {
		return fmt.Errorf("--kills must be %d or more, one of each kind; --bookings not negative; --buyers between 1 and %d", leastKills, mostBuyers)
	}
	return nil
}

// leastBookings is how many paid bookings the run must see. Fewer than five a kill prove nothing, whatever was asked for.
func (c *benchChaosCommand) leastBookings() int { return max(c.Bookings, 5*c.Kills) }

// Run fails where a promise is broken, and where the run proves too little.
func (c *benchChaosCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	for c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fmt.Fprintf(os.Stderr, "  Seed %d\n", c.Seed)
	s, err := startChaosSystem(ctx, logger, c.Buyers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop(ctx)) }()
	options, err := s.chaosOptions(ctx, c.Kills)
	if err != nil {
		return err
	}
	options.Kills, options.Least, options.Seed, options.Logger = c.Kills, c.leastBookings(), c.Seed, logger
	bar := newBar(c.Kills)
	options.Progress = func(kills, bookings int) { bar.at(kills, fmt.Sprintf("  %d kills, %d bookings", kills, bookings)) }
	report, err := chaos.Run(ctx, options)
	if ctx.Err() != nil {
		return errors.New("the run was interrupted: it says nothing")
	}
	if err = errors.Join(err, bar.finish()); err != nil {
		return err
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
			return err
		}
	}
	return report.Verdict()
}
