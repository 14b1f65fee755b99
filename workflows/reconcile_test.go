package workflows_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
)

// ledger is a comparison in memory: each phase has two pages, of which the first has something to mend.
type ledger struct {
	mu     sync.Mutex
	taken  []string // phase and cursor of each step
	faults map[string]fault
	tries  map[string]int
}

func newLedger() *ledger { return &ledger{faults: map[string]fault{}, tries: map[string]int{}} }

func (l *ledger) steps() *activities.Reconciliation {
	return &activities.Reconciliation{Reconciler: l, Logger: slog.New(slog.DiscardHandler)}
}

var nextPhase = map[boxoffice.ReconcilePhase]boxoffice.ReconcilePhase{
	"": boxoffice.ReconcilePayments, boxoffice.ReconcilePayments: boxoffice.ReconcileRefunds, boxoffice.ReconcileRefunds: boxoffice.ReconcilePages,
	boxoffice.ReconcilePages: boxoffice.ReconcileUnseen, boxoffice.ReconcileUnseen: boxoffice.ReconcileReview, boxoffice.ReconcileReview: boxoffice.ReconcileEnd,
}

func (l *ledger) Advance(_ context.Context, pass boxoffice.ReconcilePass) (boxoffice.ReconcilePass, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	step := string(pass.Phase) + pass.Cursor
	l.tries[step]++
	if f := l.faults[step]; f != nil {
		if err := f(l.tries[step]); err != nil {
			return pass, err
		}
	}
	l.taken = append(l.taken, step)
	switch {
	case pass.Phase != "" && pass.Cursor == "":
		pass.Cursor = "+"
		pass.Repaired++
		pass.Repairs = append(pass.Repairs, boxoffice.ReconcileNote{Kind: boxoffice.FindingPayment, Object: "pi_" + string(pass.Phase)})
	default:
		pass.Phase, pass.Cursor = nextPhase[pass.Phase], ""
	}
	return pass, nil
}

// wholePass is every step of a pass.
var wholePass = []string{"", "payments", "payments+", "refunds", "refunds+", "pages", "pages+", "unseen", "unseen+", "review", "review+"}

// reconciled runs the workflow over a ledger, and gives the pass and the phases that activities took.
func reconciled(t *testing.T, l *ledger) (pass boxoffice.ReconcilePass, steps int) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(l.steps())
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.Attempt == 1 {
			steps++
		}
	})
	env.ExecuteWorkflow(workflows.Reconcile, boxoffice.ReconcilePass{})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&pass))
	progress, err := env.QueryWorkflow(workflows.QueryReconcileProgress)
	require.NoError(t, err)
	var told boxoffice.ReconcilePass
	require.NoError(t, progress.Get(&told))
	require.Equal(t, pass, told)
	return pass, steps
}

func TestReconcile_OK(t *testing.T) {
	t.Parallel()
	l := newLedger()
	pass, steps := reconciled(t, l)
	require.Equal(t, wholePass, l.taken)
	require.Equal(t, len(nextPhase), steps, "an activity a phase")
	require.Equal(t, boxoffice.ReconcileEnd, pass.Phase)
	require.Equal(t, []int{5, 5}, []int{pass.Repaired, len(pass.Repairs)})
}

// Whoever is away is waited for, for as long as it takes, and what was compared before is not compared again.
func TestReconcile_GoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	for _, step := range wholePass {
		for _, code := range []boxoffice.Code{boxoffice.CodeProviderUnknown, boxoffice.CodeUnavailable, boxoffice.CodeInternal} {
			t.Run(step+" "+string(code), func(t *testing.T) {
				t.Parallel()
				l := newLedger()
				l.faults[step] = first(5, code)
				pass, _ := reconciled(t, l)
				require.Equal(t, 5, pass.Repaired)
				require.Equal(t, wholePass, withoutTwins(l.taken))
			})
		}
	}
}

// withoutTwins drops what was taken again from the begin of a phase on: this environment keeps no heartbeats over retries.
func withoutTwins(taken []string) (steps []string) {
	seen := map[string]bool{}
	for _, step := range taken {
		if !seen[step] {
			seen[step] = true
			steps = append(steps, step)
		}
	}
	return steps
}

// A repeat goes on from the heartbeat of a worker that died.
func TestReconcile_GoesOnFromTheHeartbeat(t *testing.T) {
	t.Parallel()
	l := newLedger()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(l.steps())
	begun := boxoffice.ReconcilePass{Phase: boxoffice.ReconcileRefunds}
	env.SetHeartbeatDetails(boxoffice.ReconcilePass{Phase: boxoffice.ReconcileRefunds, Cursor: "+", Repaired: 7})
	value, err := env.ExecuteActivity(l.steps().Reconcile, begun)
	require.NoError(t, err)
	var pass boxoffice.ReconcilePass
	require.NoError(t, value.Get(&pass))
	require.Equal(t, []string{"refunds+"}, l.taken)
	require.Equal(t, boxoffice.ReconcilePass{Phase: boxoffice.ReconcilePages, Repaired: 7}, pass)
}

func TestHistoryOfAReconciliation(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	run, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.ReconcileID, TaskQueue: workflows.QueueBulk},
		workflows.Reconcile, boxoffice.ReconcilePass{})
	require.NoError(t, err)
	require.NoError(t, run.Get(ctx, nil))
	keep(t, "reconcile", l.history(ctx, t, workflows.ReconcileID))
}
