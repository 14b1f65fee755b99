package activities_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

var (
	held       = boxoffice.Situation{BookingID: "b1", Epoch: 3, Status: boxoffice.BookingHeld, Remaining: time.Minute}
	closing    = boxoffice.Situation{BookingID: "b1", Epoch: 3, Status: boxoffice.BookingHeld, Closing: true}
	pageOpen   = boxoffice.Situation{BookingID: "b1", Epoch: 3, Status: boxoffice.BookingHeld, Closing: true, LiveAttempt: "a1"}
	paidAtLast = boxoffice.Situation{BookingID: "b1", Epoch: 3, Status: boxoffice.BookingHeld, Closing: true, Unsettled: "p1"}
	expired    = boxoffice.Situation{BookingID: "b1", Epoch: 3, Status: boxoffice.BookingExpired, Closing: true}

	openSession    = boxoffice.PaymentSession{ID: "cs_1", Status: boxoffice.SessionOpen}
	expiredSession = boxoffice.PaymentSession{ID: "cs_1", Status: boxoffice.SessionExpired}
	paidSession    = boxoffice.PaymentSession{ID: "cs_1", Status: boxoffice.SessionComplete, Paid: true}
)

func errOf(code boxoffice.Code) error { return boxoffice.Errorf(code, "It does not work.") }

var (
	known     = boxoffice.PaymentAttempt{ID: "a1", SessionID: "cs_1"}
	unknown   = boxoffice.PaymentAttempt{ID: "a1", CreatedAt: time.Unix(1, 0)} // its session's ID was never stored
	noSession = sessionAnswer{err: errOf(boxoffice.CodeNoSession)}
	declined  = sessionAnswer{err: errOf(boxoffice.CodeProviderDeclined)}
	there     = sessionAnswer{session: openSession}
)

