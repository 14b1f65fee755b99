package workflows_test

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// stickyQueue stands in stored histories for the name of a worker's own queue, which carries the name of its machine.
const stickyQueue = "sticky"

var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// storedHistories gives the recorded histories by their names.
func storedHistories(t *testing.T) map[string]*historypb.History {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	histories := map[string]*historypb.History{}
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err, file)
		require.NoError(t, f.Close())
		histories[strings.TrimSuffix(filepath.Base(file), ".json")] = h
	}
	require.NotEmpty(t, histories, "there are no histories to replay; record them with -record")
	return histories
}

// Bookings live for minutes and deploys happen meanwhile: the code of today must take up every run that was ever begun.
func TestStoredHistoriesReplay(t *testing.T) {
	t.Parallel()
	for name, history := range storedHistories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			w := &workflows.Bookings{IssuePatience: 24 * time.Hour}
			replayer.RegisterWorkflow(w.Booking)
			replayer.RegisterWorkflow(w.Mail)
			replayer.RegisterWorkflow(workflows.AccountMail)
			replayer.RegisterWorkflow(workflows.Reindex)
			replayer.RegisterWorkflow(workflows.Reconcile)
			replayer.RegisterWorkflow(workflows.CancelEvent)
			replayer.RegisterWorkflow(workflows.GiveBack)
			require.NoError(t, replayer.ReplayWorkflowHistory(quiet, history))
		})
	}
}

func TestStoredHistoriesCoverEveryEnding(t *testing.T) {
	t.Parallel()
	stored := storedHistories(t)
	names := []string{"mail", "mail-given-up", "account-mail", "account-mail-given-up", "reindex", "reindex-given-up", "reconcile", "cancel-event", "call-off"}
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(stored)), "record what is missing with -record, and remove what no scenario makes")
}

// The sabotaged twin: a workflow that does its steps in another order must not replay.
func TestReplayNoticesAChangedWorkflow(t *testing.T) {
	t.Parallel()
	changed := func(ctx workflow.Context, ref boxoffice.BookingRef) (boxoffice.BookingStatus, error) {
		if err := workflow.Sleep(ctx, time.Minute); err != nil {
			return "", err
		}
		return ref.Status, nil
	}
	for name, history := range storedHistories(t) {
		if typeOf(history) != "Booking" {
			continue
		}
		replayer := worker.NewWorkflowReplayer()
		replayer.RegisterWorkflowWithOptions(changed, workflow.RegisterOptions{Name: "Booking"})
		require.Error(t, replayer.ReplayWorkflowHistory(quiet, history), name)
	}
}

func typeOf(h *historypb.History) string {
	return h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
}

func TestStoredHistoriesKeepTheEventCounts(t *testing.T) {
	t.Parallel()
	stored := storedHistories(t)
	for _, s := range scenarios() {
		require.LessOrEqual(t, len(stored[s.name].Events), s.most, s.name)
	}
}

// What is kept in the repository names no machine and no person.
func TestStoredHistoriesNameNoMachine(t *testing.T) {
	t.Parallel()
	queues := []string{workflows.QueueBooking, workflows.QueueFulfilment, workflows.QueueBulk, stickyQueue}
	for name, history := range storedHistories(t) {
		for _, e := range history.Events {
			if s := e.GetWorkflowTaskScheduledEventAttributes(); s != nil {
				require.Contains(t, queues, s.GetTaskQueue().GetName(), name)
			}
			for _, who := range []string{
				e.GetWorkflowExecutionStartedEventAttributes().GetIdentity(), e.GetWorkflowTaskStartedEventAttributes().GetIdentity(),
				e.GetWorkflowTaskCompletedEventAttributes().GetIdentity(), e.GetWorkflowExecutionSignaledEventAttributes().GetIdentity(),
				e.GetActivityTaskStartedEventAttributes().GetIdentity(), e.GetActivityTaskCompletedEventAttributes().GetIdentity(),
			} {
				require.Contains(t, []string{"", identity}, who, name)
			}
		}
	}
}

// Payloads are read by staff and outlive an erasure request: a mail's address, say, must never get into one.
func TestHistoriesHoldNoAddresses(t *testing.T) {
	t.Parallel()
	for name, history := range storedHistories(t) {
		require.NotContains(t, history.String(), "example.com", name)
	}
}
