package workflows_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// lostPageRun is a run whose payment page was opened by an API that died before it could keep the session's ID.
func lostPageRun(t *testing.T) *run {
	t.Helper()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(0); r.b.set(func() { r.b.attempts[0].SessionID = "" }) })
	return r
}

// faults are those of one run, by call.
type faults map[string]fault

var (
	expired = []string{"HoldSeats", "CloseCheckout"}
	paidToo = []string{"HoldSeats", "CloseCheckout", "ConfirmSeats", "IssueTickets", "SendTickets"}
	asked   = []string{"HoldSeats", "CloseCheckout ×3", "CloseCheckout regular ×3"}
)

// moneySteps are the answers of the provider to each call that a run makes to it, and all steps that the run takes then. An
// answer that is unknown is asked for again under the same key; nothing follows from it.
var moneySteps = []struct {
	call, answer string
	begin        func(t *testing.T) *run
	faults       faults
	paid         bool // on the page, before it could be closed
	steps        []string
	ends         boxoffice.BookingStatus
}{
	{call: "create session", answer: "succeeded", begin: lostPageRun, steps: expired, ends: boxoffice.BookingExpired},
	{call: "create session", answer: "succeeded, and paid", begin: lostPageRun, paid: true, steps: paidToo, ends: boxoffice.BookingCompleted},
	{call: "create session", answer: "declined: there is no page", begin: lostPageRun, steps: expired, ends: boxoffice.BookingExpired,
		faults: faults{"CreateSession": always(boxoffice.CodeProviderDeclined), "ExpireSession": never}},
	{call: "create session", answer: "unknown", begin: lostPageRun, steps: asked, ends: boxoffice.BookingExpired,
		faults: faults{"CreateSession": first(5, boxoffice.CodeProviderUnknown)}},
	{call: "create session", answer: "unknown, then paid", begin: lostPageRun, paid: true, steps: then(asked, paidToo[2:]...), ends: boxoffice.BookingCompleted,
		faults: faults{"CreateSession": first(5, boxoffice.CodeProviderUnknown)}},
	{call: "find session", answer: "found", begin: lostPageRun, paid: true, steps: paidToo, ends: boxoffice.BookingCompleted,
		faults: faults{"CreateSession": always(boxoffice.CodeNoSession)}},
	{call: "find session", answer: "none", begin: lostPageRun, steps: expired, ends: boxoffice.BookingExpired,
		faults: faults{"CreateSession": always(boxoffice.CodeNoSession), "FindSession": always(boxoffice.CodeNoSession), "ExpireSession": never}},
	{call: "find session", answer: "unknown", begin: lostPageRun, paid: true, steps: then(asked, paidToo[2:]...), ends: boxoffice.BookingCompleted,
		faults: faults{"CreateSession": always(boxoffice.CodeNoSession), "FindSession": first(5, boxoffice.CodeProviderUnknown)}},

	{call: "expire session", answer: "succeeded", begin: pageRun, steps: expired, ends: boxoffice.BookingExpired},
	{call: "expire session", answer: "declined: it is paid", begin: pageRun, paid: true, steps: paidToo, ends: boxoffice.BookingCompleted},
	{call: "expire session", answer: "unknown", begin: pageRun, steps: asked, ends: boxoffice.BookingExpired,
		faults: faults{"ExpireSession": first(5, boxoffice.CodeProviderUnknown)}},
	{call: "expire session", answer: "unknown, then paid", begin: pageRun, paid: true, steps: then(asked, paidToo[2:]...), ends: boxoffice.BookingCompleted,
		faults: faults{"ExpireSession": first(5, boxoffice.CodeProviderUnknown)}},

	{call: "refund", answer: "succeeded", begin: cancelledRun, steps: returned, ends: boxoffice.BookingRefunded},
	{call: "refund", answer: "pending", begin: cancelledRun, steps: returned[:3], ends: boxoffice.BookingRefunding,
		faults: faults{"RefundPending": always(boxoffice.CodeUnavailable)}},
	{call: "refund", answer: "declined", begin: cancelledRun, steps: returned[:3], ends: boxoffice.BookingRefunding,
		faults: faults{"Refund": always(boxoffice.CodeProviderDeclined)}},
	{call: "refund", answer: "unknown", begin: cancelledRun, steps: []string{
		"HoldSeats", "RequestRefund", "SendRefund ×3", "SendRefund regular ×3", "FinishRefund", "SendTickets",
	}, ends: boxoffice.BookingRefunded, faults: faults{"Refund": first(5, boxoffice.CodeProviderUnknown)}},
	{call: "refund", answer: "unknown, then declined", begin: cancelledRun, steps: []string{
		"HoldSeats", "RequestRefund", "SendRefund ×3", "SendRefund regular ×3",
	}, ends: boxoffice.BookingRefunding, faults: faults{"Refund": func(try int) error {
		if try > 5 {
			return always(boxoffice.CodeProviderDeclined)(try)
		}
		return always(boxoffice.CodeProviderUnknown)(try)
	}}},
}

func TestMoneySteps(t *testing.T) {
	t.Parallel()
	for _, c := range moneySteps {
		t.Run(c.call+", "+c.answer, func(t *testing.T) {
			t.Parallel()
			r := c.begin(t)
			for call, f := range c.faults {
				r.b.faults[call] = f
			}
			if c.paid {
				r.after(2*time.Minute, func() { r.b.pay() })
			}

			require.Equal(t, c.ends, r.end())
			require.Equal(t, c.steps, r.steps)
			require.LessOrEqual(t, len(r.b.refunds), 1, "one row, however often it is asked for")
		})
	}
}

// never is a call that must not be made.
func never(int) error { panic("this must not be asked for") }
