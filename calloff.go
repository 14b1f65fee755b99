package boxoffice

import (
	"context"
	"time"
)

// How fast the bookings of an event that was called off are given back, in bookings a second. Each costs up to two calls to
// the provider, and Stripe takes 25 a second at one endpoint, of all events together: the default leaves most of them to sales,
// an organizer may take some more, and only the staff, who know what Stripe allows, more than that.
const (
	DefaultRefundRate   = 5
	OrganizerRefundRate = 10
	MaxRefundRate       = 100
)

// MaxCallOffReason bounds what an organizer tells buyers, in characters.
const MaxCallOffReason = 500

// EventCancellation is an event that was called off.
type EventCancellation struct {
	EventID     string
	Reason      string // the organizer's words to buyers, one line; may be empty
	CancelledAt time.Time
	Progress    RefundProgress
}

// RefundProgress says how far the bookings of an event that was called off are. Each is counted once: Total is the sum of the
// other counts. It is made from rows, and holds nothing that names anybody.
type RefundProgress struct {
	State        RefundsState `json:"state"`
	PausedReason PauseReason  `json:"paused_reason,omitempty"`
	PerSecond    int          `json:"per_second"`
	Total        int          `json:"total"`
	Refunded     int          `json:"refunded"` // the money is back; or the booking was free of charge
	Released     int          `json:"released"` // nothing was paid
	Failed       int          `json:"failed"`   // the bank or the provider refused the refund: a person must find another way
	Waiting      int          `json:"waiting"`  // not come to one of these yet
}

// RefundsState says what becomes of the bookings that wait.
type RefundsState string

// The states of the refunds of an event.
const (
	RefundsRunning RefundsState = "running"
	RefundsPaused  RefundsState = "paused"
	RefundsDone    RefundsState = "done"
)

// PauseReason is why no further booking is given back.
type PauseReason string

// The reasons of a pause; empty: there is none.
const (
	PausedByHand    PauseReason = "by_hand" // somebody wanted it
	PausedByBalance PauseReason = "balance" // the provider's balance does not suffice
)

// CallOffRequest asks that an event is called off.
type CallOffRequest struct {
	EventID string
	Name    string // the event's, typed once more: whoever cannot is about to call off another one
	Reason  string // see EventCancellation.Reason
}

// CallOffQuote is what calling off an event would come to.
type CallOffQuote struct {
	Bookings int   // that are sold
	Tickets  int   // of those
	Holds    int   // bookings that are not paid
	Refund   Money // goes back, fees too
}

// Overseer is who looks after the refunds of an event: its organizer, or any of the staff.
type Overseer struct {
	By
	Staff bool // may see to every event
}

// RefundSteering says what becomes of the refunds of an event; nil leaves it as it is.
type RefundSteering struct {
	Pause     *bool
	PerSecond *int
}

// CancellationService calls events off and looks after their refunds.
type CancellationService interface {
	// QuoteCallOff says what CallOff would come to, with its errors, and changes nothing. It costs a scan of the bookings.
	QuoteCallOff(ctx context.Context, by By, req CallOffRequest) (CallOffQuote, error)
	// CallOff calls an event of the user off: nothing of it is sold any more, and every booking is given back, by a workflow.
	// An event that was called off already stays as it is. CodeNotFound, CodeInvalid where the name is another, CodeEventState
	// of a draft and of an event that is over, CodeKeyReused.
	CallOff(ctx context.Context, by By, req CallOffRequest) (EventCancellation, error)
	// EventCancellation tells how far it is. It costs a scan of the event's bookings. CodeNotFound also where the event is
	// another's, or not called off.
	EventCancellation(ctx context.Context, who Overseer, eventID string) (EventCancellation, error)
	// SteerRefunds pauses, resumes or throttles. What was begun is finished. Resuming asks at once for the refunds for which
	// the provider's balance did not suffice. CodeNotFound, CodeInvalid of a rate that the caller may not set, CodeEventState
	// when all is done, CodeKeyReused.
	SteerRefunds(ctx context.Context, who Overseer, eventID string, to RefundSteering) (EventCancellation, error)
}

// CallOffOutcome is what giving a booking back has come to.
type CallOffOutcome string

// The outcomes of giving a booking back. Money that waits is looked after by the booking's own run.
const (
	CallOffOpen     CallOffOutcome = "open"     // its run is about to release it, or to ask for its refund
	CallOffRefunded CallOffOutcome = "refunded" // see RefundProgress, as of the next two
	CallOffReleased CallOffOutcome = "released"
	CallOffFailed   CallOffOutcome = "failed"
	CallOffAsked    CallOffOutcome = "asked" // the provider has the refund; its bank takes its time
	CallOffShort    CallOffOutcome = "short" // the provider's balance did not suffice; asked for again later
)

// CallOffPage is what the run of an event that was called off goes by: IDs and numbers only.
type CallOffPage struct {
	PausedReason PauseReason `json:"paused_reason,omitempty"`
	PerSecond    int         `json:"per_second"`
	Bookings     []string    `json:"bookings,omitempty"` // to be given back, in the order of their IDs
}

// CancellationStore keeps events that were called off. Its acts are harmless when repeated.
type CancellationStore interface {
	// QuoteCallOff is as in CancellationService.
	QuoteCallOff(ctx context.Context, by By, req CallOffRequest) (CallOffQuote, error)
	// CallOff ends the sale in one transaction; bookings are given back by GiveBack.
	CallOff(ctx context.Context, by By, req CallOffRequest) (EventCancellation, error)
	// EventCancellation is as in CancellationService.
	EventCancellation(ctx context.Context, who Overseer, eventID string) (EventCancellation, error)
	// SteerRefunds is as in CancellationService.
	SteerRefunds(ctx context.Context, who Overseer, eventID string, to RefundSteering) (EventCancellation, error)

	// NextCallOffs gives the bookings after the one named that were not given back yet, as many as may be in a second, and none
	// while paused. It puts the next check off by a minute: see ClaimCallOffs. CodeNotFound.
	NextCallOffs(ctx context.Context, eventID, after string) (CallOffPage, error)
	// GiveBack ends a booking of an event that was called off, under the booking's lock: one that is sold is refunding from
	// then on, whole; of one that is held the closing begins, and is over where nothing can be paid any more. Its run does the
	// rest. CodeNotFound.
	GiveBack(ctx context.Context, bookingID string) (BookingRef, error)
	// CallOffOutcome tells what giving a booking back has come to. CodeNotFound.
	CallOffOutcome(ctx context.Context, bookingID string) (CallOffOutcome, error)
	// FinishCallOff ends it where no booking waits any more and no sale can be under way, and tells how far it is. Where it goes
	// on, its run looks again within the time that is given. It costs a scan of the event's bookings. CodeNotFound.
	FinishCallOff(ctx context.Context, eventID string, again time.Duration) (RefundProgress, error)
	// ClaimCallOffs gives events that were called off and whose run has not looked for a while, at most limit, and moves their
	// next check on, so that of several sweepers each gets others.
	ClaimCallOffs(ctx context.Context, limit int) (eventIDs []string, err error)
}

// CallOffRunner starts the run of an event that was called off, or wakes the one that there is. The worker's sweep reaches
// the booking service by it. CodeUnavailable.
type CallOffRunner interface {
	RunCallOff(ctx context.Context, eventID string) error
}
