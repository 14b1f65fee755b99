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

// bookingRun is the state of one run: what it saw last, and what it waits with.
type bookingRun struct {
	ref           boxoffice.BookingRef
	issuePatience time.Duration
	now           boxoffice.Situation
	shown         boxoffice.BookingStatus // as the search attribute says
	signals       []workflow.ReceiveChannel
	timer         workflow.Future
	timerAt       time.Time
	refund        workflow.Future     // a refund that is asked for beside the wait; nil if none is
	refundOf      boxoffice.RefundRef // the one that refund is or was about
	story         []Line
	lastStep      boxoffice.Step
	before        boxoffice.Situation // what lastStep was decided on
	repeats       int
	helped        workflow.Channel // support did something to the rows
	retries       workflow.Channel // support wants the failing step tried at once
	failing       string           // the step that is being tried again and again; empty if none is
}

// Line is one line of the timeline query: what a run did, and when, by Temporal's clock.
type Line struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Status is the answer of the status query. Before the run has looked for the first time, all but Booking is zero.
type Status struct {
	Booking  boxoffice.BookingStatus `json:"booking"`
	Next     boxoffice.Step          `json:"next"`
	Deadline time.Time               `json:"deadline"`
	Epoch    int64                   `json:"epoch"`
}

// newBookingRun registers the queries before anything else is done, so that a run that cannot proceed can be read.
func newBookingRun(ctx workflow.Context, ref boxoffice.BookingRef, patience time.Duration) (*bookingRun, error) {
	r := &bookingRun{ref: ref, issuePatience: patience, shown: ref.Status, now: boxoffice.Situation{Status: ref.Status}}
	for _, name := range []string{SignalPayment, SignalCancel, SignalSweep} {
		r.signals = append(r.signals, workflow.GetSignalChannel(ctx, name))
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, "status", func() (Status, error) {
		return Status{Booking: r.now.Status, Next: r.ahead(), Deadline: r.now.Deadline, Epoch: r.now.Epoch}, nil
	}, workflow.QueryHandlerOptions{Description: "How the booking stands and what comes next"})
	if err != nil {
		return nil, err
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, "timeline", func() ([]Line, error) { return r.story, nil },
		workflow.QueryHandlerOptions{Description: "What this run did so far"})
	if err != nil {
		return nil, err
	}
	return r, r.offerSupport(ctx)
}

// ahead is the step that the run is at, for people: empty before the first look, when nothing is known.
func (r *bookingRun) ahead() boxoffice.Step {
	if r.now.Epoch == 0 {
		return ""
	}
	return r.now.Next()
}

// act names the booking and the epoch that this run acts for.
func (r *bookingRun) act() activities.Act {
	return activities.Act{BookingID: r.ref.BookingID, Epoch: r.now.Epoch}
}

// fenced reports whether an act was refused because another run has the booking: then the first step is taken again.
func (r *bookingRun) fenced(err error) bool { return activities.CodeOf(err) == boxoffice.CodeFenced }

// nudged drains the signals and reports whether there was any.
func (r *bookingRun) nudged() bool {
	any := false
	for _, signal := range r.signals {
		for signal.ReceiveAsync(nil) {
			any = true
		}
	}
	return any
}

// maxRepeats is how often one step may be decided on the same situation before the run slows down: a step that changes
// nothing although it succeeds is a fault of ours, and must not burn a history.
const maxRepeats = 3

// next names the step that the situation asks for, tells support, and slows down a run that goes in circles.
func (r *bookingRun) next(ctx workflow.Context) boxoffice.Step {
	step := r.now.Next()
	seen := r.now
	seen.Remaining = 0
	if step == r.lastStep && sameSituation(seen, r.before) {
		r.repeats++
	} else {
		r.lastStep, r.before, r.repeats = step, seen, 0
	}
	if r.repeats >= maxRepeats && step != boxoffice.StepEnd && step != boxoffice.StepWait {
		workflow.GetLogger(ctx).Error("a step changes nothing", "booking", r.ref.BookingID, "step", step)
		workflow.GetMetricsHandler(ctx).Counter(boxoffice.CounterRunsCircling).Inc(1)
		if err := workflow.Sleep(ctx, time.Minute); err != nil {
			return boxoffice.StepEnd // the run is being cancelled; the sweep starts another
		}
	}
	workflow.SetCurrentDetails(ctx, r.details(step))
	return step
}

func sameSituation(a, b boxoffice.Situation) bool {
	refunds := (a.OpenRefund == nil && b.OpenRefund == nil) ||
		(a.OpenRefund != nil && b.OpenRefund != nil && *a.OpenRefund == *b.OpenRefund)
	a.OpenRefund, b.OpenRefund = nil, nil
	return refunds && a == b
}

// do takes a step: as a local activity first, which costs one event; if that does not work within a moment, as a regular
// one, which is visible and patient. Codes that no repetition helps come back at once.
func (r *bookingRun) do(ctx workflow.Context, k kind, summary string, activity any, arg any) error {
	err := r.doLocally(ctx, k, summary, activity, arg)
	if err == nil || activities.IsFinal(err) || temporal.IsCanceledError(err) {
		return err
	}
	if err := r.showStatus(ctx); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, r.details(r.ahead())+"\n\nThis does not work at the moment and is being tried again: "+summary+".")
	now, err := r.persist(ctx, k, summary, activity, arg)
	if err != nil {
		return err
	}
	r.saw(ctx, summary, now)
	return nil
}

