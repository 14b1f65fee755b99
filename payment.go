package boxoffice

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// AttemptState is the state of a payment attempt, which is one session on the provider's payment page.
type AttemptState string

// The states of a payment attempt. At most one attempt of a booking is live or paid.
const (
	AttemptLive    AttemptState = "live"    // its page may be open, or may yet come to be
	AttemptPaid    AttemptState = "paid"    // money arrived on it
	AttemptDead    AttemptState = "dead"    // its page can no longer be paid
	AttemptSurplus AttemptState = "surplus" // money arrived on it although another attempt is live or paid: refunded
)

// CheckoutRequest asks for a payment page.
type CheckoutRequest struct {
	UserID     string
	BookingID  string
	Email      string // where the tickets go; empty: see Booking.Email
	SuccessURL string // on our own origin
	CancelURL  string // on our own origin
	Key        *IdempotencyKey
}

// Checkout is an open payment page, or, where there is nothing to pay, the page that a payment would lead to.
type Checkout struct {
	URL       string
	ExpiresAt time.Time // of the hold: what the buyer must keep to
}

// SessionParameters are all that a session is created with. They are stored before the first call and never change, so
// that every repetition of the call is the same call.
type SessionParameters struct {
	AttemptID     string     `json:"attempt_id"` // the provider's client_reference_id
	BookingID     string     `json:"booking_id"`
	Reference     string     `json:"reference"`
	AmountMinor   int64      `json:"amount_minor"`
	Currency      string     `json:"currency"`
	Lines         []LineItem `json:"lines"`
	CustomerEmail string     `json:"customer_email,omitempty"`
	SuccessURL    string     `json:"success_url"`
	CancelURL     string     `json:"cancel_url"`
	ExpiresAt     time.Time  `json:"expires_at"`
}

// LineItem is one line of the payment page.
type LineItem struct {
	Name      string `json:"name"`
	UnitMinor int64  `json:"unit_minor"`
	Quantity  int64  `json:"quantity"`
}

// PaymentAttempt is a stored attempt.
type PaymentAttempt struct {
	ID         string
	BookingID  string
	State      AttemptState
	Parameters SessionParameters
	SessionID  string // empty until the provider's answer is stored
	URL        string
	CreatedAt  time.Time
	ExpiresAt  time.Time // of the session
}

// Free reports whether nothing has to be paid: the attempt is paid from the beginning, and has no session.
func (a PaymentAttempt) Free() bool { return a.Parameters.AmountMinor == 0 }

// CheckoutKey is the provider's idempotency key for creating the session of an attempt.
func CheckoutKey(attemptID string) string { return "checkout:" + attemptID }

// RefundKey is the provider's idempotency key of the nth refund of a payment.
func RefundKey(paymentID string, n int) string { return "refund:" + paymentID + ":" + strconv.Itoa(n) }

// SessionStatus is the provider's word on a session.
type SessionStatus string

// The statuses of a session.
const (
	SessionOpen     SessionStatus = "open"
	SessionComplete SessionStatus = "complete"
	SessionExpired  SessionStatus = "expired"
)

// PaymentSession is a session as the provider describes it.
type PaymentSession struct {
	ID            string
	AttemptID     string // client_reference_id
	URL           string
	Status        SessionStatus
	Paid          bool // complete, and the money captured
	PaymentIntent string
	Amount        Money
	Email         string // collected on the page
	Live          bool   // not test mode
	ExpiresAt     time.Time
}

// RefundState is the state of a refund.
type RefundState string

// The states of a refund row.
const (
	RefundPending   RefundState = "pending"   // to be asked for, or asked for and not yet through
	RefundSucceeded RefundState = "succeeded" // the provider gave the money back
	RefundFailed    RefundState = "failed"    // the bank refused it; the money is with us
)

// Refund is one numbered refund of a payment.
type Refund struct {
	PaymentID     string
	N             int
	PaymentIntent string
	Amount        Money
	State         RefundState
	ProviderID    string // empty until the provider's answer is stored
	Reason        string
	Origin        RefundOrigin
	Disputed      bool // the buyer's bank disputes the payment: nothing of it is asked for until that is decided
}

