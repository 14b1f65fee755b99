package property

import (
	"fmt"
	"strings"

	"github.com/boxoffice/boxoffice"
)

// check holds the invariants of the protocol's model against the rows and against the provider's own record. It gives the
// rows it has judged.
func (w *world) check() rows {
	all := w.rows()
	var broken []string
	bad := func(invariant, format string, args ...any) {
		broken = append(broken, invariant+": "+fmt.Sprintf(format, args...))
	}
	for _, b := range all.Bookings {
		w.checkSeats(all, b, bad)
		w.checkMoney(all, b, bad)
		w.checkPrice(all, b, bad)
	}
	w.checkPages(all, bad)
	w.judge(all, broken)
	return all
}

// judge fails where something is broken. A shorter sequence counts as one of the same failure only where it fails in the
// same words, so these name the promise alone and the rest is logged.
func (w *world) judge(all rows, broken []string) {
	if len(broken) == 0 {
		return
	}
	w.tb.Logf("%s\nrows: %+v", strings.Join(broken, "\n"), all)
	promise, _, _ := strings.Cut(broken[0], ":")
	w.tb.Fatalf("%s does not hold", promise)
}

func stands(s boxoffice.BookingStatus) bool {
	return s == boxoffice.BookingConfirmed || s == boxoffice.BookingCompleted
}

// checkSeats holds I1, a booking that stands has all its seats sold to it but those that it gave back, and a sold seat has such a booking; the seats'
// part of I3, no booking that ended without tickets has a seat; and I5, an accepted cancel never ends as a sale.
func (w *world) checkSeats(all rows, b booking, bad func(invariant, format string, args ...any)) {
	for _, t := range all.seatsOf(b.ID) {
		mine, sold := t.BookingID == b.ID, stands(b.Status) && all.keeps(b.ID, t.ID)
		if sold != (mine && t.State == boxoffice.SeatSold) {
			bad("I1", "%s is %s, its seat is %s by %s", w.name(b.ID), b.Status, t.State, w.name(t.BookingID))
		}
		if mine && b.Status.Final() && !stands(b.Status) {
			bad("I3", "%s is %s and has a seat", w.name(b.ID), b.Status)
		}
		admitted := len(pick(all.Admissions, func(a admission) bool {
			return a.BookingID == b.ID && a.TicketID == t.ID && a.VoidedAt == nil
		}))
		if admitted > 0 && !sold || admitted != 1 && sold && b.Status == boxoffice.BookingCompleted {
			bad("I1", "%s is %s and has %d admissions to a seat", w.name(b.ID), b.Status, admitted)
		}
	}
	w.checkSecured(all, b, bad)
	if stands(b.Status) && (w.cancelled[b.ID] || b.Reason == boxoffice.ClosingByCancel) {
		bad("I5", "%s was cancelled and is %s", w.name(b.ID), b.Status)
	}
}

// checkSecured holds what the model has no word for: once a payment has been heard of while all seats were held, no time
// that passes lets anybody else have them. Whoever paid in time gets the seats, not the money.
func (w *world) checkSecured(all rows, b booking, bad func(invariant, format string, args ...any)) {
	paid := len(pick(all.Attempts, func(a attempt) bool { return a.BookingID == b.ID && a.State == boxoffice.AttemptPaid })) > 0
	if b.Status != boxoffice.BookingHeld || !paid {
		return
	}
	lost := len(pick(all.seatsOf(b.ID), func(t ticket) bool { return t.BookingID != b.ID }))
	if lost > 0 && w.secured[b.ID] {
		bad("I7", "%s is paid and lost %d of its seats", w.name(b.ID), lost)
	}
	w.secured[b.ID] = lost == 0
}

// checkMoney holds I3, refunds never exceed what is owed, which of a sale that stands is the price of what was given back; I4, no booking is at its end while
// money that the provider took in time neither bought its seats nor has a refund; and what the model has no word for: every
// payment of ours is money that the provider took.
func (w *world) checkMoney(all rows, b booking, bad func(invariant, format string, args ...any)) {
	for _, p := range all.paymentsOf(b.ID) {
		if w.provider.find(func(s *session) bool { return s.Paid && s.PaymentIntent == p.Intent && s.Amount.Minor == p.Amount }) == nil {
			bad("I8", "%s has a payment of %d that nobody made", w.name(b.ID), p.Amount)
		}
		back := w.provider.back(p.Intent, boxoffice.RefundPending, boxoffice.RefundSucceeded)
		// What others gave back is known only once we were told; and then what nobody had asked for is goodwill.
		if owed := all.owes(p); all.refunded(p) > owed && p.SettledAs != "" || back > owed && !w.provider.touched(p.Intent) {
			bad("I3", "%s: of %d captured, %d are owed, %d asked back and %d given", w.name(b.ID), p.Amount, owed, all.refunded(p), back)
		}
	}
	if !b.Status.Final() {
		return
	}
	for _, s := range w.provider.sessions {
		if s.booking != b.ID || s.Status != boxoffice.SessionComplete || s.rogue {
			continue
		}
		settled := pick(all.paymentsOf(b.ID), func(p payment) bool {
			refunded := len(pick(all.Refunds, func(f refundRow) bool { return f.PaymentID == p.ID })) > 0
			return p.Intent == s.PaymentIntent && (refunded || p.SettledAs == "sale" && b.Status == boxoffice.BookingCompleted)
		})
		if len(settled) != 1 {
			bad("I4", "%s is %s and has taken money for nothing", w.name(b.ID), b.Status)
		}
	}
}

// checkPrice holds what the model has no word for: a booking costs its seats at their full prices, less what its code takes
// off all of them together, and a fee for each; and its ledger comes to what is yet to be settled or to be given back.
func (w *world) checkPrice(all rows, b booking, bad func(invariant, format string, args ...any)) {
	var full, discount, fees int64
	for _, x := range all.bookedBy(b.ID) {
		full, discount, fees = full+x.Price+x.Discount, discount+x.Discount, fees+x.Fee
	}
	seats := int64(len(all.bookedBy(b.ID)))
	code := promotions[b.Code]
	off := min(code.AmountMinor, seats*seatPrice)
	if code.Percent > 0 {
		off = (seats*seatPrice*int64(code.Percent) + 50) / 100
	}
	if full != seats*seatPrice || fees != seats*bookingFee || discount != off || b.Amount != full-discount+fees {
		bad("I9", "%s of %d seats with code %q costs %d, %d less %d and %d of fees", w.name(b.ID), seats, b.Code, b.Amount, full, discount, fees)
	}
	var open int64
	for _, p := range all.paymentsOf(b.ID) {
		open += p.Amount
		if p.SettledAs != "" {
			open += all.owes(p) - p.Amount
		}
		open -= all.refunded(p)
	}
	if b.Ledger != open {
		bad("I9", "the ledger of %s comes to %d, and %d are open", w.name(b.ID), b.Ledger, open)
	}
}

// checkPages holds I2, no page can be paid for a seat that another booking holds or bought; and I6, no page of a booking
// at its end can be paid.
func (w *world) checkPages(all rows, bad func(invariant, format string, args ...any)) {
	for _, s := range w.provider.sessions {
		if !s.payable() {
			continue
		}
		if status := all.booking(s.booking).Status; status.Final() {
			bad("I6", "%s is %s and its page can be paid", w.name(s.booking), status)
		}
		for _, t := range all.seatsOf(s.booking) {
			if t.State != boxoffice.SeatAvailable && t.BookingID != s.booking {
				bad("I2", "the page of %s can be paid, its seat is %s by %s", w.name(s.booking), t.State, w.name(t.BookingID))
			}
		}
	}
}
