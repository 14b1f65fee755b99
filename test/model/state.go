package main

// A state of the model is small numbers only. Time is order: what is past, and what not yet.

// The statuses of a booking, as in boxoffice.BookingStatuses; bookingNone is one that nobody has made yet.
const (
	bookingNone uint8 = iota
	bookingHeld
	bookingConfirmed
	bookingCompleted
	bookingExpired
	bookingCancelled
	bookingRefunding
	bookingRefunded
)

// The states of an attempt, as our row has them.
const (
	attemptNone    uint8 = iota
	attemptLive          // its page may be open, or may yet come to be
	attemptPaid          // money arrived on it
	attemptDead          // its page can no longer be paid
	attemptSurplus       // money arrived on it that can never buy the seats
)

// The states of an attempt's session, as the provider has them.
const (
	sessionNone     uint8 = iota // none was made yet; a call that is under way may make it at any time
	sessionOpen                  // can be paid by whoever has its address
	sessionComplete              // paid, in time
	sessionExpired               // closed
	sessionLate                  // paid after the provider had said that it is closed
)

// How far the page's address has come.
const (
	pageUnknown uint8 = iota // our row has no session ID
	pageStored               // it has; the address was not handed out, and will not be
	pageOut                  // the buyer has the address
)

// What a payment came to (payments.settled_as). An attempt has at most one payment: it is there once the attempt is paid
// or surplus.
const (
	settledNot uint8 = iota
	settledSale
	settledRefund
)

// The refund of a payment, as our row has it.
const (
	refundNone      uint8 = iota
	refundRequested       // the row is there, the provider was not asked
	refundAsked           // the provider has it, and was asked within the last half minute
	refundWaiting         // the provider has it, and may be asked again
	refundBack            // the provider gave the money back
	refundFailed          // the bank refused it: somebody must find another way
)

// The refund of a payment, as the provider has it. The first four are also its answers.
const (
	bankNone uint8 = iota
	bankPending
	bankGave
	bankRefused
	bankTookBack // given, and days later sent back by the buyer's bank
)

// The states of a seat.
const (
	seatFree uint8 = iota
	seatHeld
	seatSold
)

// held_until of a seat, by the database's clock.
const (
	untilFuture uint8 = iota
	untilPast
	untilForever
)

// The event is on sale; or cancelled, but a transaction already under way may not see it, because the event's row is read
// without a lock; or cancelled for all.
const (
	eventOnSale uint8 = iota
	eventClosing
	eventCancelled
)

// attempt is a payment attempt with its session, its payment and that payment's refund.
type attempt struct {
	state   uint8
	session uint8
	page    uint8
	ended   bool // past expires_at: no session can be made any more, and an open one has expired
	odd     bool // another amount than ours was paid
	settled uint8
	refund  uint8
	bank    uint8
	over    bool // more was asked back than came in
}

// heard reports whether the payment is in our rows.
func (a *attempt) heard() bool { return a.state == attemptPaid || a.state == attemptSurplus }

// unsettled reports whether there is a payment that neither sold the seats nor has a refund row.
func (a *attempt) unsettled() bool { return a.heard() && a.settled == settledNot }

// captured reports whether the provider has the buyer's money, or had it.
func (a *attempt) captured() bool { return a.session == sessionComplete || a.session == sessionLate }

// payable reports whether a buyer can pay now.
func (a *attempt) payable() bool { return a.session == sessionOpen && a.page == pageOut }

// refundPending reports whether a refund row is neither through nor refused.
func (a *attempt) refundPending() bool {
	return a.refund == refundRequested || a.refund == refundAsked || a.refund == refundWaiting
}

// runner is a run of a booking, or a worker presumed dead that goes on with one.
type runner struct {
	step    step  // what it does next; stepNone: there is no such run
	attempt uint8 // what the step is about
	answer  uint8 // what the provider said, for the step that writes it down
	current bool  // the epoch that it acts for is the booking's; so epochs need no counter
}

// booking is a booking's row, its attempts and its run.
type booking struct {
	status   uint8
	cancel   bool // closing_reason is cancel
	closing  bool // closing_at is set
	late     bool // hold_expires_at has passed
	extended bool // hold_expires_at was moved and held_until was not: only where that rule is dropped
	admitted bool // it has valid admissions
	mail     bool // a mail is queued
	check    bool // next_check_at is set
	signal   bool // the run has a signal that it has not seen
	started  bool // a run of this ID was started once
	run      runner
	ghost    runner
	attempts [2]attempt
}

// find gives the index of the first attempt of which is holds, or -1.
func (b *booking) find(is func(a *attempt) bool) int {
	for i := range b.attempts {
		if is(&b.attempts[i]) {
			return i
		}
	}
	return -1
}

func (b *booking) any(is func(a *attempt) bool) bool { return b.find(is) >= 0 }

func isLive(a *attempt) bool { return a.state == attemptLive }
func isPaid(a *attempt) bool { return a.state == attemptPaid }
func isOwed(a *attempt) bool { return a.state == attemptSurplus && a.unsettled() }

// final is boxoffice.BookingStatus.Final.
func (b *booking) final() bool {
	switch b.status {
	case bookingCompleted, bookingExpired, bookingCancelled, bookingRefunded:
		return true
	default:
		return false
	}
}

// stands reports whether the booking is a sale.
func (b *booking) stands() bool { return b.status == bookingConfirmed || b.status == bookingCompleted }

// canOpen is lockedBooking.canOpen: held, in time, not closing.
func (b *booking) canOpen() bool { return b.status == bookingHeld && !b.closing && !b.late }

// seat is one seat of the event.
type seat struct {
	state uint8
	by    uint8 // the booking that holds or bought it, from 1; 0: none
	until uint8
}

// state is everything: two seats, two bookings, the event, and how many faults may still happen.
type state struct {
	seats      [2]seat
	bookings   [2]booking
	event      uint8
	ghostsLeft uint8 // workers that may still stall
	lossesLeft uint8 // runs that may still be lost
}

// normal drops what no longer matters, so that states with one future are one state.
func (s *state) normal(c *config) {
	for i := range s.bookings {
		b := &s.bookings[i]
		if b.status > bookingHeld {
			b.late, b.closing, b.extended = true, true, false
		}
		if b.status > bookingCompleted {
			b.cancel = false
		}
		// A signal says "look", and these look next.
		if b.run.step == stepNone || b.run.step == stepVerifyHold || b.run.step == stepLook {
			b.signal = false
		}
		for a := range b.attempts {
			b.attempts[a].normal(c)
		}
	}
}

func (a *attempt) normal(c *config) {
	// What StoreSession will not hand out nobody can pay: such a page is as good as closed.
	if a.state == attemptDead && a.page != pageOut && !a.captured() && c.rules.pageGuard {
		a.session = sessionExpired
	}
	if a.session >= sessionComplete {
		a.ended = true
	}
	if a.state != attemptLive && (a.captured() || a.session == sessionExpired && !c.late) {
		a.page = pageStored
	}
	if a.heard() {
		a.odd = false // its state says so
	}
}
