package property

import (
	"context"
	"log/slog"
	"strings"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
)

// run is the run of a booking, played as workflows/booking.go does it: Situation.Next names the step, the real activity
// takes it. Unlike in Temporal's test environment it can be lost, stalled or doubled between any two calls of a step.
// TestTheWorkflowBringsEveryStateToItsEnd keeps this copy honest: there the workflow itself plays.
type run struct {
	ref       boxoffice.BookingRef
	open      bool
	ever      bool // Temporal remembers a run of this ID
	signalled bool
	now       situation

	known   bool   // the first step was taken
	undo    string // the compensation that a failed step asks for, with its reason
	handing bool   // the mail could not be sent and is to be handed over
	act     *task  // the step under way
	step    boxoffice.Step
	result  situation
}

func (r *run) workflowID() string { return workflows.BookingWorkflowID(r.ref.BookingID) }

func (r *run) begin() { *r = run{ref: r.ref, open: true, ever: true} }

// drop ends the run; its step under way goes with it, unless somebody took it as a ghost before.
func (r *run) drop() {
	if r.act != nil {
		r.act.kill()
	}
	*r = run{ref: r.ref, ever: r.ever}
}

// plan names the next activity and what it is called with; nil where the run waits or has closed.
func (r *run) plan(w *world) (activity, arg any) {
	a, act := w.steps, activities.Act{BookingID: r.ref.BookingID, Epoch: r.now.Epoch}
	if !r.known {
		return a.HoldSeats, r.ref.BookingID
	}
	if r.now.Next() == boxoffice.StepWait && !r.signalled && !w.now().Before(r.now.Deadline) {
		r.now.Remaining = 0 // the timer
	}
	r.step = r.now.Next()
	switch {
	case r.undo != "":
		act.Reason = r.undo
		return a.Compensate, act
	case r.handing:
		act.EmailID = r.now.MailDue
		return a.HandOverMail, act
	case r.step == boxoffice.StepWait || r.step == boxoffice.StepEnd:
		if r.signalled {
			r.signalled = false
			return a.Look, act
		}
		if r.step == boxoffice.StepEnd {
			r.drop()
		}
		return nil, nil
	}
	return r.planStep(a, act)
}

func (r *run) planStep(a *activities.Activities, act activities.Act) (activity, arg any) {
	switch r.step {
	case boxoffice.StepConfirm:
		act.PaymentID = r.now.Unsettled
		return a.ConfirmSeats, act
	case boxoffice.StepSellLate:
		act.PaymentID = r.now.Unsettled
		return a.SellLate, act
	case boxoffice.StepIssue:
		return a.IssueTickets, act
	case boxoffice.StepSendMail:
		act.EmailID = r.now.MailDue
		return a.SendTickets, act
	case boxoffice.StepCloseCheckout:
		return a.CloseCheckout, act
	case boxoffice.StepCompensate:
		act.Reason = "Your booking was cancelled while your payment was under way."
		return a.Compensate, act
	case boxoffice.StepRequestRefund:
		act.PaymentID = r.now.Unsettled
		return a.RequestRefund, act
	case boxoffice.StepSendRefund:
		act.PaymentID, act.RefundN = r.now.OpenRefund.PaymentID, r.now.OpenRefund.N
		return a.SendRefund, act
	case boxoffice.StepFinishRefund:
		return a.FinishRefund, act
	case boxoffice.StepWait, boxoffice.StepEnd:
	}
	return nil, nil
}

// advance begins the next step if none is under way. It reports whether there is one now.
func (r *run) advance(w *world) bool {
	if r.act != nil || !r.open {
		return r.act != nil
	}
	activity, arg := r.plan(w)
	if activity == nil {
		return false
	}
	r.act = w.activity(r.ref.BookingID, activity, arg, func(s situation) { r.result = s })
	return true
}

// ready reports whether the run has something to do.
func (r *run) ready(w *world) bool {
	if !r.open || r.act != nil || !r.known || r.undo != "" || r.handing || r.signalled {
		return r.open
	}
	return r.now.Next() != boxoffice.StepWait || !w.now().Before(r.now.Deadline)
}

// wake starts the booking's run, as the sweep does, or nudges it.
func (w *world) wake(b booking) *run {
	r := w.runOf(boxoffice.BookingRef{BookingID: b.ID})
	if !r.open {
		r.begin()
	}
	r.signalled = true
	return r
}

// before lets a run take its steps until it stands before a call.
func (w *world) before(r *run, call string) *task {
	for range mostSteps {
		require.True(w.tb, r.advance(w), "the run never came to %s", call)
		for k := r.act; ; k.step(goOn) {
			if strings.HasPrefix(k.at, call) {
				return k
			}
			if k.ended() {
				break
			}
		}
		r.settle(w)
	}
	require.Fail(w.tb, "the run never came to "+call)
	return nil
}

// settle takes the answer of a step that ended, as the workflow does.
func (r *run) settle(w *world) {
	k := r.act
	r.act = nil
	code := activities.CodeOf(k.err)
	switch {
	case k.dead: // the worker died: the step is repeated
	case k.err == nil:
		w.seen[string(r.now.Status)+" "+string(r.step)+" → "+string(r.result.Status)]++
		r.now, r.known, r.undo, r.handing = r.result, true, "", false
	case code == boxoffice.CodeFenced:
		r.known, r.undo, r.handing = false, "", false
	case r.known && r.step == boxoffice.StepConfirm && code == boxoffice.CodeSeatsLost:
		r.undo = activities.MessageOf(k.err)
	case r.known && r.undo == "" && r.step == boxoffice.StepIssue && activities.IsFinal(k.err):
		r.undo = "Your tickets could not be made."
	case r.known && r.step == boxoffice.StepSendMail && !r.handing:
		r.handing = true
		w.mails[r.now.MailDue] = activities.Act{BookingID: r.ref.BookingID, EmailID: r.now.MailDue}
	case activities.IsFinal(k.err):
		w.tb.Logf("%s at %s: %v", k.name, r.step, k.err)
		w.tb.Fatalf("a run fails for good")
	}
}

// activity begins a real activity as a task.
func (w *world) activity(booking string, activity, arg any, result func(situation)) *task {
	return begin(w.ctx, "activity of "+w.name(booking), func(ctx context.Context) error {
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
		env.RegisterActivity(w.steps)
		value, err := env.ExecuteActivity(activity, arg)
		// Between the last commit and the server's knowing of it, the worker can still die.
		if k := taskOf(ctx); k.stop("temporal report") != goOn {
			k.dead = true
			return errDead
		}
		if err != nil || !value.HasValue() {
			return err
		}
		var s situation
		if err := value.Get(&s); err != nil {
			return err
		}
		result(s)
		return nil
	})
}
