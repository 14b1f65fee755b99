package bookings

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// QuoteCallOff says what CallOff would come to.
func (s *Service) QuoteCallOff(ctx context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.CallOffQuote, error) {
	return s.CallOffs.QuoteCallOff(ctx, by, req)
}

// CallOff ends the sale in one transaction. The run that gives the bookings back is started once the organizer has the answer.
func (s *Service) CallOff(ctx context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.EventCancellation, error) {
	c, err := s.CallOffs.CallOff(ctx, by, req)
	if err != nil {
		return c, err
	}
	if err := s.Failpoints.Reach(ctx, PointOffNotStarted); err != nil {
		return c, err
	}
	s.wakeCallOff(ctx, c)
	return c, nil
}

// EventCancellation tells how far the refunds of an event are.
func (s *Service) EventCancellation(ctx context.Context, who boxoffice.Overseer, eventID string) (boxoffice.EventCancellation, error) {
	return s.CallOffs.EventCancellation(ctx, who, eventID)
}

// SteerRefunds writes down what is wanted, and wakes the run.
func (s *Service) SteerRefunds(
	ctx context.Context, who boxoffice.Overseer, eventID string, to boxoffice.RefundSteering,
) (boxoffice.EventCancellation, error) {
	c, err := s.CallOffs.SteerRefunds(ctx, who, eventID, to)
	if err == nil {
		s.wakeCallOff(ctx, c)
	}
	return c, err
}

func (s *Service) wakeCallOff(ctx context.Context, c boxoffice.EventCancellation) {
	if c.Progress.State == boxoffice.RefundsDone {
		return
	}
	s.inBackground(ctx, "event", c.EventID, func(ctx context.Context) error { return s.RunCallOff(ctx, c.EventID) })
}

// RunCallOff starts the run of an event that was called off, or wakes the one that there is. CodeUnavailable when Temporal
// cannot be reached.
func (s *Service) RunCallOff(ctx context.Context, eventID string) error {
	options := client.StartWorkflowOptions{
		ID: workflows.CancelEventWorkflowID(eventID), TaskQueue: workflows.QueueBulk,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Give the bookings back of an event that was called off",
		TypedSearchAttributes: temporal.NewSearchAttributes(workflows.AttributeEventID.ValueSet(eventID)),
	}
	_, err := s.nudge(ctx, options, workflows.CancelEvent, workflows.CallOff{EventID: eventID}, noTask)
	return err
}
