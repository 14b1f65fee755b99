package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// paidRun is a run that will be told of a payment after a minute.
func paidRun(t *testing.T) *run {
	t.Helper()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(checkoutMinimum); r.b.pay(); r.b.webhook(); r.nudge(workflows.SignalPayment) })
	return r
}

func TestIssueThatIsImpossibleUndoesTheSale(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["PDF"] = always(boxoffice.CodeIssueImpossible)

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "Compensate", "SendRefund", "FinishRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailRefunded: 1}, r.b.mailsSent())
	require.Equal(t, []string{"Your tickets could not be made."}, r.b.reasons)
}

func TestIssueIsTriedUntilItsPatienceEnds(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["Put"] = always(boxoffice.CodeUnavailable)

	require.Equal(t, boxoffice.BookingRefunded, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "IssueTickets ×3", "IssueTickets regular ×6", "Compensate",
		"SendRefund", "FinishRefund", "SendTickets",
	}, r.steps)
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingConfirmed, boxoffice.BookingRefunded}, r.shown,
		"while tickets are tried, the attribute says that the seats are sold")
	require.LessOrEqual(t, r.duration(), time.Minute+issuePatience+time.Second)
}

func TestIssueThatWorksAtLastCompletes(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["Put"] = first(5, boxoffice.CodeUnavailable)
	r.after(time.Minute+2*time.Second, func() {
		require.Contains(t, r.details(), "This does not work at the moment and is being tried again: Make the tickets.")
	})

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{
		"HoldSeats", "Look", "ConfirmSeats", "IssueTickets ×3", "IssueTickets regular ×3", "SendTickets",
	}, r.steps)
	require.NotContains(t, r.details(), "does not work")
}

// A step that does not work as a local activity goes on as a regular one, for as long as it takes.
func TestAStepThatFailsFallsBackToARegularActivity(t *testing.T) {
	t.Parallel()
	for call, steps := range map[string][]string{
		"VerifyHold":      {"HoldSeats ×3", "HoldSeats regular ×3", "Look", "ConfirmSeats", "IssueTickets", "SendTickets"},
		"Look":            {"HoldSeats", "Look ×3", "Look regular ×3", "ConfirmSeats", "IssueTickets", "SendTickets"},
		"ConfirmSeats":    {"HoldSeats", "Look", "ConfirmSeats ×3", "ConfirmSeats regular ×3", "IssueTickets", "SendTickets"},
		"IssueAdmissions": {"HoldSeats", "Look", "ConfirmSeats", "IssueTickets ×3", "IssueTickets regular ×3", "SendTickets"},
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			r := paidRun(t)
			r.b.faults[call] = first(5, boxoffice.CodeUnavailable)

			require.Equal(t, boxoffice.BookingCompleted, r.end())
			require.Equal(t, steps, r.steps)
		})
	}
}

func TestSeatsAreNotFreedWhileThePageCannotBeClosed(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.after(time.Minute, func() { r.b.checkout(0) })
	r.b.faults["ExpireSession"] = first(6, boxoffice.CodeProviderUnknown)
	r.after(hold+5*time.Second, func() {
		require.Equal(t, boxoffice.BookingHeld, r.b.seen().Status, "the page may still be paid")
		require.True(t, r.b.seen().Closing)
	})

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats", "CloseCheckout ×3", "CloseCheckout regular ×4"}, r.steps)
}

// What support reads while the very first step does not work must not speak of what nobody has looked at yet.
func TestARunThatCannotBeginSaysSo(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.faults["VerifyHold"] = first(6, boxoffice.CodeUnavailable)
	r.after(2*time.Second, func() {
		require.Contains(t, r.details(), "The booking has not been looked at yet.")
		require.Contains(t, r.details(), "is being tried again: Verify the hold.")
		require.Equal(t, workflows.Status{Booking: boxoffice.BookingHeld}, r.status())
	})

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.Equal(t, []string{"HoldSeats ×3", "HoldSeats regular ×4", "CloseCheckout"}, r.steps)
}

func cancelledRun(t *testing.T) *run {
	t.Helper()
	r := lateRun(t)
	r.b.status, r.b.ref.Status = boxoffice.BookingCancelled, boxoffice.BookingCancelled
	return r
}

func lostRun(t *testing.T) *run {
	t.Helper()
	r := paidRun(t)
	r.b.seatsGone = true
	return r
}

// A step that succeeds and changes nothing is a fault of ours: it must not fill a history, and it must go on once mended.
func TestAStepThatChangesNothingDoesNotSpin(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["ConfirmSeats"] = func(int) error { return errIdle }
	r.after(31*time.Minute+30*time.Second, func() { r.b.set(func() { delete(r.b.faults, "ConfirmSeats") }) })

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	tries := r.b.tries["ConfirmSeats"]
	require.Equal(t, []string{"HoldSeats", "Look", fmt.Sprintf("ConfirmSeats ×%d", tries), "IssueTickets", "SendTickets"}, r.steps)
	require.InDelta(t, 35, tries, 1, "a few at once, then one a minute")
	require.InDelta(t, tries-4, r.circles(), 1, "operators are told each time that it slows down")
}

// circles is how often operators were told that a run goes in circles.
func (r *run) circles() (n float64) {
	r.t.Helper()
	families, err := r.metrics.Registry().Gather()
	require.NoError(r.t, err)
	for _, family := range families {
		if family.GetName() == boxoffice.CounterRunsCircling {
			n += family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return n
}
