package main

import (
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
)

// ids are those of the attempts and of their payments.
var ids = []string{"0", "1"}

// index gives the attempt that an ID names; 0 for none.
func index(id string) uint8 { return uint8(max(0, slices.Index(ids, id))) }

var statuses = [...]boxoffice.BookingStatus{
	"", boxoffice.BookingHeld, boxoffice.BookingConfirmed, boxoffice.BookingCompleted, boxoffice.BookingExpired,
	boxoffice.BookingCancelled, boxoffice.BookingRefunding, boxoffice.BookingRefunded,
}

// refunds are the references to the refund of each attempt's payment, not asked for and asked for.
var refunds = [2][2]*boxoffice.RefundRef{
	{{PaymentID: ids[0], N: 1}, {PaymentID: ids[1], N: 1}},
	{{PaymentID: ids[0], N: 1, Asked: true}, {PaymentID: ids[1], N: 1, Asked: true}},
}

// look is the end of every act that postgres.look is the end of: it sets the next check, and gives the situation.
func (t *tx) look() boxoffice.Situation {
	b := t.own
	b.check = b.status == bookingHeld || b.status == bookingConfirmed || b.status == bookingRefunding || b.mail ||
		b.any((*attempt).unsettled) || b.any((*attempt).refundPending)
	s := b.situation()
	s.Surplus = s.Surplus && t.rules.surplusTold
	return s
}

// situation is what the query of postgres.look gives.
func (b *booking) situation() boxoffice.Situation {
	s := boxoffice.Situation{Status: statuses[b.status], Closing: b.closing, StuckRefund: b.any(isStuck)}
	if b.cancel {
		s.ClosingReason = boxoffice.ClosingByCancel
	}
	if !b.late {
		s.Remaining = time.Minute
	}
	if i := b.find(isLive); i >= 0 {
		s.LiveAttempt = ids[i]
	}
	// Money that can buy the seats comes before a surplus.
	i := b.find(func(a *attempt) bool { return a.unsettled() && a.state == attemptPaid })
	if i < 0 {
		i = b.find((*attempt).unsettled)
	}
	if i >= 0 {
		s.Unsettled, s.Surplus = ids[i], b.attempts[i].state == attemptSurplus
	}
	// A refund to ask about comes before one that was asked for just now.
	if i := b.find(func(a *attempt) bool { return a.refundPending() && a.refund != refundAsked }); i >= 0 {
		s.OpenRefund = refunds[0][i]
	} else if i := b.find((*attempt).refundPending); i >= 0 {
		s.OpenRefund = refunds[1][i]
	}
	if b.mail {
		s.MailDue = "mail"
	}
	return s
}

func isStuck(a *attempt) bool { return a.refund == refundFailed }

// decide is what a run does next by a situation: the code's own decision, not a copy of it.
func decide(r runner, s boxoffice.Situation) runner {
	next := runner{current: r.current}
	switch s.Next() {
	case boxoffice.StepWait:
		next.step = stepWait
	case boxoffice.StepConfirm:
		next.step, next.attempt = stepConfirm, index(s.Unsettled)
	case boxoffice.StepSellLate:
		next.step, next.attempt = stepSellLate, index(s.Unsettled)
	case boxoffice.StepRequestRefund:
		next.step, next.attempt = stepRequestRefund, index(s.Unsettled)
	case boxoffice.StepCompensate:
		next.step = stepCompensate
	case boxoffice.StepSendRefund:
		next.step, next.attempt = stepAskRefund, index(s.OpenRefund.PaymentID)
	case boxoffice.StepFinishRefund:
		next.step = stepFinishRefund
	case boxoffice.StepIssue:
		next.step = stepAdmit
	case boxoffice.StepCloseCheckout:
		next.step = stepClose
	case boxoffice.StepSendMail:
		next.step = stepSendMail
	case boxoffice.StepEnd:
		next.step = stepEnd
	}
	return next
}
