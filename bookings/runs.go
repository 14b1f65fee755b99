package bookings

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
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

// inBackground tells Temporal of a booking without anybody waiting for it. What fails, or would be one call too many, is
// the sweep's: the rows say already what the call would.
func (s *Service) inBackground(ctx context.Context, ref boxoffice.BookingRef, tell func(context.Context) error) {
	ctx = context.WithoutCancel(ctx)
	begun := s.calls.TryGo(func() error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := tell(ctx); err != nil {
			s.Logger.WarnContext(ctx, "Temporal was not told of a booking; the sweep sees to it", "booking", ref.BookingID, "error", err)
		}
		return nil
	})
	if !begun {
		s.Logger.WarnContext(ctx, "too many calls to Temporal at once; the sweep sees to the booking", "booking", ref.BookingID)
	}
}

// start starts the first run of a booking; one that ran before, or is running, is no error.
func (s *Service) start(ctx context.Context, ref boxoffice.BookingRef) {
	s.inBackground(ctx, ref, func(ctx context.Context) error {
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
	s.inBackground(ctx, ref, func(ctx context.Context) error {
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
	s.inBackground(ctx, ref, func(ctx context.Context) error { return s.signalWithStart(ctx, ref, signal) })
}

// wakeRunning tells a run that its booking is at its end. Where none runs, none is needed; one that is not told ends at
// its deadline.
func (s *Service) wakeRunning(ctx context.Context, ref boxoffice.BookingRef) {
	s.inBackground(ctx, ref, func(ctx context.Context) error {
		err := s.Temporal.SignalWorkflow(ctx, workflows.BookingWorkflowID(ref.BookingID), "", workflows.SignalCancel, nil)
		if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
			return nil
		}
		return err
	})
}

// Nudge starts the run of a booking or wakes it: for the sweep. A run that is stuck, because its code panics or its history
// does not replay after a deploy that was taken back, is replaced: the new one goes on from the rows. One that is about to
// be stuck is left alone, for a signal would begin the count of its tries anew. CodeUnavailable when Temporal cannot be
// reached.
func (s *Service) Nudge(ctx context.Context, ref boxoffice.BookingRef) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	attempt, err := s.taskAttempt(ctx, ref)
	switch {
	case err != nil:
	case attempt >= stuckAttempts:
		s.Logger.ErrorContext(ctx, "a run is stuck: its code fails each time; a new run takes its place", "booking", ref.BookingID, "attempt", attempt)
		options := runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		_, err = s.Temporal.ExecuteWorkflow(ctx, options, runs.Booking, ref)
	case attempt > 1:
	default:
		err = s.signalWithStart(ctx, ref, workflows.SignalSweep)
	}
	if err != nil {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The booking's run cannot be reached at this moment.")
	}
	return nil
}

// taskAttempt tells how often the workflow task that the booking's run waits for has been tried: 0 where none is waited
// for, or there is no run.
func (s *Service) taskAttempt(ctx context.Context, ref boxoffice.BookingRef) (int32, error) {
	run, err := s.Temporal.DescribeWorkflowExecution(ctx, workflows.BookingWorkflowID(ref.BookingID), "")
	if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
		return 0, nil
	}
	return run.GetPendingWorkflowTask().GetAttempt(), err
}

func (s *Service) signalWithStart(ctx context.Context, ref boxoffice.BookingRef, signal string) error {
	options := runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
	_, err := s.Temporal.SignalWithStartWorkflow(ctx, options.ID, signal, nil, options, runs.Booking, ref)
	return err
}
