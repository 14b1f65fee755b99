package bookings_test

import (
	"context"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// callOffs is a store of events that were called off, whose answer a test decides.
type callOffs struct {
	boxoffice.CancellationStore
	answer boxoffice.EventCancellation
	err    error
}

func (c callOffs) CallOff(context.Context, boxoffice.By, boxoffice.CallOffRequest) (boxoffice.EventCancellation, error) {
	return c.answer, c.err
}

func (c callOffs) SteerRefunds(context.Context, boxoffice.Overseer, string, boxoffice.RefundSteering) (boxoffice.EventCancellation, error) {
	return c.answer, c.err
}

// The run of an event that was called off is started, and woken by whoever steers it; where nothing is left, it is not.
func TestCallOff_StartsItsRun(t *testing.T) {
	t.Parallel()
	refused := boxoffice.Errorf(boxoffice.CodeEventState, "It is over.")
	for name, c := range map[string]struct {
		state boxoffice.RefundsState
		err   error
		wakes int
	}{
		"running": {boxoffice.RefundsRunning, nil, 2}, "paused": {boxoffice.RefundsPaused, nil, 2}, "done": {boxoffice.RefundsDone, nil, 0},
		"refused": {boxoffice.RefundsRunning, refused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.service.CallOffs = callOffs{boxoffice.CancellationStore(nil), boxoffice.EventCancellation{EventID: "e1", Progress: boxoffice.RefundProgress{State: c.state}}, c.err}
			b.temporal.On("DescribeWorkflowExecution", mock.Anything, "cancel-event-e1", "").Return(nil, serviceerror.NewNotFound("none")).Maybe()
			b.temporal.On("SignalWithStartWorkflow", mock.Anything, "cancel-event-e1", workflows.SignalSweep, nil,
				mock.MatchedBy(func(o client.StartWorkflowOptions) bool { return o.TaskQueue == workflows.QueueBulk }),
				mock.Anything, workflows.CallOff{EventID: "e1"}).Return(nil, nil).Maybe()
			_, err := b.service.CallOff(t.Context(), boxoffice.By{}, boxoffice.CallOffRequest{})
			require.Equal(t, boxoffice.CodeOf(c.err), boxoffice.CodeOf(err))
			_, err = b.service.SteerRefunds(t.Context(), boxoffice.Overseer{}, "e1", boxoffice.RefundSteering{})
			require.Equal(t, boxoffice.CodeOf(c.err), boxoffice.CodeOf(err))
			require.NoError(t, b.service.Drain())
			b.temporal.AssertNumberOfCalls(t, "SignalWithStartWorkflow", c.wakes)
		})
	}
}
