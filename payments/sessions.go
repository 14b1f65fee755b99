package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
)

const (
	// A session is created within minutes of its attempt: later Stripe takes the stored expiry for too near. The rest is
	// for clocks that differ: the attempt's time is the database's, the session's is Stripe's.
	searchBefore = 15 * time.Minute
	searchAfter  = 15 * time.Minute

	pageSize = 100 // the largest that Stripe gives
	// searchLimit is how many sessions are looked through. Stripe lets an account create 25 a second, 45,000 in the time
	// that is searched.
	searchLimit = 45_000
)

// Metadata that our objects carry at Stripe, for people who look there.
const (
	metaBooking   = "booking_id"
	metaAttempt   = "attempt_id"
	metaReference = "reference"
)

const noSession = "There is no payment page for this attempt."

// CreateSession opens a payment page under the attempt's key: repeated, it gives the same page. One call; it must be given
// what was stored, as Stripe refuses the key with anything else.
//
// Errors: CodeProviderUnknown; CodeProviderDeclined where Stripe refuses the parameters (or our key, which is logged);
// CodeNoSession where this call will never open a page, although an earlier one may have: the expiry is too near, Stripe
// replays a stored failure, or the key has other parameters. Then FindSession knows. What is too near, Stripe says, by its
// clock; ours, which may be wrong, is not asked.
func (c *Client) CreateSession(ctx context.Context, p boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	if err := checkLines(p); err != nil {
		return boxoffice.PaymentSession{}, declined(err, "The payment page cannot be opened.")
	}
	params := createParams(p)
	params.Context = ctx
	made, err := c.sessions.New(params)
	if err != nil {
		return boxoffice.PaymentSession{}, c.createError(fail("create session", err))
	}
	return c.answer("create session", made)
}

func (c *Client) createError(f *failure) error {
	switch {
	case f.stored500(), f.keyMismatch(), f.refused() && f.param == "expires_at":
		return boxoffice.WrapError(boxoffice.CodeNoSession, f, noSession)
	case f.refused():
		if f.unauthorized() {
			c.log.Error("the payment provider refuses our key", "error", f)
		}
		return declined(f, "The payment provider does not open a page for this booking.")
	default:
		return c.unknown(f)
	}
}

// checkLines keeps a page from asking for another amount than our row holds.
func checkLines(p boxoffice.SessionParameters) error {
	var sum int64
	for _, l := range p.Lines {
		sum += l.UnitMinor * l.Quantity
	}
	if sum != p.AmountMinor {
		return fmt.Errorf("the lines sum to %d, not to the amount %d", sum, p.AmountMinor)
	}
	return nil
}

// createParams is a function of the stored parameters alone, and stripe-go encodes it in one order (maps by key): the same
// parameters are the same bytes every time.
func createParams(p boxoffice.SessionParameters) *stripe.CheckoutSessionParams {
	metadata := map[string]string{metaBooking: p.BookingID, metaAttempt: p.AttemptID, metaReference: p.Reference}
	params := &stripe.CheckoutSessionParams{
		Params:             stripe.Params{IdempotencyKey: stripe.String(boxoffice.CheckoutKey(p.AttemptID))},
		Mode:               stripe.String(string(stripe.CheckoutSessionModePayment)),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}), // others may take days to pay: a hold lasts minutes
		ClientReferenceID:  stripe.String(p.AttemptID),
		Metadata:           metadata,
		PaymentIntentData:  &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: metadata},
		SuccessURL:         stripe.String(p.SuccessURL),
		CancelURL:          stripe.String(p.CancelURL),
		ExpiresAt:          stripe.Int64(p.ExpiresAt.Unix()),
	}
	if p.CustomerEmail != "" {
		params.CustomerEmail = stripe.String(p.CustomerEmail)
	}
	for _, l := range p.Lines {
		params.LineItems = append(params.LineItems, &stripe.CheckoutSessionLineItemParams{
			Quantity: stripe.Int64(l.Quantity),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency:    stripe.String(strings.ToLower(p.Currency)),
				UnitAmount:  stripe.Int64(l.UnitMinor),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String(l.Name)},
			},
		})
	}
	return params
}

// Session gives a session as it is now. One call. CodeNotFound, CodeProviderUnknown.
func (c *Client) Session(ctx context.Context, sessionID string) (boxoffice.PaymentSession, error) {
	const op = "retrieve session"
	if sessionID == "" { // the path without an ID is that of the list
		return boxoffice.PaymentSession{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such payment page.")
	}
	found, err := c.sessions.Get(sessionID, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}})
	if err == nil {
		return c.answer(op, found)
	}
	f := fail(op, err)
	if f.missing() {
		return boxoffice.PaymentSession{}, boxoffice.WrapError(boxoffice.CodeNotFound, f, "There is no such payment page.")
	}
	return boxoffice.PaymentSession{}, c.unknown(f)
}

