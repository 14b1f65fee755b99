// Package chaos lets people buy from a box office while chance breaks it: what dies, what hangs, what gets lost, and when. Each
// client writes down what it was told. When all is whole and quiet again, these records are held against the database, the
// payment provider's record and the mail server; no clock decides. It knows the system by its address, and what breaks it
// and what its books say by functions. It depends on golang.org/x/sync alone.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// Options say who buys what, what breaks meanwhile, and what is asked in the end.
type Options struct {
	URL    string   // of the box office
	Events []string // what is bought
	Tokens []string // the clients' sessions, one a client
	Seed   uint64   // of what is broken, in which order and after which pauses, and of what clients want

	Kills  int // how many kills at least, and
	Least  int // how many paid bookings at least; a run that has fewer proves nothing
	Faults []Fault

	// Open counts what the system still has to do; 0 is quiet.
	Open func(ctx context.Context) (int, error)
	// Books are read once, when it is quiet or takes too long to become so.
	Books func(ctx context.Context) (Books, error)
	// Indexed counts the changes that the worker has brought into the search index since it was started.
	Indexed func(ctx context.Context) (int, error)
	// Logger is told of every fault, at the level debug.
	Logger *slog.Logger
	// Progress is told once a second how many kills and bookings there were.
	Progress func(kills, bookings int)
}

// How long the run waits for what it needs.
const (
	bookingsPatience = 10 * time.Minute // after the last fault, for bookings that are missing
	recoveryPatience = 4 * time.Minute  // for the last recoveries; a claim of a relay that died lasts a minute
	settlePatience   = 6 * time.Minute  // for all that is left to be done: mails are tried ever less often
)

// run is a run under way.
type run struct {
	o        Options
	traffic  traffic
	pulse    pulse
	strikes  strikes
	answers  answers
	crowd    []*client
	killed   atomic.Int64
	bookings atomic.Int64
}

// Run breaks the system until it has killed often enough and every kind of fault has hit, and checks what is left. An error
// says that the run did not come to its end; what it proves, the report's Verdict says.
func Run(ctx context.Context, o Options) (Report, error) {
	r := &run{o: o}
	for n, token := range o.Tokens {
		r.crowd = append(r.crowd, newClient(r, n, token))
	}
	began := time.Now()
	if err := r.storm(ctx); err != nil {
		return Report{}, err
	}
	quiet := time.Now()
	o.Logger.DebugContext(ctx, "the last client has gone")
	left, uncounted := r.settle(ctx)
	settled := time.Since(quiet)
	records, err := r.lastLooks(ctx)
	if err != nil {
		return Report{}, err
	}
	books, err := o.Books(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the books: %w", err)
	}
	report := r.report(records, Check(records, books))
	report.Seconds, report.SettleSeconds, report.Unsettled = time.Since(began).Seconds(), settled.Seconds(), left
	if uncounted != nil {
		report.Uncounted = uncounted.Error()
	}
	return report, nil
}

// storm lets the clients buy while the faults strike. It ends when all is whole again and the clients have come to the end of
// what they were doing.
func (r *run) storm(ctx context.Context) error {
	buying, closing := context.WithCancel(ctx)
	defer closing()
	watching, over := context.WithCancel(ctx)
	var clients, watchers sync.WaitGroup
	for _, c := range r.crowd {
		clients.Go(func() { c.shop(ctx, buying) })
	}
	watchers.Go(func() { r.tell(watching) })
	watchers.Go(func() { r.watchIndex(watching) })
	err := r.breakAll(ctx)
	if err == nil {
		err = r.until(ctx, bookingsPatience, func() bool { return int(r.bookings.Load()) >= r.o.Least })
	}
	if err == nil {
		err = r.until(ctx, recoveryPatience, func() bool { return r.pulse.missing() == 0 })
	}
	r.o.Logger.DebugContext(ctx, "the last fault is over", "bookings", r.bookings.Load(), "not recovered from", r.pulse.unhealed())
	closing()
	clients.Wait()
	over()
	watchers.Wait()
	return errors.Join(err, ctx.Err())
}

// until waits for something to come true, or for the patience's end: the report then says what is missing.
func (r *run) until(ctx context.Context, patience time.Duration, done func() bool) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !done() && pause.For(waiting, 10*time.Millisecond) {
	}
	return ctx.Err()
}

func (r *run) tell(ctx context.Context) {
	for pause.For(ctx, time.Second) {
		r.o.Progress(int(r.killed.Load()), int(r.bookings.Load()))
	}
}

// watchIndex tells of every change that comes into the search index.
func (r *run) watchIndex(ctx context.Context) {
	last, since := 0, time.Now()
	for pause.For(ctx, 200*time.Millisecond) {
		now := time.Now()
		n, err := r.o.Indexed(ctx)
		if err != nil {
			continue
		}
		if n > last || n > 0 && n < last { // fewer: another worker counts anew
			r.pulse.beat(SignalIndex, since)
		}
		last, since = n, now
	}
}

// settle waits until the system has nothing left to do, and tells how much it had when patience was over, or why it could not
// say. Nobody asks it for anything meanwhile.
func (r *run) settle(ctx context.Context) (left int, uncounted error) {
	interrupted := r.until(ctx, settlePatience, func() bool {
		left, uncounted = r.o.Open(ctx)
		return uncounted == nil && left == 0
	})
	return left, errors.Join(interrupted, uncounted)
}

// lastLooks has each client look at all its bookings once more, and gives what they all were told.
func (r *run) lastLooks(ctx context.Context) (records []Record, err error) {
	failed := make([]error, len(r.crowd))
	var looking sync.WaitGroup
	for n, c := range r.crowd {
		looking.Go(func() { failed[n] = c.lookBack(ctx) })
	}
	looking.Wait()
	for _, c := range r.crowd {
		for _, record := range c.records {
			records = append(records, *record)
		}
	}
	return records, errors.Join(failed...)
}

// random gives a source of chance of its own for each purpose, so that they do not disturb each other.
func (r *run) random(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(r.o.Seed, purpose)) }

// between is a random time.
func between(least, most time.Duration, chance *rand.Rand) time.Duration {
	if most <= least {
		return least
	}
	return least + time.Duration(chance.Int64N(int64(most-least)))
}
