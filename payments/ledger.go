package payments

import (
	"cmp"
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"golang.org/x/time/rate"
)

// ledgerPause is between two calls of the ledger: five a second. Stripe lets a test account make 25, a live one 100, and
// buyers come first.
const ledgerPause = 200 * time.Millisecond

// Ledger is Stripe's record as a [boxoffice.ProviderLedger], read through a client. It is safe for concurrent use.
type Ledger struct {
	client  *Client
	intents paymentintent.Client
	pace    *rate.Limiter
}

var _ boxoffice.ProviderLedger = (*Ledger)(nil)

// NewLedger makes a ledger whose calls are so far apart; 200 ms if zero.
func NewLedger(c *Client, pause time.Duration) *Ledger {
	return &Ledger{
		client: c, intents: paymentintent.Client{B: c.refunds.B, Key: c.refunds.Key}, pace: rate.NewLimiter(rate.Every(cmp.Or(pause, ledgerPause)), 1),
	}
}

// Payments lists payment intents with their last charge, so that one call tells what came in and what went back.
func (l *Ledger) Payments(ctx context.Context, w boxoffice.LedgerWindow, after string) (boxoffice.LedgerPage[boxoffice.ProviderPayment], error) {
	params := &stripe.PaymentIntentListParams{CreatedRange: createdIn(w)}
	params.AddExpand("data.latest_charge")
	if err := l.turn(ctx, &params.ListParams, after); err != nil {
		return boxoffice.LedgerPage[boxoffice.ProviderPayment]{}, err
	}
	return readPage(l.client, "list payments", l.intents.List(params).Iter, func(p *stripe.PaymentIntent) (boxoffice.ProviderPayment, string) {
		return readPayment(p), p.ID
	})
}

// Refunds lists refunds, also those that were made by hand.
func (l *Ledger) Refunds(ctx context.Context, w boxoffice.LedgerWindow, after string) (boxoffice.LedgerPage[boxoffice.ProviderRefund], error) {
	params := &stripe.RefundListParams{CreatedRange: createdIn(w)}
	if err := l.turn(ctx, &params.ListParams, after); err != nil {
		return boxoffice.LedgerPage[boxoffice.ProviderRefund]{}, err
	}
	return readPage(l.client, "list refunds", l.client.refunds.List(params).Iter, func(r *stripe.Refund) (boxoffice.ProviderRefund, string) {
		read, _ := readRefund(r) // a state that we do not know is no state
		return read, r.ID
	})
}

// Sessions lists payment pages.
func (l *Ledger) Sessions(ctx context.Context, w boxoffice.LedgerWindow, after string) (boxoffice.LedgerPage[boxoffice.PaymentSession], error) {
	params := &stripe.CheckoutSessionListParams{CreatedRange: createdIn(w)}
	if err := l.turn(ctx, &params.ListParams, after); err != nil {
		return boxoffice.LedgerPage[boxoffice.PaymentSession]{}, err
	}
	return readPage(l.client, "list sessions", l.client.sessions.List(params).Iter, func(s *stripe.CheckoutSession) (boxoffice.PaymentSession, string) {
		read, _ := readSession(s)
		return read, s.ID
	})
}

// SessionOf looks for the session of a payment intent. One of the other mode is unknown, as everywhere.
func (l *Ledger) SessionOf(ctx context.Context, paymentIntent string) (boxoffice.PaymentSession, error) {
	const op = "find session"
	params := &stripe.CheckoutSessionListParams{PaymentIntent: stripe.String(paymentIntent)}
	if err := l.turn(ctx, &params.ListParams, ""); err != nil {
		return boxoffice.PaymentSession{}, err
	}
	list := l.client.sessions.List(params)
	switch {
	case list.Next() && list.CheckoutSession() != nil:
		return l.client.answer(op, list.CheckoutSession())
	case list.Err() != nil:
		return boxoffice.PaymentSession{}, l.client.unknown(fail(op, list.Err()))
	}
	return boxoffice.PaymentSession{}, boxoffice.Errorf(boxoffice.CodeNoSession, "There is no payment page for this payment.")
}

