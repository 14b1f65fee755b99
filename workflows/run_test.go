package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The times of a booking in these tests; the environment skips them.
const (
	hold            = 8 * time.Minute
	checkoutMinimum = 10 * time.Minute
	issuePatience   = time.Minute
)

// run is one booking with its run in Temporal's test environment, and what was seen of it.
type run struct {
	*testsuite.TestWorkflowEnvironment
	t      *testing.T
	w      *workflows.Bookings
	b      *booking
	start  time.Time
	alone  *activities.Act // where a mail's own workflow is run, and not a booking's: what for
	taking sync.Mutex
	trail                            // of the booking's run
	mail   trail                     // of the mails' own runs
	shown  []boxoffice.BookingStatus // search attribute upserts
	mailed []string                  // child workflows

	metrics *metrics.Metrics
}

// trail are activities in the order of their tries, "regular" where they were not local, with the number of tries.
type trail struct {
	steps []string
	last  string
	tries int
}

// newRun holds seats and prepares the run that makes the best of it.
func newRun(t *testing.T) *run {
	t.Helper()
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	counted, err := metrics.New(prometheus.NewRegistry())
	require.NoError(t, err)
	handler, err := counted.TemporalHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	suite.SetMetricsHandler(handler)
	env := suite.NewTestWorkflowEnvironment()
	// The environment takes its own clock for the deadline of a local activity's repeats, and the machine's for whether
	// that has passed: on a day before today each repeat would be late before it began.
	r := &run{TestWorkflowEnvironment: env, t: t, start: time.Date(2099, 9, 18, 19, 0, 0, 0, time.UTC), metrics: counted}
	env.SetStartTime(r.start)
	env.SetTestTimeout(20 * time.Second)
	rows := newRows(env.Now)
	r.b = rows.book("b1", hold)
	r.w = &workflows.Bookings{IssuePatience: issuePatience}
	env.RegisterWorkflow(r.w.Booking)
	env.RegisterWorkflow(r.w.Mail)
	env.RegisterActivity(stepsOver(rows))
	env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&witness{run: r}},
		DeadlockDetectionTimeout: 10 * time.Second, // on a busy machine a second may pass between two instructions
	})
	env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		r.mailed = append(r.mailed, info.WorkflowExecution.ID)
	})
	env.OnUpsertTypedSearchAttributes(mock.Anything).Maybe().Return(nil).Run(func(args mock.Arguments) {
		status, ok := args.Get(0).(temporal.SearchAttributes).GetKeyword(workflows.AttributeBookingStatus)
		require.True(t, ok)
		r.shown = append(r.shown, boxoffice.BookingStatus(status))
	})
	return r
}

// witness keeps every try of an activity as it begins. The environment's own listeners hear of tries late, and on a busy
// machine in another order.
type witness struct {
	interceptor.WorkerInterceptorBase
	run *run
}

func (w *witness) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &witnessed{interceptor.ActivityInboundInterceptorBase{Next: next}, w.run}
}

type witnessed struct {
	interceptor.ActivityInboundInterceptorBase
	run *run
}

func (w *witnessed) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	step := info.ActivityType.Name
	if !info.IsLocalActivity {
		step += " regular"
	}
	w.run.took(info.WorkflowType.Name, step)
	return w.Next.ExecuteActivity(ctx, in)
}

// took keeps a try of a step; tries that follow each other are one entry.
func (r *run) took(workflow, step string) {
	r.taking.Lock()
	defer r.taking.Unlock()
	l := &r.trail
	if workflow == "Mail" {
		l = &r.mail
	}
	if step == l.last {
		l.tries++
		l.steps[len(l.steps)-1] = fmt.Sprintf("%s ×%d", step, l.tries)
		return
	}
	l.last, l.tries = step, 1
	l.steps = append(l.steps, step)
}

// after does something at a time of the run.
func (r *run) after(d time.Duration, do func()) { r.RegisterDelayedCallback(do, d) }

// nudge is a signal, as the API sends it.
func (r *run) nudge(signal string) { r.SignalWorkflow(signal, nil) }

// play runs the booking, or the mail alone, and gives the code that the run fails with; "" if it does not.
func (r *run) play() boxoffice.Code {
	r.t.Helper()
	if r.alone != nil {
		r.ExecuteWorkflow(r.w.Mail, *r.alone)
	} else {
		r.ExecuteWorkflow(r.w.Booking, r.b.ref)
	}
	require.True(r.t, r.IsWorkflowCompleted())
	return activities.CodeOf(r.GetWorkflowError())
}

// end runs the booking and gives the status that it returns. Nothing may be left to do then.
func (r *run) end() boxoffice.BookingStatus {
	r.t.Helper()
	require.Empty(r.t, r.play(), "%v", r.GetWorkflowError())
	var status boxoffice.BookingStatus
	require.NoError(r.t, r.GetWorkflowResult(&status))
	seen := r.b.seen()
	require.Equal(r.t, seen.Status, status, "the run and the rows must agree")
	require.Equal(r.t, boxoffice.StepEnd, seen.Next(), "the run ended although something was left to do")
	return status
}

// duration is how long the run took, by the clock that skips.
func (r *run) duration() time.Duration { return r.Now().Sub(r.start) }

// status asks the status query.
func (r *run) status() workflows.Status {
	r.t.Helper()
	var s workflows.Status
	answer, err := r.QueryWorkflow("status")
	require.NoError(r.t, err)
	require.NoError(r.t, answer.Get(&s))
	return s
}

// timeline asks the timeline query and gives what it says, without the times.
func (r *run) timeline() []string {
	r.t.Helper()
	var lines []workflows.Line
	answer, err := r.QueryWorkflow("timeline")
	require.NoError(r.t, err)
	require.NoError(r.t, answer.Get(&lines))
	said := make([]string, len(lines))
	for i, line := range lines {
		require.False(r.t, line.At.Before(r.start), "a line before the run began")
		said[i] = line.What
	}
	return said
}

// details gives the current details, which staff read at the head of the run's page.
func (r *run) details() string {
	r.t.Helper()
	var metadata sdkpb.WorkflowMetadata
	answer, err := r.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(r.t, err)
	require.NoError(r.t, answer.Get(&metadata))
	return metadata.CurrentDetails
}
