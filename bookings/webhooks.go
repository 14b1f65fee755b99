package bookings

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/workflows"
)

// ReceiveWebhook verifies a webhook, stores it with its effect in one transaction, and wakes the run if there is something
// to do.
func (s *Service) ReceiveWebhook(ctx context.Context, payload []byte, signature string) error {
	event, err := s.Provider.VerifyWebhook(payload, signature)
	if err != nil {
		s.Metrics.Webhook(refusal(err))
		return err
	}
	if event.Parked != "" {
		s.Logger.WarnContext(ctx, "a webhook is parked: the provider will be asked what it tells of", "event", event.ID, "type", event.Type, "reason", event.Parked)
	}
	fate, err := s.take(ctx, event)
	s.Metrics.Webhook(outcome(fate, err))
	return err
}

// refusal names why a webhook was not believed.
func refusal(err error) metrics.WebhookOutcome {
	switch {
	case errors.Is(err, boxoffice.ErrStaleWebhook):
		return metrics.WebhookStale
	case boxoffice.CodeOf(err) == boxoffice.CodeBadSignature:
		return metrics.WebhookBadSignature
	default:
		return metrics.WebhookMalformed
	}
}

// outcome names what became of a webhook that was.
func outcome(fate boxoffice.EventFate, err error) metrics.WebhookOutcome {
	switch {
	case err != nil:
		return metrics.WebhookStoreAway
	case fate == boxoffice.EventParked:
		return metrics.WebhookParked
	case fate == boxoffice.EventUnknown || fate == boxoffice.EventGivenUp:
		return metrics.WebhookUnknown
	default:
		return metrics.WebhookOK
	}
}

// SettleEvent asks the provider for what a stored event tells of, and takes that as it takes a webhook. The event's own
// words buy nothing: it may be of another version of the provider's API, or of its test mode.
func (s *Service) SettleEvent(ctx context.Context, e boxoffice.PaymentEvent) (boxoffice.EventFate, error) {
	now, err := s.Provider.EventNow(ctx, e)
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return s.Store.PutOffEvent(ctx, e.ID, "the provider does not know it")
	}
	if err != nil {
		return "", err
	}
	return s.take(ctx, now)
}

// take stores an event with its effect, and wakes the run of its booking.
func (s *Service) take(ctx context.Context, event boxoffice.PaymentEvent) (boxoffice.EventFate, error) {
	receipt, err := s.Store.ReceivePaymentEvent(ctx, event)
	if err != nil || receipt.Booking == nil {
		return receipt.Fate, err
	}
	if event.Session != nil && !event.Session.Paid {
		// A page that closed unpaid asks for nothing: the run that closed it knows, and another waits for its deadline. A
		// signal here would cost five history events, or a run of its own where the booking's has ended by now.
		return receipt.Fate, nil
	}
	if err := s.Failpoints.Reach(ctx, PointPaidNotWoken); err != nil {
		return receipt.Fate, err
	}
	s.wake(ctx, *receipt.Booking, workflows.SignalPayment)
	return receipt.Fate, nil
}
