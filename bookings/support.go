package bookings

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// FindBookings finds bookings by what support knows of them.
func (s *Service) FindBookings(ctx context.Context, reader boxoffice.User, q boxoffice.BookingQuery) (boxoffice.FoundBookings, error) {
	return s.Support.FindBookings(ctx, reader, q)
}

// Case gives what the rows know of a booking, and what Temporal adds.
func (s *Service) Case(ctx context.Context, reader boxoffice.User, bookingID string) (boxoffice.SupportCase, error) {
	c, err := s.Support.SupportCase(ctx, reader, bookingID)
	if err != nil {
		return c, err
	}
	c.WaitsFor = plain(workflows.Standing(c.Situation, c.Situation.Next()))
	var story []boxoffice.StoryLine
	c.Run, story = s.askRun(ctx, bookingID)
	c.Story = append(c.Story, story...)
	boxoffice.SortStory(c.Story)
	return c, nil
}

// plain takes out what Temporal's UI shows as bold.
func plain(text string) string { return strings.ReplaceAll(text, "**", "") }

// ExtendHold moves the deadline of a hold.
func (s *Service) ExtendHold(ctx context.Context, act boxoffice.SupportAct, by time.Duration) (string, error) {
	return s.helped(ctx, act, fmt.Sprintf("The hold is up to %d minutes longer.", by/time.Minute), s.Support.SupportExtend(ctx, act, by))
}

// ReleaseHold lets go of a hold.
func (s *Service) ReleaseHold(ctx context.Context, act boxoffice.SupportAct) (string, error) {
	return s.helped(ctx, act, "The seats are let go: at once, or as soon as the payment page is closed.", s.Support.SupportRelease(ctx, act))
}

// CancelBooking lets go of a hold, or gives tickets of a sale back.
func (s *Service) CancelBooking(ctx context.Context, act boxoffice.SupportAct, terms boxoffice.SupportTerms) (string, error) {
	return s.helped(ctx, act, "The seats are let go. What was paid for them, and is not kept, goes back; the buyer is told by mail.", s.Support.SupportCancel(ctx, act, terms))
}

// QuoteCancel says what CancelBooking would come to.
func (s *Service) QuoteCancel(ctx context.Context, bookingID string, terms boxoffice.SupportTerms) (boxoffice.CancellationQuote, error) {
	return s.Support.QuoteSupportCancel(ctx, bookingID, terms)
}

// RefundGoodwill gives money back although the tickets stay.
func (s *Service) RefundGoodwill(ctx context.Context, act boxoffice.SupportAct, amountMinor int64) (string, error) {
	return s.helped(ctx, act, "The money goes back, and the tickets stay valid; the buyer is told by mail.", s.Support.SupportRefund(ctx, act, amountMinor))
}

// SettleRefund says what a refund that was made by hand was for.
func (s *Service) SettleRefund(ctx context.Context, act boxoffice.SupportAct, refund boxoffice.RefundRef, ticketIDs []string) (string, error) {
	done := "It was for nothing of the booking: the tickets stay valid."
	if len(ticketIDs) > 0 {
		done = "It was for these tickets: they are void, and their seats are free. No further money moves."
	}
	return s.helped(ctx, act, done, s.Support.SettleByHand(ctx, act, refund, ticketIDs))
}

// RetryRefund asks for a refund that failed once more.
func (s *Service) RetryRefund(ctx context.Context, act boxoffice.SupportAct, paymentID string) (string, error) {
	return s.helped(ctx, act, "The provider is asked once more for what is still owed.", s.Support.RetryRefund(ctx, act, paymentID))
}

// RefundedOtherwise notes that the money of a refund that failed was paid past the provider.
func (s *Service) RefundedOtherwise(ctx context.Context, act boxoffice.SupportAct, paymentID, reference string) (string, error) {
	return s.helped(ctx, act, "Nothing is owed any more; the buyer is told by mail how the money came.", s.Support.RefundedOtherwise(ctx, act, paymentID, reference))
}

