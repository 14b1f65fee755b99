package boxoffice

import (
	"context"
	"time"
)

// SupportAct is what a member of staff does to a booking, and why.
type SupportAct struct {
	Key       string // done once, however often it is asked for under this key
	Request   []byte `json:",omitempty"` // a hash of all that is asked for: the key for anything else is refused. Empty: not compared
	BookingID string // empty for an act on a task
	Actor     string // who did it
	ActorID   string `json:",omitempty"` // of their account, where they were logged in: nobody helps a booking of their own
	Verified  bool   // the actor was logged in; Temporal's UI names nobody, so there it is what they say
	Reason    string
}

// What support may add to a hold at once, and how long a hold may last in all.
const (
	MaxSupportExtension = 30 * time.Minute
	MaxSupportHold      = 24 * time.Hour
)

// SupportStore is what support does to an open booking: each act is one transaction, with a line in the audit log and in
// the booking's timeline. They name no epoch, for they are no run's: the run looks at the rows afterwards. All of them may
// fail with CodeForbidden on a booking of the actor's own, and with CodeKeyReused.
type SupportStore interface {
	// SupportExtend moves the deadline of a hold, past the longest that buyers can have, but not past MaxSupportHold nor
	// its payment page's own end. CodeInvalid, CodeNotFound, CodeBookingClosed, CodeDeadlinePassed, CodeSeatsLost.
	SupportExtend(ctx context.Context, act SupportAct, by time.Duration) error
	// SupportRelease lets go of a hold as its buyer could: at once, or after its payment page was closed. CodeNotFound,
	// CodeBookingClosed.
	SupportRelease(ctx context.Context, act SupportAct) error
	// SupportRetry notes that a step that was waiting to be tried again was tried at once. CodeNotFound.
	SupportRetry(ctx context.Context, act SupportAct, step string) error
}

// TaskKind says what a support task is about.
type TaskKind string

// The kinds of support tasks.
const (
	TaskRefundFailed   TaskKind = "refund-failed"  // the bank or the provider refused it: the buyer needs the money another way
	TaskRefundByHand   TaskKind = "refund-by-hand" // made in the provider's dashboard, and not clear what of the booking it is for
	TaskDispute        TaskKind = "dispute"        // the buyer's bank asks for the money back
	TaskRefundsPaused  TaskKind = "refunds-paused" // the provider's balance does not suffice for the refunds of an event
	TaskReconciliation TaskKind = "reconciliation" // the provider's record and ours differ, and nothing says which is right
)

// TaskKinds lists every kind of task.
var TaskKinds = []TaskKind{TaskRefundFailed, TaskRefundByHand, TaskDispute, TaskRefundsPaused, TaskReconciliation}

// SupportTask is what only a person can decide.
type SupportTask struct {
	ID         string // chosen by the store
	Key        string // of the fact: finding it again opens no second task
	Kind       TaskKind
	BookingID  string // empty: of no booking
	EventID    string // empty: of no event
	Summary    string // what happened, in a sentence; it names no buyer
	Advice     string // what to do, in a sentence
	Details    map[string]any
	OpenedAt   time.Time
	ClosedAt   *time.Time
	ClosedBy   string
	Resolution string
}
