package property

import (
	"fmt"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

const (
	mostRounds  = 40  // of clock, sweep and runs, until nothing is due
	mostSteps   = 200 // of one run in one round
	mostUnknown = 50  // answers of the provider that one run waits for in one round
)

// settle ends all faults and lets what is left to itself: the clocks, the sweep and the runs alone bring every booking to
// its right end. Requests, webhooks and ghosts that are under way are gone for good, and the steps of runs with them. play
// makes what there is for a run to do.
func (w *world) settle(play func(r *run)) {
	for _, k := range w.parked {
		k.kill()
	}
	w.parked = nil
	for _, r := range w.runs {
		if r.act != nil {
			r.act.kill()
			r.settle(w)
		}
	}
	w.provider.slowBank = false
	w.tellOfReturned()
	w.tellOfHands()
	w.takeUpInbox(time.Second)
	w.bringToRest(play)
	w.takeUpInbox(longestPause) // what was told of money before that was known of
	w.bringToRest(play)
	w.checkEnd()
}

// bringToRest lets the clocks, the sweep and the runs work until nothing is due.
func (w *world) bringToRest(play func(r *run)) {
	for round := 0; ; round++ {
		require.Less(w.tb, round, mostRounds, "it does not come to an end")
		for _, r := range w.runs {
			play(r)
		}
		w.sendMails()
		all := w.check()
		next, due := w.nextCheck(all)
		if !due {
			break
		}
		w.pass(max(0, next.Sub(w.now())) + time.Second)
		w.payBack()
		for _, sweep := range []*task{w.sweepInbox(), w.sweep()} {
			sweep.finish()
			w.ended(sweep)
			require.NoError(w.tb, sweep.err)
		}
	}
}

// longestPause is how long an event that was about nothing of ours waits for its next try, at most.
const longestPause = 13 * time.Hour

// takeUpInbox sweeps the inbox after a while: what was told of by webhook is asked about.
func (w *world) takeUpInbox(after time.Duration) {
	w.pass(after)
	sweep := w.sweepInbox()
	sweep.finish()
	w.ended(sweep)
	require.NoError(w.tb, sweep.err)
}

// nextCheck is when the sweep has something to do next, apart from bookings that only support can help.
func (w *world) nextCheck(all rows) (next time.Time, due bool) {
	for _, b := range all.Bookings {
		if b.NextCheckAt == nil || b.Status == boxoffice.BookingRefunding && all.stuck(b.ID) && all.untouched(b.ID) {
			continue
		}
		if !due || b.NextCheckAt.Before(next) {
			next, due = *b.NextCheckAt, true
		}
	}
	return next, due
}

// untouched reports whether nothing of a booking is left but what only support can do.
func (r rows) untouched(id string) bool {
	for _, p := range r.paymentsOf(id) {
		pending := pick(r.Refunds, func(f refundRow) bool { return f.PaymentID == p.ID && f.State == boxoffice.RefundPending })
		if p.SettledAs == "" || len(pending) > 0 {
			return false
		}
	}
	return len(pick(r.Emails, func(e email) bool { return e.BookingID == id && e.Status == boxoffice.EmailQueued })) == 0
}

// play takes the run's steps until it waits or closes.
func (w *world) play(r *run) {
	unknown := 0
	for n := 0; r.advance(w); n++ {
		require.Less(w.tb, n, mostSteps, "a run goes in circles at %s", r.step)
		k := r.act
		k.finish()
		w.ended(k)
		r.settle(w)
		if activities.CodeOf(k.err) == boxoffice.CodeProviderUnknown {
			if unknown++; unknown == mostUnknown {
				return // a dispute that we have not heard of: its step is tried again later
			}
			w.pass(time.Minute) // until the next try
		}
	}
}

// sendMails lets the mails' own workflows do their work.
func (w *world) sendMails() {
	for id, act := range w.mails {
		k := w.activity(act.BookingID, w.steps.SendMail, act, func(situation) {})
		k.finish()
		w.ended(k)
		require.NoError(w.tb, k.err)
		delete(w.mails, id)
	}
}

// tellOfReturned delivers the webhooks of refunds that the bank sent back after they had succeeded, and of those that were
// made after they had been closed as never made. Nobody asks about a refund that is through, or closed, so only the webhook,
// which is repeated for days, or the reconciliation tells of that.
func (w *world) tellOfReturned() {
	byHand := func(id string) bool {
		return slices.ContainsFunc(w.provider.refunds, func(r *refund) bool { return r.ID == id && r.byHand })
	}
	for i, e := range w.provider.events {
		if e.Refund != nil && (e.Refund.State == boxoffice.RefundFailed || byHand(e.ObjectID)) {
			k := w.webhook(i, e.ID+"_again")
			k.finish()
			w.ended(k)
			require.NoError(w.tb, k.err)
		}
	}
}

// payBack lets the bank do its work. The webhooks that tell of it are lost.
func (w *world) payBack() {
	for _, r := range w.provider.refunds {
		if r.State == boxoffice.RefundPending {
			r.State = boxoffice.RefundSucceeded
		}
	}
}

// checkEnd holds that every booking came to its right end: final, no seat held, every payment sold or given back in full,
// nobody untold, and money that came in less what went back is the price of the seats sold. A booking whose refund failed
// stays visible to support, and its money is with us.
func (w *world) checkEnd() {
	all := w.check()
	var broken []string
	bad := func(format string, args ...any) { broken = append(broken, "EF: "+fmt.Sprintf(format, args...)) }
	for _, t := range all.Tickets {
		if t.State == boxoffice.SeatHeld {
			bad("a seat is still held by %s", w.name(t.BookingID))
		}
	}
	for _, a := range all.Attempts {
		if a.State == boxoffice.AttemptLive {
			bad("an attempt of %s is still live", w.name(a.BookingID))
		}
	}
	for _, e := range all.Emails {
		if e.Status == boxoffice.EmailQueued {
			bad("the %s mail of %s was not sent", e.Kind, w.name(e.BookingID))
		}
	}
	for _, f := range all.Refunds {
		told := pick(all.Emails, func(e email) bool { return e.DedupeKey == boxoffice.RefundKey(f.PaymentID, f.N) })
		if f.State == boxoffice.RefundSucceeded && len(told) != 1 {
			bad("the buyer was told %d times of refund %d of payment %s", len(told), f.N, f.PaymentID)
		}
	}
	for _, s := range w.provider.sessions {
		if s.payable() {
			bad("a page of %s can still be paid", w.name(s.booking))
		}
	}
	for _, b := range all.Bookings {
		w.checkBooks(all, b, bad)
	}
	w.judge(all, broken)
}

// checkBooks holds a booking's books against the provider's.
func (w *world) checkBooks(all rows, b booking, bad func(format string, args ...any)) {
	stuck := all.stuck(b.ID)
	if !b.Status.Final() && !(stuck && b.Status == boxoffice.BookingRefunding) {
		bad("%s is still %s", w.name(b.ID), b.Status)
	}
	var kept, owed, price int64
	for _, p := range all.paymentsOf(b.ID) {
		kept += p.Amount - w.provider.back(p.Intent, boxoffice.RefundSucceeded) - w.provider.taken(p.Intent, boxoffice.DisputeLost) - all.elsewhere(p)
		if p.SettledAs == "" {
			bad("a payment of %s is neither sold nor refunded", w.name(b.ID))
		}
		owed += all.owes(p) - all.refunded(p)
	}
	for _, x := range all.keptBy(b.ID) {
		if slices.ContainsFunc(all.Tickets, func(t ticket) bool { return t.ID == x.TicketID && t.BookingID == b.ID && t.State == boxoffice.SeatSold }) {
			price += x.Price + x.Fee
		}
	}
	price = max(0, price+all.shares(b.ID)-all.goodwill(b.ID))
	if owed > 0 && !stuck {
		bad("%s is owed %d", w.name(b.ID), owed)
	}
	if kept-owed != price {
		bad("%s: %d kept, of that %d owed through support, for seats and shares of %d", w.name(b.ID), kept, owed, price)
	}
	for _, s := range w.provider.sessions {
		known := len(pick(all.Payments, func(p payment) bool { return p.Intent == s.PaymentIntent })) > 0
		if s.booking == b.ID && s.Status == boxoffice.SessionComplete && !s.rogue && !known {
			bad("money of %s is not known", w.name(b.ID))
		}
	}
}