// persist takes a step as a regular activity, which is tried again ever more slowly, and at once where support wants that.
func (r *bookingRun) persist(ctx workflow.Context, k kind, summary string, activity any, arg any) (now boxoffice.Situation, err error) {
	r.failing = summary
	defer func() { r.failing = "" }()
	for r.retries.ReceiveAsync(nil) {
		continue // meant for a step that has worked since
	}
	for again := true; again; {
		try, cancel := workflow.WithCancel(ctx)
		step := workflow.ExecuteActivity(k.regular(try, summary), activity, arg)
		selector := workflow.NewSelector(ctx)
		selector.AddFuture(step, func(f workflow.Future) { again, err = false, f.Get(ctx, &now) })
		selector.AddReceive(r.retries, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
		selector.Select(ctx)
		cancel()
	}
	return now, err
}

// doLocally takes a step as a local activity alone.
func (r *bookingRun) doLocally(ctx workflow.Context, k kind, summary string, activity any, arg any) error {
	var now boxoffice.Situation
	if err := workflow.ExecuteLocalActivity(k.local(ctx, summary), activity, arg).Get(ctx, &now); err != nil {
		return err
	}
	r.saw(ctx, summary, now)
	return nil
}

// saw keeps what a step saw, for the next decision and for the timeline.
func (r *bookingRun) saw(ctx workflow.Context, summary string, now boxoffice.Situation) {
	what := summary
	if now.Status != r.now.Status {
		what += ": " + string(now.Status)
	}
	r.now = now
	r.story = append(r.story, Line{At: workflow.Now(ctx), What: what})
}

// showStatus brings the search attribute up to date: it is what support sees when no worker answers.
func (r *bookingRun) showStatus(ctx workflow.Context) error {
	if r.shown == r.now.Status {
		return nil
	}
	r.shown = r.now.Status
	return workflow.UpsertTypedSearchAttributes(ctx, AttributeBookingStatus.ValueSet(string(r.shown)))
}

// startMail starts the mail's own workflow, which outlives this run. One that looks after the same mail already is left alone.
func (r *bookingRun) startMail(ctx workflow.Context, act activities.Act) error {
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            MailWorkflowID(act.EmailID),
		TaskQueue:             QueueFulfilment,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         MailSummary(r.ref),
		TypedSearchAttributes: MailAttributes(r.ref),
	}), workflows.Mail, act)
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

// Mail looks after one mail of a booking for days: MailWorkflowID. It ends when the mail was sent or refused for good. One
// that could not be sent in all that time counts as refused, and the run fails, so that both places show it.
func (w *Bookings) Mail(ctx workflow.Context, act activities.Act) error {
	err := workflow.ExecuteActivity(mailDelivery().regular(ctx, "Send the mail"), steps.SendMail, act).Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	noted := workflow.ExecuteActivity(quickSQL().regular(ctx, "Give the mail up"), steps.GiveMailUp, act).Get(ctx, nil)
	if noted != nil {
		workflow.GetLogger(ctx).Error("a mail that is given up was not marked so", "email", act.EmailID, "error", noted)
	}
	return err
}

// clock writes a time for support staff.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

func (r *bookingRun) details(step boxoffice.Step) string { return Standing(r.now, step) }

// Standing says in a sentence how a booking stands at a step, what is waited for and until when. No step: nobody looked yet.
func Standing(now boxoffice.Situation, step boxoffice.Step) string {
	switch step {
	case "":
		return "The booking has not been looked at yet."
	case boxoffice.StepWait:
		page := "No payment page is open."
		if now.LiveAttempt != "" {
			page = "The buyer's payment page is open."
		}
		return fmt.Sprintf("The seats are held until **%s**. Waiting for the payment. %s", clock(now.Deadline), page)
	case boxoffice.StepConfirm:
		return "The payment has arrived. The seats are being sold."
	case boxoffice.StepSellLate:
		return "A payment has arrived after the booking had expired. It gets the same seats if they are free, else it is refunded."
	case boxoffice.StepIssue:
		return "The seats are sold. The tickets are being made."
	case boxoffice.StepSendMail:
		return fmt.Sprintf("The booking is **%s**. The mail is being sent.", now.Status)
	case boxoffice.StepCloseCheckout:
		return "The hold is over. The payment page is being closed; the seats are freed after that, unless a payment has arrived."
	case boxoffice.StepCompensate, boxoffice.StepRequestRefund, boxoffice.StepSendRefund, boxoffice.StepFinishRefund:
		return "The money is on its way back to the buyer."
	case boxoffice.StepEnd:
		if now.StuckRefund {
			return "A refund **failed at the bank**. Somebody has to find another way to pay the buyer back."
		}
		if now.OpenRefund != nil {
			return fmt.Sprintf("The booking is **%s**. A refund is under way; the bank's answer can take days.", now.Status)
		}
		return fmt.Sprintf("The booking is **%s**. Nothing is left to do.", now.Status)
	default:
		return string(step)
	}
}
