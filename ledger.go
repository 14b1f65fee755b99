package boxoffice

import (
	"context"
	"time"
)

// LedgerWindow is a time in the provider's record, by when an object was made there. Both ends belong to it.
type LedgerWindow struct{ From, To time.Time }

// LedgerPage is at most a hundred objects of the provider's record, the newest first.
type LedgerPage[T any] struct {
	Items []T
	Next  string // where the next page begins; empty: there is none
}

// ProviderPayment is a payment as the provider's record has it.
type ProviderPayment struct {
	PaymentIntent string
	AttemptID     string // ours, from its metadata; empty for one that we did not ask for
	BookingID     string // the same
	Captured      bool   // the money came in
	Amount        Money  // that came in
	RefundedMinor int64  // of it, that went back or is on its way
	PaidAt        time.Time
}

// ProviderLedger is the provider's record of the whole account, which other applications may share. Each method is one call,
// of RefundEvent one or two; with its client's repeats three times as many. The calls of one process are kept apart, so that
// whoever reads all of it leaves the provider's limits to buyers. CodeProviderUnknown: it gave no answer, or asks to come again
// (RetryAfter).
type ProviderLedger interface {
	// Payments gives a page of the payments that were begun in the window, whatever became of them.
	Payments(ctx context.Context, w LedgerWindow, after string) (LedgerPage[ProviderPayment], error)
	// Refunds gives a page of the refunds that were made in the window, whoever made them. A state that is not known to us
	// is empty.
	Refunds(ctx context.Context, w LedgerWindow, after string) (LedgerPage[ProviderRefund], error)
	// Sessions gives a page of the payment pages that were opened in the window.
	Sessions(ctx context.Context, w LedgerWindow, after string) (LedgerPage[PaymentSession], error)
	// Payment gives a payment as it is now. CodeNotFound.
	Payment(ctx context.Context, paymentIntent string) (ProviderPayment, error)
	// RefundNow gives a refund as it is now. CodeNotFound.
	RefundNow(ctx context.Context, id string) (ProviderRefund, error)
	// RefundEvent gives what a webhook of a refund would tell now: an event without an ID. CodeNotFound.
	RefundEvent(ctx context.Context, id string) (PaymentEvent, error)
	// SessionOf gives the payment page on which a payment was made. CodeNoSession.
	SessionOf(ctx context.Context, paymentIntent string) (PaymentSession, error)
}
