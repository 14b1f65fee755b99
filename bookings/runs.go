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

const (
	// startPatience bounds a start in the background, and with it how long a shutdown waits for it.
	startPatience = 10 * time.Second
	// wakePatience bounds a signal in a request or a webhook: what it would say is in the rows already.
	wakePatience = 2 * time.Second
)

// runs names the workflows. It stays nil: only its methods' names are used.
var runs *workflows.Bookings

// runOptions are those of every start. Its ID is the booking's, so a booking has one open run at most.
func runOptions(ref boxoffice.BookingRef, reuse enumspb.WorkflowIdReusePolicy) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                    workflows.BookingWorkflowID(ref.BookingID),
		TaskQueue:             workflows.QueueBooking,
		WorkflowIDReusePolicy: reuse,
		StaticSummary:         ref.Summary,
		TypedSearchAttributes: workflows.SearchAttributes(ref),

		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
}

// startInBackground starts the run of a new booking without the buyer waiting for it. A start that fails, or that would
// be one too many, is the sweep's.
func (s *Service) startInBackground(ctx context.Context, ref boxoffice.BookingRef) {
	ctx = context.WithoutCancel(ctx)
	started := s.starts.TryGo(func() error {
		ctx, cancel := context.WithTimeout(ctx, startPatience)
		defer cancel()
		if err := s.start(ctx, ref); err != nil {
			s.Logger.WarnContext(ctx, "a run was not started; the sweep will", "booking", ref.BookingID, "error", err)
		}
		return nil
	})
	if !started {
		s.Logger.WarnContext(ctx, "too many starts at once; the sweep starts the run", "booking", ref.BookingID)
	}
}

// start starts the first run of a booking; one that ran before, or is running, is no error.
func (s *Service) start(ctx context.Context, ref boxoffice.BookingRef) error {
	options := runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
	_, err := s.Temporal.ExecuteWorkflow(ctx, options, runs.Booking, ref)
	if _, ran := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ran {
		return nil
	}
	return err
}

// Nudge starts the run of a booking or wakes it: for the sweep. CodeUnavailable when Temporal cannot be reached.
func (s *Service) Nudge(ctx context.Context, ref boxoffice.BookingRef) error {
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	return s.signalWithStart(ctx, ref, workflows.SignalSweep)
}

// wake is Nudge where the caller must not wait and the sweep is there if it fails.
func (s *Service) wake(ctx context.Context, ref boxoffice.BookingRef, signal string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wakePatience)
	defer cancel()
	if err := s.signalWithStart(ctx, ref, signal); err != nil {
		s.Logger.WarnContext(ctx, "a run was not woken; the sweep will", "booking", ref.BookingID, "signal", signal, "error", err)
	}
}

// wakeRunning tells a run that its booking is at its end. Where none runs, none is needed.
func (s *Service) wakeRunning(ctx context.Context, ref boxoffice.BookingRef) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wakePatience)
	defer cancel()
	err := s.Temporal.SignalWorkflow(ctx, workflows.BookingWorkflowID(ref.BookingID), "", workflows.SignalCancel, nil)
	if _, absent := errors.AsType[*serviceerror.NotFound](err); err != nil && !absent {
		s.Logger.WarnContext(ctx, "a run was not told to end; it will at its deadline", "booking", ref.BookingID, "error", err)
	}
}

func (s *Service) signalWithStart(ctx context.Context, ref boxoffice.BookingRef, signal string) error {
	options := runOptions(ref, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
	_, err := s.Temporal.SignalWithStartWorkflow(ctx, options.ID, signal, nil, options, runs.Booking, ref)
	if err != nil {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The booking's run cannot be reached at this moment.")
	}
	return nil
}
