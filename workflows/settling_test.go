package workflows_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// lateRun is a run that a payment started although its booking had expired.
func lateRun(t *testing.T) *run {
	t.Helper()
	r := newRun(t)
	r.b.checkout(0)
	r.b.attempts[0].State, r.b.status, r.b.ref.Status = boxoffice.AttemptDead, boxoffice.BookingExpired, boxoffice.BookingExpired
	r.b.pay()
	r.b.webhook()
	return r
}

func TestALatePaymentGetsTheSameSeatsIfTheyAreFree(t *testing.T) {
	t.Parallel()
	r := lateRun(t)

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "SellLate", "IssueTickets", "SendTickets"}, r.steps)
	require.Empty(t, r.b.refunds)
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingCompleted}, r.shown)
}

func TestALatePaymentIsRefundedIfTheSeatsAreGone(t *testing.T) {
	t.Parallel()
	r := lateRun(t)
	r.b.seatsGone = true

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{"HoldSeats", "SellLate", "SendRefund", "FinishRefund", "SendTickets"}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
}

// Money on a booking that can have no tickets any more always goes back.
func TestAPaymentOnAnEndedBookingIsRefunded(t *testing.T) {
	t.Parallel()
	for _, status := range []boxoffice.BookingStatus{boxoffice.BookingCancelled, boxoffice.BookingRefunded} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			r := lateRun(t)
			r.b.status, r.b.ref.Status = status, status

			require.Equal(t, boxoffice.BookingRefunded, r.end())
			require.Equal(t, []string{"HoldSeats", "RequestRefund", "SendRefund", "FinishRefund", "SendTickets"}, r.steps)
		})
	}
}

// A surplus payment goes back at once, while the seats stay held for the page that can buy them.
func TestASurplusPaymentIsRefundedBesideTheHold(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum); r.b.surplus(); r.nudge(workflows.SignalPayment) })
	r.after(2*time.Minute, func() {
		require.Equal(t, boxoffice.BookingHeld, r.b.seen().Status)
		require.Equal(t, boxoffice.RefundSucceeded, r.b.refunds[0].State)
		r.b.pay()
		r.b.webhook()
		r.nudge(workflows.SignalPayment)
	})

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "RequestRefund", "SendRefund regular", "Look", "SendTickets", "Look", "ConfirmSeats", "IssueTickets", "SendTickets",
	}, r.steps)
	require.Len(t, r.b.refunds, 1)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1, boxoffice.EmailReturned: 1}, r.b.mailsSent(),
		"the buyer hears of the tickets and of the money that went back")
}

// A provider that is away for hours keeps no hold from ending: the refund goes on beside it, and after it.
func TestASurplusPaymentsRefundKeepsNoHoldFromEnding(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.surplus(); r.nudge(workflows.SignalPayment) })
	r.b.faults["Refund"] = always(boxoffice.CodeProviderUnknown)
	r.after(hold+time.Second, func() {
		require.Equal(t, boxoffice.BookingExpired, r.b.seen().Status)
		r.b.set(func() { delete(r.b.faults, "Refund") })
	})

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Len(t, r.b.refunds, 1)
	require.Equal(t, boxoffice.RefundSucceeded, r.b.refunds[0].State)
}

// Both came while nobody looked: the one that can buy is not kept waiting by the one that cannot.
func TestASurplusPaymentBesideASaleIsRefundedAfterIt(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() {
		r.b.checkout(checkoutMinimum)
		r.b.surplus()
		r.b.pay()
		r.b.webhook()
		r.nudge(workflows.SignalPayment)
	})

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "RequestRefund", "IssueTickets", "SendTickets", "SendRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1, boxoffice.EmailReturned: 1}, r.b.mailsSent())
}

// The buyer hears of money that went back whatever became of the booking, and of money that did not, nothing.
func TestASurplusPaymentsRefundTellsItsBuyer(t *testing.T) {
	t.Parallel()
	for _, status := range []boxoffice.BookingStatus{boxoffice.BookingCompleted, boxoffice.BookingExpired, boxoffice.BookingCancelled, boxoffice.BookingRefunded} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.b.status, r.b.ref.Status = status, status
			r.b.surplus()
			end, told := boxoffice.BookingRefunded, boxoffice.EmailRefunded
			steps := []string{"HoldSeats", "RequestRefund", "SendRefund", "FinishRefund", "SendTickets"}
			if status == boxoffice.BookingCompleted { // it stays sold
				end, told = status, boxoffice.EmailReturned
				steps = []string{"HoldSeats", "RequestRefund", "SendRefund", "SendTickets"}
			}

			require.Equal(t, end, r.end())
			require.Equal(t, steps, r.steps)
			require.Equal(t, map[boxoffice.EmailKind]int{told: 1}, r.b.mailsSent())
		})
	}
}

