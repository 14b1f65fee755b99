package main

import "github.com/boxoffice/boxoffice"

// step is what a run does next: a transaction of the store, or a call of the provider, between any two of which everybody
// else may act. An activity is one or more of them.
type step uint8

const (
	stepNone          step = iota // there is no run
	stepVerifyHold                // VerifyHold
	stepLook                      // Look, after a signal
	stepWait                      // for a signal or the timer
	stepConfirm                   // ConfirmSeats
	stepSellLate                  // SellLate
	stepCompensate                // Compensate
	stepVoidSeats                 // its second half, only where compensateOnce is dropped
	stepRequestRefund             // RequestRefund
	stepAskRefund                 // SendRefund: the provider is asked,
	stepMarkRefund                // MarkRefund
	stepFinishRefund              // FinishRefund
	stepAdmit                     // IssueTickets: IssueAdmissions,
	stepComplete                  // CompleteBooking
	stepClose                     // CloseCheckout: BeginClosing,
	stepExpire                    // the page is closed at the provider, one call at a time,
	stepResolve                   // ResolveAttempt,
	stepRelease                   // ReleaseSeats
	stepSendMail                  // SendTickets
	stepEnd                       // nothing is left: the run closes
)

var stepNames = [...]string{
	"-", "VerifyHold", "Look", "wait", "ConfirmSeats", "SellLate", "Compensate", "Compensate, the seats", "RequestRefund",
	"SendRefund: ask", "SendRefund: MarkRefund", "FinishRefund", "IssueTickets: IssueAdmissions", "IssueTickets: CompleteBooking",
	"CloseCheckout: BeginClosing", "CloseCheckout: expire the page", "CloseCheckout: ResolveAttempt",
	"CloseCheckout: ReleaseSeats", "SendTickets", "end",
}

// The answers that a runner takes from one step to the next of an activity, beside those of the bank.
const (
	answerKnown uint8 = 1 // for stepExpire: the session's ID is known
	answerPaid  uint8 = 1 // for stepResolve: the session is complete; 0: it is closed, or there is none
)

// acts reports whether somebody works on the step, so that it can stall or be lost half-way.
func (s step) acts() bool { return s != stepNone && s != stepWait && s != stepEnd }

// fenced reports whether the step's act refuses an old epoch. The first step raises it, calls of the provider know none,
// and a mail that was sent is noted by whoever sent it.
func (s step) fenced() bool {
	switch s {
	case stepVerifyHold, stepExpire, stepAskRefund, stepSendMail, stepEnd:
		return false
	default:
		return true
	}
}

// again is where a runner takes its activity up whose worker died or whose call failed: at its first step.
func (r runner) again() runner {
	r.answer = 0
	switch r.step {
	case stepExpire, stepResolve, stepRelease:
		r.step, r.attempt = stepClose, 0
	case stepMarkRefund:
		r.step = stepAskRefund
	case stepComplete:
		r.step = stepAdmit
	default: // one act is one activity
	}
	return r
}

// outcomes is how many outcomes a step may have at most.
const outcomes = 3

// act takes a runner's step and gives the next one. Where others may have their say in it (the event's row is not locked,
// the provider answers) it has several outcomes; ok is false for one that there is not.
func (t *tx) act(r runner, outcome int) (next runner, ok bool) {
	if t.rules.fence && !r.current && r.step.fenced() {
		return runner{step: stepVerifyHold}, t.rules.refence && outcome == 0
	}
	a := &t.own.attempts[r.attempt]
	switch r.step {
	case stepConfirm, stepSellLate:
		return t.actOfSale(r, a, outcome)
	case stepAdmit, stepComplete:
		return t.actOfIssue(r, outcome)
	case stepExpire:
		return t.expirePage(r, a, outcome)
	case stepAskRefund:
		return t.askRefund(r, a, outcome)
	default:
		if outcome > 0 {
			return r, false
		}
		return t.plainAct(r, a), true
	}
}

// plainAct takes a step that has one outcome.
func (t *tx) plainAct(r runner, a *attempt) runner {
	switch r.step {
	case stepVerifyHold:
		t.own.run.current, t.own.ghost.current, r.current = false, false, true
	case stepClose:
		return t.beginClosing(r)
	case stepResolve:
		return t.resolveAttempt(r, a)
	case stepRelease:
		t.releaseSeats()
	case stepCompensate:
		return t.compensate(r)
	case stepVoidSeats:
		t.voidSeats()
	case stepRequestRefund:
		if !t.refuses(a.unsettled() && (t.own.status != bookingHeld || a.state == attemptSurplus)) {
			t.requestRefund(a)
		}
	case stepMarkRefund:
		t.markRefund(a, r.answer)
	case stepFinishRefund:
		t.finishRefund()
	case stepSendMail:
		t.own.mail = false
		t.look()
		if t.rules.fence && !r.current {
			return runner{step: stepVerifyHold}
		}
	case stepEnd:
		if !t.own.signal {
			return runner{}
		}
		t.own.signal = false
		return runner{step: stepLook, current: r.current}
	default: // Look changes nothing
	}
	return t.onward(r)
}

