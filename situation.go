package boxoffice

import (
	"context"
	"time"
)

// Situation is what the rows say about a booking at one moment: all that its workflow decides on. It holds IDs, states
// and times only, because histories are readable by staff and outlive an erasure request.
type Situation struct {
	BookingID     string        `json:"booking_id"`
	Epoch         int64         `json:"epoch"`
	Status        BookingStatus `json:"status"`
	ClosingReason ClosingReason `json:"closing_reason,omitempty"`
	Closing       bool          `json:"closing,omitempty"` // closing_at is set: nothing can be opened or extended
	Deadline      time.Time     `json:"deadline"`          // for people
	Remaining     time.Duration `json:"remaining"`         // until the deadline, by the database's clock; not positive: passed
	LiveAttempt   string        `json:"live_attempt,omitempty"`
	Unsettled     string        `json:"unsettled,omitempty"`    // a payment that neither sold the seats nor has a refund row
	Surplus       bool          `json:"surplus,omitempty"`      // and it can never buy them: refunded while the booking goes on
	OpenRefund    *RefundRef    `json:"open_refund,omitempty"`  // a refund that is to be asked for or asked about
	StuckRefund   bool          `json:"stuck_refund,omitempty"` // a refund failed at the provider: support must see it
	MailDue       string        `json:"mail_due,omitempty"`     // an e-mail that is queued and that nobody else sends
}

// RefundRef names a refund row.
type RefundRef struct {
	PaymentID string `json:"payment_id"`
	N         int    `json:"n"`
	Asked     bool   `json:"asked,omitempty"` // the provider has it, and its end is awaited; or a dispute's end is awaited first
}

// Step is what a booking's run does next.
type Step string

// The steps of a run.
const (
	StepWait          Step = "wait"           // nothing to do before the deadline or a signal
	StepConfirm       Step = "confirm"        // held → sold
	StepSellLate      Step = "sell-late"      // money on an expired booking: the same seats if they are free, else a refund
	StepCompensate    Step = "compensate"     // one transaction: refunding, refund rows, admissions void, seats free
	StepRequestRefund Step = "request-refund" // a payment that bought nothing gets a refund row
	StepSendRefund    Step = "send-refund"    // ask the provider, write down its answer
	StepFinishRefund  Step = "finish-refund"  // nothing of the refund is open: refunded
	StepIssue         Step = "issue"          // admissions, PDF: completed
	StepCloseCheckout Step = "close-checkout" // closing_at, page expired at the provider, nothing paid: seats free
	StepSendMail      Step = "send-mail"      // the mail that is due
	StepEnd           Step = "end"            // nothing is left
)

// Next names the step that a situation asks for: the first line that holds. The order is part of the protocol, whose model
// calls this function; `make model` after a change of it. Refunds are asked for last, because a provider that is away can
// hold them up for hours, and neither a hold nor tickets nor their mail may wait for that.
func (s Situation) Next() Step {
	held, unsettled := s.Status == BookingHeld, s.Unsettled != ""
	switch {
	case unsettled && s.Surplus:
		return StepRequestRefund
	case unsettled && held && s.ClosingReason == ClosingByCancel:
		return StepCompensate
	case unsettled && held:
		return StepConfirm
	case unsettled && s.Status == BookingExpired:
		return StepSellLate
	case unsettled:
		return StepRequestRefund
	case s.Status == BookingConfirmed:
		return StepIssue
	case held && (s.Closing || s.ClosingReason == ClosingByCancel || s.Remaining <= 0):
		return StepCloseCheckout
	case held && s.MailDue == "":
		return StepWait
	case s.Status == BookingRefunding && s.OpenRefund == nil && !s.StuckRefund:
		return StepFinishRefund
	case s.MailDue != "":
		return StepSendMail
	case s.OpenRefund != nil && !s.OpenRefund.Asked:
		return StepSendRefund
	default:
		return StepEnd
	}
}

// Idle reports whether a run would have nothing to do now.
func (s Situation) Idle() bool { return s.Next() == StepEnd || s.Next() == StepWait }

// AttemptEnd is the provider's word on an attempt while its checkout is being closed.
type AttemptEnd struct {
	AttemptID string
	Session   *PaymentSession // nil: the provider has no session for it and will not make one
}