// The page that could have bought was never paid: the hold ends first, then the money that did not fit goes back.
func TestASurplusPaymentOfAHoldThatExpiresTellsItsBuyer(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.surplus(); r.nudge(workflows.SignalPayment) })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "RequestRefund", "SendRefund regular", "Look", "SendTickets", "CloseCheckout"}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailReturned: 1}, r.b.mailsSent())
}

func TestARefundThatIsNotThroughTellsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		code  boxoffice.Code
	}{
		"the bank takes its time": {"RefundPending", boxoffice.CodeUnavailable},
		"it is refused":           {"Refund", boxoffice.CodeProviderDeclined},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.b.status, r.b.ref.Status = boxoffice.BookingCompleted, boxoffice.BookingCompleted
			r.b.surplus()
			r.b.faults[c.fault] = always(c.code)

			require.Equal(t, boxoffice.BookingCompleted, r.end())
			require.Equal(t, []string{"HoldSeats", "RequestRefund", "SendRefund"}, r.steps)
			require.Empty(t, r.b.mails)
			if c.fault == "RefundPending" {
				require.Contains(t, r.details(), "the bank's answer can take days")
			}
		})
	}
}

func TestARefusedRefundIsLeftToSupport(t *testing.T) {
	t.Parallel()
	r := lateRun(t)
	r.b.seatsGone = true
	r.b.faults["Refund"] = always(boxoffice.CodeProviderDeclined)

	require.Equal(t, boxoffice.BookingRefunding, r.end())
	require.Equal(t, []string{"HoldSeats", "SellLate", "SendRefund"}, r.steps, "asking again would give the same answer")
	require.Equal(t, boxoffice.RefundFailed, r.b.refunds[0].State)
	require.Contains(t, r.details(), "A refund **failed at the bank**")
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingRefunding}, r.shown)
}

func TestARefundWhoseAnswerIsUnknownIsAskedForAgain(t *testing.T) {
	t.Parallel()
	r := lateRun(t)
	r.b.seatsGone = true
	r.b.faults["Refund"] = first(5, boxoffice.CodeProviderUnknown)

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "SellLate", "SendRefund ×3", "SendRefund regular ×3", "FinishRefund", "SendTickets",
	}, r.steps)
	require.Len(t, r.b.refunds, 1, "one row, however often it is asked for")
}

// The provider broke at the first call and replays that: the refund is closed as never made, and the next one, which has
// a key of its own, goes through at once.
func TestARefundThatWasNeverMadeIsRenewed(t *testing.T) {
	t.Parallel()
	r := lateRun(t)
	r.b.seatsGone = true
	r.b.faults["Refund 1"] = stored500

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "SellLate", "SendRefund ×3", "SendRefund regular ×7", "SendRefund", "FinishRefund", "SendTickets",
	}, r.steps, "it is renewed once it is a minute old")
	require.Equal(t, (1+2+4+8+16+32)*time.Second, r.duration().Truncate(time.Second))
	require.Equal(t, []boxoffice.RefundState{boxoffice.RefundFailed, boxoffice.RefundSucceeded}, r.b.refundStates())
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
}

// A provider that breaks at each new key is asked ever more patiently, and the money goes back in the end.
func TestAProviderThatBreaksAgainIsAskedMorePatiently(t *testing.T) {
	t.Parallel()
	r := lateRun(t)
	r.b.seatsGone = true
	r.b.faults["Refund 1"], r.b.faults["Refund 2"] = stored500, stored500

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "SellLate", "SendRefund ×3", "SendRefund regular ×7", "SendRefund ×3", "SendRefund regular ×9", "SendRefund",
		"FinishRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, []boxoffice.RefundState{boxoffice.RefundFailed, boxoffice.RefundFailed, boxoffice.RefundSucceeded}, r.b.refundStates())
}

// stored500 breaks the first call under a key, and replays that from then on.
func stored500(try int) error {
	if try == 1 {
		return boxoffice.Errorf(boxoffice.CodeProviderUnknown, "A 500, which is stored.")
	}
	return boxoffice.Errorf(boxoffice.CodeNoRefund, "The stored 500, and there is no refund.")
}
