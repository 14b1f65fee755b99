package stack

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// EndedRun waits until the run of a booking has ended well, and gives it with its history.
func (s *System) EndedRun(t *testing.T, bookingID string) (*client.WorkflowExecutionDescription, []*historypb.HistoryEvent) {
	t.Helper()
	id := workflows.BookingWorkflowID(bookingID)
	var run *client.WorkflowExecutionDescription
	Eventually(t, 30*time.Second, func() (err error) {
		if run, err = s.Temporal.DescribeWorkflow(t.Context(), id, ""); err != nil {
			return err
		}
		if run.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return fmt.Errorf("%s still runs", id)
		}
		return nil
	})
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, run.Status)
	return run, s.History(t, bookingID)
}

// History gives the history of a booking's newest run.
func (s *System) History(t *testing.T, bookingID string) []*historypb.HistoryEvent {
	t.Helper()
	var events []*historypb.HistoryEvent
	history := s.Temporal.GetWorkflowHistory(t.Context(), workflows.BookingWorkflowID(bookingID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

// AwaitWaiting waits until the run of a booking waits for a payment or the deadline.
func (s *System) AwaitWaiting(t *testing.T, bookingID string) {
	t.Helper()
	Eventually(t, 20*time.Second, func() error {
		if _, err := s.Temporal.DescribeWorkflow(t.Context(), workflows.BookingWorkflowID(bookingID), ""); err != nil {
			return err
		}
		for _, event := range s.History(t, bookingID) {
			if event.GetTimerStartedEventAttributes() != nil {
				return nil
			}
		}
		return errors.New("the run does not wait yet")
	})
}

// Signals gives the names of the signals in a history.
func Signals(events []*historypb.HistoryEvent) []string {
	var names []string
	for _, event := range events {
		if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
			names = append(names, signal.GetSignalName())
		}
	}
	return names
}

// Timeline gives what the timeline of a booking says, in order.
func (s *System) Timeline(t *testing.T, bookingID string) []string {
	t.Helper()
	var lines []string
	require.NoError(t, s.DB.QueryRow(t.Context(),
		`SELECT coalesce(array_agg(what ORDER BY id), '{}') FROM booking_timeline WHERE booking_id = $1`, bookingID).Scan(&lines))
	return slices.Clone(lines)
}

// CallOffRuns gives the lengths of the histories of the runs that gave the bookings of an event back, ended ones too.
func (s *System) CallOffRuns(t *testing.T, eventID string) (lengths []int64) {
	t.Helper()
	page, err := s.Temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowId = '%s'", workflows.CancelEventWorkflowID(eventID)),
	})
	require.NoError(t, err)
	for _, run := range page.GetExecutions() {
		lengths = append(lengths, run.GetHistoryLength())
	}
	return lengths
}
