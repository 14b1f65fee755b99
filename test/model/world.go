package main

import "github.com/boxoffice/boxoffice"

// action is something that somebody else does: a buyer, the API, the provider, a clock, a fault. It reports whether it can
// be done now.
type action struct {
	name string
	how  manner
	do   func(t *tx, a *attempt) bool
}

type manner uint8

const (
	perAttempt manner = 1 << iota // it is about one attempt, and may be done for each
	fair                          // it happens sooner or later, without anybody's good will: EF may count on it
)

func (a *action) is(how manner) bool { return a.how&how != 0 }

// An API call that is under way may go on at any later time, or never; so each of its steps is an action. Webhooks come
// any number of times, late, in any order, or never.
var actions = []action{
	{"the buyer books", 0, book},
	{"checkout: the attempt is stored", perAttempt, (*tx).openAttempt},
	{"checkout: the provider makes the session", perAttempt, makeSession},
	{"checkout: the session is stored", perAttempt, learnSession},
	{"checkout: the provider is taken to have none, the attempt is abandoned", perAttempt, abandonAttempt},
	{"the buyer is shown the page", perAttempt, showPage},
	{"the buyer pays", perAttempt, pay},
	{"the buyer pays another amount", perAttempt, payOdd},
	{"the provider takes money on a closed page", perAttempt, payLate},
	{"the buyer extends", 0, extend},
	{"the buyer cancels, nobody is told", 0, func(t *tx, _ *attempt) bool { return t.cancelHold() }},
	{"the buyer cancels", 0, cancel},
	{"webhook: paid", perAttempt, func(t *tx, a *attempt) bool { return webhookPaid(t, a) && t.signalWithStart() }},
	{"webhook: paid, the handler dies before it tells", perAttempt, webhookPaid},
	{"webhook: the session has expired", perAttempt, webhookExpired},
	{"webhook: the refund is pending", perAttempt, func(t *tx, a *attempt) bool { return webhookRefund(t, a, bankPending) }},
	{"webhook: the refund was given", perAttempt, func(t *tx, a *attempt) bool { return webhookRefund(t, a, bankGave) }},
	{"webhook: the refund has failed", perAttempt, func(t *tx, a *attempt) bool { return webhookRefund(t, a, bankRefused) }},
	{"the deadline passes", fair, passDeadline},
	{"the session's expiry passes", perAttempt | fair, passExpiry},
	{"held_until passes", fair, passHold},
	{"half a minute passes since the provider was asked", perAttempt | fair, passAsked},
	{"the bank pays", perAttempt | fair, func(_ *tx, a *attempt) bool { return a.bank == bankPending && set(&a.bank, bankGave) }},
	{"the bank refuses", perAttempt | fair, func(_ *tx, a *attempt) bool { return a.bank == bankPending && set(&a.bank, bankRefused) }},
	{"the bank sends the money back", perAttempt, func(t *tx, a *attempt) bool { return t.bank && a.bank == bankGave && set(&a.bank, bankTookBack) }},
	{"the API starts the run", 0, startRun},
	{"the sweep wakes the run", fair, sweep},
	{"the run's timer ends", fair, ringTimer},
	{"the run sees a signal", fair, seeSignal},
	{"the run is lost", 0, func(t *tx, _ *attempt) bool { return t.lose() }},
	{"the run is lost, its worker goes on", 0, func(t *tx, _ *attempt) bool { return t.haunt() && t.lose() }},
	{"the worker stalls, another takes its step", 0, func(t *tx, _ *attempt) bool { return t.stalls && t.haunt() }},
	{"the event is cancelled", 0, closeEvent},
	{"all see that the event is cancelled", fair, cancelEvent},
	{"mass refund takes the booking", fair, massRefund},
	{"the buyer gives the tickets back, nobody is told", 0, cancelSale},
	{"the buyer gives the tickets back", 0, func(t *tx, a *attempt) bool { return cancelSale(t, a) && t.signalWithStart() }},
}

