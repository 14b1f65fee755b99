package boxoffice_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// eachSituation calls do with every combination of what a decision may depend on.
func eachSituation(do func(s boxoffice.Situation)) {
	bools := []bool{false, true}
	refunds := []*boxoffice.RefundRef{nil, {PaymentID: "p2", N: 1}, {PaymentID: "p2", N: 1, Asked: true}}
	money := []boxoffice.Situation{{}, {Unsettled: "p1"}, {Unsettled: "p1", Surplus: true}}
	for _, status := range boxoffice.BookingStatuses {
		for _, reason := range []boxoffice.ClosingReason{boxoffice.ClosingByDeadline, boxoffice.ClosingByCancel} {
			for _, remaining := range []time.Duration{-time.Second, 0, time.Nanosecond, time.Minute} {
				for _, m := range money {
					for _, refund := range refunds {
						for bits := range 1 << 4 {
							s := boxoffice.Situation{
								Status: status, ClosingReason: reason, Remaining: remaining, Unsettled: m.Unsettled, Surplus: m.Surplus,
								OpenRefund: refund, Closing: bools[bits&1], StuckRefund: bools[bits>>1&1],
							}
							if bits>>2&1 == 1 {
								s.LiveAttempt = "a1"
							}
							if bits>>3&1 == 1 {
								s.MailDue = "m1"
							}
							do(s)
						}
					}
				}
			}
		}
	}
}

// decision is the protocol's table, written down a second time: the first line that holds. Whether the table is right is
// the question of the model, in test/model.
func decision(s boxoffice.Situation) boxoffice.Step {
	unsettled, held, late := s.Unsettled != "", s.Status == boxoffice.BookingHeld, s.Remaining <= 0
	cancel := s.ClosingReason == boxoffice.ClosingByCancel
	toAsk := s.OpenRefund != nil && !s.OpenRefund.Asked
	waiting := s.StuckRefund || s.OpenRefund != nil
	for _, rule := range []struct {
		when bool
		step boxoffice.Step
	}{
		{unsettled && s.Surplus, boxoffice.StepRequestRefund},
		{unsettled && held && cancel, boxoffice.StepCompensate},
		{unsettled && held && !cancel, boxoffice.StepConfirm},
		{unsettled && s.Status == boxoffice.BookingExpired, boxoffice.StepSellLate},
		{unsettled, boxoffice.StepRequestRefund},
		{s.Status == boxoffice.BookingConfirmed, boxoffice.StepIssue},
		{s.Status == boxoffice.BookingRefunding && !waiting, boxoffice.StepFinishRefund},
		{!held && s.MailDue != "", boxoffice.StepSendMail},
		{!held && toAsk, boxoffice.StepSendRefund},
		{!held, boxoffice.StepEnd},
		{s.Closing && s.LiveAttempt != "", boxoffice.StepCloseCheckout}, // one step does all three: expire,
		{s.Closing, boxoffice.StepCloseCheckout},                        // release,
		{cancel || late, boxoffice.StepCloseCheckout},                   // close
		{s.MailDue != "", boxoffice.StepSendMail},                       // of a surplus payment; not in the model
	} {
		if rule.when {
			return rule.step
		}
	}
	return boxoffice.StepWait
}

func TestNextIsTheProtocolsDecision(t *testing.T) {
	t.Parallel()
	n, seen := 0, map[boxoffice.Step]bool{}
	eachSituation(func(s boxoffice.Situation) {
		n++
		seen[s.Next()] = true
		require.Equal(t, decision(s), s.Next(), "%+v", s)
	})
	require.Equal(t, 7*2*4*3*3*16, n)
	require.Len(t, seen, 11, "each step is asked for by some situation")
}

// What must hold of every decision, said without the table.
func TestNextNeverRestsOnUnfinishedBusiness(t *testing.T) {
	t.Parallel()
	eachSituation(func(s boxoffice.Situation) {
		step := s.Next()
		held := s.Status == boxoffice.BookingHeld
		toAsk := s.OpenRefund != nil && !s.OpenRefund.Asked
		if step == boxoffice.StepWait || step == boxoffice.StepEnd {
			require.Empty(t, s.Unsettled, "%s with money unsettled: %+v", step, s)
			require.False(t, toAsk && !held, "%s with a refund to ask for: %+v", step, s)
		}
		switch step {
		case boxoffice.StepWait:
			require.True(t, held && !s.Closing && s.Remaining > 0 && s.ClosingReason == boxoffice.ClosingByDeadline, "%+v", s)
		case boxoffice.StepEnd:
			require.Empty(t, s.MailDue, "%+v", s)
			waiting := s.Status == boxoffice.BookingRefunding && (s.OpenRefund != nil || s.StuckRefund)
			require.True(t, s.Status.Final() || waiting, "%+v", s)
		case boxoffice.StepConfirm:
			require.True(t, held && s.ClosingReason != boxoffice.ClosingByCancel, "an accepted cancel never ends as a sale: %+v", s)
		case boxoffice.StepCompensate, boxoffice.StepSellLate, boxoffice.StepRequestRefund:
			require.NotEmpty(t, s.Unsettled, "%+v", s)
		case boxoffice.StepSendRefund:
			require.True(t, toAsk, "%+v", s)
		case boxoffice.StepFinishRefund:
			require.True(t, s.OpenRefund == nil && !s.StuckRefund, "told to be back although it is not: %+v", s)
		case boxoffice.StepCloseCheckout:
			require.True(t, held && s.Unsettled == "", "%+v", s)
		case boxoffice.StepSendMail:
			require.False(t, held && (s.Closing || s.Remaining <= 0), "no mail keeps a hold from ending: %+v", s)
		case boxoffice.StepIssue:
			require.Equal(t, boxoffice.BookingConfirmed, s.Status)
		}
	})
}
