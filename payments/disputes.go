package payments

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
)

const noDispute = "There is no such dispute."

// dispute asks how a dispute stands. Stripe may name only its charge; the payment is asked for with it. CodeNotFound,
// CodeProviderUnknown.
func (c *Client) dispute(ctx context.Context, id string) (boxoffice.ProviderDispute, error) {
	const op = "retrieve dispute"
	if id == "" { // the path without an ID is that of the list
		return boxoffice.ProviderDispute{}, boxoffice.Errorf(boxoffice.CodeNotFound, noDispute)
	}
	params := &stripe.DisputeParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("charge")
	found, err := c.disputes.Get(id, params)
	if err != nil {
		f := fail(op, err)
		if f.missing() {
			return boxoffice.ProviderDispute{}, boxoffice.WrapError(boxoffice.CodeNotFound, f, noDispute)
		}
		return boxoffice.ProviderDispute{}, c.unknown(f)
	}
	read, ok := readDispute(found)
	if !ok || found.Livemode != c.live {
		return boxoffice.ProviderDispute{}, c.unknown(&failure{op: op, cause: errUnreadable})
	}
	return read, nil
}

// disputeStates translates Stripe's statuses. Those of an inquiry begin with warning: no money was taken yet, and none is
// where it closes.
var disputeStates = map[stripe.DisputeStatus]boxoffice.DisputeState{
	stripe.DisputeStatusWarningNeedsResponse: boxoffice.DisputeInquiry,
	stripe.DisputeStatusWarningUnderReview:   boxoffice.DisputeInquiry,
	stripe.DisputeStatusWarningClosed:        boxoffice.DisputeWon,
	stripe.DisputeStatusNeedsResponse:        boxoffice.DisputeOpen,
	stripe.DisputeStatusUnderReview:          boxoffice.DisputeOpen,
	stripe.DisputeStatusWon:                  boxoffice.DisputeWon,
	stripe.DisputeStatusLost:                 boxoffice.DisputeLost,
}

// readDispute translates a dispute; ok is false where it has no ID, no payment, or no status that we know.
func readDispute(d *stripe.Dispute) (read boxoffice.ProviderDispute, ok bool) {
	state, ok := disputeStates[d.Status]
	read = boxoffice.ProviderDispute{ID: d.ID, State: state, Amount: money(d.Amount, d.Currency), Reason: string(d.Reason)}
	switch {
	case d.PaymentIntent != nil:
		read.PaymentIntent = d.PaymentIntent.ID
	case d.Charge != nil && d.Charge.PaymentIntent != nil:
		read.PaymentIntent = d.Charge.PaymentIntent.ID
	}
	return read, ok && d.ID != "" && read.PaymentIntent != ""
}
