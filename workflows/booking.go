// Package workflows holds the deterministic code that sees to it that every booking comes to its right end. It does no
// I/O: Temporal's SDK is its one dependency, and activities are known to it by name only.
//
// Postgres decides who gets a seat; the workflow is the guarantee that what was begun is finished. A run looks at the
// rows, takes the step that they ask for (boxoffice.Situation.Next), and looks again; a signal only wakes it. So a run can
// be lost at any moment: the next one goes on from the rows.
package workflows

import (
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// steps names the activities. It stays nil: only its methods' names are used.
var steps *activities.Activities

// workflows names the workflows to each other. It stays nil for the same reason.
var workflows *Bookings

// Bookings are the workflows of bookings with their settings. Both may change between releases without breaking the
// replay of a run, since neither decides which commands are issued.
type Bookings struct {
	IssuePatience time.Duration // how long tickets are tried to be made before the sale is undone
}

// Booking is the run of one booking, ID BookingWorkflowID. It ends with the status that the booking has come to. A sold
// booking costs 16 history events, an abandoned one 13, and 19 if its payment page was open.
func (w *Bookings) Booking(ctx workflow.Context, ref boxoffice.BookingRef) (boxoffice.BookingStatus, error) {
	r, err := newBookingRun(ctx, ref, w.IssuePatience)
	if err != nil {
		return "", err
	}
	err = r.holdSeats(ctx)
	for err == nil || r.fenced(err) {
		if err != nil {
			err = r.holdSeats(ctx)
			continue
		}
		switch r.next(ctx) {
		case boxoffice.StepWait:
			err = r.waitForPaymentOrDeadline(ctx)
		case boxoffice.StepConfirm:
			err = r.confirmSeats(ctx)
		case boxoffice.StepSellLate:
			err = r.sellLate(ctx)
		case boxoffice.StepIssue:
			err = r.issueTickets(ctx)
		case boxoffice.StepSendMail:
			err = r.sendTickets(ctx)
		case boxoffice.StepCloseCheckout:
			err = r.closeCheckout(ctx)
		case boxoffice.StepCompensate:
			err = r.compensate(ctx, "Your booking was cancelled while your payment was under way.")
		case boxoffice.StepRequestRefund:
			err = r.requestRefund(ctx)
		case boxoffice.StepSendRefund:
			err = r.sendRefund(ctx)
		case boxoffice.StepFinishRefund:
			err = r.finishRefund(ctx)
		case boxoffice.StepEnd:
			if !r.nudged() && workflow.AllHandlersFinished(ctx) {
				return r.now.Status, r.showStatus(ctx)
			}
			err = r.lookOnceMore(ctx)
		}
	}
	return r.now.Status, err
}

// holdSeats is the first step, and the step after a fence: verify, raise the epoch, look.
func (r *bookingRun) holdSeats(ctx workflow.Context) error {
	return r.do(ctx, quickSQL(), "Verify the hold", steps.HoldSeats, r.ref.BookingID)
}

// look reads the rows again, after a nudge.
func (r *bookingRun) look(ctx workflow.Context) error {
	return r.do(ctx, quickSQL(), "Look at the booking", steps.Look, r.act())
}

// lookOnceMore reads the rows again before the run ends, when all that support asked for is done.
func (r *bookingRun) lookOnceMore(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	r.nudged()
	return r.look(ctx)
}

// waitForPaymentOrDeadline waits for a nudge or the deadline, whichever comes first. The timer of an earlier wait is kept
// where the deadline did not move.
func (r *bookingRun) waitForPaymentOrDeadline(ctx workflow.Context) error {
	if r.timer == nil || !r.timerAt.Equal(r.now.Deadline) {
		r.timerAt = r.now.Deadline
		r.timer = workflow.NewTimerWithOptions(ctx, max(r.now.Remaining, 0), workflow.TimerOptions{
			Summary: "Seats are held until " + clock(r.now.Deadline),
		})
	}
	r.refundBesideTheWait(ctx)
	expired, woken := false, false
	selector := workflow.NewSelector(ctx)
	selector.AddFuture(r.timer, func(workflow.Future) { expired = true })
	if r.refund != nil {
		selector.AddFuture(r.refund, func(workflow.Future) { woken, r.refund = true, nil }) // the rows say how it went
	}
	for _, signal := range r.signals {
		selector.AddReceive(signal, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil); woken = true })
	}
	selector.Select(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if woken {
		r.nudged() // those that came with it say the same
		return r.look(ctx)
	}
	if expired {
		// The timer says that the deadline has come; the database, asked by the next step, is the judge of it.
		r.timer, r.now.Remaining = nil, 0
	}
	return nil
}

