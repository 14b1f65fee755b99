package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
)

// step is something that a buyer does and waits for.
type step string

// The steps to a booking, in their order. A hold has three ends: who loses the race is told so, and that is no error; and it may fail.
const (
	stepSearch   step = "search"
	stepEvent    step = "open the event"
	stepMap      step = "load the seat map"
	stepPlan     step = "load the plan of the hall"
	stepSection  step = "ask for the tickets of a section"
	stepHold     step = "hold seats"
	stepLose     step = "lose a race for seats"
	stepRefused  step = "wait for a hold that failed"
	stepCheckout step = "open the checkout"
	stepPay      step = "pay"
	stepTicket   step = "wait for the ticket" // from the accepted card to the PDF in hand
)

// sample is how long a step took, and when it ended on the run's clock.
type sample struct{ at, took time.Duration }

// sale is a booking whose buyer has the PDF.
type sale struct {
	bookingID string
	email     string // of its own, so that its mail is known from all others
	tickets   []string
	at        time.Time
	mailed    time.Time // zero while no mail has come
}

// done is when its buyer had both the PDF and the mail.
func (s sale) done() time.Time {
	if s.mailed.After(s.at) {
		return s.mailed
	}
	return s.at
}

// record is what the buyers of a run saw. All of them write it.
type record struct {
	mu        sync.Mutex
	began     time.Time
	steps     map[step][]sample
	unchanged int // answers by 304, where that is counted
	errors    map[string]int
	sales     []sale
}

func newRecord() *record { return &record{steps: map[step][]sample{}, errors: map[string]int{}} }

// took notes a step that began at a time and ends now.
func (r *record) took(what step, began time.Time) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps[what] = append(r.steps[what], sample{at: now.Sub(r.began), took: now.Sub(began)})
}

// failed counts an error by where it was and what it was.
func (r *record) failed(what step, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors[string(what)+": "+kindOf(err)]++
}

func (r *record) sameAsBefore() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unchanged++
}

func (r *record) sold(s sale) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sales = append(r.sales, s)
}

// soldTwice names the tickets that more than one buyer was given.
func (r *record) soldTwice() []string {
	owners := map[string][]string{}
	for _, s := range r.sales {
		for _, id := range s.tickets {
			owners[id] = append(owners[id], s.bookingID)
		}
	}
	var twice []string
	for _, id := range slices.Sorted(maps.Keys(owners)) {
		if len(owners[id]) > 1 {
			twice = append(twice, fmt.Sprintf("ticket %s was sold to the bookings %s", id, strings.Join(owners[id], " and ")))
		}
	}
	return twice
}

// kindOf says what an error is without what differs from one to the next, so that a thousand of one kind are one line.
func kindOf(err error) string {
	if problem, ok := errors.AsType[*buyer.Problem](err); ok {
		return fmt.Sprintf("%d %s", problem.Status, strings.TrimPrefix(problem.Type, "/problems/"))
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		return operation.Op + ": " + operation.Err.Error()
	}
	return err.Error()
}

// taken reports whether a hold was refused since somebody else was faster.
func taken(err error) bool {
	problem, ok := errors.AsType[*buyer.Problem](err)
	return ok && problem.Status == 409 && strings.HasSuffix(problem.Type, "/seats-taken")
}