// FindSession looks for the session of an attempt among those created around createdAt. CodeNoSession, CodeProviderUnknown.
// It costs a call for every hundred sessions of that half-hour, so it is for the rare case only.
//
// A list may lack what was made a moment ago. Taking such a session for none is harmless here: its URL was never handed
// out, and a page that nobody knows cannot be paid.
func (c *Client) FindSession(ctx context.Context, attemptID string, createdAt time.Time) (boxoffice.PaymentSession, error) {
	const op = "list sessions"
	params := &stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{
		GreaterThanOrEqual: createdAt.Add(-searchBefore).Unix(), LesserThanOrEqual: createdAt.Add(searchAfter).Unix(),
	}}
	params.Context, params.Limit = ctx, stripe.Int64(pageSize)
	list := c.sessions.List(params)
	for seen := 0; list.Next(); seen++ {
		found := list.CheckoutSession()
		switch {
		case found == nil:
			return boxoffice.PaymentSession{}, c.unknown(&failure{op: op, cause: errUnreadable})
		case found.ClientReferenceID == attemptID:
			return c.answer(op, found)
		case seen == searchLimit:
			return boxoffice.PaymentSession{}, c.unknown(&failure{op: op, cause: errTooMany})
		}
	}
	if err := list.Err(); err != nil {
		return boxoffice.PaymentSession{}, c.unknown(fail(op, err))
	}
	return boxoffice.PaymentSession{}, boxoffice.Errorf(boxoffice.CodeNoSession, noSession)
}

var errTooMany = errors.New("more objects than are looked through")

// ExpireSession closes the page and gives the session as it is afterwards: expired, or complete where the buyer was faster.
// One or two calls. CodeProviderUnknown, also for a session that Stripe does not know: nobody can say that it is closed.
func (c *Client) ExpireSession(ctx context.Context, sessionID string) (boxoffice.PaymentSession, error) {
	const op = "expire session"
	// This call has no key of ours. Expiring twice does no harm, while an answer stored under a fixed key ("it is complete",
	// a 500) would be replayed for a day; stripe-go's new key for each call, kept over its own retries, is right here.
	params := &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}}
	closed, err := c.sessions.Expire(sessionID, params)
	if err == nil && closed.ID == sessionID && closed.Status == stripe.CheckoutSessionStatusExpired {
		return c.answer(op, closed)
	}
	first := &failure{op: op, cause: errUnreadable}
	if err != nil {
		first = fail(op, err)
	}
	// Stripe documents no code for "not open", and after a timeout the page may be closed or not: the session itself knows.
	now, err := c.Session(ctx, sessionID)
	switch {
	case err != nil:
		// Only the text of the second error: its code in the chain would let errors.Is take this for an absent session.
		return boxoffice.PaymentSession{}, c.unknown(&failure{op: op, cause: fmt.Errorf("%w; then %v", first, err), wait: first.wait}) //nolint:errorlint // see above
	case now.Status == boxoffice.SessionOpen:
		return boxoffice.PaymentSession{}, c.unknown(first)
	}
	return now, nil
}

// answer reads a session that Stripe answered with. One that cannot be read is an unknown answer, and so is one of the other
// mode than our key's: play money must not buy anything.
func (c *Client) answer(op string, s *stripe.CheckoutSession) (boxoffice.PaymentSession, error) {
	read, ok := readSession(s)
	if !ok || read.Live != c.live {
		return boxoffice.PaymentSession{}, c.unknown(&failure{op: op, cause: errUnreadable})
	}
	return read, nil
}

// readSession translates a session; ok is false where it has no ID or no status that we know.
func readSession(s *stripe.CheckoutSession) (read boxoffice.PaymentSession, ok bool) {
	read = boxoffice.PaymentSession{
		ID: s.ID, AttemptID: s.ClientReferenceID, URL: s.URL, Status: boxoffice.SessionStatus(s.Status),
		// Of cards that are captured at once, "paid" is the money itself, whatever else the session says. Our totals are
		// never zero, so "no_payment_required" is not ours.
		Paid:   s.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid,
		Amount: money(s.AmountTotal, s.Currency), Email: s.CustomerEmail, Live: s.Livemode,
		ExpiresAt: time.Unix(s.ExpiresAt, 0).UTC(),
	}
	if s.PaymentIntent != nil {
		read.PaymentIntent = s.PaymentIntent.ID
	}
	if s.CustomerDetails != nil && s.CustomerDetails.Email != "" {
		read.Email = s.CustomerDetails.Email
	}
	switch read.Status {
	case boxoffice.SessionOpen, boxoffice.SessionComplete, boxoffice.SessionExpired:
		return read, read.ID != ""
	default:
		return read, false
	}
}

func money(minor int64, currency stripe.Currency) boxoffice.Money {
	return boxoffice.Money{Minor: minor, Currency: strings.ToUpper(string(currency))}
}
