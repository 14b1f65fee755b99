package workflows_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// revue is a calling off in Temporal's test environment: run after run, as each continues as the next.
type revue struct {
	*testing.T
	m     *matinee
	clock time.Time // when the next run begins
	runs  []runCost
	begin func(env *testsuite.TestWorkflowEnvironment) // of each run
	last  workflows.CallOff
}

// runCost is what a run puts into its history.
type runCost struct{ children, steps, timers int }

// events is how many events a run has at most: a child has three, a timer two, a step one, and each of them may bring a
// workflow task of three.
func (c runCost) events() int { return 6*c.children + 5*c.timers + 4*c.steps }

func newRevue(t *testing.T, bookings int) *revue {
	t.Helper()
	r := &revue{T: t, clock: time.Date(2099, 9, 18, 19, 0, 0, 0, time.UTC), begin: func(*testsuite.TestWorkflowEnvironment) {}}
	start := r.clock
	r.m = newMatinee(func() time.Time { return start }, bookings)
	r.last = workflows.CallOff{EventID: "e1"}
	return r
}

// once does one run, and reports whether the calling off is at its end.
func (r *revue) once() (done bool, failed error) {
	r.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(r.clock)
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflow(workflows.CancelEvent)
	env.RegisterWorkflow(workflows.GiveBack)
	env.RegisterActivity(r.m.steps())
	r.m.now = env.Now
	var cost runCost
	env.SetOnChildWorkflowStartedListener(func(*workflow.Info, workflow.Context, converter.EncodedValues) { cost.children++ })
	env.SetOnLocalActivityStartedListener(func(info *activity.Info, _ context.Context, _ []any) {
		if info.ActivityType.Name == "NextCallOffs" || info.ActivityType.Name == "FinishCallOff" {
			cost.steps++
			cost.timers++ // each of them is followed by one at most
		}
	})
	r.begin(env)
	env.ExecuteWorkflow(workflows.CancelEvent, r.last)
	require.True(r, env.IsWorkflowCompleted())
	r.runs, r.clock = append(r.runs, cost), env.Now()
	err := env.GetWorkflowError()
	var next *workflow.ContinueAsNewError
	if !errors.As(err, &next) {
		return err == nil, err
	}
	r.last = workflows.CallOff{}
	require.NoError(r, converter.GetDefaultDataConverter().FromPayloads(next.Input, &r.last))
	return false, nil
}

// play runs to the end.
func (r *revue) play() {
	r.Helper()
	for done := false; !done; {
		var err error
		done, err = r.once()
		require.NoError(r, err)
		require.Less(r, len(r.runs), 100, "it does not end")
	}
}

// requireOnce asserts that each booking came to its end, once.
func (r *revue) requireOnce() {
	r.Helper()
	require.True(r, r.m.finished)
	for _, s := range r.m.bookings {
		require.True(r, s.given, s.id)
		require.Equal(r, s.end, s.outcome, s.id)
		if s.end == boxoffice.CallOffRefunded {
			require.Equal(r, 1, s.refunds, s.id)
		}
	}
}

func TestCallOff_OK(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 20)
	for i, end := range []boxoffice.CallOffOutcome{boxoffice.CallOffReleased, boxoffice.CallOffFailed} {
		r.m.bookings[i].end = end
	}
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			answer, err := env.QueryWorkflow(workflows.QueryCallOffProgress)
			require.NoError(t, err)
			var p boxoffice.RefundProgress
			require.NoError(t, answer.Get(&p))
			require.Equal(t, []int{20, 18, 1, 1, 0}, []int{p.Total, p.Refunded, p.Released, p.Failed, p.Waiting})
		}, 6*time.Second) // counted after five, when a sale might still come
	}
	r.play()
	r.requireOnce()
	require.Len(t, r.runs, 1)
	for _, s := range r.m.bookings {
		require.Equal(t, 1, s.woken)
	}
}

// A sale that is committed after the first pass is found by a later one: it ends ten seconds after the calling off at the
// earliest.
func TestCallOff_FindsWhatIsSoldMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 3)
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			r.m.mu.Lock()
			defer r.m.mu.Unlock()
			late := &seat{id: "a00000", end: boxoffice.CallOffReleased, outcome: boxoffice.CallOffOpen} // before all others
			r.m.bookings = append([]*seat{late}, r.m.bookings...)
		}, 9*time.Second)
	}
	r.play()
	r.requireOnce()
	require.GreaterOrEqual(t, r.clock.Sub(r.m.off), 10*time.Second)
}

// 5,000 bookings at the fastest rate take several runs, none of which has a long history.
func TestCallOff_ContinuesAsNew(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 5000)
	for i, s := range r.m.bookings {
		if i%7 == 0 {
			s.end = boxoffice.CallOffReleased
		}
	}
	r.play()
	r.requireOnce()
	require.Greater(t, len(r.runs), 9)
	children := 0
	for _, cost := range r.runs {
		children += cost.children
		require.Less(t, cost.events(), 5000, "%+v", cost)
	}
	require.Equal(t, 5000, children, "no booking is begun twice")
	t.Logf("%d runs: %+v", len(r.runs), r.runs)
}

// So many a second, and never more than the window at once.
func TestCallOff_Throttled(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 100)
	r.m.rate = 5
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			r.m.mu.Lock()
			given := 0
			for _, s := range r.m.bookings {
				if s.given {
					given++
				}
			}
			r.m.mu.Unlock()
			require.LessOrEqual(t, given, 55, "after ten seconds")
			env.SignalWorkflow(workflows.SignalThrottle, workflows.Throttle{PerSecond: 0})
			env.SignalWorkflow(workflows.SignalThrottle, workflows.Throttle{PerSecond: 50})
		}, 10*time.Second)
	}
	r.play()
	r.requireOnce()
	require.Equal(t, 50, r.m.rate)
	require.Len(t, r.m.steered, 1, "what is out of range is no wish")
	require.Less(t, r.clock.Sub(r.m.off), 20*time.Second)
}

