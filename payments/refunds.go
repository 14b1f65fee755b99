package payments

import (
	"context"
	"errors"
	"strconv"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
)

// Metadata that says which row of ours a refund is.
const (
	metaPayment = "payment_id"
	metaNumber  = "n"
)

// refundLimit is how many refunds of one payment are looked through: far more than a payment has seats.
const refundLimit = 1000

// Refund gives money back. Without a ProviderID it looks for the refund among those of the payment intent and makes it,
// under [boxoffice.RefundKey], where it is not there; with one it asks how the refund stands. One to three calls.
//
// Looking first costs a call, and is what makes the promise hold for longer than a day: then Stripe forgets the key, and a
// part of a payment could be given back twice.
//
// Errors: CodeProviderUnknown; CodeProviderDeclined where Stripe says no for good; CodeBalanceInsufficient where our balance
// at Stripe does not suffice; CodeNoRefund where Stripe replays a stored failure, also one of the balance, and the refund is not
// there. A refused key is not for good: the money is owed, and the call succeeds once somebody has mended that.
func (c *Client) Refund(ctx context.Context, r boxoffice.Refund) (boxoffice.ProviderRefund, error) {
	if r.ProviderID != "" {
		return c.refundNow(ctx, r.ProviderID)
	}
	if r.PaymentIntent == "" || r.PaymentID == "" || r.N < 1 || r.Amount.Minor < 1 {
		return boxoffice.ProviderRefund{}, declined(errors.New("the refund names no payment, number or amount"), refusedRefund)
	}
	known, found, err := c.findRefund(ctx, r)
	if err != nil || found {
		return known, err
	}
	made, err := c.refunds.New(refundParams(ctx, r))
	if err != nil {
		return c.refundRefused(ctx, r, fail("create refund", err))
	}
	return c.refundAnswer("create refund", made)
}

const refusedRefund = "The payment provider refuses this refund."

func refundParams(ctx context.Context, r boxoffice.Refund) *stripe.RefundParams {
	return &stripe.RefundParams{
		Params:        stripe.Params{Context: ctx, IdempotencyKey: stripe.String(boxoffice.RefundKey(r.PaymentID, r.N))},
		PaymentIntent: stripe.String(r.PaymentIntent),
		Amount:        stripe.Int64(r.Amount.Minor),
		Reason:        stripe.String(string(stripe.RefundReasonRequestedByCustomer)),
		Metadata:      map[string]string{metaPayment: r.PaymentID, metaNumber: strconv.Itoa(r.N)},
	}
}

// refundNow asks how a refund stands that Stripe has. Where it says that there is none, it gave us this ID: so the question
// went to the wrong account, and the answer is unknown.
func (c *Client) refundNow(ctx context.Context, id string) (boxoffice.ProviderRefund, error) {
	now, err := c.refundOf(ctx, id)
	if f, ok := errors.AsType[*failure](err); ok && boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		err = c.unknown(f)
	}
	return now, err
}

// refundOf asks for a refund by an ID that may be anybody's. CodeNotFound, CodeProviderUnknown.
func (c *Client) refundOf(ctx context.Context, id string) (boxoffice.ProviderRefund, error) {
	const op = "retrieve refund"
	if id == "" { // the path without an ID is that of the list
		return boxoffice.ProviderRefund{}, boxoffice.Errorf(boxoffice.CodeNotFound, noRefund)
	}
	found, err := c.refunds.Get(id, &stripe.RefundParams{Params: stripe.Params{Context: ctx}})
	if err == nil {
		return c.refundAnswer(op, found)
	}
	f := fail(op, err)
	if f.missing() {
		return boxoffice.ProviderRefund{}, boxoffice.WrapError(boxoffice.CodeNotFound, f, noRefund)
	}
	return boxoffice.ProviderRefund{}, c.unknown(f)
}

const noRefund = "There is no such refund."

// refundRefused decides what a refund is that Stripe did not make when asked. Another call under the same key may have made
// it meanwhile, and charge_already_refunded may mean this very refund: so a no is believed only after a second look.
func (c *Client) refundRefused(ctx context.Context, r boxoffice.Refund, f *failure) (boxoffice.ProviderRefund, error) {
	if !f.refused() && !f.stored500() {
		return boxoffice.ProviderRefund{}, c.unknown(f)
	}
	known, found, err := c.findRefund(ctx, r)
	switch {
	case err != nil || found:
		return known, err
	case f.stored500(), f.short() && f.replayed:
		// Stripe replays only what has ended (while a call runs, its key is in use: 409), and we looked after that: nothing of
		// that call is under way any more. Stripe's people may yet finish by hand what broke, and tell of that by webhook.
		return boxoffice.ProviderRefund{}, boxoffice.WrapError(boxoffice.CodeNoRefund, f, "The payment provider has not made this refund.")
	case f.unauthorized(), f.disputed():
		// Not made, and this key will say so for a day at most: then Stripe forgets it, and the same call goes through. Of a
		// dispute a webhook tells, and until it has ended nobody asks.
		return boxoffice.ProviderRefund{}, c.unknown(f)
	case f.short():
		return boxoffice.ProviderRefund{}, boxoffice.WrapError(boxoffice.CodeBalanceInsufficient, f, "Our balance at the payment provider does not suffice for this refund.")
	}
	return boxoffice.ProviderRefund{}, declined(f, refusedRefund)
}

