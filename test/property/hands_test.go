package property

import (
	"context"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What people and banks do to money past the program: refunds made in the provider's dashboard, disputes, and what support
// decides then.

func chargeOf(s *session) string { return "ch_" + s.ID }

// back is what was given back on a payment, or is on its way.
func (p *provider) back(intent string, states ...boxoffice.RefundState) int64 {
	var sum int64
	for _, r := range p.refunds {
		if r.PaymentIntent == intent && slices.Contains(states, r.State) {
			sum += r.Amount.Minor
		}
	}
	return sum
}

// taken is what banks have of a payment, until they decide or for good.
func (p *provider) taken(intent string, states ...boxoffice.DisputeState) (sum int64) {
	for _, d := range p.disputes {
		if d.PaymentIntent == intent && slices.Contains(states, d.State) {
			sum += d.Amount.Minor
		}
	}
	return sum
}

func (p *provider) disputed(intent string) bool { return p.taken(intent, boxoffice.DisputeOpen) > 0 }

// leftOf is what of a paid page can still be given back.
func (p *provider) leftOf(s *session) int64 {
	return s.Amount.Minor - p.back(s.PaymentIntent, boxoffice.RefundPending, boxoffice.RefundSucceeded) -
		p.taken(s.PaymentIntent, boxoffice.DisputeOpen, boxoffice.DisputeLost)
}

// touched reports whether anybody but us has given back of a payment.
func (p *provider) touched(intent string) bool {
	return slices.ContainsFunc(p.refunds, func(r *refund) bool { return r.PaymentIntent == intent && (r.byHand || r.ofTheirs) }) ||
		slices.ContainsFunc(p.disputes, func(d *boxoffice.ProviderDispute) bool { return d.PaymentIntent == intent })
}

// refundable are the paid pages that people can give money back of, and banks take it: not those of which we were told that it
// was paid elsewhere, since then nobody does.
func (w *world) refundable(all rows) []*session {
	return pick(w.provider.sessions, func(s *session) bool {
		paidElsewhere := slices.ContainsFunc(all.Payments, func(p payment) bool { return p.Intent == s.PaymentIntent && all.elsewhere(p) > 0 })
		return s.Paid && !paidElsewhere && w.provider.leftOf(s) > 0 && !w.provider.disputed(s.PaymentIntent)
	})
}

// unfinished are the broken refunds that the provider's people can still finish, with the same exception.
func (w *world) unfinished(all rows) []boxoffice.Refund {
	return pick(w.provider.left(), func(r boxoffice.Refund) bool { return all.elsewhere(all.payment(r.PaymentID)) == 0 })
}

func (w *world) disputable(all rows) []*session {
	return pick(w.refundable(all), func(s *session) bool {
		return !slices.ContainsFunc(w.provider.disputes, func(d *boxoffice.ProviderDispute) bool { return d.PaymentIntent == s.PaymentIntent })
	})
}

func (w *world) undecidedDisputes() []*boxoffice.ProviderDispute {
	return pick(w.provider.disputes, func(d *boxoffice.ProviderDispute) bool { return d.State != boxoffice.DisputeWon })
}

// refundByHand is a person at the provider's dashboard.
func (p *provider) refundByHand(s *session, amount int64) *refund {
	made := &refund{ofTheirs: true, ProviderRefund: boxoffice.ProviderRefund{
		ID: fmt.Sprintf("re_hand_%d_%s", len(p.refunds), s.ID), PaymentIntent: s.PaymentIntent, State: boxoffice.RefundSucceeded,
		Amount: boxoffice.Money{Minor: amount, Currency: s.Amount.Currency},
	}}
	if p.slowBank {
		made.State = boxoffice.RefundPending
	}
	p.refunds = append(p.refunds, made)
	p.emit("charge.refunded", chargeOf(s), boxoffice.PaymentEvent{Ask: true})
	return made
}

func (p *provider) dispute(s *session) *boxoffice.ProviderDispute {
	d := &boxoffice.ProviderDispute{
		ID: "dp_" + s.ID, PaymentIntent: s.PaymentIntent, State: boxoffice.DisputeOpen, Reason: "general",
		Amount: boxoffice.Money{Minor: p.leftOf(s), Currency: s.Amount.Currency},
	}
	p.disputes = append(p.disputes, d)
	p.decide(d, boxoffice.DisputeOpen)
	return d
}

func (p *provider) decide(d *boxoffice.ProviderDispute, state boxoffice.DisputeState) {
	d.State = state
	p.emit("charge.dispute.updated", d.ID, boxoffice.PaymentEvent{Ask: true})
}

// support begins an act of support about a booking.
func (w *world) support(name, booking string, do func(ctx context.Context, act boxoffice.SupportAct) error) *task {
	act := boxoffice.SupportAct{Key: newID(w.tb), BookingID: booking, Actor: "anna", Verified: true, Reason: "she decided"}
	return begin(w.ctx, fmt.Sprintf("support: %s of %s", name, w.name(booking)), func(ctx context.Context) error { return do(ctx, act) })
}

func (r rows) payment(id string) payment {
	return pick(r.Payments, func(p payment) bool { return p.ID == id })[0]
}

var handActions = []action{
	{"refund made by hand", 3, func(w *world, all rows) bool { return len(w.refundable(all)) > 0 }, func(w *world, t *rapid.T, all rows) {
		s := draw(t, "page", w.refundable(all))
		left := w.provider.leftOf(s)
		made := w.provider.refundByHand(s, min(left, draw(t, "amount", []int64{left, left, seatPrice, 100})))
		t.Logf("somebody gives %d of %s back: %s, %s", made.Amount.Minor, s.ID, made.ID, made.State)
	}},
	{"dispute", 2, func(w *world, all rows) bool { return len(w.disputable(all)) > 0 }, func(w *world, t *rapid.T, all rows) {
		d := w.provider.dispute(draw(t, "page", w.disputable(all)))
		t.Logf("a bank takes %d: %s", d.Amount.Minor, d.ID)
	}},
	{"dispute decided", 4, some((*world).undecidedDisputes), func(w *world, t *rapid.T, _ rows) {
		d := draw(t, "dispute", w.undecidedDisputes())
		state := draw(t, "how", []boxoffice.DisputeState{boxoffice.DisputeLost, boxoffice.DisputeLost, boxoffice.DisputeWon})
		w.provider.decide(d, state)
		t.Logf("%s is %s", d.ID, state)
	}},
	{"refund by hand is settled", 5, func(_ *world, all rows) bool { return len(all.undecided()) > 0 }, func(w *world, t *rapid.T, all rows) {
		f := draw(t, "refund", all.undecided())
		b := all.payment(f.PaymentID).BookingID
		var tickets []string
		for _, seat := range all.keptBy(b) {
			if rapid.Bool().Draw(t, "this one") {
				tickets = append(tickets, seat.TicketID)
			}
		}
		w.meet(t, w.support(fmt.Sprintf("refund %d is for %d tickets", f.N, len(tickets)), b, func(ctx context.Context, act boxoffice.SupportAct) error {
			return w.store.SettleByHand(ctx, act, boxoffice.RefundRef{PaymentID: f.PaymentID, N: f.N}, tickets)
		}))
	}},
	{"refund is retried", 3, func(_ *world, all rows) bool { return len(all.stuckPayments()) > 0 }, func(w *world, t *rapid.T, all rows) {
		p := draw(t, "payment", all.stuckPayments())
		w.meet(t, w.support("retry", p.BookingID, func(ctx context.Context, act boxoffice.SupportAct) error { return w.store.RetryRefund(ctx, act, p.ID) }))
	}},
	// Who pays past the provider has looked there before, and nobody else does both.
	{"refunded otherwise", 2, func(w *world, all rows) bool { return len(w.payable(all)) > 0 }, func(w *world, t *rapid.T, all rows) {
		p := draw(t, "payment", w.payable(all))
		k := w.support("paid otherwise", p.BookingID, func(ctx context.Context, act boxoffice.SupportAct) error {
			return w.store.RefundedOtherwise(ctx, act, p.ID, "wire 1")
		})
		k.finish()
		w.ended(k)
		t.Logf("%s: %v", k.name, k.err)
	}},
}

func (w *world) payable(all rows) []payment {
	return pick(all.stuckPayments(), func(p payment) bool { return !w.provider.touched(p.Intent) })
}

// tellOfHands has the banks decide what they have not, and delivers the webhooks of what people and banks did: of these only a
// webhook tells, which is repeated for days, or the reconciliation.
func (w *world) tellOfHands() {
	for _, d := range w.undecidedDisputes() {
		if d.State == boxoffice.DisputeOpen {
			w.provider.decide(d, boxoffice.DisputeWon)
		}
	}
	for i, e := range w.provider.events {
		if e.Ask {
			k := w.webhook(i, e.ID+"_again")
			k.finish()
			w.ended(k)
			require.NoError(w.tb, k.err)
		}
	}
}
