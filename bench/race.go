package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// endedRace is what ends a race.
const endedRace = "every seat had its buyer"

// Race lets all buyers want the first few free seats of the event at one moment, each seat as many of them as any other.
// Who loses looks again and takes what is left; who wins pays. In the end each of the seats must have exactly one owner,
// or it is a violation. Options.Lasts is how long it may take.
func Race(ctx context.Context, o SaleOptions, seats int) (SaleReport, error) {
	r, err := newRun(o, 1, endedRace)
	if err != nil {
		return SaleReport{}, err
	}
	wanted, err := r.wanted(ctx, seats)
	if err != nil {
		return SaleReport{}, err
	}
	r.total = len(wanted.places)
	report := r.newReport("race")
	err = r.measure(ctx, &report, func(ctx context.Context) {
		r.each(func(n int, s *shopper) { s.race(ctx, wanted, wanted.places[n%len(wanted.places)]) })
	})
	if err == nil {
		report.addViolations(r.ownerless(wanted))
	}
	return report, err
}

// prizes are the seats that a race is for.
type prizes struct {
	places []int
	ticket map[int]string // of each place
}

// wanted gives the seats that the race is for. All buyers have looked at them then, so their connections are open.
func (r *run) wanted(ctx context.Context, n int) (p prizes, err error) {
	failed := make([]error, len(r.crowd))
	r.each(func(i int, s *shopper) { failed[i] = s.visit(ctx) })
	if err := errors.Join(failed...); err != nil {
		return p, err
	}
	first := r.crowd[0]
	p.places = first.seen.available()
	if len(p.places) < n {
		return p, fmt.Errorf("the event has %d free seats, and %d are wanted", len(p.places), n)
	}
	p.places = p.places[:n]
	tickets, err := first.tickets(ctx, p.places)
	if err != nil {
		return p, err
	}
	p.ticket = make(map[int]string, n)
	for i, place := range p.places {
		p.ticket[place] = tickets[i]
	}
	r.record = newRecord()
	return p, nil
}

// race holds a seat, or another of those that are wanted as long as one is free, and pays for it.
func (s *shopper) race(ctx context.Context, wanted prizes, place int) {
	for s.open() {
		booking, err := s.hold(ctx, []string{wanted.ticket[place]})
		if err == nil && booking.ID != "" {
			if s.pay(ctx, booking) == nil {
				return
			}
			s.giveUp(ctx, booking.ID)
		}
		if err := s.visit(ctx); err != nil && !pause.For(ctx, afterError) {
			return
		}
		left := slices.DeleteFunc(slices.Clone(wanted.places), func(place int) bool { return !s.seen.free(place) })
		if len(left) == 0 {
			return
		}
		place = left[s.random.IntN(len(left))]
	}
}

// ownerless names the seats that nobody was given a ticket of.
func (r *run) ownerless(wanted prizes) (broken []string) {
	for _, place := range wanted.places {
		id := wanted.ticket[place]
		if !slices.ContainsFunc(r.record.sales, func(s sale) bool { return slices.Contains(s.tickets, id) }) {
			broken = append(broken, "ticket "+id+" has no owner")
		}
	}
	return broken
}
