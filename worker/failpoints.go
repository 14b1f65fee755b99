package worker

import (
	"context"

	"github.com/boxoffice/boxoffice/internal/failpoint"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// PointBefore names the failpoint in front of an activity, PointAfter the one behind it: what the activity does is done
// and committed, and Temporal has not heard of it.
func PointBefore(activityName string) string { return "worker-" + activityName + "-before" }

// PointAfter is the twin of PointBefore.
func PointAfter(activityName string) string { return "worker-" + activityName + "-after" }

// edges stops the process at the edges of activities, local and regular, where a test wants that.
type edges struct {
	interceptor.WorkerInterceptorBase
	points *failpoint.Points
}

// InterceptActivity is called by the SDK for each activity that is run.
func (e *edges) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &edge{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, points: e.points}
}

type edge struct {
	interceptor.ActivityInboundInterceptorBase
	points *failpoint.Points
}

// ExecuteActivity runs the activity between its two failpoints.
func (e *edge) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	name := activity.GetInfo(ctx).ActivityType.Name
	if err := e.points.Reach(ctx, PointBefore(name)); err != nil {
		return nil, err
	}
	result, err := e.Next.ExecuteActivity(ctx, in)
	if reachErr := e.points.Reach(ctx, PointAfter(name)); reachErr != nil {
		return nil, reachErr
	}
	return result, err
}

// interceptors gives those of a worker: none in a deployed program, which has no failpoints.
func (o Options) interceptors() []interceptor.WorkerInterceptor {
	if o.Failpoints == nil {
		return nil
	}
	return []interceptor.WorkerInterceptor{&edges{points: o.Failpoints}}
}
