package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/events"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/seed"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// seedCommand fills the database with a catalogue: boxoffice seed.
type seedCommand struct {
	Database databaseSettings `embed:""`

	Events       int       `default:"300" help:"How many events."`
	Days         int       `default:"30" help:"Over how many days."`
	Rand         uint64    `default:"1" help:"Another number, another catalogue; the same one, the same to the last ID."`
	Start        time.Time `format:"2006-01-02" help:"The first day; empty: tomorrow."`
	Owner        string    `default:"organizer" help:"The username of the organizer whose events they are."`
	DemoAccounts bool      `help:"Also create accounts whose passwords everybody knows, and the promotion code WELCOME. Never where strangers can log in."`
}

// Run seeds. What is there already stays; an interrupted seed is resumed by running it again.
func (c *seedCommand) Run(ctx context.Context, logger *slog.Logger) error {
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if c.DemoAccounts {
		if _, err := seed.CreateAccounts(ctx, db.Users(), seed.DemoAccounts, api.HashPassword); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := c.fill(ctx, db); err != nil {
		return err
	}
	logger.Info("seeded", "events", c.Events, "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

func (c *seedCommand) fill(ctx context.Context, db *postgres.DB) error {
	owner, err := db.Users().UserByUsername(ctx, c.Owner)
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return fmt.Errorf("--owner: there is no user %q; sign them up first, or give --demo-accounts", c.Owner)
	}
	if err != nil {
		return err
	}
	if c.DemoAccounts {
		if err := seed.CreatePromotion(ctx, events.New(db.Organizers(), nil, nil), owner.ID); err != nil {
			return err
		}
	}
	if c.Start.IsZero() {
		c.Start = time.Now().AddDate(0, 0, 1)
	}
	catalogue, err := seed.New(seed.Options{Events: c.Events, Days: c.Days, Rand: c.Rand, Start: c.Start, OwnerID: owner.ID})
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions(catalogue.Len(), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("  events"),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))
	var shown error
	err = db.Seed(ctx, catalogue, func(done, _ int) { shown = errors.Join(shown, bar.Set(done)) })
	return errors.Join(err, shown, bar.Finish())
}

// fillDatabase migrates the stack's database, and seeds it if nothing is on: after a week without, all shows are past.
func (s *stack) fillDatabase(ctx context.Context) error {
	if err := postgres.Migrate(ctx, s.urls.database, migrations.FS); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, s.urls.database, postgres.Options{MaxConns: 4})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := seed.CreateAccounts(ctx, db.Users(), seed.DemoAccounts, api.HashPassword); err != nil {
		return err
	}
	page, err := db.Catalogue().Events(ctx, boxoffice.EventFilter{Limit: 1})
	if err != nil || len(page.Events) > 0 {
		return err
	}
	fill := seedCommand{Events: s.command.Events, Days: s.command.Days, Rand: s.command.Rand, Owner: "organizer", DemoAccounts: true}
	return fill.fill(ctx, db)
}
