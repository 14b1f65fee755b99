package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

func TestExtendedWhileTheTimerRuns(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(5*time.Minute, func() { r.b.extend(2 * time.Minute) }) // extend sends no signal
	r.after(hold+time.Second, func() {
		require.Equal(t, boxoffice.BookingHeld, r.b.seen().Status, "the old deadline must not free the seats")
		require.Equal(t, r.start.Add(hold+2*time.Minute), r.status().Deadline)
		require.Contains(t, r.details(), "held until **19:10:00 UTC**")
	})

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout ×2"}, r.steps)
	require.Equal(t, hold+2*time.Minute, r.duration(), "the run must wait for what is left by the database's word")
}

func TestExtendedTwice(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(5*time.Minute, func() { r.b.extend(2 * time.Minute) })
	r.after(9*time.Minute, func() { r.b.extend(2 * time.Minute) })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout ×3"}, r.steps)
	require.Equal(t, hold+4*time.Minute, r.duration())
}

func TestExtendedAndLookedAtWaitsForTheNewDeadlineOnly(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(5*time.Minute, func() { r.b.extend(2 * time.Minute); r.nudge(workflows.SignalSweep) })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "CloseCheckout"}, r.steps, "the timer of the old deadline asks for nothing")
	require.Equal(t, hold+2*time.Minute, r.duration())
}

func TestATimerThatIsEarlyByTheDatabasesClockWaitsForTheRest(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	var behind time.Duration
	r.b.rows.now = func() time.Time { return r.Now().Add(-behind) }
	r.after(time.Minute, func() { r.b.set(func() { behind = 3 * time.Second }) }) // the database's clock is set back

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout ×2"}, r.steps)
	require.Equal(t, hold+behind, r.duration(), "the database is the judge of the deadline")
}

func TestASignalBeforeTheFirstStepIsHandledInThisRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.checkout(checkoutMinimum)
	r.b.pay()
	r.b.webhook()
	r.after(0, func() { r.nudge(workflows.SignalPayment) })

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "ConfirmSeats", "IssueTickets", "SendTickets", "Look"}, r.steps,
		"the rows say it all; the signal only makes the run look once more before it ends")
	require.Zero(t, r.duration())
}

func TestSignalsThatComeTogetherAreOneLook(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() {
		r.b.checkout(checkoutMinimum)
		r.b.pay()
		r.b.webhook()
		r.SignalWorkflowSkippingWorkflowTask(workflows.SignalPayment, nil)
		r.SignalWorkflowSkippingWorkflowTask(workflows.SignalPayment, nil)
		r.nudge(workflows.SignalSweep)
	})

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "SendTickets"}, r.steps)
}

func TestASignalThatComesAgainLaterIsAnotherLook(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.nudge(workflows.SignalSweep) })
	r.after(2*time.Minute, func() { r.nudge(workflows.SignalSweep) })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "Look ×2", "CloseCheckout"}, r.steps)
	require.Equal(t, hold, r.duration(), "looking moves no deadline")
}

func TestASignalWhileTheRunEndsIsHandledInThisRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum); r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment) })
	r.b.faults["Send"] = func(try int) error {
		if try == 1 { // the last step is under way
			r.b.surplus()
			r.nudge(workflows.SignalPayment)
		}
		return nil
	}

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "SendTickets", "RequestRefund", "SendRefund", "SendTickets", "Look",
	}, r.steps)
	require.Equal(t, boxoffice.RefundSucceeded, r.b.refunds[0].State)
}

func TestASignalThatTellsNothingNewAtTheEndIsOneLook(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.faults["ReleaseSeats"] = func(int) error { r.nudge(workflows.SignalSweep); return nil }

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout", "Look"}, r.steps)
}

func TestPaidWhileThePageIsBeingClosedIsSold(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(0) })
	r.b.faults["ExpireSession"] = func(int) error { r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment); return nil }

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout", "ConfirmSeats", "IssueTickets", "SendTickets", "Look"}, r.steps)
}

func TestTheCancelledRunLeavesTheRowsToTheNext(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, r.CancelWorkflow)
	r.ExecuteWorkflow(r.w.Booking, r.b.ref)

	require.True(t, r.IsWorkflowCompleted())
	_, cancelled := errors.AsType[*temporal.CanceledError](r.GetWorkflowError())
	require.True(t, cancelled, "got %v", r.GetWorkflowError())
	require.Equal(t, []string{"HoldSeats"}, r.steps)
	require.Equal(t, boxoffice.BookingHeld, r.b.seen().Status, "a run that is cancelled decides nothing")
	require.Equal(t, time.Minute, r.duration())
}

func TestTheFencedRunTakesItsFirstStepAgain(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() {
		r.b.checkout(checkoutMinimum)
		r.b.pay()
		r.b.webhook()
		r.b.set(func() { r.b.epoch += 4 }) // other runs have come and gone
		r.nudge(workflows.SignalPayment)
	})

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "HoldSeats", "ConfirmSeats", "IssueTickets", "SendTickets"}, r.steps)
	require.EqualValues(t, 6, r.status().Epoch)
}

// Each step of a run is fenced in turn: whichever it is, the run begins again and the booking comes to its right end.
func TestTheFenceHoldsAtEachStep(t *testing.T) {
	t.Parallel()
	for call, step := range map[string]string{
		"ConfirmSeats": "ConfirmSeats", "IssueAdmissions": "IssueTickets", "CompleteBooking": "IssueTickets", "MarkEmail": "SendTickets",
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.after(time.Minute, func() { r.b.checkout(checkoutMinimum); r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment) })
			r.b.faults[call] = func(try int) error {
				if try == 1 {
					r.b.set(func() { r.b.epoch++ })
				}
				return nil
			}

			require.Equal(t, boxoffice.BookingCompleted, r.end())
			require.Contains(t, r.steps[2:], step)
			require.Contains(t, r.steps[2:], "HoldSeats", "the run must take its first step again")
			require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1}, r.b.mailsSent())
		})
	}
}
