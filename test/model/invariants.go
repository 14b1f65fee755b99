package main

// invariant is a promise that every state keeps to each booking.
type invariant struct {
	name  string
	holds func(s *state, c *config, i int) bool
}

// invariants are those of every state.
var invariants = []invariant{
	{"I1", saleHasItsSeats},
	{"I2", noPageForAnothersSeat},
	{"I3", refundsAreInOrder},
	{"I4", noMoneyForNothing},
	{"I5", func(s *state, _ *config, i int) bool { return !s.bookings[i].stands() || !s.bookings[i].cancel }},
	{"I6", func(s *state, _ *config, i int) bool {
		return !s.bookings[i].final() || !s.bookings[i].any((*attempt).payable)
	}},
	{"I7", paidHoldIsEndless},
	{"ONE", onePaymentSells},
	{"SURPLUS", surplusIsRefunded},
	{"MONEY", moneyIsEven},
	{"CHECK", unfinishedIsChecked},
}

const (
	byTable = "TABLE" // of moves: a booking's status follows boxoffice.Transitions
	goodEnd = "EF"    // of where a state leads: to a good end, by fair moves alone
)

// mayFollow is boxoffice.Transitions, and that a booking begins as held.
var mayFollow = func() (may [len(statuses)][len(statuses)]bool) {
	for from := range statuses {
		for to := range statuses {
			may[from][to] = from == to || statuses[from].CanFollow(statuses[to])
		}
	}
	may[bookingNone][bookingHeld] = true
	return may
}()

// saleHasItsSeats is I1: a booking that stands has all its seats sold to it, and only such a booking has sold seats or
// admissions. A completed one has its admissions.
func saleHasItsSeats(s *state, c *config, i int) bool {
	b := &s.bookings[i]
	if b.admitted && !b.stands() || !b.admitted && b.status == bookingCompleted {
		return false
	}
	for _, w := range c.wants[i] {
		sold := s.seats[w].state == seatSold && s.seats[w].by == uint8(i+1)
		if sold != b.stands() && (b.stands() || b.final() || c.rules.compensateOnce) {
			return false
		}
	}
	return true
}

// noPageForAnothersSeat is I2: nobody can pay for a seat that another booking holds or bought.
func noPageForAnothersSeat(s *state, c *config, i int) bool {
	if !s.bookings[i].any((*attempt).payable) {
		return true
	}
	for _, w := range c.wants[i] {
		if s.seats[w].state != seatFree && s.seats[w].by != uint8(i+1) {
			return false
		}
	}
	return true
}

// refundsAreInOrder is I3: a refund needs money that came in and never exceeds it, and none is on a sale that stands. A
// booking that ended without tickets has no seat.
func refundsAreInOrder(s *state, c *config, i int) bool {
	b := &s.bookings[i]
	for _, w := range c.wants[i] {
		if b.final() && !b.stands() && s.seats[w].by == uint8(i+1) {
			return false
		}
	}
	return !b.any(func(a *attempt) bool {
		return a.over || (a.refund != refundNone || a.bank != bankNone) && !a.captured() ||
			b.stands() && a.settled == settledSale && a.refund != refundNone
	})
}

// noMoneyForNothing is I4: at the end of a booking no money that came in time has bought nothing and has no refund row.
// Money that comes after the provider called the page closed may come after the end; MONEY and EF are about that.
func noMoneyForNothing(s *state, _ *config, i int) bool {
	b := &s.bookings[i]
	return !b.final() || !b.any(func(a *attempt) bool {
		return a.session == sessionComplete && a.refund == refundNone && !(a.settled == settledSale && b.status == bookingCompleted)
	})
}

// paidHoldIsEndless is I7: once money that can buy the seats was heard of, no time that passes frees those that are held.
func paidHoldIsEndless(s *state, c *config, i int) bool {
	b := &s.bookings[i]
	if b.status != bookingHeld || !b.any(isPaid) {
		return true
	}
	for _, w := range c.wants[i] {
		if t := s.seats[w]; t.by == uint8(i+1) && t.until != untilForever {
			return false
		}
	}
	return true
}

// onePaymentSells is ONE: at most one payment has bought the booking's seats.
func onePaymentSells(s *state, _ *config, i int) bool {
	sales := 0
	for _, a := range s.bookings[i].attempts {
		if a.settled == settledSale {
			sales++
		}
	}
	return sales <= 1
}

// surplusIsRefunded is SURPLUS: money that can never buy the seats never does; and where nothing is left to be looked at,
// it has its refund.
func surplusIsRefunded(s *state, _ *config, i int) bool {
	b := &s.bookings[i]
	return !b.any(func(a *attempt) bool {
		return a.state == attemptSurplus && (a.settled == settledSale || !b.check && a.refund != refundBack && a.refund != refundFailed)
	})
}

// moneyIsEven is MONEY: where nothing is left to be looked at, what came in less what went back is the price of the seats
// that stand. A refund that failed is support's; one that the buyer's bank sends back days later is known by its webhook only.
func moneyIsEven(s *state, _ *config, i int) bool {
	b := &s.bookings[i]
	if b.check || b.status == bookingNone {
		return true
	}
	kept := 0
	for _, a := range b.attempts {
		if back := a.bank == bankGave || a.bank == bankTookBack || a.refund == refundFailed; a.heard() && !back {
			kept++
		}
	}
	return b.final() && kept == map[bool]int{true: 1}[b.stands()]
}

// unfinishedIsChecked is CHECK: a booking that is unfinished, or whose money or mail is, has a next check.
func unfinishedIsChecked(s *state, _ *config, i int) bool {
	b := &s.bookings[i]
	unfinished := b.status != bookingNone && !b.final() || b.mail || b.any(func(a *attempt) bool { return a.unsettled() || a.refundPending() })
	return b.check || !unfinished
}

// good is where EF must lead: no run, no seat held, no page open, nothing to be told, and all money that we can know of
// bought the seats or is back, or its refund failed and waits for support.
func (s *state) good() bool {
	if s.seats[0].state == seatHeld || s.seats[1].state == seatHeld {
		return false
	}
	for i := range s.bookings {
		b := &s.bookings[i]
		stuck := b.any(isStuck)
		ended := b.status == bookingNone || b.final() && !b.check || stuck && b.status == bookingRefunding
		if b.run.step != stepNone || b.mail || !ended || b.any(func(a *attempt) bool { return a.payable() || !a.even(b) }) {
			return false
		}
	}
	return true
}

// even reports whether a payment bought the seats or is back. One on a page that the provider had called closed is
// unknown until its webhook comes: finding such money is a reconciliation's task.
func (a *attempt) even(b *booking) bool {
	switch {
	case !a.captured(), a.session == sessionLate && !a.heard():
		return true
	case a.settled == settledSale && b.stands():
		return a.refund == refundNone
	default:
		return a.refund == refundBack || a.refund == refundFailed
	}
}