// compensate is Compensate, of a booking that has money and cannot end in tickets.
func (t *tx) compensate(r runner) runner {
	if t.refuses(t.own.any(isPaid) && t.own.status == bookingHeld || t.own.status == bookingConfirmed) {
		return t.onward(r)
	}
	t.refundAll()
	if !t.rules.compensateOnce {
		t.look()
		return runner{step: stepVoidSeats, current: r.current}
	}
	t.voidSeats()
	return t.onward(r)
}

// onward ends an act: it looks, and the run decides by what it saw.
func (t *tx) onward(r runner) runner { return decide(r, t.look()) }

// eventSells gives both answers of an event's row while its cancellation is not yet seen by all.
func (t *tx) eventSells(outcome int) (onSale, ok bool) {
	if outcome == 0 {
		return true, t.event != eventCancelled
	}
	return false, outcome == 1 && t.event != eventOnSale
}

// actOfSale is ConfirmSeats and SellLate.
func (t *tx) actOfSale(r runner, a *attempt, outcome int) (runner, bool) {
	late := r.step == stepSellLate
	decidedOn := t.own.status == bookingHeld && !t.own.cancel
	if late {
		decidedOn = t.own.status == bookingExpired
	}
	if t.refuses(t.buys(a) && decidedOn) {
		return t.onward(r), outcome == 0
	}
	onSale, ok := t.eventSells(outcome)
	switch {
	case late && onSale && t.all((*seat).free), !late && onSale && t.owns():
		t.sell(a)
	case late:
		t.requestRefund(a)
	default: // CodeSeatsLost: the transaction is rolled back, and the run compensates
		return runner{step: stepCompensate, current: r.current}, ok
	}
	return t.onward(r), ok
}

// actOfIssue is IssueTickets. It may fail for good, before and behind its first act; then the run compensates.
func (t *tx) actOfIssue(r runner, outcome int) (runner, bool) {
	if outcome > 0 {
		return runner{step: stepCompensate, current: r.current}, outcome == 1
	}
	if r.step == stepAdmit {
		if t.refuses(t.own.stands()) {
			return runner{step: stepVerifyHold}, true
		}
		t.own.admitted = true // nothing is looked at here
		return runner{step: stepComplete, current: r.current}, true
	}
	if !t.refuses(t.own.status == bookingConfirmed) {
		t.own.status, t.own.mail = bookingCompleted, true
	}
	return t.onward(r), true
}

// beginClosing is BeginClosing, and what CloseCheckout goes on with.
func (t *tx) beginClosing(r runner) runner {
	if !t.rules.closeFirst {
		return runner{step: stepRelease, current: r.current}
	}
	if t.own.status == bookingHeld && (t.own.late || t.own.cancel) {
		t.own.closing = true
	}
	s := t.look()
	switch {
	case !s.Closing || s.Status != boxoffice.BookingHeld:
		return decide(r, s)
	case s.LiveAttempt != "":
		return runner{step: stepExpire, attempt: index(s.LiveAttempt), current: r.current}
	default:
		return t.releaseUnlessOpen(r, s)
	}
}

// expirePage closes an attempt's page, in one call or two. A session whose ID is not known is created again or looked up;
// it may be there and yet be taken for none, since lists lag and creations are under way.
func (t *tx) expirePage(r runner, a *attempt, outcome int) (runner, bool) {
	resolve := runner{step: stepResolve, attempt: r.attempt, current: r.current}
	if r.answer != answerKnown && a.page == pageUnknown {
		if outcome == 1 {
			return resolve, true
		}
		if a.session == sessionNone {
			if a.ended {
				return r, false
			}
			a.session = sessionOpen
		}
		r.answer = answerKnown
		return r, outcome == 0
	}
	if a.session == sessionOpen {
		a.session = sessionExpired
	}
	if a.captured() {
		resolve.answer = answerPaid
	}
	return resolve, outcome == 0
}

// resolveAttempt is ResolveAttempt: dead, or paid. It goes by what the provider said then.
func (t *tx) resolveAttempt(r runner, a *attempt) runner {
	if r.answer == answerPaid {
		t.markPaid(a)
	} else {
		a.die()
	}
	return t.releaseUnlessOpen(r, t.look())
}

func (a *attempt) die() {
	if a.state == attemptLive {
		a.state = attemptDead
	}
}

// releaseUnlessOpen is the end of CloseCheckout.
func (t *tx) releaseUnlessOpen(r runner, s boxoffice.Situation) runner {
	if s.Unsettled != "" || s.LiveAttempt != "" {
		return decide(r, s)
	}
	return runner{step: stepRelease, current: r.current}
}

// askRefund is the provider's part of SendRefund. Without a bank that takes its time, what is asked for is given.
func (t *tx) askRefund(r runner, a *attempt, outcome int) (runner, bool) {
	fresh := a.bank == bankNone
	switch {
	case !fresh && !t.rules.refundLookup:
		a.over = true // the provider has forgotten the key
	case fresh && t.bank:
		a.bank = [outcomes]uint8{bankGave, bankPending, bankRefused}[outcome]
	case fresh:
		a.bank = bankGave
	}
	answer := min(a.bank, bankRefused)
	return runner{step: stepMarkRefund, attempt: r.attempt, answer: answer, current: r.current}, outcome == 0 || fresh && t.bank
}
