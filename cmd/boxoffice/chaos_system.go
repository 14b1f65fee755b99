package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bench"
	"github.com/boxoffice/boxoffice/bench/chaos"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/payments"
)

// The size of what is sold: several events, so that the search index has something to be told at any time.
const (
	chaosEvents = 8
	chaosSeats  = 1000 // of each
)

// chaosHold is how long seats are held. A few faults fit into it, and nobody waits for long until it is over.
const chaosHold = 10 * time.Second

// chaosSystem is a system of a chaos run's own.
type chaosSystem struct {
	*benchSystem
	servers *chaosServers
	points  string // the folder of failpoints
}

// startChaosSystem starts everything. What it gives an error for leaves nothing behind.
func startChaosSystem(ctx context.Context, logger *slog.Logger, buyers int) (s *chaosSystem, err error) {
	s = &chaosSystem{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(ctx))
		}
	}()
	// The servers outlive an interrupt, so that what depends on them can end in order.
	if s.servers, err = startChaosServers(context.WithoutCancel(ctx)); err != nil {
		return s, err
	}
	s.points = filepath.Join(s.servers.dir, "failpoints")
	if err = os.Mkdir(s.points, 0o755); err != nil {
		return s, err
	}
	database, err := s.servers.databaseURL()
	if err != nil {
		return s, err
	}
	s.benchSystem, err = startBenchSystem(ctx, logger, saleSize{seats: chaosSeats, buyers: buyers, settings: []string{
		"DATABASE_URL=" + database, "TEMPORAL_ADDRESS=" + s.servers.toTemporal.Address(), failpoint.DirEnv + "=" + s.points,
		"BOXOFFICE_HOLD_DURATION=" + chaosHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=" + chaosHold.String(), "BOXOFFICE_HOLD_GRACE=" + chaosHold.String(),
		"BOXOFFICE_MAX_OPEN_BOOKINGS=1000", "BOXOFFICE_MAX_UNPAID_HOLDS=0",
	}})
	return s, err
}

// stop leaves nothing behind, also when ctx is done.
func (s *chaosSystem) stop(ctx context.Context) (err error) {
	if s.benchSystem != nil {
		err = s.benchSystem.stop()
	}
	return errors.Join(err, s.servers.stop(context.WithoutCancel(ctx)))
}

// chaosOptions make the events and the buyers, and say how to break the system and to read its books.
func (s *chaosSystem) chaosOptions(ctx context.Context, kills int) (o chaos.Options, err error) {
	o = chaos.Options{
		URL: s.env["BOXOFFICE_URL"], Faults: s.faults(kills), Open: s.db.Unfinished, Books: s.books, Indexed: s.indexed,
	}
	owner, err := s.db.Users().UserByUsername(ctx, "organizer")
	if err != nil {
		return o, err
	}
	for range chaosEvents {
		hall, err := bench.NewHall(owner.ID, s.size.seats)
		if err != nil {
			return o, err
		}
		hall.Returnable()
		if err := s.db.Seed(ctx, hall, nil); err != nil {
			return o, fmt.Errorf("make the events: %w", err)
		}
		o.Events = append(o.Events, hall.EventID())
	}
	o.Tokens, err = s.crowd(ctx)
	return o, err
}

// killChild kills the API or the worker, which boxoffice dev starts again.
func (s *chaosSystem) killChild(ctx context.Context, name string) error {
	_, err := s.signalChild(ctx, name, syscall.SIGKILL)
	return err
}

// signalChild sends a signal to a process of boxoffice dev, once it runs, and tells which it was.
func (s *chaosSystem) signalChild(ctx context.Context, name string, signal syscall.Signal) (pid int, err error) {
	err = persist(ctx, time.Minute, func() (err error) {
		if pid, err = proc.Recorded(s.pidFile(name)); err != nil {
			return err
		}
		return syscall.Kill(pid, signal)
	})
	return pid, err
}

// pidFile names the process of boxoffice dev that runs now.
func (s *chaosSystem) pidFile(name string) string {
	return filepath.Join(s.env["BOXOFFICE_STATE_DIR"], name, name+".pid")
}

