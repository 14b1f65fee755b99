package workflows_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

func TestCompletedWhenPaidInTime(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(2*time.Minute, func() {
		r.b.checkout(checkoutMinimum)
		require.Contains(t, r.details(), "The seats are held until **19:08:00 UTC**. Waiting for the payment.")
		require.Equal(t, workflows.Status{
			Booking: boxoffice.BookingHeld, Next: boxoffice.StepWait, Deadline: r.start.Add(hold), Epoch: 1,
		}, r.status())
	})
	r.after(3*time.Minute, func() { r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment) })

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "SendTickets"}, r.steps)
	require.Equal(t, 3*time.Minute, r.duration(), "a sale waits for nothing but the payment")
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingCompleted}, r.shown, "one upsert, at the outcome")
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1}, r.b.mailsSent())
	require.Equal(t, []string{
		"Verify the hold", "Look at the booking", "Sell the held seats: confirmed", "Make the tickets: completed", "Send the mail",
	}, r.timeline())
	require.Equal(t, boxoffice.StepEnd, r.status().Next)
	require.Contains(t, r.details(), "The booking is **completed**")
}

func TestExpiredWhenThePageWasNeverOpened(t *testing.T) {
	t.Parallel()
	r := newRun(t)

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout"}, r.steps)
	require.Equal(t, hold, r.duration(), "the seats are free at the deadline, neither earlier nor later")
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingExpired}, r.shown)
	require.Equal(t, []string{"Verify the hold", "Close the checkout: expired"}, r.timeline())
	require.Empty(t, r.b.mails)
}

func TestExpiredWhenThePageWasLeftOpen(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum) }) // moves the deadline to 11 minutes; nobody tells the run
	r.after(hold+time.Minute, func() { require.Contains(t, r.details(), "The buyer's payment page is open.") })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout ×2"}, r.steps)
	require.Equal(t, 11*time.Minute, r.duration(), "the run waits for the deadline that the checkout moved")
	require.Equal(t, boxoffice.SessionExpired, r.b.attempts[0].session.Status, "the page must be closed before the seats are freed")
	require.Equal(t, boxoffice.AttemptDead, r.b.attempts[0].State)
}

func TestCompletedWhenTheWebhookWasLost(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(0); r.b.pay() })

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout", "ConfirmSeats", "IssueTickets", "SendTickets"}, r.steps)
	require.Equal(t, hold, r.duration())
}

func TestCancelledBeforeAPageWasOpened(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.cancel(); r.nudge(workflows.SignalCancel) })

	require.Equal(t, boxoffice.BookingCancelled, r.end())
	require.Equal(t, []string{"HoldSeats", "Look"}, r.steps, "the seats are free already, the run only ends")
	require.Empty(t, r.b.mailsSent())
	require.Equal(t, time.Minute, r.duration())
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingCancelled}, r.shown)
}

func TestCancelledClosesTheOpenPage(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum) })
	r.after(2*time.Minute, func() { r.b.cancel(); r.nudge(workflows.SignalCancel) })

	require.Equal(t, boxoffice.BookingCancelled, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "CloseCheckout", "SendTickets"}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailCancelled: 1}, r.b.mailsSent())
	require.Equal(t, 2*time.Minute, r.duration())
	require.Equal(t, boxoffice.SessionExpired, r.b.attempts[0].session.Status)
}

func TestRefundedWhenPaidWhileCancelling(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum) })
	r.after(2*time.Minute, func() { r.b.pay(); r.b.cancel(); r.nudge(workflows.SignalCancel) })

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "CloseCheckout", "Compensate", "SendRefund", "FinishRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingRefunded}, r.shown)
	require.Equal(t, []string{"Your booking was cancelled while your payment was under way."}, r.b.reasons)
}

func TestRefundedWhenTheSeatsAreLost(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() {
		r.b.checkout(checkoutMinimum)
		r.b.pay()
		r.b.webhook()
		r.b.set(func() { r.b.seatsGone = true })
		r.nudge(workflows.SignalPayment)
	})

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "Compensate", "SendRefund", "FinishRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, []string{
		"Verify the hold", "Look at the booking", "Undo the booking: refunding", "Give the money back",
		"Finish the refund: refunded", "Send the mail",
	}, r.timeline())
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
	require.Equal(t, []string{"The seats could no longer be sold to you."}, r.b.reasons, "the buyer is told what the store says")
}

func TestARefundThatTheBankTakesItsTimeWithEndsTheRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.faults["RefundPending"] = always(boxoffice.CodeUnavailable)
	r.b.seatsGone = true
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum); r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment) })

	require.Equal(t, boxoffice.BookingRefunding, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "ConfirmSeats", "Compensate", "SendRefund"}, r.steps)
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingRefunding}, r.shown)
	require.Empty(t, r.b.mails, "nothing is back yet, so nothing is told")
}

func TestARefundThatIsBackAtLastIsFinishedByTheNextRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.status, r.b.ref.Status = boxoffice.BookingRefunding, boxoffice.BookingRefunding
	r.b.payments = []*payment{{id: "p1"}}
	r.b.requestRefund(r.b.payments[0], "lost")
	r.b.refunds[0].State, r.b.refunds[0].asked = boxoffice.RefundSucceeded, true // as the provider's webhook has told
	r.b.tellOfRefund("p1")

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{"HoldSeats", "FinishRefund", "SendTickets"}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
}

func TestARunOnABookingAtItsEndEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, status := range boxoffice.BookingStatuses {
		if !status.Final() {
			continue
		}
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.b.status, r.b.ref.Status = status, status

			require.Equal(t, status, r.end())
			require.Equal(t, []string{"HoldSeats"}, r.steps)
			require.Zero(t, r.duration())
			require.Empty(t, r.shown, "the attribute that it was started with is right")
		})
	}
}
