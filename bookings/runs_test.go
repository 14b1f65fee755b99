package bookings_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// What Temporal is told of a booking, nobody waits for.
func TestNobodyWaitsForTemporal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows.receipt = ours
	began, answered := time.Now(), make(chan struct{})
	hangs := func(args mock.Arguments) {
		call, ok := args.Get(0).(context.Context)
		require.True(t, ok)
		select {
		case <-answered:
		case <-call.Done():
		}
	}
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Run(hangs).Return(nil, nil).Once()
	b.temporal.On("SignalWithStartWorkflow", mock.Anything, mock.Anything, mock.Anything, nil, mock.Anything, mock.Anything, mock.Anything).
		Run(hangs).Return(nil, nil).Twice()
	_, err := b.service.Book(t.Context(), boxoffice.HoldRequest{})
	require.NoError(t, err)
	require.NoError(t, b.service.ReceiveWebhook(t.Context(), nil, ""))
	_, err = b.service.Cancel(t.Context(), cancellation)
	require.NoError(t, err)
	require.Less(t, time.Since(began), 5*time.Second)
	close(answered)
}

// Who has written something wants a look at it, however late the run is: its task may be one that ends it without a look.
func TestNudge_AlsoARunThatIsLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ref := boxoffice.BookingRef{BookingID: "b1"}
	b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
		PendingWorkflowTask: &workflowpb.PendingWorkflowTaskInfo{Attempt: 1, State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED},
	}, nil).Once()
	b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalSweep, nil, mock.Anything, mock.Anything, ref).Return(nil, nil).Once()
	require.NoError(t, b.service.Nudge(t.Context(), ref))
	b.temporal.AssertExpectations(t)
}

func TestNudgeOverdue(t *testing.T) {
	t.Parallel()
	ref := boxoffice.BookingRef{BookingID: "b1"}
	run := func(attempt int32, state enumspb.PendingWorkflowTaskState) *workflowservice.DescribeWorkflowExecutionResponse {
		return &workflowservice.DescribeWorkflowExecutionResponse{PendingWorkflowTask: &workflowpb.PendingWorkflowTaskInfo{Attempt: attempt, State: state}}
	}
	const waits, works = enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, enumspb.PENDING_WORKFLOW_TASK_STATE_STARTED
	for name, c := range map[string]struct {
		run      *workflowservice.DescribeWorkflowExecutionResponse
		err      error
		signals  bool
		replaces bool
		code     boxoffice.Code
	}{
		"no run":                 {err: serviceerror.NewNotFound("no run"), signals: true},
		"a run that waits":       {run: &workflowservice.DescribeWorkflowExecutionResponse{}, signals: true},
		"a run that is late":     {run: run(1, waits)},
		"a run at work":          {run: run(1, works), signals: true},
		"a run that failed once": {run: run(2, works)},
		"a run that is stuck":    {run: run(4, waits), replaces: true},
		"Temporal is away":       {err: errors.New("connection refused"), code: boxoffice.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(c.run, c.err).Once()
			if c.signals {
				b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalSweep, nil, mock.Anything, mock.Anything, ref).
					Return(nil, nil).Once()
			}
			if c.replaces {
				b.temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
					return o.WorkflowIDConflictPolicy == enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
				}), mock.Anything, ref).Return(nil, nil).Once()
			}
			woken, err := b.service.NudgeOverdue(t.Context(), ref)
			require.Equal(t, c.code, boxoffice.CodeOf(err))
			require.Equal(t, c.signals || c.replaces, woken)
		})
	}
}
