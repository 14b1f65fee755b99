package workflows

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// CancelEventWorkflowID is the ID of the run that gives the bookings of an event back that was called off.
func CancelEventWorkflowID(eventID string) string { return "cancel-event-" + eventID }

// CallOffWorkflowID is the ID of the workflow that gives one of them back.
func CallOffWorkflowID(bookingID string) string { return "call-off-" + bookingID }

// The signals of the run, beside SignalSweep: they are for Temporal's UI, and are written to the audit log as of nobody. The API
// writes its rows itself and only wakes the run.
const (
	SignalPause    = "pause"
	SignalResume   = "resume"
	SignalThrottle = "throttle" // with a Throttle; one out of range is none
)

// Throttle is what SignalThrottle carries.
type Throttle struct {
	PerSecond int `json:"per_second"`
}

// QueryCallOffProgress answers with a boxoffice.RefundProgress, as it was counted last: at most half a minute ago where
// bookings are being given back.
const QueryCallOffProgress = "progress"

const (
	callOffWindow = 50  // bookings that are being given back at once
	callOffsInRun = 500 // after so many the run continues as a new one; it costs about seven events each
	countEvery    = 30  // pages, of a second each, from one count to the next
	shortestLook  = 5 * time.Second
	longestLook   = 10 * time.Minute
	followed      = time.Hour // how long a booking that is given back keeps its place in the window
)

// CallOff names an event that was called off, and how far its run has come: what continues as a new run goes on there.
type CallOff struct {
	EventID  string                   `json:"event_id"`
	After    string                   `json:"after,omitempty"` // the booking that was begun last in this pass; empty: the pass begins
	Progress boxoffice.RefundProgress `json:"progress"`
}

// callOffSteps names the activities. It stays nil: only its methods' names are used.
var callOffSteps *activities.CallOffs

// massWork is a short transaction, for which nobody waits.
func massWork() kind {
	return kind{queue: QueueBulk, try: 30 * time.Second, retry: backoff(time.Second, time.Minute)}
}

// callOffRun is the state of one run. What it knows is in the rows, but for who is under way.
type callOffRun struct {
	CallOff
	running map[string]bool // bookings whose children have not ended
	begun   int
	pages   int // since the last count
	pause   time.Duration
	wakes   workflow.ReceiveChannel
	steers  []workflow.ReceiveChannel
}

// CancelEvent gives every booking of an event back that was called off: CancelEventWorkflowID. It goes through the bookings in
// passes, so many a second, each by a child of its own; bookings that were given back are found no more. It ends when a count
// that was begun after the last sale can have been committed finds none that waits. A run that is lost is begun anew by the
// sweep, and goes on from the rows.
func CancelEvent(ctx workflow.Context, c CallOff) error {
	r := &callOffRun{CallOff: c, running: map[string]bool{}, pause: shortestLook, wakes: workflow.GetSignalChannel(ctx, SignalSweep)}
	for _, name := range []string{SignalPause, SignalResume, SignalThrottle} {
		r.steers = append(r.steers, workflow.GetSignalChannel(ctx, name))
	}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryCallOffProgress, func() (boxoffice.RefundProgress, error) { return r.Progress, nil },
		workflow.QueryHandlerOptions{Description: "How far the bookings are given back"}); err != nil {
		return err
	}
	for r.Progress.State != boxoffice.RefundsDone {
		if err := r.steered(ctx); err != nil {
			return err
		}
		if r.long(ctx) {
			return r.continueAsNew(ctx)
		}
		var page boxoffice.CallOffPage
		err := take(ctx, "Find bookings to give back", &page, callOffSteps.NextCallOffs, r.EventID, r.After)
		switch {
		case err != nil:
		case len(page.Bookings) > 0:
			err = r.giveBack(ctx, page)
		case r.After != "": // the end of a pass: the next one looks for what came in between
			r.After = ""
		default:
			err = r.countAndWait(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// long reports whether the history is long enough.
func (r *callOffRun) long(ctx workflow.Context) bool {
	return r.begun >= callOffsInRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// continueAsNew goes on with a short history once the children have ended: a new run would not hear of theirs. Signals that have
// come are acted on first, or they would be lost.
func (r *callOffRun) continueAsNew(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return len(r.running) == 0 }); err != nil {
		return err
	}
	if err := r.steered(ctx); err != nil {
		return err
	}
	for r.wakes.ReceiveAsync(nil) {
		continue // the new run looks anyway
	}
	return workflow.NewContinueAsNewError(ctx, CancelEvent, r.CallOff)
}

// giveBack begins what a second may bring, as far as the window allows, and waits for that second to pass.
func (r *callOffRun) giveBack(ctx workflow.Context, page boxoffice.CallOffPage) error {
	r.pause, r.Progress.PerSecond = shortestLook, page.PerSecond
	for _, booking := range page.Bookings {
		if err := workflow.Await(ctx, func() bool { return len(r.running) < callOffWindow }); err != nil {
			return err
		}
		r.After = booking
		if !r.running[booking] {
			r.begin(ctx, booking)
		}
	}
	if r.pages++; r.pages >= countEvery {
		if err := r.count(ctx); err != nil {
			return err
		}
	}
	return workflow.Sleep(ctx, time.Second)
}

// begin starts the child of a booking. One that an earlier run has started goes on by itself, and is found again where it
// comes to nothing: so how a child ends is only told to the log.
func (r *callOffRun) begin(ctx workflow.Context, bookingID string) {
	r.begun++
	r.running[bookingID] = true
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            CallOffWorkflowID(bookingID),
		TaskQueue:             QueueBulk,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Give a booking back: its event was called off",
		TypedSearchAttributes: temporal.NewSearchAttributes(AttributeBookingID.ValueSet(bookingID), AttributeEventID.ValueSet(r.EventID)),
	}), GiveBack, bookingID)
	workflow.Go(ctx, func(ctx workflow.Context) {
		if err := child.Get(ctx, nil); err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			workflow.GetLogger(ctx).Warn("a booking was not given back by its workflow", "booking", bookingID, "error", err)
		}
		delete(r.running, bookingID)
	})
}

