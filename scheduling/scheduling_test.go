package scheduling_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	devtemporal "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/scheduling"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// The schedule is made once and brought up to date by whoever comes later; that an operator paused it is left as it is.
func TestEnsure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := devtemporal.Start(ctx, devtemporal.Options{SearchAttributes: workflows.SearchAttributeTypes()})
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		require.NoError(t, server.Wait())
	})
	temporal, err := client.Dial(client.Options{HostPort: server.Address, Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	handle := temporal.ScheduleClient().GetHandle(ctx, workflows.ReconcileID)

	for _, every := range []time.Duration{time.Hour, time.Hour, 2 * time.Hour} {
		require.NoError(t, scheduling.New(temporal, every).Ensure(ctx))
		made, err := handle.Describe(ctx)
		require.NoError(t, err)
		require.Equal(t, every, made.Schedule.Spec.Intervals[0].Every)
		require.Len(t, made.Schedule.Spec.Intervals, 1)
		require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, made.Schedule.Policy.Overlap)
		require.Equal(t, every, made.Schedule.Policy.CatchupWindow)
		action, ok := made.Schedule.Action.(*client.ScheduleWorkflowAction)
		require.True(t, ok)
		require.Equal(t, []any{"Reconcile", workflows.QueueBulk}, []any{action.Workflow, action.TaskQueue})
		if every == time.Hour {
			require.NoError(t, handle.Pause(ctx, client.SchedulePauseOptions{Note: "Stripe is being moved"}))
		}
		made, err = handle.Describe(ctx)
		require.NoError(t, err)
		require.True(t, made.Schedule.State.Paused)
	}
}

func TestEnsure_ErrAway(t *testing.T) {
	t.Parallel()
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(scheduling.New(temporal, time.Hour).Ensure(ctx)))
}
