package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
)

// matinee is an event that was called off, over bookings in memory, with the rules of the real store. Its bookings' runs do at
// once what they are woken for.
type matinee struct {
	boxoffice.CancellationStore
	now func() time.Time

	mu       sync.Mutex
	off      time.Time // when it was called off
	bookings []*seat   // in the order of their IDs
	paused   boxoffice.PauseReason
	rate     int
	finished bool
	money    int // how many refunds the provider's balance suffices for
	counts   int
	faults   map[string]fault
	tries    map[string]int
	steered  []boxoffice.RefundSteering
}

// seat is a booking of the matinee.
type seat struct {
	id      string
	end     boxoffice.CallOffOutcome // what its run makes of it
	given   bool
	outcome boxoffice.CallOffOutcome
	refunds int // that were made
	woken   int
}

func newMatinee(now func() time.Time, bookings int) *matinee {
	m := &matinee{now: now, off: now(), rate: boxoffice.MaxRefundRate, money: bookings, faults: map[string]fault{}, tries: map[string]int{}}
	for n := range bookings {
		m.bookings = append(m.bookings, &seat{id: fmt.Sprintf("b%05d", n), end: boxoffice.CallOffRefunded, outcome: boxoffice.CallOffOpen})
	}
	return m
}

func (m *matinee) steps() *activities.CallOffs {
	return &activities.CallOffs{Store: m, Runs: m, Logger: slog.New(slog.DiscardHandler)}
}

// try is at the begin of every call: it fails where a test wants that. The lock is the caller's from then on.
func (m *matinee) try(call string) error {
	m.mu.Lock()
	m.tries[call]++
	if f := m.faults[call]; f != nil {
		return f(m.tries[call])
	}
	return nil
}

func (m *matinee) NextCallOffs(_ context.Context, _, after string) (boxoffice.CallOffPage, error) {
	err := m.try("NextCallOffs")
	defer m.mu.Unlock()
	page := boxoffice.CallOffPage{PausedReason: m.paused, PerSecond: m.rate}
	for _, s := range m.bookings {
		if m.paused == "" && !s.given && s.id > after && len(page.Bookings) < m.rate {
			page.Bookings = append(page.Bookings, s.id)
		}
	}
	return page, err
}

func (m *matinee) find(id string) *seat {
	for _, s := range m.bookings {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (m *matinee) GiveBack(_ context.Context, id string) (boxoffice.BookingRef, error) {
	err := m.try("GiveBack")
	defer m.mu.Unlock()
	if err == nil {
		m.find(id).given = true
	}
	return boxoffice.BookingRef{BookingID: id}, err
}

// Nudge is the booking's run.
func (m *matinee) Nudge(_ context.Context, ref boxoffice.BookingRef) error {
	err := m.try("Nudge")
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	s := m.find(ref.BookingID)
	s.woken++
	m.run(s)
	return nil
}

func (m *matinee) run(s *seat) {
	switch {
	case !s.given || s.outcome == s.end:
	case s.end != boxoffice.CallOffRefunded:
		s.outcome = s.end
	case m.money == 0:
		s.outcome = boxoffice.CallOffShort
		if m.paused == "" {
			m.paused = boxoffice.PausedByBalance
		}
	default:
		m.money, s.outcome, s.refunds = m.money-1, s.end, s.refunds+1
	}
}

func (m *matinee) CallOffOutcome(_ context.Context, id string) (boxoffice.CallOffOutcome, error) {
	err := m.try("CallOffOutcome")
	defer m.mu.Unlock()
	return m.find(id).outcome, err
}

func (m *matinee) FinishCallOff(context.Context, string, time.Duration) (boxoffice.RefundProgress, error) {
	err := m.try("FinishCallOff")
	defer m.mu.Unlock()
	m.counts++
	p := m.progress()
	if p.Waiting == 0 && m.now().Sub(m.off) > 10*time.Second {
		m.finished, p.State, p.PausedReason = true, boxoffice.RefundsDone, ""
	}
	return p, err
}

func (m *matinee) progress() boxoffice.RefundProgress {
	p := boxoffice.RefundProgress{State: boxoffice.RefundsRunning, PausedReason: m.paused, PerSecond: m.rate, Total: len(m.bookings)}
	if m.paused != "" {
		p.State = boxoffice.RefundsPaused
	}
	for _, s := range m.bookings {
		switch s.outcome {
		case boxoffice.CallOffRefunded:
			p.Refunded++
		case boxoffice.CallOffReleased:
			p.Released++
		case boxoffice.CallOffFailed:
			p.Failed++
		case boxoffice.CallOffOpen, boxoffice.CallOffAsked, boxoffice.CallOffShort:
			p.Waiting++
		}
	}
	return p
}

func (m *matinee) SteerRefunds(_ context.Context, _ boxoffice.Overseer, _ string, to boxoffice.RefundSteering) (boxoffice.EventCancellation, error) {
	err := m.try("SteerRefunds")
	defer m.mu.Unlock()
	if err != nil {
		return boxoffice.EventCancellation{}, err
	}
	m.steered = append(m.steered, to)
	if to.PerSecond != nil {
		m.rate = *to.PerSecond
	}
	switch {
	case to.Pause == nil:
	case *to.Pause:
		m.paused = boxoffice.PausedByHand
	default:
		m.paused = ""
		for _, s := range m.bookings {
			m.run(s) // the sweep
		}
	}
	return boxoffice.EventCancellation{}, nil
}

func (m *matinee) ClaimCallOffs(context.Context, int) ([]string, error) { return nil, nil }

// RunCallOff is for a worker's sweep, which finds nothing here.
func (m *matinee) RunCallOff(context.Context, string) error { return nil }
