package workflows_test

import (
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
)

// scenario is a booking that is led to an end of its run on a real server, and the most events that this may cost.
type scenario struct {
	name  string
	most  int
	ends  boxoffice.BookingStatus // empty: the run fails, or is cancelled
	hold  time.Duration
	begin func(b *booking)        // before the run starts
	meet  func(b *booking) string // once the run waits; gives the signal that follows, if any
	wakes string                  // the signal that starts the run; empty: it is started plainly
	stop  bool                    // the run is cancelled once it waits
	help  string                  // the update by which support helps it once it waits
}

func paid(b *booking) string {
	b.checkout(checkoutMinimum)
	b.pay()
	b.webhook()
	return workflows.SignalPayment
}

func late(gone bool) func(b *booking) {
	return func(b *booking) {
		b.checkout(0)
		b.attempts[0].State, b.status, b.seatsGone = boxoffice.AttemptDead, boxoffice.BookingExpired, gone
		b.ref.Status = boxoffice.BookingExpired
		b.pay()
		b.webhook()
	}
}

// givenBack is a sold booking whose buyer has given tickets back: what the request writes before the run is woken.
func givenBack(all bool) func(b *booking) {
	return func(b *booking) {
		late(false)(b)
		b.requestRefund(b.payments[0], "You gave your tickets back.")
		b.attempts[0].State, b.payments[0].settled = boxoffice.AttemptPaid, "sale"
		b.status, b.ref.Status = boxoffice.BookingCompleted, boxoffice.BookingCompleted
		if all {
			b.status = boxoffice.BookingRefunding
		} else {
			b.queueMail(boxoffice.EmailChanged)
		}
	}
}

// lostWith leads a late payment to its refund, whose call ends in one way or another.
func lostWith(call string, f fault) func(b *booking) {
	return func(b *booking) { late(true)(b); b.faults[call] = f }
}

// neverMade is a refund that was asked for long ago: it is renewed at once.
func neverMade(b *booking) {
	lostWith("Refund 1", func(try int) error {
		b.set(func() { b.refunds[0].requested = time.Time{} })
		return stored500(try)
	})(b)
}

// scenarios lists the ends of a run. The first three counts are promises, which the capacity of the whole system rests
// on; the others are what the code of today costs, so that a change of them is seen.
func scenarios() []scenario {
	return append(salesAndEnds(), refundsAndFailures()...)
}

func salesAndEnds() []scenario {
	return []scenario{
		{name: "sold", most: 16, ends: boxoffice.BookingCompleted, hold: hold, meet: paid},
		{name: "expired", most: 14, ends: boxoffice.BookingExpired, hold: 300 * time.Millisecond},
		{name: "expired-page-open", most: 19, ends: boxoffice.BookingExpired, hold: 2 * time.Second,
			meet: func(b *booking) string { b.checkout(3 * time.Second); return "" }},
		{name: "expired-extended", most: 19, ends: boxoffice.BookingExpired, hold: 2 * time.Second,
			meet: func(b *booking) string { b.extend(500 * time.Millisecond); return "" }},
		{name: "cancelled", most: 13, ends: boxoffice.BookingCancelled, hold: hold,
			meet: func(b *booking) string { b.cancel(); return workflows.SignalCancel }},
		{name: "cancelled-page-open", most: 15, ends: boxoffice.BookingCancelled, hold: hold,
			meet: func(b *booking) string { b.checkout(checkoutMinimum); b.cancel(); return workflows.SignalCancel }},
		{name: "cancelled-by-support", most: 16, ends: boxoffice.BookingCancelled, hold: hold, help: workflows.UpdateRelease,
			meet: func(*booking) string { return "" }},
		{name: "late-sold", most: 12, ends: boxoffice.BookingCompleted, hold: hold, begin: late(false), wakes: workflows.SignalPayment},
		{name: "sold-page-found-paid", most: 16, ends: boxoffice.BookingCompleted, hold: 2 * time.Second, // its webhook is lost
			meet: func(b *booking) string { b.checkout(0); b.pay(); return "" }},
		{name: "sold-issue-retried", most: 23, ends: boxoffice.BookingCompleted, hold: hold, meet: paid,
			begin: func(b *booking) { b.faults["Put"] = first(3, boxoffice.CodeUnavailable) }},
		{name: "sold-mail-handed-over", most: 22, ends: boxoffice.BookingCompleted, hold: hold, meet: paid,
			begin: func(b *booking) { b.faults["Send"] = first(3, boxoffice.CodeUnavailable) }},
		{name: "sold-mail-given-up", most: 22, ends: boxoffice.BookingCompleted, hold: hold, meet: paid,
			begin: func(b *booking) { b.faults["Compose"] = always(boxoffice.CodeInvalid) }},
		{name: "sold-fenced", most: 17, ends: boxoffice.BookingCompleted, hold: hold, meet: func(b *booking) string {
			b.set(func() { b.epoch++ }) // another run has come and gone
			return paid(b)
		}},
		{name: "sold-woken-by-the-sweep", most: 18, ends: boxoffice.BookingCompleted, hold: hold, meet: paid, wakes: workflows.SignalSweep},
		{name: "sold-beside-a-surplus", most: 19, ends: boxoffice.BookingCompleted, hold: hold,
			meet: func(b *booking) string { b.surplus(); return paid(b) }},
		{name: "expired-with-a-surplus", most: 28, ends: boxoffice.BookingExpired, hold: 2 * time.Second,
			meet: func(b *booking) string { b.surplus(); return workflows.SignalPayment }},
	}
}

