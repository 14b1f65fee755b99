// Package scheduling sees to it that Temporal starts what is due again and again: the comparison of the payment provider's
// record with ours. Temporal's client is its one dependency.
package scheduling

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// patience bounds a call to Temporal.
const patience = 10 * time.Second

// Service makes the schedules.
type Service struct {
	temporal client.Client
	every    time.Duration // between two reconciliations
}

var _ boxoffice.Scheduler = (*Service)(nil)

// New makes a service over a client of Temporal, whose reconciliations are so far apart.
func New(temporal client.Client, reconcileEvery time.Duration) *Service {
	return &Service{temporal: temporal, every: reconcileEvery}
}

// Ensure makes the schedule, or brings the one that there is up to date. Whether an operator paused it stays as it is.
func (s *Service) Ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	schedules := s.temporal.ScheduleClient()
	spec, action, policy := s.reconciliation()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: workflows.ReconcileID, Spec: spec, Action: action, Overlap: policy.Overlap, CatchupWindow: policy.CatchupWindow,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = schedules.GetHandle(ctx, workflows.ReconcileID).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(now client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				changed := now.Description.Schedule
				changed.Spec, changed.Action, changed.Policy = &spec, action, &policy
				return &client.ScheduleUpdate{Schedule: &changed}, nil
			},
		})
	}
	if err != nil {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The schedule of the reconciliation cannot be made at this moment.")
	}
	return nil
}

// reconciliation is when a pass is due, and how it is started. One that is still at work is left alone, and of those that
// Temporal missed only the last is made up for: each pass goes on where the last one ended.
func (s *Service) reconciliation() (client.ScheduleSpec, *client.ScheduleWorkflowAction, client.SchedulePolicies) {
	return client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.every}}},
		&client.ScheduleWorkflowAction{
			ID: workflows.ReconcileID, Workflow: workflows.Reconcile, Args: []any{boxoffice.ReconcilePass{}}, TaskQueue: workflows.QueueBulk,
			StaticSummary: "Compare the payment provider's record with ours",
		},
		client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: max(s.every, time.Minute)}
}