func TestCallOff_WindowIsFull(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 120)
	r.m.faults["GiveBack"] = first(1000, boxoffice.CodeUnavailable)
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			r.m.mu.Lock()
			defer r.m.mu.Unlock()
			for _, s := range r.m.bookings[50:] {
				require.False(t, s.given)
			}
		}, 20*time.Second)
	}
	r.play()
	r.requireOnce()
}

// Signals pause and resume; while it is paused nothing is begun, whatever comes.
func TestCallOff_PausedBySignal(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 60)
	r.m.rate = 2
	given := func() (n int) {
		r.m.mu.Lock()
		defer r.m.mu.Unlock()
		for _, s := range r.m.bookings {
			if s.given {
				n++
			}
		}
		return n
	}
	var before int
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.SignalPause, nil) }, 5*time.Second)
		env.RegisterDelayedCallback(func() { before = given() }, 8*time.Second)
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.SignalSweep, nil) }, time.Hour)
		env.RegisterDelayedCallback(func() {
			require.Equal(t, before, given())
			require.Positive(t, before)
			env.SignalWorkflow(workflows.SignalResume, nil)
		}, 2*time.Hour)
	}
	r.play()
	r.requireOnce()
	require.Less(t, r.m.counts, 40, "a pause of hours costs little")
}

// Where the provider's balance runs out it pauses by itself, and each refund is made once after it was resumed.
func TestCallOff_BalanceRunsOut(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 40)
	r.m.rate, r.m.money = 10, 15
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			r.m.mu.Lock()
			p := r.m.progress()
			r.m.money = 1000
			r.m.mu.Unlock()
			require.Equal(t, []any{boxoffice.RefundsPaused, boxoffice.PausedByBalance, 15, 25}, []any{p.State, p.PausedReason, p.Refunded, p.Waiting})
			env.SignalWorkflow(workflows.SignalResume, nil)
		}, time.Hour)
	}
	r.play()
	r.requireOnce()
}

// A refund that the bank takes days with keeps the calling off from its end, at little cost, but no other booking.
func TestCallOff_ABankTakesDays(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 3)
	r.m.bookings[1].end = boxoffice.CallOffAsked
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			r.m.mu.Lock()
			defer r.m.mu.Unlock()
			require.Equal(t, 1, r.m.progress().Waiting)
			r.m.bookings[1].end, r.m.bookings[1].outcome, r.m.bookings[1].refunds = boxoffice.CallOffRefunded, boxoffice.CallOffRefunded, 1
		}, 24*time.Hour)
	}
	r.play()
	r.requireOnce()
	require.Less(t, r.m.counts, 200)
}

// A run that was lost is begun anew, and goes on from the rows: what was given back is not begun again.
func TestCallOff_RunIsLost(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 30)
	r.m.rate = 5
	r.begin = func(env *testsuite.TestWorkflowEnvironment) {
		if len(r.runs) == 0 {
			env.RegisterDelayedCallback(env.CancelWorkflow, 3*time.Second)
		}
	}
	done, err := r.once()
	require.False(t, done)
	require.Error(t, err)
	r.play()
	r.requireOnce()
}

// Each step fails for a moment, at each of its calls, and the calling off goes on.
func TestCallOff_GoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for call, step := range map[string]string{
		"NextCallOffs": "NextCallOffs", "GiveBack": "GiveBack", "Nudge": "GiveBack", "CallOffOutcome": "CallOffOutcome",
		"FinishCallOff": "FinishCallOff", "SteerRefunds": "SteerRefunds",
	} {
		tried[step] = true
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			r := newRevue(t, 10)
			r.m.faults[call] = first(5, boxoffice.CodeUnavailable)
			r.begin = func(env *testsuite.TestWorkflowEnvironment) {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.SignalThrottle, workflows.Throttle{PerSecond: 3}) }, time.Second)
			}
			r.play()
			r.requireOnce()
			require.Greater(t, r.m.tries[call], 5)
		})
	}
	for method := range reflect.TypeFor[*activities.CallOffs]().Methods() {
		require.Contains(t, tried, method.Name)
	}
}

// A booking that cannot be given back keeps no other, and the run ends with no failure but its own.
func TestCallOff_OneBookingFailsForGood(t *testing.T) {
	t.Parallel()
	r := newRevue(t, 10)
	r.m.faults["CallOffOutcome"] = first(1, boxoffice.CodeNotFound)
	r.play()
	r.requireOnce()
}

func TestHistoryOfACallOff(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	l.matinee.mu.Lock()
	l.matinee.bookings[1].end = boxoffice.CallOffReleased
	l.matinee.mu.Unlock()
	id := workflows.CancelEventWorkflowID("e1")
	run, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: workflows.QueueBulk},
		workflows.CancelEvent, workflows.CallOff{EventID: "e1"})
	require.NoError(t, err)
	require.NoError(t, l.client.SignalWorkflow(ctx, id, "", workflows.SignalPause, nil))
	require.NoError(t, l.client.SignalWorkflow(ctx, id, "", workflows.SignalResume, nil))
	require.NoError(t, run.Get(ctx, nil))
	history := l.history(ctx, t, id)
	keep(t, "cancel-event", history)
	child := l.history(ctx, t, workflows.CallOffWorkflowID("b00000"))
	keep(t, "call-off", child)
	t.Logf("%d events, of each booking %d", len(history.Events), len(child.Events))
	require.LessOrEqual(t, len(child.Events), 12)
}