// BookingStore is where bookings, their seats and their money are kept: every method is one transaction and one act.
//
// Each act is harmless when repeated. The acts of a run name the booking and its epoch: an old epoch is CodeFenced, and
// the run takes its first step again. An act whose rows are no longer what it was decided on does nothing. Either way the
// situation is what the run goes by next. Any method may fail with CodeUnavailable, after which it may be repeated.
type BookingStore interface {
	// HoldSeats takes seats for a new booking: all or none. With a key that was used for the same body it gives the
	// booking of that time. CodeInvalid, CodeNotFound, CodeNotOnSale, CodeRateLimited, CodeSeatsTaken, CodeOpenBookingExists,
	// CodeSeatLeftAlone, CodeKeyReused.
	HoldSeats(ctx context.Context, req HoldRequest) (booking Booking, ref BookingRef, fresh bool, err error)
	// HoldBest is HoldSeats with the best free seats of an event: together, and only if asked otherwise in groups near each
	// other. CodeNotTogether where there are none. The other codes are those of HoldSeats but CodeSeatsTaken: whoever comes
	// at the same time gets other seats while there are any.
	HoldBest(ctx context.Context, req BestRequest) (booking Booking, ref BookingRef, fresh bool, err error)
	// Booking reads a booking of the user. CodeNotFound.
	Booking(ctx context.Context, userID, bookingID string) (Booking, error)
	// Progress says how far bookings are, whoever's they are; one that does not exist is left out. Costs one statement.
	Progress(ctx context.Context, bookingIDs []string) (map[string]BookingProgress, error)
	// Bookings lists a user's bookings, newest first. CodeInvalid on a bad cursor.
	Bookings(ctx context.Context, f BookingFilter) (BookingPage, error)
	// ApplyPromotion makes a held booking cheaper by a code, until a payment page is opened for it. CodePromotionRefused with
	// a message that is the same for every code that is not there for this booking, CodeInvalid, CodeNotFound,
	// CodeBookingClosed, CodeDeadlinePassed, CodeKeyReused, CodeUnavailable where too many put in the same code at once. It
	// waits for those who do, and counts the code's bookings where that has a limit.
	ApplyPromotion(ctx context.Context, req PromotionRequest) (Booking, error)
	// RemovePromotion takes the code away again; that there is none is no error. CodeNotFound, CodeBookingClosed,
	// CodeDeadlinePassed, CodeKeyReused.
	RemovePromotion(ctx context.Context, userID, bookingID string, key *IdempotencyKey) (Booking, error)
	// OpenAttempt stores a payment attempt, or gives the live one. One that is free of charge is paid with it, and is given
	// again after that. CodeNotFound, CodeBookingClosed, CodeDeadlinePassed, CodeSeatsLost, CodeKeyReused.
	OpenAttempt(ctx context.Context, req CheckoutRequest) (PaymentAttempt, error)
	// StoreSession notes the session of an attempt and gives the hold's deadline. With CodeBookingClosed or
	// CodeDeadlinePassed the ID is kept all the same, so that the page can be closed, but its URL must not be handed out.
	StoreSession(ctx context.Context, attemptID string, s PaymentSession) (deadline time.Time, err error)
	// AbandonAttempt ends a live attempt of which the provider proved to have no session. CodeNotFound.
	AbandonAttempt(ctx context.Context, attemptID string) error
	// Extend moves the deadline. CodeNotFound, CodeBookingClosed, CodeDeadlinePassed, CodeSeatsLost, CodeKeyReused.
	Extend(ctx context.Context, userID, bookingID string, key *IdempotencyKey) (Booking, error)
	// ChangeSeats adds and removes seats of a held booking, all or none, at the prices of now; the deadline stays. From the
	// first payment page on the seats stay, too. CodeNotFound, CodeInvalid, CodeNotOnSale where seats are added,
	// CodeSeatsTaken, CodeSeatLeftAlone, CodeBookingClosed, CodeDeadlinePassed, CodeSeatsLost, CodeKeyReused, CodeUnavailable.
	ChangeSeats(ctx context.Context, c SeatChange) (Booking, error)
	// RequestCancel frees the seats at once where no attempt is live or paid, else notes the wish; settled says which.
	// CodeNotFound, CodeBookingClosed, CodeKeyReused.
	RequestCancel(ctx context.Context, userID, bookingID string, key *IdempotencyKey) (b Booking, settled bool, err error)
	// CancelSale gives tickets of a completed booking back, in one transaction: admissions void, seats free, what the event's
	// policy keeps noted with each, and the rest requested as a refund. With all tickets gone the booking is refunding; else
	// it stays completed, its tickets are made anew under another key, and a mail brings them. CodeNotFound also where a
	// ticket is not the booking's; CodeInvalid where one was given back, or the booking is held, which is cancelled as a
	// whole by RequestCancel; CodeNotReady while tickets are being made, CodeSaleFinal, CodeBookingClosed, CodeKeyReused.
	CancelSale(ctx context.Context, c Cancellation) (Booking, error)
	// QuoteCancellation says what a cancellation would come to, with the errors of CancelSale; of a hold, nothing.
	QuoteCancellation(ctx context.Context, c Cancellation) (CancellationQuote, error)
	// RequestResend queues one more mail with the tickets of a completed booking: at most one a minute, and five a day.
	// emailID is empty where the answer is an earlier one's. CodeNotFound, CodeNotReady, CodeInvalid where there is no
	// address, CodeRateLimited, CodeKeyReused.
	RequestResend(ctx context.Context, req ResendRequest) (b Booking, emailID string, err error)

	// VerifyHold is a run's first step: raise the epoch and look. CodeNotFound.
	VerifyHold(ctx context.Context, bookingID string) (Situation, error)
	// Look reads the situation. CodeFenced.
	Look(ctx context.Context, bookingID string, epoch int64) (Situation, error)
	// ConfirmSeats sells the held seats to the payment. CodeSeatsLost when it cannot be: then Compensate, whose reason is
	// that error's message.
	ConfirmSeats(ctx context.Context, bookingID string, epoch int64, paymentID string) (Situation, error)
	// SellLate sells free seats of an expired booking to a payment, or requests its refund.
	SellLate(ctx context.Context, bookingID string, epoch int64, paymentID string) (Situation, error)
	// IssueAdmissions makes an admission for each sold seat, once, and gives what the ticket file shows. CodeSeatsLost where the
	// event was called off: then Compensate.
	IssueAdmissions(ctx context.Context, bookingID string, epoch int64) (TicketDocument, error)
	// CompleteBooking notes that the tickets exist under blobKey and queues their mail.
	CompleteBooking(ctx context.Context, bookingID string, epoch int64, blobKey string) (Situation, error)
	// BeginClosing sets closing_at where the deadline has passed or a cancellation is wished.
	BeginClosing(ctx context.Context, bookingID string, epoch int64) (Situation, error)
	// Attempt reads an attempt. CodeNotFound.
	Attempt(ctx context.Context, attemptID string) (PaymentAttempt, error)
	// ResolveAttempt notes the end of a closing attempt: dead, or paid.
	ResolveAttempt(ctx context.Context, bookingID string, epoch int64, end AttemptEnd) (Situation, error)
	// ReleaseSeats frees the seats of a closing booking that nobody can pay and nobody paid: expired, or cancelled.
	ReleaseSeats(ctx context.Context, bookingID string, epoch int64) (Situation, error)
	// Compensate undoes a booking that cannot end in tickets, in one transaction: refunding, refund rows, admissions void,
	// seats free.
	Compensate(ctx context.Context, bookingID string, epoch int64, reason string) (Situation, error)
	// RequestRefund gives a payment that bought nothing its refund row. CodeRefundExceeds.
	RequestRefund(ctx context.Context, bookingID string, epoch int64, paymentID string) (Situation, error)
	// Refund reads a refund row. CodeNotFound.
	Refund(ctx context.Context, paymentID string, n int) (Refund, error)
	// MarkRefund notes the provider's word on a refund. The buyer's mail is queued with the word that the money went back.
	MarkRefund(ctx context.Context, bookingID string, epoch int64, r ProviderRefund) (Situation, error)
	// RenewRefund closes a refund that the provider proved never to have made, and writes another of the same amount down in
	// its place, under the next number and so under a key of its own. CodeProviderUnknown while the refund is young.
	RenewRefund(ctx context.Context, bookingID string, epoch int64, paymentID string, n int) (Situation, error)
	// MarkRefundShort notes that the provider's balance did not suffice for a refund, so that it is asked for again after a
	// quarter of an hour. Where the event was called off, its other refunds pause, and a task asks a person for the money.
	MarkRefundShort(ctx context.Context, bookingID string, epoch int64, paymentID string, n int) (Situation, error)
	// RecordRefunds counts all that the provider has given back of a payment, whoever asked it to: see the architecture's
	// "Refunds made by hand". CodeNotFound.
	RecordRefunds(ctx context.Context, bookingID string, epoch int64, paymentID string, all []ProviderRefund) (Situation, error)
	// FinishRefund sets refunded where no refund is open and all that was to go back is back.
	FinishRefund(ctx context.Context, bookingID string, epoch int64) (Situation, error)

	// ReceivePaymentEvent stores a verified webhook with its effect, or gives a stored one that has none its effect. One
	// without an ID has its effect, and is not stored.
	ReceivePaymentEvent(ctx context.Context, e PaymentEvent) (EventReceipt, error)
	// ClaimEvents gives stored events without an effect that are due to be tried again, at most limit, and moves their next
	// try on by pauses that grow, so that of several sweepers each gets others. Events that wait for their booking's run are
	// not among them.
	ClaimEvents(ctx context.Context, limit int) ([]PaymentEvent, error)
	// PutOffEvent notes why a claimed event still has no effect. One that was received more than three days ago is given up.
	PutOffEvent(ctx context.Context, eventID, why string) (EventFate, error)
	// ClaimOverdue gives bookings whose next check is due, at most limit, and moves their next check on, so that of
	// several sweepers each gets others.
	ClaimOverdue(ctx context.Context, limit int) ([]BookingRef, error)
	// TicketDocument gives what the ticket files of a completed booking show. CodeNotFound, CodeNotReady.
	TicketDocument(ctx context.Context, userID, bookingID string) (doc TicketDocument, blobKey string, err error)
	// BookingRef reads what a run is started with. CodeNotFound.
	BookingRef(ctx context.Context, bookingID string) (BookingRef, error)
}