func set[T any](p *T, v T) bool {
	*p = v
	return true
}

// book is HoldSeats. Where both bookings want the same, they book in their order: the other one would be the same story.
func book(t *tx, _ *attempt) bool {
	alike := len(t.wants[0]) == len(t.wants[1])
	if t.own.status != bookingNone || !t.all((*seat).free) || t.event == eventCancelled || alike && t.b > 0 && t.bookings[0].status == bookingNone {
		return false
	}
	t.own.status, t.own.check = bookingHeld, true
	t.takeSeats(seatHeld)
	return true
}

func makeSession(_ *tx, a *attempt) bool {
	return a.state != attemptNone && a.session == sessionNone && !a.ended && set(&a.session, sessionOpen)
}

func learnSession(t *tx, a *attempt) bool {
	if a.session == sessionNone || a.page != pageUnknown {
		return false
	}
	t.storeSession(a)
	return true
}

// showPage is Booking, which shows the page of a live attempt until the booking closes.
func showPage(t *tx, a *attempt) bool {
	shown := t.own.status == bookingHeld && !t.own.closing && a.state == attemptLive
	return shown && a.page == pageStored && set(&a.page, pageOut)
}

// abandonAttempt is AbandonAttempt. That the provider has no session is what the API believes, at any time.
func abandonAttempt(_ *tx, a *attempt) bool {
	return a.state == attemptLive && a.page == pageUnknown && set(&a.state, attemptDead)
}

func pay(_ *tx, a *attempt) bool { return a.payable() && set(&a.session, sessionComplete) }

func payOdd(t *tx, a *attempt) bool { return t.odd && pay(t, a) && set(&a.odd, true) }

func payLate(t *tx, a *attempt) bool {
	return t.late && a.session == sessionExpired && a.page == pageOut && set(&a.session, sessionLate)
}

// extend is Extend. A deadline that is moved is one that has not passed yet, so in this order of time only held_until can
// go wrong.
func extend(t *tx, _ *attempt) bool {
	if !t.own.canOpen() || t.own.any(isPaid) || t.rules.holdIsOwned && !t.owns() {
		return false
	}
	if t.rules.extendMovesHold {
		t.moveHold(untilFuture)
	} else {
		t.own.extended = true
	}
	t.look()
	return true
}

// cancel is a cancellation of which the run is told. Where all is done already, only a run that there is.
func cancel(t *tx, _ *attempt) bool {
	if !t.cancelHold() {
		return false
	}
	if t.own.status == bookingHeld {
		return t.signalWithStart()
	}
	return t.own.run.step != stepNone && set(&t.own.signal, true)
}

func webhookPaid(t *tx, a *attempt) bool {
	if !a.captured() {
		return false
	}
	t.markPaid(a)
	t.look()
	return true
}

// webhookExpired wakes nobody.
func webhookExpired(t *tx, a *attempt) bool {
	if a.session != sessionExpired && a.session != sessionLate || a.state != attemptLive {
		return false
	}
	a.die()
	t.look()
	return true
}

// webhookRefund brings a word of the provider on a refund that was true once.
func webhookRefund(t *tx, a *attempt, word uint8) bool {
	switch {
	case !t.bank || a.bank == bankNone,
		word == bankGave && a.bank != bankGave && a.bank != bankTookBack,
		word == bankRefused && a.bank < bankRefused:
		return false
	}
	t.markRefund(a, word)
	t.look()
	return t.signalWithStart()
}

func passDeadline(t *tx, _ *attempt) bool {
	return t.own.status == bookingHeld && !t.own.late && set(&t.own.late, true)
}

func passExpiry(_ *tx, a *attempt) bool {
	if a.state == attemptNone || a.ended {
		return false
	}
	if a.session == sessionOpen {
		a.session = sessionExpired
	}
	return set(&a.ended, true)
}

