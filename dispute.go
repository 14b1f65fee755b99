package boxoffice

// DisputeState is how a dispute stands: the buyer's bank asks for the money of a payment back.
type DisputeState string

// The states of a dispute. One that has ended is never open again, in whatever order its events arrive.
const (
	DisputeInquiry DisputeState = "inquiry" // the bank only asks; the money is with us and can be given back
	DisputeOpen    DisputeState = "open"    // the bank took the money until it decides: nothing of the payment is given back
	DisputeWon     DisputeState = "won"     // the money is ours again, or was never taken
	DisputeLost    DisputeState = "lost"    // the buyer has it
)

// Ended reports whether the bank has decided.
func (s DisputeState) Ended() bool { return s == DisputeWon || s == DisputeLost }

// ProviderDispute is a dispute as the provider describes it.
type ProviderDispute struct {
	ID            string
	PaymentIntent string
	State         DisputeState
	Amount        Money
	Reason        string // the provider's word for why: "fraudulent"
}

// RefundOrigin says who gave money back.
type RefundOrigin string

// The origins of a refund.
const (
	RefundByUs        RefundOrigin = "booking"   // asked for by a booking's run
	RefundByHand      RefundOrigin = "dashboard" // made by a person, at the provider
	RefundByDispute   RefundOrigin = "dispute"   // taken by the buyer's bank
	RefundedElsewhere RefundOrigin = "elsewhere" // paid past the provider, as a person says: by bank transfer, in cash
)
