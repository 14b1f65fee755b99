package worker

import (
	"context"

	"github.com/boxoffice/boxoffice/internal/failpoint"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"
)

// PointBefore names the failpoint in front of an activity, PointAfter the one behind it: what the activity does is done
// and committed, and Temporal has not heard of it.
func PointBefore(activityName string) string { return "worker-" + activityName + "-before" }

// PointAfter is the twin of PointBefore.
func PointAfter(activityName string) string { return "worker-" + activityName + "-after" }

// PointStale names the failpoint of an activity that does not notice how late it is: it stands where PointBefore does, but
// goes on when the point is disarmed although its time is over, as a process may that is stopped between asking for the
// time and its first statement.
func PointStale(activityName string) string { return "worker-" + activityName + "-stale" }

// PointPoison names the point at which the code of a workflow panics: at its start, and at every signal.
func PointPoison(workflowID string) string { return "worker-poison-" + workflowID }

// edges stops the process at the edges of activities, local and regular, and lets workflows panic, where a test wants that.
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
	if stale := PointStale(name); e.points.Armed(stale) {
		ctx = context.WithoutCancel(ctx)
		if err := e.points.Reach(ctx, stale); err != nil {
			return nil, err
		}
	}
	if err := e.points.Reach(ctx, PointBefore(name)); err != nil {
		return nil, err
	}
	result, err := e.Next.ExecuteActivity(ctx, in)
	if reachErr := e.points.Reach(ctx, PointAfter(name)); reachErr != nil {
		return nil, reachErr
	}
	return result, err
}

// InterceptWorkflow is called by the SDK for each workflow that is run or replayed.
func (e *edges) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &poison{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, points: e.points}
}

type poison struct {
	interceptor.WorkflowInboundInterceptorBase
	points *failpoint.Points
}

// ExecuteWorkflow runs the workflow, unless it is poisoned.
func (p *poison) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	p.act(ctx)
	return p.Next.ExecuteWorkflow(ctx, in)
}

// HandleSignal gives the workflow a signal, unless it is poisoned.
func (p *poison) HandleSignal(ctx workflow.Context, in *interceptor.HandleSignalInput) error {
	p.act(ctx)
	return p.Next.HandleSignal(ctx, in)
}

func (p *poison) act(ctx workflow.Context) {
	if id := workflow.GetInfo(ctx).WorkflowExecution.ID; p.points.Armed(PointPoison(id)) {
		panic(id + " is poisoned")
	}
}

// interceptors gives those of a worker: none in a deployed program, which has no failpoints.
func (o Options) interceptors() []interceptor.WorkerInterceptor {
	if o.Failpoints == nil {
		return nil
	}
	return []interceptor.WorkerInterceptor{&edges{points: o.Failpoints}}
}