func refundsAndFailures() []scenario {
	return []scenario{
		{name: "refunded-seats-lost", most: 18, ends: boxoffice.BookingRefunded, hold: hold, meet: paid,
			begin: func(b *booking) { b.seatsGone = true }},
		{name: "refunded-event-cancelled", most: 18, ends: boxoffice.BookingRefunded, hold: hold, meet: paid, begin: func(b *booking) {
			b.faults["ConfirmSeats"] = func(int) error { return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The event is no longer on sale.") }
		}},
		{name: "refunded-issue-impossible", most: 19, ends: boxoffice.BookingRefunded, hold: hold, meet: paid,
			begin: func(b *booking) { b.faults["PDF"] = always(boxoffice.CodeIssueImpossible) }},
		{name: "refunded-paid-while-cancelling", most: 18, ends: boxoffice.BookingRefunded, hold: hold,
			meet: func(b *booking) string {
				b.checkout(checkoutMinimum)
				b.pay()
				b.cancel()
				return workflows.SignalCancel
			}},
		{name: "refunded-paid-though-cancelled", most: 13, ends: boxoffice.BookingRefunded, hold: hold, wakes: workflows.SignalPayment,
			begin: func(b *booking) {
				late(true)(b)
				b.status, b.ref.Status = boxoffice.BookingCancelled, boxoffice.BookingCancelled
			}},
		{name: "late-refunded", most: 13, ends: boxoffice.BookingRefunded, hold: hold, begin: late(true), wakes: workflows.SignalPayment},
		{name: "given-back", most: 12, ends: boxoffice.BookingRefunded, hold: hold, begin: givenBack(true), wakes: workflows.SignalCancel},
		{name: "given-back-in-part", most: 11, ends: boxoffice.BookingCompleted, hold: hold, begin: givenBack(false), wakes: workflows.SignalCancel},
		{name: "refund-retried", most: 20, ends: boxoffice.BookingRefunded, hold: hold, wakes: workflows.SignalPayment,
			begin: lostWith("Refund", first(4, boxoffice.CodeProviderUnknown))},
		{name: "refund-renewed", most: 14, ends: boxoffice.BookingRefunded, hold: hold, wakes: workflows.SignalPayment, begin: neverMade},
		{name: "refund-pending", most: 11, ends: boxoffice.BookingRefunding, hold: hold, wakes: workflows.SignalPayment,
			begin: lostWith("RefundPending", always(boxoffice.CodeUnavailable))},
		{name: "refund-refused", most: 11, ends: boxoffice.BookingRefunding, hold: hold, wakes: workflows.SignalPayment,
			begin: lostWith("Refund", always(boxoffice.CodeProviderDeclined))},
		{name: "stopped", most: 12, hold: hold, stop: true, meet: func(*booking) string { return "" }},
		{name: "failed-at-once", most: 6, hold: hold, begin: func(b *booking) { b.faults["VerifyHold"] = always(boxoffice.CodeNotFound) }},
		{name: "failed-when-confirming", most: 13, hold: hold, meet: paid,
			begin: func(b *booking) { b.faults["ConfirmSeats"] = always(boxoffice.CodeNotFound) }},
	}
}
