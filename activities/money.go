package activities

import (
	"context"

	"github.com/boxoffice/boxoffice"
)

// CloseCheckout ends a hold that is over: from closing_at on nothing can be opened; the payment page is closed at the
// provider; what became of it is written down; and if nobody paid, the seats are freed. Where a part is already done it
// goes on with the next. The hold that was extended meanwhile stays.
func (a *Activities) CloseCheckout(ctx context.Context, act Act) (boxoffice.Situation, error) {
	finish := done(ctx, a, act.BookingID)
	s, err := a.Bookings.BeginClosing(ctx, act.BookingID, act.Epoch)
	if err != nil || !s.Closing || s.Status != boxoffice.BookingHeld {
		return finish(s, err)
	}
	if s.LiveAttempt != "" {
		end, err := a.endAttempt(ctx, s.LiveAttempt)
		if err != nil {
			return finish(s, err)
		}
		if s, err = a.Bookings.ResolveAttempt(ctx, act.BookingID, act.Epoch, end); err != nil {
			return finish(s, err)
		}
	}
	if s.Unsettled != "" || s.LiveAttempt != "" {
		return finish(s, nil)
	}
	return finish(a.Bookings.ReleaseSeats(ctx, act.BookingID, act.Epoch))
}

// endAttempt closes an attempt's page and gives the provider's last word on it. A session whose ID never reached us is
// created once more, with the same parameters under the same key, which gives the one that there is; where the provider
// makes none any more, it is looked up.
func (a *Activities) endAttempt(ctx context.Context, attemptID string) (boxoffice.AttemptEnd, error) {
	end := boxoffice.AttemptEnd{AttemptID: attemptID}
	attempt, err := a.Bookings.Attempt(ctx, attemptID)
	if err != nil {
		return end, err
	}
	sessionID := attempt.SessionID
	if sessionID == "" {
		session, err := a.Provider.CreateSession(ctx, attempt.Parameters)
		if boxoffice.CodeOf(err) == boxoffice.CodeNoSession {
			session, err = a.Provider.FindSession(ctx, attempt.ID, attempt.CreatedAt)
		}
		switch boxoffice.CodeOf(err) {
		case "":
			sessionID = session.ID
		case boxoffice.CodeNoSession, boxoffice.CodeProviderDeclined:
			return end, nil // no page was ever made, so none can be paid
		default:
			return end, err
		}
	}
	session, err := a.Provider.ExpireSession(ctx, sessionID)
	if err != nil {
		return end, err
	}
	if session.Status == boxoffice.SessionOpen {
		return end, boxoffice.Errorf(boxoffice.CodeProviderUnknown, "The payment page is still open.")
	}
	end.Session = &session
	return end, nil
}

// RequestRefund gives a payment that bought nothing its refund row.
func (a *Activities) RequestRefund(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.RequestRefund(ctx, act.BookingID, act.Epoch, act.PaymentID))
}

// SendRefund asks the provider for a refund under its key, or how a refund is that it has; and writes its answer down. A
// refusal ends that refund: support sees it, unless the money went back otherwise. One of a payment that is disputed waits. One
// that the provider proves never to have made is renewed, and the run asks for the new one; one that has ended meanwhile is not
// asked for any more. One for which the provider has not enough of our money is kept, and its run ends: the sweep starts another
// after a while.
func (a *Activities) SendRefund(ctx context.Context, act Act) (boxoffice.Situation, error) {
	finish := done(ctx, a, act.BookingID)
	refund, err := a.Bookings.Refund(ctx, act.PaymentID, act.RefundN)
	if err != nil {
		return finish(boxoffice.Situation{}, err)
	}
	if refund.State != boxoffice.RefundPending || refund.Disputed && refund.ProviderID == "" {
		return finish(a.Bookings.Look(ctx, act.BookingID, act.Epoch))
	}
	answer, err := a.Provider.Refund(ctx, refund)
	switch boxoffice.CodeOf(err) {
	case "":
	case boxoffice.CodeNoRefund:
		a.Logger.WarnContext(ctx, "a refund was never made", "booking", act.BookingID, "payment", act.PaymentID, "n", act.RefundN, "error", err)
		return finish(a.Bookings.RenewRefund(ctx, act.BookingID, act.Epoch, act.PaymentID, act.RefundN))
	case boxoffice.CodeBalanceInsufficient:
		a.Logger.ErrorContext(ctx, "the provider's balance does not suffice for a refund", "booking", act.BookingID, "payment", act.PaymentID, "n", act.RefundN, "error", err)
		return finish(a.Bookings.MarkRefundShort(ctx, act.BookingID, act.Epoch, act.PaymentID, act.RefundN))
	case boxoffice.CodeProviderDeclined:
		a.Logger.ErrorContext(ctx, "a refund was refused", "booking", act.BookingID, "payment", act.PaymentID, "n", act.RefundN, "error", err)
		if err := a.recordRefunds(ctx, act, refund.PaymentIntent); err != nil {
			return finish(boxoffice.Situation{}, err)
		}
		answer = boxoffice.ProviderRefund{ID: refund.ProviderID, State: boxoffice.RefundFailed, Failure: boxoffice.RefusedByProvider}
	default:
		return finish(boxoffice.Situation{}, err)
	}
	answer.PaymentID, answer.N = act.PaymentID, act.RefundN
	return finish(a.Bookings.MarkRefund(ctx, act.BookingID, act.Epoch, answer))
}

// recordRefunds counts what the provider has given back of a payment. A refusal may mean that somebody did so by hand: then
// that refund stands for the one that was refused.
func (a *Activities) recordRefunds(ctx context.Context, act Act, paymentIntent string) error {
	if paymentIntent == "" {
		return nil
	}
	all, err := a.Provider.RefundsOf(ctx, paymentIntent)
	if err != nil {
		return err
	}
	_, err = a.Bookings.RecordRefunds(ctx, act.BookingID, act.Epoch, act.PaymentID, all)
	return err
}

// FinishRefund ends a booking whose money is back.
func (a *Activities) FinishRefund(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.FinishRefund(ctx, act.BookingID, act.Epoch))
}
