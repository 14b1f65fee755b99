package temporal

import (
	"errors"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// A run whose code panics stalls alone, where Temporal's history, the worker's log and an alert show it; its money keeps its
// seats, and other bookings go on. When the fault is mended, the booking goes on by itself.
func TestPoisonedRun_StallsAloneAndGoesOnWhenMended(t *testing.T) {
	s := stack.Of(t, bare)
	w := s.SpawnWorker(t)
	c, booking := waiting(t, s)
	poison := worker.PointPoison(workflows.BookingWorkflowID(booking.ID))
	w.Arm(t, poison)
	c.PayFor(t, booking.ID)
	c.AwaitPaid(t, booking.ID)
	s.AwaitFailingTask(t, booking.ID, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE, "is poisoned")
	require.Contains(t, w.LogTail(100_000), "is poisoned")
	w.AwaitTold(t, "temporal_workflow_task_execution_failed_total", `failure_reason="WorkflowError"`, `workflow_type="Booking"`)

	other, sold := waiting(t, s)
	other.PayFor(t, sold.ID)
	other.AwaitEnd(t, 20*time.Second, sold.ID, "completed")
	requireStalled(t, s, c, booking)

	w.Disarm(t, poison)
	mended := time.Now()
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the fault was mended", time.Since(mended).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
	s.AwaitSettled(t, 30*time.Second)
}

// another is a change that no open booking's history replays with.
var another = stack.Change{
	File: "workflows/booking.go",
	Was:  "	err = r.holdSeats(ctx)\n	for err == nil",
	Becomes: "	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {\n		return \"\", err\n	}\n" +
		"	err = r.holdSeats(ctx)\n	for err == nil",
}

// The replay of stored histories fails with a workflow that open bookings cannot go on with: it keeps it from being
// deployed.
func TestIncompatibleDeploy_TheReplayTestBlocksIt(t *testing.T) {
	t.Parallel()
	out, err := another.Test(t, "TestStoredHistoriesReplay", "./workflows")
	require.Error(t, err)
	require.Contains(t, out, "TMPRL1100", "Temporal's code of a history that does not replay")
}

// A workflow that open bookings cannot go on with is deployed all the same: they stall unharmed, while new bookings go on.
// It is taken back, and what either of them began comes to its end, for a run that cannot go on is replaced by one that can.
func TestIncompatibleDeploy_IsTakenBack(t *testing.T) {
	t.Parallel()
	wrong := another.Build(t)
	s := stack.Own(t, "deployed", stack.Bare, brief(bareHold)...)
	right := s.SpawnWorker(t)
	old, before := waiting(t, s)
	require.NoError(t, right.Stop())

	deployed := s.SpawnOf(t, wrong, "worker")
	old.PayFor(t, before.ID)
	old.AwaitPaid(t, before.ID)
	s.AwaitFailingTask(t, before.ID, enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, "TMPRL1100")
	requireStalled(t, s, old, before)
	quick, during := waiting(t, s)
	quick.PayFor(t, during.ID)
	quick.AwaitEnd(t, 20*time.Second, during.ID, "completed")
	slow, across := waiting(t, s)
	awaitTimers(t, s, across.ID, 2)
	require.NoError(t, deployed.Stop())

	right = s.SpawnWorker(t)
	back := time.Now()
	slow.PayFor(t, across.ID)
	before = old.AwaitEnd(t, 60*time.Second, before.ID, "completed")
	t.Logf("what stalled was completed %s after the deploy was taken back", time.Since(back).Round(100*time.Millisecond))
	across = slow.AwaitEnd(t, 90*time.Second, across.ID, "completed")
	t.Logf("what the deploy had begun was completed %s after", time.Since(back).Round(100*time.Millisecond))
	require.Contains(t, right.LogTail(1_000_000), "a run is stuck")
	s.RequireSoldOnce(t, old, before)
	s.RequireSoldOnce(t, slow, across)
	s.AwaitSettled(t, 30*time.Second)
}

// requireStalled asserts that a paid booking stands still, and that nobody else gets its seats.
func requireStalled(t *testing.T, s *stack.System, c stack.Customer, booking buyer.Booking) {
	t.Helper()
	stalled, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"held", "paid"}, []string{stalled.Status, stalled.Payment})
	_, endless := s.Backstop(t, booking.ID)
	require.True(t, endless)
}

// awaitTimers waits until a run has started so many timers.
func awaitTimers(t *testing.T, s *stack.System, bookingID string, n int) {
	t.Helper()
	stack.Eventually(t, 20*time.Second, func() error {
		started := 0
		for _, event := range s.History(t, bookingID) {
			if event.GetTimerStartedEventAttributes() != nil {
				started++
			}
		}
		if started < n {
			return errors.New("the run does not wait yet")
		}
		return nil
	})
}
