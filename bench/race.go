package bench

import (
	"context"
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
	r.total = len(wanted)
	report := r.newReport("race")
	err = r.measure(ctx, &report, func(ctx context.Context) {
		r.each(func(n int, s *shopper) { s.race(ctx, wanted, wanted[n%len(wanted)]) })
	})
	if err == nil {
		report.addViolations(r.ownerless(wanted))
	}
	return report, err
}

// wanted gives the seats that the race is for. All buyers have looked at them then, so their connections are open.
func (r *run) wanted(ctx context.Context, n int) ([]string, error) {
	failed := make([]error, len(r.crowd))
	r.each(func(i int, s *shopper) { _, failed[i] = s.choose(ctx) })
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	r.record = newRecord()
	seats := r.crowd[0].seen.available()
	if len(seats) < n {
		return nil, fmt.Errorf("the event has %d free seats, and %d are wanted", len(seats), n)
	}
	return seats[:n], nil
}

// race holds a seat, or another of those that are wanted as long as one is free, and pays for it.
func (s *shopper) race(ctx context.Context, wanted []string, seat string) {
	for s.open() {
		booking, err := s.hold(ctx, []string{seat})
		if err == nil && booking.ID != "" {
			if s.pay(ctx, booking) == nil {
				return
			}
			s.giveUp(ctx, booking.ID)
		}
		if _, err := s.choose(ctx); err != nil && !pause.For(ctx, afterError) {
			return
		}
		left := slices.DeleteFunc(s.seen.available(), func(id string) bool { return !slices.Contains(wanted, id) })
		if len(left) == 0 {
			return
		}
		seat = left[s.random.IntN(len(left))]
	}
}

// ownerless names the seats that nobody was given a ticket of.
func (r *run) ownerless(wanted []string) (broken []string) {
	for _, id := range wanted {
		if !slices.ContainsFunc(r.record.sales, func(s sale) bool { return slices.Contains(s.tickets, id) }) {
			broken = append(broken, "ticket "+id+" has no owner")
		}
	}
	return broken
}