// ResendTickets mails the tickets once more. The mail has a workflow of its own, as it has where its buyer asks.
func (s *Service) ResendTickets(ctx context.Context, act boxoffice.SupportAct, email string) (string, error) {
	const done = "The tickets are being mailed once more."
	emailID, err := s.Support.SupportResend(ctx, act, email)
	if err != nil || emailID == "" {
		return done, err
	}
	ref, err := s.Store.BookingRef(ctx, act.BookingID)
	if err != nil {
		s.Logger.WarnContext(ctx, "a mail was not started; the sweep sends it", "booking", act.BookingID, "error", err)
		return done, nil
	}
	s.startMail(ctx, ref, emailID)
	return done, nil
}

// helped wakes the run of a booking to which support did something. Where it is not told, the sweep finds what is left to do.
func (s *Service) helped(ctx context.Context, act boxoffice.SupportAct, done string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	ref, err := s.Store.BookingRef(ctx, act.BookingID)
	if err != nil {
		s.Logger.WarnContext(ctx, "a helped booking's run was not woken", "booking", act.BookingID, "error", err)
		return done, nil
	}
	s.wake(ctx, ref, workflows.SignalSweep)
	return done, nil
}

// RetryStep has the failing step tried at once, by the run's own update; a run that is lost is started, one that is stuck is
// replaced, and any other looks again. It is written down first, for no transaction reaches into Temporal; asked for again
// under its key, it is tried again and written down no second time.
func (s *Service) RetryStep(ctx context.Context, act boxoffice.SupportAct) (string, error) {
	ref, err := s.Store.BookingRef(ctx, act.BookingID)
	if err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	run, err := s.Temporal.DescribeWorkflowExecution(asking, workflows.BookingWorkflowID(ref.BookingID), "")
	if _, absent := errors.AsType[*serviceerror.NotFound](err); err != nil && !absent {
		return "", boxoffice.WrapError(boxoffice.CodeUnavailable, err, "Temporal does not answer at this moment, so nothing was tried again.")
	}
	failing := failingStep(run, nil)
	step := "look again"
	switch {
	case !isOpen(run):
		step = "start the run"
	case failing != nil:
		step = failing.Step
	}
	if err := s.Support.SupportRetry(ctx, act, step); err != nil {
		return "", err
	}
	if failing != nil {
		if done, err := s.updateRetry(asking, ref, act); err == nil {
			return done, nil
		}
		// The step has worked meanwhile, or it is one that the run does not wait for.
	}
	if err := s.Nudge(ctx, ref); err != nil {
		return "", err
	}
	if !isOpen(run) {
		return "A run was started, which looks at the booking and does what is left to do.", nil
	}
	return "No step waits to be tried again. The run looks at the booking once more, or is replaced if it is stuck.", nil
}

func isOpen(run *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return run.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// updateRetry asks the run to try its step at once. The act has its line in the audit log by then, under the key that it
// passes on.
func (s *Service) updateRetry(ctx context.Context, ref boxoffice.BookingRef, act boxoffice.SupportAct) (done string, err error) {
	update, err := s.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		UpdateID: act.Key, WorkflowID: workflows.BookingWorkflowID(ref.BookingID), UpdateName: workflows.UpdateRetry,
		Args:         []any{workflows.SupportRequest{Actor: act.Actor, Reason: act.Reason, Key: act.Key}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return "", err
	}
	return done, update.Get(ctx, &done)
}

// Tasks lists what only a person can decide.
func (s *Service) Tasks(ctx context.Context, q boxoffice.TaskQuery) (boxoffice.TaskPage, error) {
	return s.Support.SupportTasks(ctx, q)
}

// Task reads one task.
func (s *Service) Task(ctx context.Context, id string) (boxoffice.SupportTask, error) {
	return s.Support.SupportTask(ctx, id)
}

// CloseTask notes that somebody decided.
func (s *Service) CloseTask(ctx context.Context, act boxoffice.SupportAct, id string) (boxoffice.SupportTask, error) {
	return s.Support.CloseSupportTask(ctx, act, id)
}
