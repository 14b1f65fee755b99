package workflows_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// failure is a call of an activity that fails for good, and all that follows from it.
type failure struct {
	activity string // the method of activities.Activities
	call     string // what it calls, and what fails
	code     boxoffice.Code
	begin    func(t *testing.T) *run
	steps    []string // of the booking's run: up to the failure, then every undo, in order
	mail     []string // of the mail's own run
	left     boxoffice.BookingStatus
	fails    boxoffice.Code // of the run itself; empty: it goes on to its end
}

// refused is what most calls fail with here: no answer of ours is made for it.
const refused = boxoffice.CodeNotFound

var (
	sold     = []string{"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "SendTickets"}
	undone   = []string{"Compensate", "SendRefund", "FinishRefund", "SendTickets"}
	returned = []string{"HoldSeats", "RequestRefund", "SendRefund", "FinishRefund", "SendTickets"}
)

// failures has every activity, and of each all that it does one after the other. Where a step has an undo, that is taken;
// where it has none, the run ends with the failure, nothing is undone and nothing is freed, and the sweep starts another.
var failures = []failure{
	{activity: "HoldSeats", call: "VerifyHold", code: refused, begin: newRun, steps: sold[:1], left: boxoffice.BookingHeld, fails: refused},
	{activity: "Look", call: "Look", code: refused, begin: paidRun, steps: sold[:2], left: boxoffice.BookingHeld, fails: refused},
	{activity: "ConfirmSeats", call: "ConfirmSeats", code: refused, begin: paidRun, steps: sold[:3], left: boxoffice.BookingHeld, fails: refused},
	{activity: "ConfirmSeats", call: "ConfirmSeats", code: boxoffice.CodeSeatsLost, begin: paidRun, steps: then(sold[:3], undone...), left: boxoffice.BookingRefunded},
	{activity: "SellLate", call: "SellLate", code: refused, begin: lateRun, steps: []string{"HoldSeats", "SellLate"}, left: boxoffice.BookingExpired, fails: refused},

	{activity: "IssueTickets", call: "IssueAdmissions", code: refused, begin: paidRun, steps: then(sold[:4], undone...), left: boxoffice.BookingRefunded},
	{activity: "IssueTickets", call: "IssueAdmissions", code: boxoffice.CodeSeatsLost, begin: paidRun, steps: then(sold[:4], undone...), left: boxoffice.BookingRefunded},
	{activity: "IssueTickets", call: "PDF", code: boxoffice.CodeIssueImpossible, begin: paidRun, steps: then(sold[:4], undone...), left: boxoffice.BookingRefunded},
	{activity: "IssueTickets", call: "Put", code: boxoffice.CodeInvalid, begin: paidRun, steps: then(sold[:4], undone...), left: boxoffice.BookingRefunded},
	{activity: "IssueTickets", call: "CompleteBooking", code: refused, begin: paidRun, steps: then(sold[:4], undone...), left: boxoffice.BookingRefunded},

	{activity: "CloseCheckout", call: "BeginClosing", code: refused, begin: pageRun, steps: closed, left: boxoffice.BookingHeld, fails: refused},
	{activity: "CloseCheckout", call: "Attempt", code: refused, begin: pageRun, steps: closed, left: boxoffice.BookingHeld, fails: refused},
	{activity: "CloseCheckout", call: "ExpireSession", code: refused, begin: pageRun, steps: closed, left: boxoffice.BookingHeld, fails: refused},
	{activity: "CloseCheckout", call: "ResolveAttempt", code: refused, begin: pageRun, steps: closed, left: boxoffice.BookingHeld, fails: refused},
	{activity: "CloseCheckout", call: "ReleaseSeats", code: refused, begin: pageRun, steps: closed, left: boxoffice.BookingHeld, fails: refused},

	{activity: "Compensate", call: "Compensate", code: refused, begin: lostRun, steps: then(sold[:3], undone[:1]...), left: boxoffice.BookingHeld, fails: refused},
	{activity: "RequestRefund", call: "RequestRefund", code: refused, begin: cancelledRun, steps: returned[:2], left: boxoffice.BookingCancelled, fails: refused},
	{activity: "SendRefund", call: "refund row", code: refused, begin: cancelledRun, steps: returned[:3], left: boxoffice.BookingRefunding, fails: refused},
	{activity: "SendRefund", call: "Refund", code: boxoffice.CodeProviderDeclined, begin: cancelledRun, steps: returned[:3], left: boxoffice.BookingRefunding},
	{activity: "SendRefund", call: "MarkRefund", code: refused, begin: cancelledRun, steps: returned[:3], left: boxoffice.BookingRefunding, fails: refused},
	{activity: "SendRefund", call: "RenewRefund", code: refused, begin: neverMadeRun, steps: returned[:3], left: boxoffice.BookingRefunding, fails: refused},
	{activity: "SendRefund", call: "MarkRefundShort", code: refused, begin: shortRun, steps: returned[:3], left: boxoffice.BookingRefunding, fails: refused},
	{activity: "SendRefund", call: "Refund", code: boxoffice.CodeBalanceInsufficient, begin: cancelledRun, steps: returned[:3], left: boxoffice.BookingRefunding},
	{activity: "FinishRefund", call: "FinishRefund", code: refused, begin: cancelledRun, steps: returned[:4], left: boxoffice.BookingRefunding, fails: refused},

	{activity: "SendTickets", call: "Send", code: boxoffice.CodeMailRejected, begin: paidRun, steps: sold, left: boxoffice.BookingCompleted},
	{
		activity: "SendTickets", call: "Compose", code: refused, begin: paidRun, steps: then(sold, "HandOverMail"), left: boxoffice.BookingCompleted,
		mail: []string{"SendMail regular", "GiveMailUp regular"},
	},
	{activity: "HandOverMail", call: "hand over", code: refused, begin: awayRun, steps: then(sold[:4], "SendTickets ×3", "HandOverMail"),
		left: boxoffice.BookingCompleted, fails: refused, mail: []string{"SendMail regular"}},
	{activity: "SendMail", call: "Compose", code: refused, begin: mailRun, mail: []string{"SendMail regular", "GiveMailUp regular"},
		left: boxoffice.BookingCompleted, fails: refused},
	{activity: "SupportExtend", call: "SupportExtend", code: boxoffice.CodeDeadlinePassed, begin: helpedRun(workflows.UpdateExtend),
		steps: []string{"HoldSeats", "SupportExtend", "CloseCheckout"}, left: boxoffice.BookingExpired},
	{activity: "SupportRelease", call: "SupportRelease", code: boxoffice.CodeBookingClosed, begin: helpedRun(workflows.UpdateRelease),
		steps: []string{"HoldSeats", "SupportRelease", "CloseCheckout"}, left: boxoffice.BookingExpired},
	{activity: "SupportRetry", call: "SupportRetry", code: refused, begin: stuckRun,
		steps: then(sold[:3], "IssueTickets ×3", "IssueTickets regular", "SupportRetry", "IssueTickets regular ×4", "SendTickets"), left: boxoffice.BookingCompleted},
	{activity: "GiveMailUp", call: "MarkEmail", code: refused, begin: mailRun, mail: []string{"SendMail regular", "GiveMailUp regular"},
		left: boxoffice.BookingCompleted, fails: refused},
}

var closed = []string{"HoldSeats", "CloseCheckout"}

// then is a new list of the steps and those that follow.
func then(steps []string, more ...string) []string {
	return append(steps[:len(steps):len(steps)], more...)
}

// Each activity fails for good, in turn, at each of its calls.
func TestEachActivityFailingForGood(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		t.Run(f.activity+" at "+f.call+" "+string(f.code), func(t *testing.T) {
			t.Parallel()
			r := f.begin(t)
			r.b.faults[f.call] = always(f.code)
			failed := r.play()

			require.Equal(t, f.fails, failed)
			require.Equal(t, f.steps, r.steps)
			require.Equal(t, f.mail, r.mail.steps)
			require.Equal(t, f.left, r.b.seen().Status)
		})
	}
}