// findRefund looks for the refund of our row among those of its payment intent.
func (c *Client) findRefund(ctx context.Context, r boxoffice.Refund) (known boxoffice.ProviderRefund, found bool, err error) {
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(r.PaymentIntent)}
	err = c.eachRefund(ctx, params, func(one *stripe.Refund) (more bool, err error) {
		if payment, n := ours(one); payment != r.PaymentID || n != r.N {
			return true, nil
		}
		known, err = c.refundAnswer(listRefunds, one)
		found = err == nil
		return false, err
	})
	return known, found, err
}

// RefundsOf gives all refunds of a payment, those too that were made by hand. A call for every hundred. CodeProviderUnknown.
func (c *Client) RefundsOf(ctx context.Context, paymentIntent string) ([]boxoffice.ProviderRefund, error) {
	if paymentIntent == "" { // without it the list would be that of everybody's refunds
		return nil, c.unknown(&failure{op: listRefunds, cause: errUnreadable})
	}
	return c.collectRefunds(ctx, &stripe.RefundListParams{PaymentIntent: stripe.String(paymentIntent)})
}

// refundsOfCharge gives all refunds of a charge. CodeNotFound, CodeProviderUnknown.
func (c *Client) refundsOfCharge(ctx context.Context, chargeID string) ([]boxoffice.ProviderRefund, error) {
	if chargeID == "" {
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, noRefund)
	}
	return c.collectRefunds(ctx, &stripe.RefundListParams{Charge: stripe.String(chargeID)})
}

func (c *Client) collectRefunds(ctx context.Context, params *stripe.RefundListParams) (all []boxoffice.ProviderRefund, err error) {
	err = c.eachRefund(ctx, params, func(one *stripe.Refund) (more bool, err error) {
		read, err := c.refundAnswer(listRefunds, one)
		all = append(all, read)
		return true, err
	})
	if f, ok := errors.AsType[*failure](err); ok && f.missing() { // of the other mode, or another account
		err = boxoffice.WrapError(boxoffice.CodeNotFound, f, noRefund)
	}
	return all, err
}

const listRefunds = "list refunds"

// eachRefund hands the refunds of a list on, newest first, until one is not wanted. CodeProviderUnknown.
func (c *Client) eachRefund(ctx context.Context, params *stripe.RefundListParams, do func(*stripe.Refund) (more bool, err error)) error {
	params.Context, params.Limit = ctx, stripe.Int64(pageSize)
	list := c.refunds.List(params)
	for seen := 0; list.Next(); seen++ {
		if list.Refund() == nil {
			return c.unknown(&failure{op: listRefunds, cause: errUnreadable})
		}
		if seen == refundLimit {
			return c.unknown(&failure{op: listRefunds, cause: errTooMany})
		}
		if more, err := do(list.Refund()); err != nil || !more {
			return err
		}
	}
	if err := list.Err(); err != nil {
		return c.unknown(fail(listRefunds, err))
	}
	return nil
}

// ours reads from the metadata which row of ours a refund is; nothing for one that was made by hand.
func ours(r *stripe.Refund) (paymentID string, n int) {
	n, err := strconv.Atoi(r.Metadata[metaNumber])
	if err != nil || n < 1 || r.Metadata[metaPayment] == "" {
		return "", 0
	}
	return r.Metadata[metaPayment], n
}

func (c *Client) refundAnswer(op string, r *stripe.Refund) (boxoffice.ProviderRefund, error) {
	read, ok := readRefund(r)
	if !ok {
		return boxoffice.ProviderRefund{}, c.unknown(&failure{op: op, cause: errUnreadable})
	}
	return read, nil
}

// refundStates translates Stripe's statuses. requires_action is the bank's or the buyer's turn; canceled is a refund that
// needed such an action and was called off: either way the money is where the state says.
var refundStates = map[stripe.RefundStatus]boxoffice.RefundState{
	stripe.RefundStatusPending:        boxoffice.RefundPending,
	stripe.RefundStatusRequiresAction: boxoffice.RefundPending,
	stripe.RefundStatusSucceeded:      boxoffice.RefundSucceeded,
	stripe.RefundStatusFailed:         boxoffice.RefundFailed,
	stripe.RefundStatusCanceled:       boxoffice.RefundFailed,
}

// readRefund translates a refund; ok is false where it has no ID or no status that we know.
func readRefund(r *stripe.Refund) (read boxoffice.ProviderRefund, ok bool) {
	state, ok := refundStates[r.Status]
	read = boxoffice.ProviderRefund{ID: r.ID, State: state, Amount: money(r.Amount, r.Currency)}
	read.PaymentID, read.N = ours(r)
	if r.PaymentIntent != nil {
		read.PaymentIntent = r.PaymentIntent.ID
	}
	if state == boxoffice.RefundFailed {
		read.Failure = string(r.FailureReason)
		if read.Failure == "" {
			read.Failure = string(r.Status)
		}
	}
	return read, ok && r.ID != ""
}