// refundBesideTheWait asks for the refund of a surplus payment while the seats stay held. It is a regular activity, with its
// own patience: a provider that is away must not keep the hold from ending or the seats from being sold.
func (r *bookingRun) refundBesideTheWait(ctx workflow.Context) {
	if r.refund != nil || r.now.OpenRefund == nil || r.now.OpenRefund.Asked || *r.now.OpenRefund == r.refundOf {
		return // one that came to nothing is left to the step that follows the hold
	}
	r.refundOf = *r.now.OpenRefund
	r.refund = workflow.ExecuteActivity(money().regular(ctx, "Give the money back"), steps.SendRefund, r.refundAct())
}

// confirmSeats sells the held seats to the payment; its undo is the compensation.
func (r *bookingRun) confirmSeats(ctx workflow.Context) error {
	act := r.act()
	act.PaymentID = r.now.Unsettled
	err := r.do(ctx, quickSQL(), "Sell the held seats", steps.ConfirmSeats, act)
	if activities.CodeOf(err) == boxoffice.CodeSeatsLost {
		return r.compensate(ctx, activities.MessageOf(err))
	}
	return err
}

// sellLate settles money that came after the end: the same seats if they are free, else a refund.
func (r *bookingRun) sellLate(ctx workflow.Context) error {
	act := r.act()
	act.PaymentID = r.now.Unsettled
	return r.do(ctx, quickSQL(), "Settle a late payment", steps.SellLate, act)
}

// issueTickets makes the tickets; its undo is the compensation. It fails for good by a code that says so, or when its
// patience ends.
func (r *bookingRun) issueTickets(ctx workflow.Context) error {
	err := r.do(ctx, issue(r.issuePatience), "Make the tickets", steps.IssueTickets, r.act())
	if err == nil || r.fenced(err) || temporal.IsCanceledError(err) {
		return err
	}
	if activities.CodeOf(err) == boxoffice.CodeSeatsLost { // the event was called off meanwhile
		return r.compensate(ctx, activities.MessageOf(err))
	}
	workflow.GetLogger(ctx).Error("tickets cannot be made: the sale is undone", "booking", r.ref.BookingID, "error", err)
	return r.compensate(ctx, "Your tickets could not be made.")
}

// sendTickets sends the mail that is due. If that does not work at once, the mail gets a workflow of its own, which tries
// for days; the sale stands either way.
func (r *bookingRun) sendTickets(ctx workflow.Context) error {
	act := r.act()
	act.EmailID = r.now.MailDue
	err := r.doLocally(ctx, mailDelivery(), "Send the mail", steps.SendTickets, act)
	if err == nil || r.fenced(err) {
		return err
	}
	if err := r.startMail(ctx, act); err != nil {
		return err
	}
	return r.do(ctx, quickSQL(), "Hand the mail over", steps.HandOverMail, act)
}

// closeCheckout ends the hold: the payment page is closed first, then, if nobody paid, the seats are freed.
func (r *bookingRun) closeCheckout(ctx workflow.Context) error {
	return r.do(ctx, money(), "Close the checkout", steps.CloseCheckout, r.act())
}

// compensate undoes what cannot end in tickets. It runs even when the run is being cancelled.
func (r *bookingRun) compensate(ctx workflow.Context, reason string) error {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	act := r.act()
	act.Reason = reason
	return r.do(detached, quickSQL(), "Undo the booking", steps.Compensate, act)
}

// requestRefund gives a payment that bought nothing its refund.
func (r *bookingRun) requestRefund(ctx workflow.Context) error {
	act := r.act()
	act.PaymentID = r.now.Unsettled
	return r.do(ctx, quickSQL(), "Request a refund", steps.RequestRefund, act)
}

// sendRefund asks the provider to give the money back, or how far it is. One that is being asked for beside a wait that has
// ended is asked for once more: its key is the refund's, so it is made once.
func (r *bookingRun) sendRefund(ctx workflow.Context) error {
	return r.do(ctx, money(), "Give the money back", steps.SendRefund, r.refundAct())
}

// refundAct names the refund that is open.
func (r *bookingRun) refundAct() activities.Act {
	act := r.act()
	act.PaymentID, act.RefundN = r.now.OpenRefund.PaymentID, r.now.OpenRefund.N
	return act
}

// finishRefund ends a booking whose money is back.
func (r *bookingRun) finishRefund(ctx workflow.Context) error {
	return r.do(ctx, quickSQL(), "Finish the refund", steps.FinishRefund, r.act())
}
