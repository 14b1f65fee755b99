package boxoffice

import (
	"context"
	"time"
)

// MaxKeepPercent is how much support may keep at most: who paid ends with a ticket or with money.
const MaxKeepPercent = 99

// SupportTerms are on what terms support gives tickets of a booking back: the event's policy and its time do not bind it.
type SupportTerms struct {
	TicketIDs   []string // none: all that the booking still has
	KeepPercent int      // at most MaxKeepPercent of what was paid for each seat, its fee included; 0: all goes back
}

// BookingQuery is what support knows of the booking that it looks for. Text is one of: a booking's reference or ID, an e-mail
// address, a username, a payment, session or refund of the provider; or, with EventID, a seat as it is printed on a ticket.
type BookingQuery struct {
	Text    string
	EventID string
	Cursor  string
	Limit   int
}

// FoundBooking is enough of a booking to tell it from others.
type FoundBooking struct {
	ID        string
	Reference string
	Status    BookingStatus
	Amount    Money
	CreatedAt time.Time
	Event     Event // its ID, name, status, start and venue
	Seats     []string
	Buyer     User   // ID, username and e-mail address
	Email     string // where the tickets go, if not to the buyer's address
}

// FoundBookings is a page of what was found, newest first.
type FoundBookings struct {
	Bookings []FoundBooking
	Next     string
}

// SupportCase is all that is known of a booking, for whoever helps its buyer.
type SupportCase struct {
	FoundBooking
	HoldExpiresAt time.Time
	NextCheckAt   time.Time // when the sweep looks at it, should its run be lost; zero: nothing is left to do
	Situation     Situation // as the rows are; no act of a run may be decided on it
	WaitsFor      string    // how it stands, what is waited for and until when, in a sentence
	Seats         []CaseSeat
	Payments      []CasePayment
	Mails         []CaseMail
	Tasks         []SupportTask
	Audit         []AuditLine
	Run           RunReport
	Story         []StoryLine // in order of time, from all that remembers something
}

// CaseSeat is a seat that the booking was made of.
type CaseSeat struct {
	TicketID   string
	Seat       string
	Price, Fee int64 // as they were paid, in minor units
	ReleasedAt time.Time
	Kept       int64 // of a seat that was given back
	AdmittedAt time.Time
}

// CasePayment is money that came in for a booking.
type CasePayment struct {
	ID            string
	PaymentIntent string
	SessionID     string
	Amount        Money
	ReceivedAt    time.Time
	SettledAs     string // "sale", "refund", or empty: not yet
	Owed          int64  // of it all that is to go back, or went back
	Goodwill      int64  // of that, what support gave although tickets stay
	Refunds       []CaseRefund
}

// CaseRefund is a refund with what became of it.
type CaseRefund struct {
	Refund
	RequestedAt time.Time
	EndedAt     time.Time
	Failure     string
}

// CaseMail is a mail with what became of it.
type CaseMail struct {
	BookingMail
	ID        string
	Attempts  int
	LastError string
}

// AuditLine is a line of the audit log.
type AuditLine struct {
	At            time.Time
	Actor         string
	Verified      bool
	Action        string
	Reason        string
	Before, After map[string]any
}

// StoryLine is a sentence of what happened to a booking.
type StoryLine struct {
	At     time.Time
	Source string // who remembers it: "booking", "mail", "webhook", "audit" or "run"
	Actor  string // as in [TimelineEntry]
	What   string
}

// RunReport is what Temporal knows of a booking's newest run.
type RunReport struct {
	Missing string // why nothing else is known, in a sentence: Temporal did not answer, or has no run
	Open    bool
	Says    string       // what the run says that it does and waits for, where a worker answered
	Failing *FailingStep // nil: no step is being tried again
}

// FailingStep is a step of a run that is tried again and again.
type FailingStep struct {
	Step      string
	Attempt   int
	LastError string
	NextTryAt time.Time // zero: it is being tried now
}

// TaskQuery asks for support tasks.
type TaskQuery struct {
	Kind   TaskKind // empty: all
	Closed bool     // those that are closed, the last closed first; else those that are open, the oldest first
	Cursor string
	Limit  int
}

// TaskPage is a page of tasks.
type TaskPage struct {
	Tasks []SupportTask
	Next  string
}

