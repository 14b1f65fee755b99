package chaos

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stage is where bookings are that a fault can hit.
type Stage int

// The stages.
const (
	StageAsking   Stage = iota // a request of a booking is at the API
	StageOpen                  // seats are held, and the booking is not at its end
	StageSettling              // the next step is the worker's: tickets, mail, money back, seats to be freed
	stages
)

// traffic counts the bookings under way, by stage.
type traffic [stages]atomic.Int64

func (t *traffic) count(s Stage) int { return int(t[s].Load()) }

// enter counts one more in a stage until leave is called.
func (t *traffic) enter(s Stage) (leave func()) {
	t[s].Add(1)
	return func() { t[s].Add(-1) }
}

// Signal is something that shows that a part of the system works.
type Signal int

// The signals.
const (
	SignalAnswer   Signal = iota // the API answered a request of a booking as it should
	SignalHold                   // seats were held: the database takes changes
	SignalComplete               // a payment was followed by its tickets: Temporal and the worker do their work
	SignalIndex                  // changes came into the search index: the relay does its work
)

// wait is a recovery that is waited for.
type wait struct {
	kind   string
	signal Signal
	since  time.Time
}

// pulse measures recoveries: from a fault to the first signal of something that was begun after it.
type pulse struct {
	mu      sync.Mutex
	waiting []wait
	took    map[string][]time.Duration // by kind of fault
}

// await begins the wait for a recovery, now.
func (p *pulse) await(kind string, signal Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, wait{kind, signal, time.Now()})
}

// beat tells that something succeeded which was begun at a time.
func (p *pulse) beat(signal Signal, begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.took == nil {
		p.took = map[string][]time.Duration{}
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(w wait) bool {
		healed := w.signal == signal && begun.After(w.since)
		if healed {
			p.took[w.kind] = append(p.took[w.kind], now.Sub(w.since))
		}
		return healed
	})
}

// ails reports whether the recovery from a kind of fault is still waited for.
func (p *pulse) ails(kind string) bool { return slices.Contains(p.unhealed(), kind) }

// missing counts the recoveries that did not come yet.
func (p *pulse) missing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// unhealed names the kinds of fault whose recovery did not come yet, once for each.
func (p *pulse) unhealed() []string {
	kinds := []string{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiting {
		kinds = append(kinds, w.kind)
	}
	return kinds
}