// closings are all that a closing checkout may find, what it asks in turn, and what it sees in the end.
var closings = map[string]struct {
	a     answers
	calls []string
	ends  []boxoffice.AttemptEnd
	sees  boxoffice.Situation
}{
	"OK no page was opened": {
		a: answers{begin: closing, release: expired}, sees: expired, calls: []string{"BeginClosing", "ReleaseSeats"},
	},
	"OK extended meanwhile": {a: answers{begin: held}, sees: held, calls: []string{"BeginClosing"}},
	"OK already released":   {a: answers{begin: expired}, sees: expired, calls: []string{"BeginClosing"}},
	"OK paid before it began": {
		a: answers{begin: paidAtLast}, sees: paidAtLast, calls: []string{"BeginClosing"},
	},
	"OK the open page is closed": {
		a:     answers{begin: pageOpen, attempt: known, expire: sessionAnswer{session: expiredSession}, resolve: closing, release: expired},
		calls: []string{"BeginClosing", "Attempt", "ExpireSession cs_1", "ResolveAttempt", "ReleaseSeats"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1", Session: &expiredSession}}, sees: expired,
	},
	"OK the buyer was faster": {
		a:     answers{begin: pageOpen, attempt: known, expire: sessionAnswer{session: paidSession}, resolve: paidAtLast},
		calls: []string{"BeginClosing", "Attempt", "ExpireSession cs_1", "ResolveAttempt"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1", Session: &paidSession}}, sees: paidAtLast,
	},
	"OK another page is live": {
		a:     answers{begin: pageOpen, attempt: known, expire: sessionAnswer{session: expiredSession}, resolve: pageOpen},
		calls: []string{"BeginClosing", "Attempt", "ExpireSession cs_1", "ResolveAttempt"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1", Session: &expiredSession}}, sees: pageOpen,
	},
	"OK the session's ID was never stored": {
		a:     answers{begin: pageOpen, attempt: unknown, create: there, expire: sessionAnswer{session: expiredSession}, resolve: closing, release: expired},
		calls: []string{"BeginClosing", "Attempt", "CreateSession", "ExpireSession cs_1", "ResolveAttempt", "ReleaseSeats"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1", Session: &expiredSession}}, sees: expired,
	},
	"OK it is too late to create it again, and it is found": {
		a:     answers{begin: pageOpen, attempt: unknown, create: noSession, find: there, expire: sessionAnswer{session: paidSession}, resolve: paidAtLast},
		calls: []string{"BeginClosing", "Attempt", "CreateSession", "FindSession", "ExpireSession cs_1", "ResolveAttempt"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1", Session: &paidSession}}, sees: paidAtLast,
	},
	"OK it was never made": {
		a:     answers{begin: pageOpen, attempt: unknown, create: noSession, find: noSession, resolve: closing, release: expired},
		calls: []string{"BeginClosing", "Attempt", "CreateSession", "FindSession", "ResolveAttempt", "ReleaseSeats"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1"}}, sees: expired,
	},
	"OK the provider refuses to make it": {
		a:     answers{begin: pageOpen, attempt: unknown, create: declined, resolve: closing, release: expired},
		calls: []string{"BeginClosing", "Attempt", "CreateSession", "ResolveAttempt", "ReleaseSeats"},
		ends:  []boxoffice.AttemptEnd{{AttemptID: "a1"}}, sees: expired,
	},
}

func TestCloseCheckout(t *testing.T) {
	t.Parallel()
	for name, c := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c.a.errs, c.a.put = b.errs, b.put
			*b.answers = c.a
			s, err := b.do(b.a.CloseCheckout, act)
			require.NoError(t, err)
			require.Equal(t, c.sees, s)
			require.Equal(t, c.calls, b.calls)
			require.Equal(t, c.ends, b.ends)
		})
	}
}

// Wherever the provider's word is not known, nothing is written down and no seat is freed: the step is repeated.
func TestCloseCheckout_ErrUnknownFreesNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []boxoffice.Code{boxoffice.CodeProviderUnknown, boxoffice.CodeUnavailable, boxoffice.CodeInternal} {
		lost := sessionAnswer{err: errOf(code)}
		for name, a := range map[string]answers{
			"expire": {begin: pageOpen, attempt: known, expire: lost},
			"create": {begin: pageOpen, attempt: unknown, create: lost},
			"find":   {begin: pageOpen, attempt: unknown, create: noSession, find: lost},
		} {
			t.Run(name+" "+string(code), func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				a.errs, a.put = b.errs, b.put
				*b.answers = a
				_, err := b.do(b.a.CloseCheckout, act)
				require.Equal(t, code, activities.CodeOf(err))
				require.False(t, activities.IsFinal(err), "it must be asked again")
				require.NotContains(t, b.calls, "ResolveAttempt")
				require.NotContains(t, b.calls, "ReleaseSeats")
			})
		}
	}
}

func TestCloseCheckout_ErrStillOpen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.begin, b.attempt, b.expire = pageOpen, known, sessionAnswer{session: openSession}
	_, err := b.do(b.a.CloseCheckout, act)
	require.Equal(t, boxoffice.CodeProviderUnknown, activities.CodeOf(err), "a page that can still be paid is not closed")
	require.NotContains(t, b.calls, "ResolveAttempt")
}

func TestCloseCheckout_ErrAtEachAct(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"BeginClosing", "Attempt", "ResolveAttempt", "ReleaseSeats"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.begin, b.attempt, b.expire, b.resolve = pageOpen, known, sessionAnswer{session: expiredSession}, closing
			b.errs[call] = errOf(boxoffice.CodeFenced)
			_, err := b.do(b.a.CloseCheckout, act)
			require.Equal(t, boxoffice.CodeFenced, activities.CodeOf(err))
			require.Equal(t, call, b.calls[len(b.calls)-1], "nothing may follow what failed")
			require.NotContains(t, b.logs.String(), "level=WARN", "a fence is no failure")
		})
	}
}

func TestSendRefund(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: boxoffice.RefundPending}
	b.refundAnswer = boxoffice.ProviderRefund{ID: "re_1", State: boxoffice.RefundSucceeded}
	b.look = boxoffice.Situation{Status: boxoffice.BookingRefunding}
	s, err := b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Equal(t, b.look, s)
	require.Equal(t, []string{"Refund", "provider Refund refund:p1:1", "MarkRefund"}, b.calls)
	require.Equal(t, []boxoffice.ProviderRefund{{ID: "re_1", PaymentID: "p1", N: 1, State: boxoffice.RefundSucceeded}}, b.refunds)
}

