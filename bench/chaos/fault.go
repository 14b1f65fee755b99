package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
	"golang.org/x/sync/errgroup"
)

// Track is a sequence of faults, one at a time. The tracks run side by side, so that faults of different tracks meet.
type Track string

// The tracks.
const (
	TrackKills   Track = "kills"
	TrackOutside Track = "outside" // the payment provider and the mail server
	TrackNetwork Track = "network" // slow, cut and stopped
)

// Fault is a way to break the system.
type Fault struct {
	Kind  string
	Track Track
	// Weight is the kind's share of its track, Rest the longest pause before it: much of it, and faults seldom meet.
	Weight int
	Rest   time.Duration
	// Hits says which bookings the fault must meet: it strikes when there are some.
	Hits Stage
	// Heals is what must succeed after the fault for the system to have recovered from it.
	Heals Signal
	// Strike breaks the system, and returns when it is broken. Mend makes it whole after a time between Least and Most; nil
	// where it does so by itself.
	Strike      func(ctx context.Context) error
	Mend        func(ctx context.Context) error
	Least, Most time.Duration
	// Struck, where it is not nil, is asked before Mend how many requests the fault befell: it counts instead of the bookings.
	Struck func(ctx context.Context) (int, error)
	// CutShort, where it is not nil, is asked before Mend whether another fault ended this one early: then it met nothing.
	CutShort func() bool
}

// What a fault waits for before it strikes.
const (
	leastRest      = 500 * time.Millisecond
	flightPatience = 20 * time.Second // for bookings that it can hit
	healPatience   = 75 * time.Second // for the recovery from the last of its kind, which it would only delay
)

// strike is a fault that was.
type strike struct {
	kind     string
	inFlight int // bookings, or requests, that it hit
}

// strikes are all that were.
type strikes struct {
	mu  sync.Mutex
	all []strike
}

func (s *strikes) add(kind string, inFlight int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, strike{kind, inFlight})
}

// hit reports whether every one of the kinds has met a booking.
func (s *strikes) hit(faults []Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(faults, func(f Fault) bool {
		return !slices.ContainsFunc(s.all, func(one strike) bool { return one.kind == f.Kind && one.inFlight > 0 })
	})
}

// breakAll lets the kills take place, and the other faults beside them until the kills are over and each kind has hit.
func (r *run) breakAll(ctx context.Context) error {
	tracks, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	tracks.Go(func() error {
		defer close(over)
		return r.breakBy(ctx, r.deck(TrackKills, 1, r.o.Kills, true), r.random(1))
	})
	for n, track := range []Track{TrackOutside, TrackNetwork} {
		tracks.Go(func() error {
			return r.breakUntil(ctx, over, track, r.random(uint64(2+n)))
		})
	}
	return tracks.Wait()
}

// breakUntil goes through a track again and again.
func (r *run) breakUntil(ctx context.Context, over <-chan struct{}, track Track, chance *rand.Rand) error {
	faults := r.of(track)
	for round := uint64(0); len(faults) > 0; round++ {
		for _, f := range r.deck(track, 100*(round+1), len(faults), round == 0) {
			select {
			case <-over:
				if r.strikes.hit(faults) {
					return nil
				}
				if r.strikes.hit([]Fault{f}) {
					continue
				}
			default:
			}
			if err := r.breakBy(ctx, []Fault{f}, chance); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) of(track Track) (faults []Fault) {
	for _, f := range r.o.Faults {
		if f.Track == track {
			faults = append(faults, f)
		}
	}
	return faults
}

// deck gives n faults of a track, shuffled: each kind by its weight, and where all are wanted at least once.
func (r *run) deck(track Track, purpose uint64, n int, all bool) (deck []Fault) {
	faults, chance := r.of(track), r.random(1000+purpose)
	var weighted []Fault
	for _, f := range faults {
		for range f.Weight {
			weighted = append(weighted, f)
		}
	}
	if all {
		deck = append(deck, faults...)
	}
	for len(deck) < n {
		deck = append(deck, weighted[chance.IntN(len(weighted))])
	}
	chance.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// breakBy lets faults strike one after the other, each at a random time, and mends what they broke.
func (r *run) breakBy(ctx context.Context, faults []Fault, chance *rand.Rand) error {
	for _, f := range faults {
		if !pause.For(ctx, between(leastRest, f.Rest, chance)) {
			return ctx.Err()
		}
		lasts := between(f.Least, f.Most, chance)
		if err := r.breakOnce(ctx, f, lasts); err != nil {
			return fmt.Errorf("%s: %w", f.Kind, err)
		}
	}
	return nil
}

// breakOnce waits for bookings that the fault can hit, and strikes.
func (r *run) breakOnce(ctx context.Context, f Fault, lasts time.Duration) error {
	err := r.until(ctx, healPatience, func() bool { return !r.pulse.ails(f.Kind) })
	if err == nil {
		err = r.until(ctx, flightPatience, func() bool { return r.traffic.count(f.Hits) > 0 })
	}
	if err != nil {
		return err
	}
	inFlight := r.traffic.count(f.Hits)
	if err := f.Strike(ctx); err != nil {
		return err
	}
	if f.Track == TrackKills { // what is killed comes back by itself or at once: the clock runs from its death
		r.killed.Add(1)
		r.pulse.await(f.Kind, f.Heals)
	}
	pause.For(ctx, lasts)
	if inFlight, err = r.met(ctx, f, inFlight); err != nil {
		return err
	}
	r.strikes.add(f.Kind, inFlight)
	r.o.Logger.DebugContext(ctx, "a fault has struck", "kind", f.Kind, "in flight", inFlight)
	if f.Mend == nil {
		return nil
	}
	if err := f.Mend(ctx); err != nil {
		return err
	}
	if f.Track != TrackKills {
		r.pulse.await(f.Kind, f.Heals)
	}
	return nil
}

// met gives what a fault that is about to be mended has met: the bookings that there were when it struck, or the requests that
// it befell, of which it waits for the first.
func (r *run) met(ctx context.Context, f Fault, bookings int) (n int, err error) {
	switch {
	case f.CutShort != nil && f.CutShort():
		return 0, nil
	case f.Struck == nil:
		return bookings, nil
	}
	interrupted := r.until(ctx, flightPatience, func() bool {
		n, err = f.Struck(ctx)
		return err != nil || n > 0
	})
	return n, errors.Join(err, interrupted)
}