// passHold lets the backstop of the seats pass: behind the deadline, and behind the end of every page.
func passHold(t *tx, _ *attempt) bool {
	open := t.rules.holdOutlasts && t.own.any(func(a *attempt) bool { return a.state != attemptNone && !a.ended })
	if !t.own.late && !t.own.extended || open {
		return false
	}
	t.moveHold(untilPast)
	return true
}

func passAsked(_ *tx, a *attempt) bool {
	return a.refund == refundAsked && set(&a.refund, refundWaiting)
}

func (t *tx) start() bool {
	t.own.run, t.own.started, t.own.signal = runner{step: stepVerifyHold}, true, false
	return true
}

// signalWithStart wakes the run, or starts one that looks first.
func (t *tx) signalWithStart() bool {
	if t.own.run.step != stepNone {
		return set(&t.own.signal, true)
	}
	return t.start()
}

// startRun is the API's start behind a hold, which rejects an ID that was used.
func startRun(t *tx, _ *attempt) bool {
	return t.own.status != bookingNone && !t.own.started && t.start()
}

// sweep is ClaimOverdue and Nudge. The check stays set until a look finds that nothing is left.
func sweep(t *tx, _ *attempt) bool {
	if !t.own.check || t.own.final() && !t.rules.sweepUnsettled || t.own.started && !t.rules.sweepRestarts {
		return false
	}
	return t.signalWithStart()
}

// ringTimer wakes a waiting run: at the deadline, or before it where the deadline moved meanwhile or clocks differ. The run
// decides by what it saw last, with no time remaining.
func ringTimer(t *tx, _ *attempt) bool {
	if t.own.run.step != stepWait {
		return false
	}
	t.own.run = decide(t.own.run, boxoffice.Situation{Status: boxoffice.BookingHeld})
	return true
}

func seeSignal(t *tx, _ *attempt) bool {
	if t.own.run.step != stepWait || !t.own.signal {
		return false
	}
	t.own.signal, t.own.run.step = false, stepLook
	return true
}

func (t *tx) lose() bool {
	if t.own.run.step == stepNone || t.lossesLeft == 0 {
		return false
	}
	t.lossesLeft--
	t.own.run, t.own.signal = runner{}, false
	return true
}

// haunt lets the worker of the step under way go on on its own, as far as it gets, whatever else becomes of the run. It
// covers a crash behind steps that Temporal has not recorded yet: the ghost took them and died, the run takes them again.
func (t *tx) haunt() bool {
	if !t.own.run.step.acts() || t.ghostsLeft == 0 || t.own.ghost.step != stepNone {
		return false
	}
	t.ghostsLeft--
	t.own.ghost = t.own.run
	return true
}

func closeEvent(t *tx, _ *attempt) bool {
	return t.cancels && t.b == 0 && t.event == eventOnSale && set(&t.event, eventClosing)
}

func cancelEvent(t *tx, _ *attempt) bool {
	return t.b == 0 && t.event == eventClosing && set(&t.event, eventCancelled)
}

// massRefund undoes a sale with its event. It is not built yet: the model has it ahead of the code.
func massRefund(t *tx, _ *attempt) bool {
	if !t.planned || t.event == eventOnSale || !t.own.stands() {
		return false
	}
	t.refundAll()
	t.voidSeats()
	t.look()
	return true
}

// cancelSale is CancelSale of all tickets. The event's policy decides only whether it may be, and how much is kept; a part
// of the tickets leaves the booking in its state.
func cancelSale(t *tx, _ *attempt) bool {
	if !t.returns || t.event == eventCancelled || t.own.status != bookingCompleted {
		return false
	}
	if t.rules.returnFrees {
		t.voidSeats()
	}
	if t.rules.returnRefunds {
		t.refundAll()
	}
	t.own.status = bookingRefunding
	t.own.mail = false // that would bring tickets that are void
	t.look()
	return true
}