func TestSendRefund_DeclinedIsFailedAndSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, ProviderID: "re_1", State: boxoffice.RefundPending}
	b.errs["provider Refund refund:p1:1"] = errOf(boxoffice.CodeProviderDeclined)
	_, err := b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Equal(t, []boxoffice.ProviderRefund{
		{ID: "re_1", PaymentID: "p1", N: 1, State: boxoffice.RefundFailed, Failure: "refused by the provider"},
	}, b.refunds)
	require.Contains(t, b.logs.String(), "level=ERROR")
}

// TestSendRefund_DeclinedIsLookedInto records what the provider has before a refusal is believed: somebody may have given the
// money back by hand. Where the provider does not say, nothing is marked.
func TestSendRefund_DeclinedIsLookedInto(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, PaymentIntent: "pi_1", State: boxoffice.RefundPending}
	b.errs["provider Refund refund:p1:1"] = errOf(boxoffice.CodeProviderDeclined)
	_, err := b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Equal(t, []string{"Refund", "provider Refund refund:p1:1", "provider RefundsOf pi_1", "RecordRefunds p1 1", "MarkRefund"}, b.calls)
	b.calls = nil
	b.errs["provider RefundsOf pi_1"] = errOf(boxoffice.CodeProviderUnknown)
	_, err = b.do(b.a.SendRefund, act)
	require.Equal(t, boxoffice.CodeProviderUnknown, activities.CodeOf(err))
	require.NotContains(t, b.calls, "MarkRefund")
}

// TestSendRefund_OfADisputedPaymentWaits asks for nothing that the buyer's bank has taken; how one stands that the provider
// has is asked all the same.
func TestSendRefund_OfADisputedPaymentWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: boxoffice.RefundPending, Disputed: true}
	_, err := b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Equal(t, []string{"Refund", "Look"}, b.calls)
	b.calls, b.refund.ProviderID = nil, "re_1"
	_, err = b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Contains(t, b.calls, "provider Refund refund:p1:1")
}

func TestSendRefund_ErrUnknownMarksNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []boxoffice.Code{boxoffice.CodeProviderUnknown, boxoffice.CodeUnavailable, boxoffice.CodeInternal} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: boxoffice.RefundPending}
			b.errs["provider Refund refund:p1:1"] = errOf(code)
			_, err := b.do(b.a.SendRefund, act)
			require.Equal(t, code, activities.CodeOf(err))
			require.False(t, activities.IsFinal(err))
			require.Empty(t, b.refunds)
		})
	}
}

// The proof that there is no such refund closes it and opens the next; the provider's word on it is nobody's.
func TestSendRefund_WhatWasNeverMadeIsRenewed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: boxoffice.RefundPending}
	b.errs["provider Refund refund:p1:1"] = errOf(boxoffice.CodeNoRefund)
	b.look = boxoffice.Situation{OpenRefund: &boxoffice.RefundRef{PaymentID: "p1", N: 2}}
	s, err := b.do(b.a.SendRefund, act)
	require.NoError(t, err)
	require.Equal(t, b.look, s)
	require.Equal(t, []string{"Refund", "provider Refund refund:p1:1", "RenewRefund p1 1"}, b.calls)
	require.Contains(t, b.logs.String(), "level=WARN")
}

func TestSendRefund_ErrTooYoungToBeRenewedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: boxoffice.RefundPending}
	b.errs["provider Refund refund:p1:1"], b.errs["RenewRefund p1 1"] = errOf(boxoffice.CodeNoRefund), errOf(boxoffice.CodeProviderUnknown)
	_, err := b.do(b.a.SendRefund, act)
	require.Equal(t, boxoffice.CodeProviderUnknown, activities.CodeOf(err))
	require.False(t, activities.IsFinal(err))
}

// A step that comes late finds the refund ended, closed or renewed. Asked for once more, Stripe might make it a day later.
func TestSendRefund_WhatHasEndedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	for _, state := range []boxoffice.RefundState{boxoffice.RefundFailed, boxoffice.RefundSucceeded} {
		b := newBench(t)
		b.refund = boxoffice.Refund{PaymentID: "p1", N: 1, State: state}
		b.look = boxoffice.Situation{Status: boxoffice.BookingRefunding}
		s, err := b.do(b.a.SendRefund, act)
		require.NoError(t, err)
		require.Equal(t, b.look, s)
		require.Equal(t, []string{"Refund", "Look"}, b.calls, state)
	}
}
