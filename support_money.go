package boxoffice

import "context"

// SupportMoneyStore is what support decides about money where only a person can: see docs/support.md. Each act is one
// transaction under the lock of its booking and payment, done once for its key, with a line in the audit log and in the
// booking's timeline. The booking's run looks at the rows afterwards, and asks the provider.
type SupportMoneyStore interface {
	// SettleByHand says what a refund was for that was made at the provider by hand: for these tickets, which are void then
	// and their seats free, or, with none, for nothing of the booking: the tickets stay. No further money moves. CodeInvalid
	// where it is settled, or a ticket cannot be given back; CodeNotFound, CodeSaleFinal for a ticket with which somebody
	// went in.
	SettleByHand(ctx context.Context, act SupportAct, refund RefundRef, ticketIDs []string) error
	// RetryRefund writes down one more refund of what a payment still owes after a failure. Asked for any number of times at
	// once, it is one. CodeInvalid where nothing is owed that is not on its way, CodeNotFound.
	RetryRefund(ctx context.Context, act SupportAct, paymentID string) error
	// RefundedOtherwise notes that what a payment still owes after a failure was paid past the provider; the reference, a
	// line of at most MaxReference bytes, is told to the buyer. CodeInvalid as RetryRefund, CodeNotFound.
	RefundedOtherwise(ctx context.Context, act SupportAct, paymentID, reference string) error
}

// MaxReference is how long the reference of a payment past the provider may be, in bytes.
const MaxReference = 200
