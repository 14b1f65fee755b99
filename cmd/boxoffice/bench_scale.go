package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/bench"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/seed"
)

// benchScaleCommand measures what a sale costs among many tickets: boxoffice bench scale.
type benchScaleCommand struct {
	Sizes []int   `default:"10000,1000000,18000000" help:"How many tickets there are, in a database each, of 200 an event. 18 million take some minutes to make, and 5 GB while they are made."`
	Sales int     `default:"400" help:"How many are measured with each."`
	Most  float64 `default:"1.3" help:"How many times longer than with the fewest tickets a hold may take."`
	JSON  bool    `name:"json" help:"Print one JSON object last."`
}

// A cinema's event has so many seats, and a ticket takes so much of the disk while it is made, the server's log included.
const (
	cinemaSeats   = 200
	ticketBytes   = 280
	scaleHeadroom = 3 << 30 // bytes: the server's log, and room for others
)

// Validate is called by kong.
func (c *benchScaleCommand) Validate() error {
	if len(c.Sizes) == 0 || !slices.IsSorted(c.Sizes) || c.Sizes[0] < cinemaSeats || c.Sizes[len(c.Sizes)-1] > seed.MaxEvents/2*cinemaSeats {
		return fmt.Errorf("--sizes must rise, from %d or more to at most %d", cinemaSeats, seed.MaxEvents/2*cinemaSeats)
	}
	if c.Sales < 1 || 2*c.Sales*2 > c.Sizes[0] {
		return fmt.Errorf("--sales must be at least 1, and leave half of the %d seats of the smallest size", c.Sizes[0])
	}
	if c.Most <= 0 {
		return errors.New("--most must be above 0")
	}
	return nil
}

// Run fills the databases, measures, and fails where a hold grew by more than it may.
func (c *benchScaleCommand) Run(ctx context.Context, _ *slog.Logger) (err error) {
	servers, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	server, err := pgserver.Start(servers, pgserver.Options{
		Durable: true, Progress: func(message string) { fmt.Fprintln(os.Stderr, "  "+message) },
	})
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() {
		stop()
		err = errors.Join(err, server.Wait())
	}()
	if err := c.checkDisk(server.DataDir); err != nil {
		return err
	}
	o := bench.ScaleOptions{Sales: c.Sales, Most: c.Most, CPU: databaseCPU()}
	for _, size := range c.Sizes {
		house, db, err := openHouse(ctx, server.URL, size)
		if err != nil {
			return fmt.Errorf("make %d tickets: %w", size, err)
		}
		defer db.Close()
		o.Houses = append(o.Houses, house)
	}
	bar := newBar(c.Sales)
	o.Progress = bar.at
	report, err := bench.Scale(ctx, o)
	if err = errors.Join(err, bar.finish()); err != nil {
		return err
	}
	if err = report.WriteTable(os.Stdout); err == nil && c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	return errors.Join(err, report.Verdict())
}

// checkDisk says before it begins where there is too little room.
func (c *benchScaleCommand) checkDisk(dir string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return fmt.Errorf("look how much room there is in %s: %w", dir, err)
	}
	needed := uint64(scaleHeadroom)
	for _, size := range c.Sizes {
		needed += uint64(size) * ticketBytes
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < needed {
		return fmt.Errorf("%s has %.1f GB left, and these sizes need %.1f: choose smaller ones with --sizes", dir, float64(free)/1e9, float64(needed)/1e9)
	}
	return nil
}

// databaseCPU tells the processor time of the database server, which this process has started, where it can be seen.
func databaseCPU() func() (time.Duration, error) {
	look := func() (time.Duration, error) {
		used, err := bench.ProcessorTime(os.Getpid())
		return used["postgres"], err
	}
	if _, err := look(); err != nil {
		return nil
	}
	return look
}

// cinemas is the beginning of a catalogue, which are films in cinemas.
type cinemas struct {
	*seed.Catalogue
	events int
}

