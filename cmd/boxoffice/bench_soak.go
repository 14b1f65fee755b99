package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/bench"
)

// benchSoakCommand measures whether a system stays as it is: boxoffice bench soak.
type benchSoakCommand struct {
	Duration  time.Duration `default:"30m" help:"How long. With fewer than sixty readings nothing is judged."`
	Rate      float64       `default:"5" help:"Visits that mean to book, a second. The system should bear four times as many."`
	Abandoned int           `default:"20" help:"Of a hundred, how many leave held seats behind."`
	Every     time.Duration `default:"10s" help:"How often what must not grow is read."`
	HTML      string        `name:"html" help:"Write a report with plots to this file."`
	JSON      bool          `name:"json" help:"Print one JSON object last."`
}

// The holds of a soak are short, so that as many end as begin long before it is judged.
const (
	soakHold     = time.Minute
	soakVisit    = 15 * time.Second // of a buyer who pays, at most and on average
	soakHall     = 2000             // seats
	seatsABuyer  = 2.5
	soakSellsOut = 0.7 // of its seats a hall may lose: with fewer left, buyers would find no two side by side
)

// Validate is called by kong.
func (c *benchSoakCommand) Validate() error {
	switch {
	case c.Duration <= 0 || c.Every <= 0:
		return errors.New("--duration and --every must be longer than nothing")
	case c.Rate <= 0 || c.Rate > 50:
		return errors.New("--rate must be above 0, and at most 50")
	case c.Abandoned < 0 || c.Abandoned > 90:
		return errors.New("--abandoned must be between 0 and 90")
	}
	return nil
}

// buyers is how many there must be so that one is always free.
func (c *benchSoakCommand) buyers() int {
	leaves := float64(c.Abandoned) / 100
	return 10 + int(math.Ceil(c.Rate*(leaves*(soakHold+soakVisit).Seconds()+soakVisit.Seconds())))
}

// halls is how many events of soakHall seats are not sold out before the end.
func (c *benchSoakCommand) halls() int {
	sold := c.Rate * c.Duration.Seconds() * seatsABuyer * (1 - float64(c.Abandoned)/100)
	held := c.Rate * (soakHold + soakVisit).Seconds() * seatsABuyer
	return int(math.Ceil((sold + held) / soakSellsOut / soakHall))
}

// Run measures, and fails where something grew or a promise is broken.
func (c *benchSoakCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	own, err := startBenchSystem(ctx, logger, saleSize{buyers: c.buyers(), settings: []string{
		"BOXOFFICE_HOLD_DURATION=" + soakHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=" + soakHold.String(), "BOXOFFICE_MAX_UNPAID_HOLDS=0",
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.stop()) }()
	vitals, err := own.vitals()
	if err != nil {
		return err
	}
	defer vitals.close()
	bar := timeBar(c.Duration)
	o := bench.SoakOptions{PerSecond: c.Rate, Abandoned: c.Abandoned, Every: c.Every, Vitals: vitals.read}
	if o.SaleOptions, o.EventIDs, err = own.fill(ctx, c.halls(), soakHall); err != nil {
		return err
	}
	o.Lasts, o.Progress = c.Duration, bar.sold
	report, err := bench.Soak(ctx, o)
	if ctx.Err() != nil {
		return errors.New("the measurement was interrupted: it says nothing")
	}
	if err = errors.Join(err, bar.finish()); err != nil {
		return err
	}
	return errors.Join(tell(os.Stdout, &report, c.HTML, c.JSON), report.Verdict())
}