// Payment asks for one payment intent.
func (l *Ledger) Payment(ctx context.Context, paymentIntent string) (boxoffice.ProviderPayment, error) {
	const op = "retrieve payment"
	if paymentIntent == "" { // the path without an ID is that of the list
		return boxoffice.ProviderPayment{}, boxoffice.Errorf(boxoffice.CodeNotFound, noPayment)
	}
	if err := l.wait(ctx); err != nil {
		return boxoffice.ProviderPayment{}, err
	}
	params := &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}}
	params.AddExpand("latest_charge")
	found, err := l.intents.Get(paymentIntent, params)
	if err == nil && found.ID == paymentIntent && found.Livemode == l.client.live {
		return readPayment(found), nil
	}
	if err == nil {
		return boxoffice.ProviderPayment{}, l.client.unknown(&failure{op: op, cause: errUnreadable})
	}
	f := fail(op, err)
	if f.missing() {
		return boxoffice.ProviderPayment{}, boxoffice.WrapError(boxoffice.CodeNotFound, f, noPayment)
	}
	return boxoffice.ProviderPayment{}, l.client.unknown(f)
}

const noPayment = "There is no such payment."

// RefundNow asks for one refund.
func (l *Ledger) RefundNow(ctx context.Context, id string) (boxoffice.ProviderRefund, error) {
	if err := l.wait(ctx); err != nil {
		return boxoffice.ProviderRefund{}, err
	}
	return l.client.refundOf(ctx, id)
}

// RefundEvent tells of a refund what its webhook would.
func (l *Ledger) RefundEvent(ctx context.Context, id string) (boxoffice.PaymentEvent, error) {
	if err := l.wait(ctx); err != nil {
		return boxoffice.PaymentEvent{}, err
	}
	return l.client.EventNow(ctx, boxoffice.PaymentEvent{Type: string(stripe.EventTypeChargeRefundUpdated), ObjectID: id})
}

func createdIn(w boxoffice.LedgerWindow) *stripe.RangeQueryParams {
	return &stripe.RangeQueryParams{GreaterThanOrEqual: w.From.Unix(), LesserThanOrEqual: w.To.Unix()}
}

// turn makes a list's parameters those of one page, when it is the ledger's turn to call.
func (l *Ledger) turn(ctx context.Context, params *stripe.ListParams, after string) error {
	params.Context, params.Limit, params.Single = ctx, stripe.Int64(pageSize), true
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	return l.wait(ctx)
}

func (l *Ledger) wait(ctx context.Context) error {
	if err := l.pace.Wait(ctx); err != nil {
		return l.client.unknown(&failure{op: "wait for a turn", cause: err})
	}
	return nil
}

// readPage reads the one page of a list. An object that cannot be read makes the answer an unknown one: leaving it out would
// call right what nobody has looked at.
func readPage[S, T any](c *Client, op string, list *stripe.Iter, read func(*S) (T, string)) (boxoffice.LedgerPage[T], error) {
	var page boxoffice.LedgerPage[T]
	last := ""
	for list.Next() {
		one, ok := list.Current().(*S)
		if !ok || one == nil {
			return boxoffice.LedgerPage[T]{}, c.unknown(&failure{op: op, cause: errUnreadable})
		}
		item, id := read(one)
		if last = id; id == "" {
			return boxoffice.LedgerPage[T]{}, c.unknown(&failure{op: op, cause: errUnreadable})
		}
		page.Items = append(page.Items, item)
	}
	if err := list.Err(); err != nil {
		return boxoffice.LedgerPage[T]{}, c.unknown(fail(op, err))
	}
	if !list.Meta().HasMore {
		return page, nil
	}
	if page.Next = last; last == "" {
		return boxoffice.LedgerPage[T]{}, c.unknown(&failure{op: op, cause: errUnreadable})
	}
	return page, nil
}

// readPayment translates a payment intent. The time is its last charge's, where the answer has that.
func readPayment(p *stripe.PaymentIntent) boxoffice.ProviderPayment {
	read := boxoffice.ProviderPayment{
		PaymentIntent: p.ID, AttemptID: p.Metadata[metaAttempt], BookingID: p.Metadata[metaBooking],
		Captured: p.Status == stripe.PaymentIntentStatusSucceeded, Amount: money(p.AmountReceived, p.Currency), PaidAt: time.Unix(p.Created, 0).UTC(),
	}
	if p.LatestCharge != nil && p.LatestCharge.Created > 0 {
		read.RefundedMinor, read.PaidAt = p.LatestCharge.AmountRefunded, time.Unix(p.LatestCharge.Created, 0).UTC()
	}
	return read
}
