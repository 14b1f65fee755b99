package bookings

import (
	"context"
	"net/url"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
)

// pageRetry is after how long a buyer should try again whose payment page could not be opened.
const pageRetry = 2 * time.Second

// Checkout opens the payment page, or gives the one that is open. The attempt is stored before the provider is asked, so
// a crash at any point is found and closed by the run. A booking that is free of charge is paid with that: the provider is
// not asked, the run is woken, and the buyer goes where a payment would lead.
func (s *Service) Checkout(ctx context.Context, req boxoffice.CheckoutRequest) (boxoffice.Checkout, error) {
	var err error
	if req.SuccessURL, err = s.returnURL("success_url", req.SuccessURL, req.BookingID); err != nil {
		return boxoffice.Checkout{}, err
	}
	if req.CancelURL, err = s.returnURL("cancel_url", req.CancelURL, req.BookingID); err != nil {
		return boxoffice.Checkout{}, err
	}
	checkout, err := s.openCheckout(ctx, req)
	if boxoffice.CodeOf(err) == boxoffice.CodeNoSession {
		// The provider has no page for that attempt and will make none: it is dead now, and a new one may open.
		checkout, err = s.openCheckout(ctx, req)
	}
	if code := boxoffice.CodeOf(err); code == boxoffice.CodeProviderUnknown || code == boxoffice.CodeNoSession {
		e := boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The payment page cannot be opened at this moment. Please try again.")
		e.RetryAfter = pageRetry
		return checkout, e
	}
	return checkout, err
}

func (s *Service) openCheckout(ctx context.Context, req boxoffice.CheckoutRequest) (boxoffice.Checkout, error) {
	attempt, err := s.Store.OpenAttempt(ctx, req)
	if err != nil {
		return boxoffice.Checkout{}, err
	}
	if attempt.Free() {
		return s.freeCheckout(ctx, req, attempt)
	}
	session := boxoffice.PaymentSession{ID: attempt.SessionID, URL: attempt.URL}
	if attempt.URL == "" {
		if session, err = s.createSession(ctx, attempt); err != nil {
			return boxoffice.Checkout{}, err
		}
	}
	deadline, err := s.Store.StoreSession(ctx, attempt.ID, session)
	return boxoffice.Checkout{URL: session.URL, ExpiresAt: deadline}, err
}

func (s *Service) freeCheckout(ctx context.Context, req boxoffice.CheckoutRequest, attempt boxoffice.PaymentAttempt) (boxoffice.Checkout, error) {
	booking, err := s.Store.Booking(ctx, req.UserID, req.BookingID)
	if err != nil {
		return boxoffice.Checkout{}, err
	}
	ref, err := s.Store.BookingRef(ctx, req.BookingID)
	if err != nil {
		return boxoffice.Checkout{}, err
	}
	s.wake(ctx, ref, workflows.SignalPayment)
	return boxoffice.Checkout{URL: attempt.Parameters.SuccessURL, ExpiresAt: booking.HoldExpiresAt}, nil
}

// createSession asks for the attempt's session under its key, or finds the one that an earlier call made. An attempt that
// has none and gets none is abandoned: CodeNoSession.
func (s *Service) createSession(ctx context.Context, attempt boxoffice.PaymentAttempt) (boxoffice.PaymentSession, error) {
	session, err := s.Provider.CreateSession(ctx, attempt.Parameters)
	if boxoffice.CodeOf(err) != boxoffice.CodeNoSession {
		return session, err
	}
	session, err = s.Provider.FindSession(ctx, attempt.ID, attempt.CreatedAt)
	if boxoffice.CodeOf(err) != boxoffice.CodeNoSession {
		return session, err
	}
	if abandonErr := s.Store.AbandonAttempt(ctx, attempt.ID); abandonErr != nil {
		return session, abandonErr
	}
	return session, err
}

// returnURL gives the address the buyer comes back to: ours, and nobody else's.
func (s *Service) returnURL(field, given, bookingID string) (string, error) {
	if given == "" {
		return s.BaseURL.JoinPath("app", "bookings", bookingID).String(), nil
	}
	u, err := url.Parse(given)
	if err != nil {
		return "", boxoffice.InvalidField(field, "This is not an address.")
	}
	if u = s.BaseURL.ResolveReference(u); u.Scheme != s.BaseURL.Scheme || u.Host != s.BaseURL.Host || u.User != nil {
		return "", boxoffice.InvalidField(field, "Buyers can come back to %s only.", s.BaseURL.Host)
	}
	return u.String(), nil
}