// count counts anew, and ends the calling off where nothing waits.
func (r *callOffRun) count(ctx workflow.Context) error {
	r.pages, r.Progress = 0, boxoffice.RefundProgress{}
	err := take(ctx, "Count the bookings", &r.Progress, callOffSteps.FinishCallOff, r.EventID, r.pause)
	workflow.SetCurrentDetails(ctx, r.details())
	return err
}

// countAndWait is for a run that has nothing to begin: it is paused, or the last bookings take their time. It waits for a signal,
// and looks by itself ever more rarely.
func (r *callOffRun) countAndWait(ctx workflow.Context) error {
	before := r.Progress
	if err := r.count(ctx); err != nil || r.Progress.State == boxoffice.RefundsDone {
		return err
	}
	if r.Progress != before {
		r.pause = shortestLook
	}
	woken, stop := workflow.WithCancel(ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(woken, r.pause, workflow.TimerOptions{Summary: "Look again"})
	r.pause = min(2*r.pause, longestLook)
	selector := workflow.NewSelector(ctx)
	selector.AddFuture(timer, func(workflow.Future) {})
	for _, signal := range append(r.steers[:len(r.steers):len(r.steers)], r.wakes) {
		selector.AddReceive(signal, func(workflow.ReceiveChannel, bool) {}) // it stays there, for steered
	}
	selector.Select(ctx)
	for r.wakes.ReceiveAsync(nil) {
		r.pause = shortestLook
	}
	return ctx.Err()
}

// steered does what signals want, in the order pause, throttle, resume where several have come at once.
func (r *callOffRun) steered(ctx workflow.Context) error {
	yes, no := true, false
	pause, resume, throttle := r.steers[0], r.steers[1], r.steers[2]
	var wishes []boxoffice.RefundSteering
	for pause.ReceiveAsync(nil) {
		wishes = append(wishes, boxoffice.RefundSteering{Pause: &yes})
	}
	for to := (Throttle{}); throttle.ReceiveAsync(&to); to = (Throttle{}) {
		if to.PerSecond >= 1 && to.PerSecond <= boxoffice.MaxRefundRate {
			wishes = append(wishes, boxoffice.RefundSteering{PerSecond: &to.PerSecond})
		}
	}
	for resume.ReceiveAsync(nil) {
		wishes = append(wishes, boxoffice.RefundSteering{Pause: &no})
	}
	for _, wish := range wishes {
		if err := take(ctx, "Steer the refunds", nil, callOffSteps.SteerRefunds, r.EventID, wish); err != nil {
			return err
		}
	}
	return nil
}

// details says for support how far it is.
func (r *callOffRun) details() string {
	p := r.Progress
	text := fmt.Sprintf("The event was called off. Of **%d** bookings %d are refunded, %d were not paid, %d refunds failed, %d wait.",
		p.Total, p.Refunded, p.Released, p.Failed, p.Waiting)
	switch p.PausedReason {
	case boxoffice.PausedByBalance:
		text += "\n\nIt is **paused**: the balance at the payment provider does not suffice. Add money there, then resume."
	case boxoffice.PausedByHand:
		text += "\n\nIt is **paused** by hand."
	}
	return text
}

// GiveBack gives one booking of an event back that was called off: CallOffWorkflowID. The booking's own run does all that has to
// do with money; this one ends it, and follows it until there is nothing to wait for, or for an hour: a provider that is away,
// a bank that takes its time and a balance that does not suffice are the sweep's.
func GiveBack(ctx workflow.Context, bookingID string) (outcome boxoffice.CallOffOutcome, err error) {
	if err := take(ctx, "Give the booking back", nil, callOffSteps.GiveBack, bookingID); err != nil {
		return "", err
	}
	enough := workflow.Now(ctx).Add(followed)
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		if err := workflow.Sleep(ctx, pause); err != nil {
			return "", err
		}
		err := take(ctx, "Look how far it is", &outcome, callOffSteps.CallOffOutcome, bookingID)
		if err != nil || outcome != boxoffice.CallOffOpen || workflow.Now(ctx).After(enough) {
			return outcome, err
		}
	}
}

// take takes a step of mass work: as a local activity first, which costs one event; if that does not work within a moment, as a
// regular one, which is patient.
func take(ctx workflow.Context, summary string, answer, step any, args ...any) error {
	err := workflow.ExecuteLocalActivity(massWork().local(ctx, summary), step, args...).Get(ctx, answer)
	if err == nil || activities.IsFinal(err) || temporal.IsCanceledError(err) {
		return err
	}
	return workflow.ExecuteActivity(massWork().regular(ctx, summary), step, args...).Get(ctx, answer)
}
