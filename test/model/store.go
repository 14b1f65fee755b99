package main

// tx is a state that is being changed, seen from one booking: what a transaction has under that booking's lock. Its
// methods are the acts of package postgres under their own names, where they have some.
type tx struct {
	state
	*config
	b   int
	own *booking
}

// begin starts a transaction on a state.
func (t *tx) begin(s *state, b int) {
	t.state, t.b = *s, b
	t.own = &t.bookings[b]
}

func (t *tx) me() uint8 { return uint8(t.b + 1) }

// all reports whether is holds of all seats that the booking wants.
func (t *tx) all(is func(s *seat) bool) bool {
	for _, w := range t.wants[t.b] {
		if !is(&t.seats[w]) {
			return false
		}
	}
	return true
}

// owns reports whether every seat is held by the booking, its hold past or not.
func (t *tx) owns() bool {
	return t.all(func(s *seat) bool { return s.state == seatHeld && s.by == t.me() })
}

// free is seat_is_free.
func (s *seat) free() bool { return s.state == seatFree || s.state == seatHeld && s.until == untilPast }

func (t *tx) takeSeats(as uint8) {
	for _, w := range t.wants[t.b] {
		t.seats[w] = seat{state: as, by: t.me()}
	}
}

// freeSeats gives back what is the booking's, held or sold; what others took meanwhile stays theirs.
func (t *tx) freeSeats() {
	for _, w := range t.wants[t.b] {
		if t.seats[w].by == t.me() {
			t.seats[w] = seat{}
		}
	}
}

// moveHold sets held_until of the seats that the booking holds. One that is endless stays so.
func (t *tx) moveHold(until uint8) {
	for _, w := range t.wants[t.b] {
		if s := &t.seats[w]; s.by == t.me() && s.state == seatHeld && s.until != untilForever {
			s.until = until
		}
	}
}

// refuses reports whether an act finds that its rows are no longer what it was decided on.
func (t *tx) refuses(stillSo bool) bool { return t.rules.guard && !stillSo }

// openAttempt is OpenAttempt where there is no live attempt: the page's parameters are stored, and the hold outlasts it.
// With a live one it changes nothing: the session is asked for and stored once more.
func (t *tx) openAttempt(a *attempt) bool {
	first := a == &t.own.attempts[0]
	switch {
	case !t.own.canOpen() || t.rules.holdIsOwned && !t.owns() || a.state != attemptNone || !first && t.own.attempts[0].state == attemptNone,
		t.rules.oneLive && t.own.any(isLive), t.rules.paidBlocks && t.own.any(isPaid):
		return false
	}
	a.state = attemptLive
	t.moveHold(untilFuture)
	t.look()
	return true
}

// storeSession is StoreSession, and the answer to the buyer that comes after it.
func (t *tx) storeSession(a *attempt) {
	a.page = pageStored
	if a.state == attemptLive && t.own.canOpen() || !t.rules.pageGuard {
		a.page = pageOut
	}
}

// cancelHold is RequestCancel.
func (t *tx) cancelHold() bool {
	if t.own.status != bookingHeld || t.own.cancel {
		return false
	}
	t.own.cancel = true
	t.own.closing = t.own.closing || t.rules.cancelCloses
	open := t.own.any(isLive) || t.rules.paidIsOpen && t.own.any(isPaid) || t.rules.surplusIsOpen && t.own.any(isOwed)
	if !open {
		t.freeSeats()
		if t.rules.cancelEnds {
			t.own.status = bookingCancelled
		}
	}
	t.look()
	return true
}

// markPaid writes a payment down, once. It makes the hold endless where the payment can buy the seats and they are held.
func (t *tx) markPaid(a *attempt) {
	if a.heard() {
		return
	}
	beside := t.own.any(func(o *attempt) bool { return o != a && (o.state == attemptLive || o.state == attemptPaid) })
	a.state = attemptPaid
	if t.rules.surplusApart && (a.odd || beside) {
		a.state = attemptSurplus
	}
	a.page = max(a.page, pageStored)
	if a.state == attemptPaid && t.own.status == bookingHeld {
		t.moveHold(untilForever)
	}
}

// releaseSeats is ReleaseSeats: the end of a closing booking that nobody can pay and nobody paid.
func (t *tx) releaseSeats() {
	open := t.own.any(isLive) || t.own.any(isPaid) || t.rules.surplusIsOpen && t.own.any(isOwed)
	if !t.rules.closeFirst {
		open = t.own.any(isPaid)
	}
	if t.refuses(t.own.status == bookingHeld && !open && (t.own.closing || !t.rules.closeFirst)) {
		return
	}
	t.freeSeats()
	t.own.status = bookingExpired
	if t.own.cancel {
		t.own.status = bookingCancelled
	}
}

// buys reports whether seats can be sold to the payment.
func (t *tx) buys(a *attempt) bool {
	return a.unsettled() && (a.state != attemptSurplus || !t.rules.surplusRefused)
}

// sell sells the seats to the payment.
func (t *tx) sell(a *attempt) {
	t.takeSeats(seatSold)
	t.own.status = bookingConfirmed
	if a.settled == settledNot {
		a.settled = settledSale
	}
}

// insertRefund gives back what the payment still has: a numbered row, written before the provider is asked.
func (t *tx) insertRefund(a *attempt) {
	if a.refund == refundNone || a.refund == refundFailed {
		a.refund, a.bank = refundRequested, bankNone
	} else if !t.rules.refundCheck {
		a.over = true
	}
	if a.settled == settledNot {
		a.settled = settledRefund
	}
}

// requestRefund refunds a payment that bought nothing. A booking at its end goes to refunding until the money is back.
func (t *tx) requestRefund(a *attempt) {
	t.insertRefund(a)
	switch t.own.status {
	case bookingExpired, bookingCancelled, bookingRefunded:
		t.own.status = bookingRefunding
	}
}

// refundAll gives every payment of the booking back that has no refund yet.
func (t *tx) refundAll() {
	for i := range t.own.attempts {
		if a := &t.own.attempts[i]; a.heard() && a.settled != settledRefund {
			t.insertRefund(a)
		}
	}
	t.own.status = bookingRefunding
}

// voidSeats frees the seats and makes the admissions void.
func (t *tx) voidSeats() {
	t.own.admitted = false
	t.freeSeats()
}

// markRefund follows the provider's word on a refund. A refusal is the end of that refund, and a success may still be
// sent back; a booking that was refunded by it is so no longer.
func (t *tx) markRefund(a *attempt, answer uint8) {
	if a.refund == refundNone || a.refund == refundFailed || a.refund == refundBack && answer == bankPending {
		return
	}
	switch answer {
	case bankPending:
		a.refund = refundAsked
	case bankGave:
		a.refund = refundBack
	case bankRefused:
		a.refund = refundFailed
		if t.own.status == bookingRefunded {
			t.own.status = bookingRefunding
		}
	}
}

// finishRefund is FinishRefund: all that came in is back.
func (t *tx) finishRefund() {
	if t.own.status != bookingRefunding || t.own.any(func(a *attempt) bool { return a.heard() && a.refund != refundBack }) {
		return
	}
	t.own.status, t.own.mail = bookingRefunded, true
}
