package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
)

// rows stands for the database in these tests: the acts of a run over bookings in memory, with the rules of the real
// store (epoch, status, all or nothing, harmless when repeated), so that what is tested here is the order of the steps.
// The acts of the API are not part of it.
type rows struct {
	boxoffice.BookingStore
	now func() time.Time

	mu       sync.Mutex
	bookings map[string]*booking
}

var (
	_ boxoffice.BookingStore = (*rows)(nil)
	_ boxoffice.EmailStore   = (*rows)(nil)
)

type booking struct {
	rows      *rows
	ref       boxoffice.BookingRef
	created   time.Time
	status    boxoffice.BookingStatus
	reason    boxoffice.ClosingReason
	closing   bool
	deadline  time.Time
	epoch     int64
	seatsGone bool // somebody else has the seats
	attempts  []*attempt
	payments  []*payment
	refunds   []*refund
	mails     []*mail
	reasons   []string // for which a refund was requested
	faults    map[string]fault
	tries     map[string]int
	support   map[string]boxoffice.SupportAct // by key
}

type attempt struct {
	boxoffice.PaymentAttempt
	session *boxoffice.PaymentSession // at the provider; nil: it has none
}

type payment struct {
	id, attempt, settled string
	surplus              bool
}

type refund struct {
	boxoffice.Refund
	asked     bool
	requested time.Time
}

type mail struct {
	id         string
	kind       boxoffice.EmailKind
	status     boxoffice.EmailStatus
	handedOver bool
	delivered  int
}

// fault is what an outside call or an act does at its nth try instead of its work: an error, or nothing at all where it is
// errIdle. Nil lets the work be done. It may also be used to look on.
type fault func(try int) error

var errIdle = errors.New("done, but nothing was changed")

func always(code boxoffice.Code) fault { return first(1<<30, code) }

func first(tries int, code boxoffice.Code) fault {
	return func(try int) error {
		if try > tries {
			return nil
		}
		return boxoffice.Errorf(code, "Try %d does not work.", try)
	}
}

var (
	amount       = boxoffice.Money{Minor: 2900, Currency: "USD"}
	errNoBooking = boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such booking.")
)

// book holds seats: what POST /book does before a run is started.
func (r *rows) book(id string, hold time.Duration) *booking {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &booking{
		rows: r, created: r.now(), status: boxoffice.BookingHeld, deadline: r.now().Add(hold),
		ref: boxoffice.BookingRef{
			BookingID: id, EventID: "event-1", UserID: "user-1", Status: boxoffice.BookingHeld, Summary: "2 seats · Ghost · Chico · 19:30",
		},
		faults: map[string]fault{}, tries: map[string]int{},
	}
	r.bookings[id] = b
	return b
}

// find gives the booking that has is true of.
func (r *rows) find(has func(*booking) bool) (*booking, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.bookings {
		if has(b) {
			return b, nil
		}
	}
	return nil, errNoBooking
}

func (r *rows) byID(id string) (*booking, error) {
	return r.find(func(b *booking) bool { return b.ref.BookingID == id })
}

// meet runs the fault that a call was given, outside of the lock, so that it may change rows and send signals.
func (b *booking) meet(call string) error {
	b.rows.mu.Lock()
	b.tries[call]++
	try, f := b.tries[call], b.faults[call]
	b.rows.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(try)
}

// act is the frame of an act: its fault, the lock, the epoch, the act, the situation.
func (r *rows) act(call, bookingID string, epoch int64, do func(b *booking) error) (boxoffice.Situation, error) {
	b, err := r.byID(bookingID)
	if err != nil {
		return boxoffice.Situation{}, err
	}
	met := b.meet(call)
	if met != nil && !errors.Is(met, errIdle) {
		return boxoffice.Situation{}, met
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.epoch != epoch {
		return boxoffice.Situation{}, boxoffice.Errorf(boxoffice.CodeFenced, "Another run has the booking.")
	}
	if met == nil {
		if err := do(b); err != nil {
			return boxoffice.Situation{}, err
		}
	}
	return b.look(), nil
}

func (r *rows) VerifyHold(_ context.Context, bookingID string) (boxoffice.Situation, error) {
	b, err := r.byID(bookingID)
	if err != nil {
		return boxoffice.Situation{}, err
	}
	if err := b.meet("VerifyHold"); err != nil {
		return boxoffice.Situation{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b.epoch++
	return b.look(), nil
}

func (r *rows) Look(_ context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return r.act("Look", bookingID, epoch, func(*booking) error { return nil })
}

// look gives the situation, in the order in which the real store picks what is open.
func (b *booking) look() boxoffice.Situation {
	s := boxoffice.Situation{
		BookingID: b.ref.BookingID, Epoch: b.epoch, Status: b.status, ClosingReason: b.reason, Closing: b.closing,
		Deadline: b.deadline.UTC(), Remaining: b.deadline.Sub(b.rows.now()),
	}
	for _, a := range b.attempts {
		if a.State == boxoffice.AttemptLive {
			s.LiveAttempt = a.ID
		}
	}
	for _, p := range b.payments {
		if p.settled == "" && (s.Unsettled == "" || s.Surplus && !p.surplus) {
			s.Unsettled, s.Surplus = p.id, p.surplus
		}
	}
	for _, f := range b.refunds {
		if f.State == boxoffice.RefundPending && (s.OpenRefund == nil || s.OpenRefund.Asked && !f.asked) {
			s.OpenRefund = &boxoffice.RefundRef{PaymentID: f.PaymentID, N: f.N, Asked: f.asked}
		}
		s.StuckRefund = s.StuckRefund || f.State == boxoffice.RefundFailed && b.refund(f.PaymentID, f.N+1) == nil
	}
	for _, m := range b.mails {
		if m.status == boxoffice.EmailQueued && !m.handedOver && s.MailDue == "" {
			s.MailDue = m.id
		}
	}
	return s
}

func (b *booking) late() bool { return !b.deadline.After(b.rows.now()) }

func (b *booking) payment(id string) *payment {
	for _, p := range b.payments {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (b *booking) attempt(id string) *attempt {
	for _, a := range b.attempts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (b *booking) mail(id string) *mail {
	for _, m := range b.mails {
		if m.id == id {
			return m
		}
	}
	return nil
}

// requestRefund gives a payment its refund row, once.
func (b *booking) requestRefund(p *payment, reason string) {
	p.settled = "refund"
	b.reasons = append(b.reasons, reason)
	b.refunds = append(b.refunds, &refund{requested: b.rows.now(), Refund: boxoffice.Refund{
		PaymentID: p.id, N: 1, PaymentIntent: "pi_" + p.id, Amount: amount, State: boxoffice.RefundPending, Reason: reason,
	}})
}

func (b *booking) queueMail(kind boxoffice.EmailKind) {
	b.mails = append(b.mails, &mail{id: fmt.Sprintf("%s-mail-%d", b.ref.BookingID, len(b.mails)+1), kind: kind, status: boxoffice.EmailQueued})
}
