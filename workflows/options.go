package workflows

import (
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The task queues. Mail outages and mass work never slow a sale.
const (
	QueueBooking    = "booking"    // latency matters
	QueueFulfilment = "fulfilment" // mail, retried issues
	QueueBulk       = "bulk"       // mass work
)

// localPatience is how long a step may take as a local activity, which costs one history event instead of three, before
// it becomes a regular one. It stays well below the workflow task timeout of 10 s.
const localPatience = 3 * time.Second

// kind is a kind of step: it decides how long a try may take and how it is repeated.
type kind struct {
	queue   string
	try     time.Duration // one try
	retry   temporal.RetryPolicy
	patient time.Duration // all tries; 0: for ever

	heartbeat time.Duration // a try that is silent for longer is given up; 0: it may be silent
}

// quickSQL is one short transaction. It is repeated for ever: the database comes back.
func quickSQL() kind {
	return kind{queue: QueueBooking, try: 15 * time.Second, retry: backoff(time.Second, time.Minute)}
}

// money asks the payment provider. Its client gives up after 15 s, with repeats; a try must outlast that by far, so that
// an answer under way is not lost.
func money() kind {
	return kind{queue: QueueBooking, try: time.Minute, retry: backoff(time.Second, 5*time.Minute)}
}

// issue renders and stores. Its patience is a setting.
func issue(patience time.Duration) kind {
	return kind{queue: QueueFulfilment, try: time.Minute, retry: backoff(time.Second, 5*time.Minute), patient: patience}
}

// mailPatience is how long a mail is tried before it counts as undeliverable; servers out there try about as long (RFC
// 5321, section 4.5.4.1: at least 4 to 5 days).
const mailPatience = 5 * 24 * time.Hour

func mailDelivery() kind {
	return kind{queue: QueueFulfilment, try: time.Minute, retry: backoff(5*time.Second, 15*time.Minute), patient: mailPatience}
}

func backoff(first, most time.Duration) temporal.RetryPolicy {
	return temporal.RetryPolicy{InitialInterval: first, BackoffCoefficient: 2, MaximumInterval: most}
}

// local gives a context in which a step runs as a local activity, for a moment.
func (k kind) local(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: localPatience,
		StartToCloseTimeout:    localPatience,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Second, MaximumAttempts: 3,
		},
		Summary: summary,
	})
}

// regular gives a context in which a step runs as a regular activity, for as long as its kind says.
func (k kind) regular(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              k.queue,
		StartToCloseTimeout:    k.try,
		ScheduleToCloseTimeout: k.patient,
		HeartbeatTimeout:       k.heartbeat,
		RetryPolicy:            &k.retry,
		Summary:                summary,
	})
}

// BookingWorkflowID is the ID of the run of a booking.
func BookingWorkflowID(bookingID string) string { return "booking-" + bookingID }

// MailWorkflowID is the ID of the workflow that looks after a mail. Each mail has its own, so that those of one booking do
// not wait for each other; AttributeBookingID leads from the booking to all of them.
func MailWorkflowID(emailID string) string { return "mail-" + emailID }

// SupportKey is the key under which an act of support that came as an update is done once.
func SupportKey(workflowID, runID, updateID string) string {
	return workflowID + ":" + runID + ":" + updateID
}

// The signals of a booking's run. They carry nothing: each says "look at the rows".
const (
	SignalPayment = "payment"
	SignalCancel  = "cancel"
	SignalSweep   = "sweep"
)

// The search attributes by which support finds a booking.
var (
	AttributeBookingID     = temporal.NewSearchAttributeKeyKeyword("BookingId")
	AttributeEventID       = temporal.NewSearchAttributeKeyKeyword("EventId")
	AttributeUserID        = temporal.NewSearchAttributeKeyKeyword("UserId")
	AttributeReference     = temporal.NewSearchAttributeKeyKeyword("BookingReference")
	AttributeSeats         = temporal.NewSearchAttributeKeyKeywordList("Seats")
	AttributeBookingStatus = temporal.NewSearchAttributeKeyKeyword("BookingStatus")
)

// SearchAttributes are those that a run is started with.
func SearchAttributes(ref boxoffice.BookingRef) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		MailAttributes(ref).Copy(), AttributeBookingStatus.ValueSet(string(ref.Status)))
}

// MailSummary is the one line by which support recognises a mail's workflow.
func MailSummary(ref boxoffice.BookingRef) string { return "Mail of " + ref.Summary }

// MailAct is what a mail's workflow is started with where no run of its booking starts it.
func MailAct(ref boxoffice.BookingRef, emailID string) activities.Act {
	return activities.Act{BookingID: ref.BookingID, EmailID: emailID}
}

// MailAttributes are those of a mail's workflow, which is found with its booking and has no status of one.
func MailAttributes(ref boxoffice.BookingRef) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		AttributeBookingID.ValueSet(ref.BookingID), AttributeReference.ValueSet(ref.Reference), AttributeEventID.ValueSet(ref.EventID),
		AttributeSeats.ValueSet(ref.Seats), AttributeUserID.ValueSet(ref.UserID))
}

// Details are what a run shows of its booking even where no worker answers: what it is about, and how to help it.
func Details(ref boxoffice.BookingRef) string {
	return fmt.Sprintf("Booking **%s**\n\n- %s\n\nWhile it is open, *More Actions → Send an Update* can extend the hold, release it, or retry a step that is failing.",
		ref.Reference, strings.Join(ref.Seats, "\n- "))
}

// SearchAttributeTypes gives the search attributes that a namespace must have, with their types as Temporal spells them.
func SearchAttributeTypes() map[string]string {
	types := map[string]string{AttributeSeats.GetName(): "KeywordList"}
	for _, key := range []temporal.SearchAttributeKeyKeyword{
		AttributeBookingID, AttributeReference, AttributeEventID, AttributeUserID, AttributeBookingStatus,
	} {
		types[key.GetName()] = "Keyword"
	}
	return types
}
