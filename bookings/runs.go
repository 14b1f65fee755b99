package bookings

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
)

// patience bounds a call to Temporal, and with it how long a shutdown waits for those in the background.
const patience = 10 * time.Second

// stuckAttempts is at which try of one workflow task a run counts as stuck. The server repeats a task that fails at once,
// then after 10, 20, 35 and 55 s, and ever slower.
const stuckAttempts = 4

// runs names the workflows. It stays nil: only its methods' names are used.
var runs *workflows.Bookings

// runOptions are those of every start. Its ID is the booking's, so a booking has one open run at most.
func runOptions(ref boxoffice.BookingRef, reuse enumspb.WorkflowIdReusePolicy) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                    workflows.BookingWorkflowID(ref.BookingID),
		TaskQueue:             workflows.QueueBooking,
		WorkflowIDReusePolicy: reuse,
		StaticSummary:         ref.Summary,
		StaticDetails:         workflows.Details(ref),
		TypedSearchAttributes: workflows.SearchAttributes(ref),

		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

// inBackground tells Temporal of a booking or an event without anybody waiting for it. What fails, or would be one call too
// many, is the sweep's: the rows say already what the call would.
func (s *Service) inBackground(ctx context.Context, of, id string, tell func(context.Context) error) {
	ctx = context.WithoutCancel(ctx)
	begun := s.calls.TryGo(func() error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := tell(ctx); err != nil {
			s.Logger.WarnContext(ctx, "Temporal was not told; the sweep sees to it", of, id, "error", err)
		}
		return nil
	})
	if !begun {
		s.Logger.WarnContext(ctx, "too many calls to Temporal at once; the sweep sees to it", of, id)
	}
}

// start starts the first run of a booking; one that ran before, or is running, is no error.
func (s *Service) start(ctx context.Context, ref boxoffice.BookingRef) {
	s.inBackground(ctx, "booking", ref.BookingID, func(ctx context.Context) error {
		_, err := s.Temporal.ExecuteWorkflow(ctx, runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE), runs.Booking, ref)
		if _, ran := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ran {
			return nil
		}
		return err
	})
}

// startMail starts the workflow of a mail that no run of the booking sends. One that the sweep was faster with, and that
// is done or at work, is no error.
func (s *Service) startMail(ctx context.Context, ref boxoffice.BookingRef, emailID string) {
	s.inBackground(ctx, "booking", ref.BookingID, func(ctx context.Context) error {
		_, err := s.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID:                    workflows.MailWorkflowID(emailID),
			TaskQueue:             workflows.QueueFulfilment,
			WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			StaticSummary:         workflows.MailSummary(ref),
			TypedSearchAttributes: workflows.MailAttributes(ref),
		}, runs.Mail, workflows.MailAct(ref, emailID))
		return err
	})
}

// wake starts the run of a booking or wakes it.
func (s *Service) wake(ctx context.Context, ref boxoffice.BookingRef, signal string) {
	s.inBackground(ctx, "booking", ref.BookingID, func(ctx context.Context) error { return s.signalWithStart(ctx, ref, signal) })
}

// wakeRunning tells a run that its booking is at its end. Where none runs, none is needed; one that is not told ends at
// its deadline.
func (s *Service) wakeRunning(ctx context.Context, ref boxoffice.BookingRef) {
	s.inBackground(ctx, "booking", ref.BookingID, func(ctx context.Context) error {
		err := s.Temporal.SignalWorkflow(ctx, workflows.BookingWorkflowID(ref.BookingID), "", workflows.SignalCancel, nil)
		if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
			return nil
		}
		return err
	})
}

// Nudge starts the run of a booking or wakes it, so that it looks at what was written. CodeUnavailable when Temporal cannot be
// reached.
func (s *Service) Nudge(ctx context.Context, ref boxoffice.BookingRef) error {
	_, err := s.nudge(ctx, runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE), runs.Booking, ref, noTask)
	return err
}

// NudgeOverdue is Nudge for the sweep. It leaves alone a run whose task waits for a worker: under load all runs are late, and a
// signal each would make them later. The sweep comes again should that task end without a look at the rows.
func (s *Service) NudgeOverdue(ctx context.Context, ref boxoffice.BookingRef) (woken bool, err error) {
	return s.nudge(ctx, runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE), runs.Booking, ref, waitingTask)
}

// The states of a task with which a run is left alone.
const (
	noTask      = enumspb.PENDING_WORKFLOW_TASK_STATE_UNSPECIFIED
	waitingTask = enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
)

// nudge starts a run that goes on from rows, or wakes it. One that is stuck, because its code panics or its history does not
// replay after a deploy that was taken back, is replaced. One that is about to be stuck is left alone, for a signal would begin
// the count of its tries anew; so is one whose task is in the state patient.
func (s *Service) nudge(
	ctx context.Context, options client.StartWorkflowOptions, workflow, input any, patient enumspb.PendingWorkflowTaskState,
) (woken bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	task, err := s.pendingTask(ctx, options.ID)
	switch {
	case err != nil:
	case task.GetAttempt() >= stuckAttempts:
		s.Logger.ErrorContext(ctx, "a run is stuck: its code fails each time; a new run takes its place", "workflow", options.ID, "attempt", task.GetAttempt())
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		_, err = s.Temporal.ExecuteWorkflow(ctx, options, workflow, input)
	case task.GetAttempt() > 1, task.GetAttempt() == 1 && task.GetState() == patient:
		return false, nil
	default:
		_, err = s.Temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalSweep, nil, options, workflow, input)
	}
	if err != nil {
		return false, boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The run cannot be reached at this moment.")
	}
	return true, nil
}

// pendingTask gives the workflow task that a run waits for, with no attempt where none is waited for, or there is no run.
func (s *Service) pendingTask(ctx context.Context, workflowID string) (*workflowpb.PendingWorkflowTaskInfo, error) {
	run, err := s.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
		return new(workflowpb.PendingWorkflowTaskInfo), nil
	}
	return run.GetPendingWorkflowTask(), err
}

func (s *Service) signalWithStart(ctx context.Context, ref boxoffice.BookingRef, signal string) error {
	options := runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
	_, err := s.Temporal.SignalWithStartWorkflow(ctx, options.ID, signal, nil, options, runs.Booking, ref)
	return err
}