// An activity that is new is in the table, or this fails.
func TestEachActivityHasItsFailures(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, f := range failures {
		tried[f.activity] = true
	}
	all := map[string]bool{}
	for method := range reflect.TypeFor[*activities.Activities]().Methods() {
		all[method.Name] = true
	}
	require.Equal(t, all, tried)
}

// helpedRun is a run that support tries to help after a minute.
func helpedRun(update string) func(t *testing.T) *run {
	return func(t *testing.T) *run {
		t.Helper()
		r := newRun(t)
		r.update(time.Minute, update, anna(5))
		return r
	}
}

// stuckRun is a run whose tickets cannot be kept for a moment, in which support has that tried at once.
func stuckRun(t *testing.T) *run {
	t.Helper()
	r := paidRun(t)
	r.b.faults["Put"] = first(7, boxoffice.CodeUnavailable)
	r.update(time.Minute+time.Second, workflows.UpdateRetry, anna(0))
	return r
}

// pageRun is a run whose payment page is left open.
func pageRun(t *testing.T) *run {
	t.Helper()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(0) })
	return r
}

// neverMadeRun is a run whose refund the provider never made, and long ago.
func neverMadeRun(t *testing.T) *run {
	t.Helper()
	r := cancelledRun(t)
	r.b.faults["Refund"] = always(boxoffice.CodeNoRefund)
	return r
}

// shortRun is a run for whose refund the provider's balance does not suffice.
func shortRun(t *testing.T) *run {
	t.Helper()
	r := cancelledRun(t)
	r.b.faults["Refund"] = always(boxoffice.CodeBalanceInsufficient)
	return r
}

// awayRun is a run whose mail server is away for a moment.
func awayRun(t *testing.T) *run {
	t.Helper()
	r := paidRun(t)
	r.b.faults["Send"] = first(3, boxoffice.CodeUnavailable)
	return r
}