// SupportDesk is where all is kept that support reads and does. Reads of what is personal are written to the audit log under
// the reader's name, in the transaction that reads; acts are as those of SupportStore, with its errors besides their own.
type SupportDesk interface {
	SupportStore
	SupportMoneyStore

	// FindBookings finds bookings by what support knows of them, without looking through a big table. CodeInvalid.
	FindBookings(ctx context.Context, reader User, q BookingQuery) (FoundBookings, error)
	// SupportCase reads all that the rows know of a booking. CodeNotFound.
	SupportCase(ctx context.Context, reader User, bookingID string) (SupportCase, error)

	// SupportCancel lets go of a hold, or gives tickets of a sale back: of one whose tickets are still being made, all of them.
	// CodeNotFound, CodeInvalid, CodeNotReady, CodeSaleFinal where somebody went in with a ticket, CodeBookingClosed.
	SupportCancel(ctx context.Context, act SupportAct, terms SupportTerms) error
	// QuoteSupportCancel says what SupportCancel would come to, with its errors.
	QuoteSupportCancel(ctx context.Context, bookingID string, terms SupportTerms) (CancellationQuote, error)
	// SupportRefund gives so much of what is kept of a sale back, although its tickets stay. CodeNotFound, CodeInvalid where
	// less than that is kept, CodeBookingClosed where nothing was sold, CodeNotReady while a refund of it has failed.
	SupportRefund(ctx context.Context, act SupportAct, amountMinor int64) error
	// SupportResend queues one more mail with the tickets, however many there were, to the booking's address or another. The
	// ID is empty where the act was done before. CodeNotFound, CodeNotReady, CodeInvalid where there is no address.
	SupportResend(ctx context.Context, act SupportAct, email string) (emailID string, err error)

	// SupportTasks lists tasks. CodeInvalid on a bad cursor.
	SupportTasks(ctx context.Context, q TaskQuery) (TaskPage, error)
	// SupportTask reads a task. CodeNotFound.
	SupportTask(ctx context.Context, id string) (SupportTask, error)
	// CloseSupportTask notes that somebody decided, and how: the act's reason. One that is closed stays as it is. CodeNotFound.
	CloseSupportTask(ctx context.Context, act SupportAct, id string) (SupportTask, error)
}

// SupportService is what the API calls for support. Acts answer in a sentence what was done, and have the errors of the
// SupportDesk's.
type SupportService interface {
	// FindBookings is SupportDesk's.
	FindBookings(ctx context.Context, reader User, q BookingQuery) (FoundBookings, error)
	// Case gives all that is known of a booking, also by Temporal; where that does not answer within seconds, the report of the
	// run says so. CodeNotFound.
	Case(ctx context.Context, reader User, bookingID string) (SupportCase, error)

	// ExtendHold moves the deadline of a hold.
	ExtendHold(ctx context.Context, act SupportAct, by time.Duration) (done string, err error)
	// ReleaseHold lets go of a hold.
	ReleaseHold(ctx context.Context, act SupportAct) (done string, err error)
	// CancelBooking lets go of a hold, or gives tickets of a sale back.
	CancelBooking(ctx context.Context, act SupportAct, terms SupportTerms) (done string, err error)
	// QuoteCancel says what CancelBooking would come to.
	QuoteCancel(ctx context.Context, bookingID string, terms SupportTerms) (CancellationQuote, error)
	// RefundGoodwill gives money back although the tickets stay.
	RefundGoodwill(ctx context.Context, act SupportAct, amountMinor int64) (done string, err error)
	// SettleRefund says what a refund that was made by hand was for: SettleByHand of SupportMoneyStore.
	SettleRefund(ctx context.Context, act SupportAct, refund RefundRef, ticketIDs []string) (done string, err error)
	// RetryRefund asks for a refund that failed once more.
	RetryRefund(ctx context.Context, act SupportAct, paymentID string) (done string, err error)
	// RefundedOtherwise notes that the money of a refund that failed was paid past the provider.
	RefundedOtherwise(ctx context.Context, act SupportAct, paymentID, reference string) (done string, err error)
	// ResendTickets mails the tickets once more.
	ResendTickets(ctx context.Context, act SupportAct, email string) (done string, err error)
	// RetryStep has the failing step tried at once; a run that is lost is started, one that is stuck replaced, and any other
	// looks again. CodeUnavailable where Temporal does not answer.
	RetryStep(ctx context.Context, act SupportAct) (done string, err error)

	// Tasks, Task and CloseTask are SupportDesk's.
	Tasks(ctx context.Context, q TaskQuery) (TaskPage, error)
	Task(ctx context.Context, id string) (SupportTask, error)
	CloseTask(ctx context.Context, act SupportAct, id string) (SupportTask, error)
}