// Len is how many they are.
func (c cinemas) Len() int { return c.events }

// newCinemas gives as many events as have so many tickets. Plays and concerts, behind the films, are left out: events of one
// size can be compared.
func newCinemas(ownerID string, tickets int) (cinemas, error) {
	events := tickets / cinemaSeats
	all := events + events/20 + 1
	catalogue, err := seed.New(seed.Options{
		Events: all, Days: max(7, all/eventsADay), Rand: 1, Start: time.Now().AddDate(0, 0, 1), OwnerID: ownerID,
	})
	return cinemas{catalogue, events}, err
}

// openHouse makes a database with so many tickets.
func openHouse(ctx context.Context, server string, size int) (house *bench.House, db *postgres.DB, err error) {
	at, err := url.Parse(server)
	if err != nil {
		return nil, nil, err
	}
	name := "scale_" + strconv.Itoa(size)
	if err := createDatabase(ctx, server, name); err != nil {
		return nil, nil, err
	}
	at.Path = "/" + name
	if err := postgres.Migrate(ctx, at.String(), migrations.FS); err != nil {
		return nil, nil, err
	}
	if db, err = postgres.Open(ctx, at.String(), postgres.Options{MaxConns: 4}); err != nil {
		return nil, nil, err
	}
	if house, err = fillHouse(ctx, db, size); err != nil {
		db.Close()
		return nil, nil, err
	}
	return house, db, nil
}

func createDatabase(ctx context.Context, server, name string) error {
	db, err := postgres.Open(ctx, server, postgres.Options{MaxConns: 2, WebhookConns: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Pool().Exec(ctx, "CREATE DATABASE "+name)
	return err
}

func fillHouse(ctx context.Context, db *postgres.DB, size int) (*bench.House, error) {
	if _, err := seed.CreateAccounts(ctx, db.Users(), seed.DemoAccounts, api.HashPassword); err != nil {
		return nil, err
	}
	owner, err := db.Users().UserByUsername(ctx, "organizer")
	if err != nil {
		return nil, err
	}
	catalogue, err := newCinemas(owner.ID, size)
	if err != nil {
		return nil, err
	}
	bar, began := newBar(catalogue.events), time.Now()
	err = db.Seed(ctx, catalogue, func(done, _ int) { bar.at(done, fmt.Sprintf("  making %d tickets", size)) })
	if err = errors.Join(err, bar.finish()); err != nil {
		return nil, err
	}
	if err := db.Tidy(ctx); err != nil {
		return nil, err
	}
	seconds := time.Since(began).Seconds()
	bytes, err := db.Size(ctx)
	return &bench.House{
		Tickets: catalogue.events * cinemaSeats, Events: catalogue.events, Bytes: bytes, Seconds: seconds,
		Store: db.Bookings(houseRules), Catalogue: db.Catalogue(), Event: catalogue.seats,
		NewUser: func(ctx context.Context) (string, error) {
			user, err := db.Users().CreateUser(ctx, boxoffice.User{
				Username: "bench-" + strings.ToLower(rand.Text()[:16]), PasswordHash: "$argon2id$nobody knows the password",
			})
			return user.ID, err
		},
	}, err
}

// seats gives the tickets of an event, but for those that are kept for wheelchairs.
func (c cinemas) seats(n int) (string, []string) {
	event, tickets := c.Event(n)
	var ids []string
	for _, t := range tickets {
		if !t.Accessible {
			ids = append(ids, t.ID)
		}
	}
	return event.ID, ids
}

// houseRules are the settings' defaults.
var houseRules = boxoffice.HoldRules{
	Duration: 8 * time.Minute, Extension: 2 * time.Minute, CheckoutMinimum: 10 * time.Minute, Max: 30 * time.Minute,
	Grace: 15 * time.Minute, MaxSeats: 10, MaxOpenBookings: 1, MaxUnpaid: 8, UnpaidWindow: 3 * time.Hour,
}
