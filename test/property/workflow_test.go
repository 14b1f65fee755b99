package property

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"pgregory.net/rapid"
)

// TestTheWorkflowBringsEveryStateToItsEnd lets things happen as TestEveryBookingComesToItsRightEnd does, and then gives
// every run to the workflow itself, in Temporal's test environment. Its time, which skips, moves everybody's clock.
func TestTheWorkflowBringsEveryStateToItsEnd(t *testing.T) {
	th := newTheatre(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t.Context(), rt, th, 3)
		defer w.close()
		w.open(rt)
		rt.Repeat(map[string]func(*rapid.T){"": func(*rapid.T) { w.check() }, "act": w.act})
		w.settle(w.playWorkflow)
	})
}

// playWorkflow runs the booking's workflow to its end, as a run that knows nothing but the rows: what the driver's run had
// seen is lost with it.
func (w *world) playWorkflow(r *run) {
	if !r.open {
		return
	}
	r.drop()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	begun := w.now()
	env.SetStartTime(begun)
	env.SetTestTimeout(20 * time.Second)
	bookings := &workflows.Bookings{IssuePatience: time.Minute}
	env.RegisterWorkflow(bookings.Booking)
	env.RegisterWorkflow(bookings.Mail)
	env.RegisterActivity(w.steps)
	env.OnUpsertTypedSearchAttributes(mock.Anything).Maybe().Return(nil)
	env.SetOnLocalActivityStartedListener(func(*activity.Info, context.Context, []any) { w.catchUp(env.Now()) })
	env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { w.catchUp(env.Now()) })
	env.ExecuteWorkflow(bookings.Booking, r.ref)
	require.True(w.tb, env.IsWorkflowCompleted())
	require.NoError(w.tb, env.GetWorkflowError())
	var status boxoffice.BookingStatus
	require.NoError(w.tb, env.GetWorkflowResult(&status))
	require.Equal(w.tb, w.rows().booking(r.ref.BookingID).Status, status, "the run and the rows must agree")
}

// catchUp brings everybody's clock to the environment's.
func (w *world) catchUp(to time.Time) {
	if ahead := to.Sub(w.now()); ahead > time.Second {
		w.pass(ahead)
	}
}