// PaymentEvent is a verified webhook, or what one would have told that never came.
type PaymentEvent struct {
	ID         string // the provider's event ID; empty: its object was found in the provider's record
	Type       string
	APIVersion string
	ObjectID   string // of the session, refund, dispute it tells of
	Live       bool
	Payload    json.RawMessage
	Parked     string           // why it cannot be understood (another API version); empty: it was
	Ask        bool             // it says that something changed, and not reliably how it stands now: see EventNow
	Session    *PaymentSession  // of checkout.session.* events
	Refund     *ProviderRefund  // of refund events, as the event tells of it
	Refunds    []ProviderRefund // of refund events that were asked about: all refunds of that payment, as they are now
	Dispute    *ProviderDispute // of dispute events that were asked about
}

// Asked reports whether the event holds the provider's answer about refunds or a dispute. Our own refunds are told of that way
// too, so that most of these answers say nothing new.
func (e PaymentEvent) Asked() bool { return e.Dispute != nil || len(e.Refunds) > 0 }

// EventFate is what became of an event that was received, or taken up again.
type EventFate string

// The fates of an event.
const (
	EventTaken   EventFate = "taken"    // it has its effect, or its booking's run gives it that; or it asks for none
	EventAsked   EventFate = "asked"    // it is about money of ours, and the provider is to be asked how that stands
	EventParked  EventFate = "parked"   // it cannot be understood: the provider is to be asked what it tells of
	EventUnknown EventFate = "unknown"  // it is about nothing of ours: it is tried again for three days
	EventGivenUp EventFate = "given up" // it was about nothing of ours for three days
)

// EventReceipt is what the store says of an event.
type EventReceipt struct {
	Fate    EventFate
	Booking *BookingRef // to nudge; nil: nobody
}

// ProviderRefund is a refund as the provider describes it.
type ProviderRefund struct {
	ID            string
	PaymentIntent string
	State         RefundState
	Amount        Money
	PaymentID     string // ours, from its metadata; empty for one that was not made by us
	N             int
	Failure       string
}

// RefusedByProvider is the failure of a refund that the provider refused when it was asked. Others name what the bank said.
const RefusedByProvider = "refused by the provider"

// ErrStaleWebhook is the cause of a CodeBadSignature where the signature is genuine but of another time than ours: a clock
// is wrong, or somebody sends an old webhook again.
var ErrStaleWebhook = errors.New("signed at another time")

// PaymentProvider takes money. Every call is repeatable under its key; an answer that is not known is
// CodeProviderUnknown and must be asked for again, never taken for a no.
type PaymentProvider interface {
	// CreateSession opens a payment page. CodeProviderUnknown, CodeProviderDeclined (the parameters are refused),
	// CodeNoSession (the stored expiry is too near: look it up instead), CodeUnavailable.
	CreateSession(ctx context.Context, p SessionParameters) (PaymentSession, error)
	// Session gives a session as it is now. CodeNotFound, CodeProviderUnknown.
	Session(ctx context.Context, sessionID string) (PaymentSession, error)
	// FindSession looks for the session of an attempt among those created around its time. CodeNoSession,
	// CodeProviderUnknown.
	FindSession(ctx context.Context, attemptID string, createdAt time.Time) (PaymentSession, error)
	// ExpireSession closes the page; what it gives is the session's status afterwards, which may be complete: the buyer
	// was faster. CodeProviderUnknown.
	ExpireSession(ctx context.Context, sessionID string) (PaymentSession, error)
	// Refund gives money back under RefundKey. CodeProviderDeclined, CodeProviderUnknown, CodeBalanceInsufficient (see
	// BookingStore.MarkRefundShort), CodeNoRefund (the provider proved to have none of this number, and makes none under its
	// key any more: see BookingStore.RenewRefund).
	Refund(ctx context.Context, r Refund) (ProviderRefund, error)
	// RefundsOf gives all refunds of a payment, whoever made them. CodeProviderUnknown.
	RefundsOf(ctx context.Context, paymentIntent string) ([]ProviderRefund, error)
	// VerifyWebhook checks a webhook's signature over its raw body, then reads it. CodeBadSignature (ErrStaleWebhook is its
	// cause where only the time is wrong), CodeMalformed.
	VerifyWebhook(payload []byte, signature string) (PaymentEvent, error)
	// EventNow gives a stored event as if it came now: not parked, and with its object as it is now; of a refund, with all
	// refunds of its payment. Nothing of what the event itself said of the object is believed. CodeNotFound (no such object
	// under our key), CodeProviderUnknown.
	EventNow(ctx context.Context, e PaymentEvent) (PaymentEvent, error)
}