// killRelay kills the worker when changes are in the search index, and still in the outbox.
func (s *chaosSystem) killRelay(ctx context.Context, point string) error {
	armed := filepath.Join(s.points, point)
	if err := os.WriteFile(armed, nil, 0o600); err != nil {
		return err
	}
	err := persist(ctx, 2*time.Minute, func() error {
		said, err := os.ReadFile(armed + ".reached")
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(string(said))
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	})
	return errors.Join(err, os.Remove(armed), os.Remove(armed+".reached"))
}

// indexed asks the worker how many changes it has brought into the search index.
func (s *chaosSystem) indexed(ctx context.Context) (int, error) {
	counted, err := countedBy(ctx, s.env["WORKER_ADMIN_URL"])
	if err != nil {
		return 0, err
	}
	if n, found := counted["boxoffice_search_indexed_total"]; found {
		return int(n), nil
	}
	return 0, errors.New("the worker does not count what it brings into the index")
}

// books asks the database, Stripe's record and the mail server what all bookings came to, and audits them.
func (s *chaosSystem) books(ctx context.Context) (b chaos.Books, err error) {
	b = chaos.Books{Bookings: map[string]chaos.Booking{}, Money: map[string]chaos.Money{}, Mails: map[string]chaos.Mails{}}
	outcomes, err := s.db.Outcomes(ctx)
	if err != nil {
		return b, err
	}
	for _, o := range outcomes {
		b.Bookings[o.ID] = chaos.Booking{Status: o.Status, Seats: o.Seats, Admits: o.Admits, WorthMinor: o.WorthMinor}
	}
	if b.Stuck, err = s.db.StuckSeats(ctx); err != nil {
		return b, err
	}
	if err := s.readMoney(ctx, b.Money); err != nil {
		return b, fmt.Errorf("read Stripe's record: %w", err)
	}
	if err := s.readMails(ctx, b.Mails); err != nil {
		return b, err
	}
	b.Audit, err = s.audit(ctx)
	return b, err
}

// readMoney reads Stripe's own record of all payments.
func (s *chaosSystem) readMoney(ctx context.Context, money map[string]chaos.Money) error {
	stripe, err := ledgerSettings{StripeAPIKey: s.env["STRIPE_API_KEY"], StripeAPIBase: s.env["STRIPE_API_BASE"]}.client(s.logger)
	if err != nil {
		return err
	}
	defer stripe.Close()
	window := boxoffice.LedgerWindow{From: time.Now().AddDate(0, 0, -1), To: time.Now().Add(time.Hour)}
	for ledger, after := payments.NewLedger(stripe, 0), ""; ; {
		page, err := ledger.Payments(ctx, window, after)
		if err != nil {
			return err
		}
		for _, p := range page.Items {
			if p.Captured {
				sum := money[p.BookingID]
				money[p.BookingID] = chaos.Money{TakenMinor: sum.TakenMinor + p.Amount.Minor, ReturnedMinor: sum.ReturnedMinor + p.RefundedMinor}
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// readMails counts the mails in the sink, by address and by what their subjects say.
func (s *chaosSystem) readMails(ctx context.Context, mails map[string]chaos.Mails) error {
	const page = 500
	inbox := buyer.NewInbox(s.env["MAIL_URL"], http.DefaultTransport)
	for start := 0; ; start += page {
		arrivals, err := inbox.Arrivals(ctx, start, page)
		if err != nil {
			return err
		}
		for _, a := range arrivals {
			for _, to := range a.To {
				sum := mails[to.Address]
				switch {
				case strings.HasPrefix(a.Subject, "Your tickets"): // or those that remain
					sum.Tickets++
				case strings.HasPrefix(a.Subject, "Refund of "), strings.HasPrefix(a.Subject, "Your payment of "):
					sum.Refunds++
				}
				mails[to.Address] = sum
			}
		}
		if len(arrivals) < page {
			return nil
		}
	}
}
