package payments

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
)

// EventNow asks for the object of an event at our own version of the API and under our own key, and gives the event with
// that and nothing else of its content: whoever sent it, and in whatever version and mode, Stripe's answer is what counts.
// Of a refund or a refunded charge it gives all refunds of the payment. One to three calls; none for events whose object
// means nothing to us. CodeNotFound, also for an object of the other mode, which our key does not see; CodeProviderUnknown.
func (c *Client) EventNow(ctx context.Context, e boxoffice.PaymentEvent) (boxoffice.PaymentEvent, error) {
	now := boxoffice.PaymentEvent{ID: e.ID, Type: e.Type, APIVersion: e.APIVersion, ObjectID: e.ObjectID, Live: c.live, Payload: e.Payload}
	given, err := e.ObjectID, error(nil)
	switch {
	case slices.Contains(sessionEvents, e.Type):
		var s boxoffice.PaymentSession
		s, err = c.Session(ctx, e.ObjectID)
		now.Session, given = afterAll(e.Type, s), s.ID
	case slices.Contains(refundEvents, e.Type):
		var r boxoffice.ProviderRefund
		r, err = c.refundOf(ctx, e.ObjectID)
		now.Refunds, given = []boxoffice.ProviderRefund{r}, r.ID
		if err == nil && r.PaymentIntent != "" { // without one it is of no page of ours
			now.Refunds, err = c.RefundsOf(ctx, r.PaymentIntent)
		}
	case slices.Contains(chargeEvents, e.Type):
		now.Refunds, err = c.refundsOfCharge(ctx, e.ObjectID)
	case slices.Contains(disputeEvents, e.Type):
		var d boxoffice.ProviderDispute
		d, err = c.dispute(ctx, e.ObjectID)
		now.Dispute, given = &d, d.ID
	}
	switch {
	case err != nil:
		return boxoffice.PaymentEvent{}, err
	case given != e.ObjectID:
		return boxoffice.PaymentEvent{}, c.unknown(&failure{op: "ask for the object of an event", cause: errUnreadable})
	}
	return now, nil
}
