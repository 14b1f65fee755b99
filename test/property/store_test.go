package property

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

type realStore = postgres.Bookings

// store is the real store, reached by tasks: each transaction is one call.
type store struct {
	*realStore
}

var (
	_ boxoffice.BookingStore = store{}
	_ boxoffice.EmailStore   = store{}

	_ boxoffice.SupportMoneyStore = store{}
)

func onStore[T any](ctx context.Context, call string, do func() (T, error)) (T, error) {
	return ask(ctx, "store", call, do)
}

type situation = boxoffice.Situation

func (s store) HoldSeats(ctx context.Context, req boxoffice.HoldRequest) (boxoffice.Booking, boxoffice.BookingRef, bool, error) {
	var ref boxoffice.BookingRef
	var fresh bool
	b, err := onStore(ctx, "HoldSeats", func() (b boxoffice.Booking, err error) {
		b, ref, fresh, err = s.realStore.HoldSeats(ctx, req)
		return b, err
	})
	return b, ref, fresh, err
}

func (s store) HoldBest(ctx context.Context, req boxoffice.BestRequest) (boxoffice.Booking, boxoffice.BookingRef, bool, error) {
	var ref boxoffice.BookingRef
	var fresh bool
	b, err := onStore(ctx, "HoldBest", func() (b boxoffice.Booking, err error) {
		b, ref, fresh, err = s.realStore.HoldBest(ctx, req)
		return b, err
	})
	return b, ref, fresh, err
}

func (s store) Booking(ctx context.Context, user, id string) (boxoffice.Booking, error) {
	return onStore(ctx, "Booking", func() (boxoffice.Booking, error) { return s.realStore.Booking(ctx, user, id) })
}

func (s store) ApplyPromotion(ctx context.Context, req boxoffice.PromotionRequest) (boxoffice.Booking, error) {
	return onStore(ctx, "ApplyPromotion", func() (boxoffice.Booking, error) { return s.realStore.ApplyPromotion(ctx, req) })
}

func (s store) RemovePromotion(ctx context.Context, user, id string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	return onStore(ctx, "RemovePromotion", func() (boxoffice.Booking, error) { return s.realStore.RemovePromotion(ctx, user, id, key) })
}

func (s store) OpenAttempt(ctx context.Context, req boxoffice.CheckoutRequest) (boxoffice.PaymentAttempt, error) {
	return onStore(ctx, "OpenAttempt", func() (boxoffice.PaymentAttempt, error) { return s.realStore.OpenAttempt(ctx, req) })
}

func (s store) StoreSession(ctx context.Context, attempt string, p boxoffice.PaymentSession) (time.Time, error) {
	return onStore(ctx, "StoreSession", func() (time.Time, error) { return s.realStore.StoreSession(ctx, attempt, p) })
}

func (s store) AbandonAttempt(ctx context.Context, attempt string) error {
	return tell(ctx, "store", "AbandonAttempt", func() error { return s.realStore.AbandonAttempt(ctx, attempt) })
}

func (s store) Extend(ctx context.Context, user, id string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	return onStore(ctx, "Extend", func() (boxoffice.Booking, error) { return s.realStore.Extend(ctx, user, id, key) })
}

func (s store) ChangeSeats(ctx context.Context, c boxoffice.SeatChange) (boxoffice.Booking, error) {
	return onStore(ctx, "ChangeSeats", func() (boxoffice.Booking, error) { return s.realStore.ChangeSeats(ctx, c) })
}

func (s store) RequestCancel(ctx context.Context, user, id string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, bool, error) {
	var settled bool
	b, err := onStore(ctx, "RequestCancel", func() (b boxoffice.Booking, err error) {
		b, settled, err = s.realStore.RequestCancel(ctx, user, id, key)
		return b, err
	})
	return b, settled, err
}

func (s store) CancelSale(ctx context.Context, c boxoffice.Cancellation) (boxoffice.Booking, error) {
	return onStore(ctx, "CancelSale", func() (boxoffice.Booking, error) { return s.realStore.CancelSale(ctx, c) })
}

func (s store) BookingRef(ctx context.Context, id string) (boxoffice.BookingRef, error) {
	return onStore(ctx, "BookingRef", func() (boxoffice.BookingRef, error) { return s.realStore.BookingRef(ctx, id) })
}

func (s store) ReceivePaymentEvent(ctx context.Context, e boxoffice.PaymentEvent) (boxoffice.EventReceipt, error) {
	return onStore(ctx, "ReceivePaymentEvent", func() (boxoffice.EventReceipt, error) { return s.realStore.ReceivePaymentEvent(ctx, e) })
}

func (s store) ClaimEvents(ctx context.Context, limit int) ([]boxoffice.PaymentEvent, error) {
	return onStore(ctx, "ClaimEvents", func() ([]boxoffice.PaymentEvent, error) { return s.realStore.ClaimEvents(ctx, limit) })
}

func (s store) PutOffEvent(ctx context.Context, event, why string) (boxoffice.EventFate, error) {
	return onStore(ctx, "PutOffEvent", func() (boxoffice.EventFate, error) { return s.realStore.PutOffEvent(ctx, event, why) })
}

func (s store) VerifyHold(ctx context.Context, id string) (situation, error) {
	return onStore(ctx, "VerifyHold", func() (situation, error) { return s.realStore.VerifyHold(ctx, id) })
}

func (s store) Look(ctx context.Context, id string, epoch int64) (situation, error) {
	return onStore(ctx, "Look", func() (situation, error) { return s.realStore.Look(ctx, id, epoch) })
}

func (s store) ConfirmSeats(ctx context.Context, id string, epoch int64, payment string) (situation, error) {
	return onStore(ctx, "ConfirmSeats", func() (situation, error) { return s.realStore.ConfirmSeats(ctx, id, epoch, payment) })
}

func (s store) SellLate(ctx context.Context, id string, epoch int64, payment string) (situation, error) {
	return onStore(ctx, "SellLate", func() (situation, error) { return s.realStore.SellLate(ctx, id, epoch, payment) })
}

func (s store) IssueAdmissions(ctx context.Context, id string, epoch int64) (boxoffice.TicketDocument, error) {
	return onStore(ctx, "IssueAdmissions", func() (boxoffice.TicketDocument, error) { return s.realStore.IssueAdmissions(ctx, id, epoch) })
}

func (s store) CompleteBooking(ctx context.Context, id string, epoch int64, key string) (situation, error) {
	return onStore(ctx, "CompleteBooking", func() (situation, error) { return s.realStore.CompleteBooking(ctx, id, epoch, key) })
}

func (s store) BeginClosing(ctx context.Context, id string, epoch int64) (situation, error) {
	return onStore(ctx, "BeginClosing", func() (situation, error) { return s.realStore.BeginClosing(ctx, id, epoch) })
}

func (s store) Attempt(ctx context.Context, id string) (boxoffice.PaymentAttempt, error) {
	return onStore(ctx, "Attempt", func() (boxoffice.PaymentAttempt, error) { return s.realStore.Attempt(ctx, id) })
}

func (s store) ResolveAttempt(ctx context.Context, id string, epoch int64, end boxoffice.AttemptEnd) (situation, error) {
	return onStore(ctx, "ResolveAttempt", func() (situation, error) { return s.realStore.ResolveAttempt(ctx, id, epoch, end) })
}

func (s store) ReleaseSeats(ctx context.Context, id string, epoch int64) (situation, error) {
	return onStore(ctx, "ReleaseSeats", func() (situation, error) { return s.realStore.ReleaseSeats(ctx, id, epoch) })
}

func (s store) Compensate(ctx context.Context, id string, epoch int64, reason string) (situation, error) {
	return onStore(ctx, "Compensate", func() (situation, error) { return s.realStore.Compensate(ctx, id, epoch, reason) })
}

func (s store) RequestRefund(ctx context.Context, id string, epoch int64, payment string) (situation, error) {
	return onStore(ctx, "RequestRefund", func() (situation, error) { return s.realStore.RequestRefund(ctx, id, epoch, payment) })
}

func (s store) Refund(ctx context.Context, payment string, n int) (boxoffice.Refund, error) {
	return onStore(ctx, "Refund", func() (boxoffice.Refund, error) { return s.realStore.Refund(ctx, payment, n) })
}

func (s store) MarkRefund(ctx context.Context, id string, epoch int64, r boxoffice.ProviderRefund) (situation, error) {
	return onStore(ctx, "MarkRefund", func() (situation, error) { return s.realStore.MarkRefund(ctx, id, epoch, r) })
}

func (s store) RenewRefund(ctx context.Context, id string, epoch int64, payment string, n int) (situation, error) {
	return onStore(ctx, "RenewRefund", func() (situation, error) { return s.realStore.RenewRefund(ctx, id, epoch, payment, n) })
}

func (s store) RecordRefunds(ctx context.Context, id string, epoch int64, payment string, all []boxoffice.ProviderRefund) (situation, error) {
	return onStore(ctx, "RecordRefunds", func() (situation, error) { return s.realStore.RecordRefunds(ctx, id, epoch, payment, all) })
}

func (s store) FinishRefund(ctx context.Context, id string, epoch int64) (situation, error) {
	return onStore(ctx, "FinishRefund", func() (situation, error) { return s.realStore.FinishRefund(ctx, id, epoch) })
}

func (s store) ClaimOverdue(ctx context.Context, limit int) ([]boxoffice.BookingRef, error) {
	return onStore(ctx, "ClaimOverdue", func() ([]boxoffice.BookingRef, error) { return s.realStore.ClaimOverdue(ctx, limit) })
}

func (s store) EmailJob(ctx context.Context, id string) (boxoffice.EmailJob, error) {
	return onStore(ctx, "EmailJob", func() (boxoffice.EmailJob, error) { return s.realStore.EmailJob(ctx, id) })
}

func (s store) MarkEmail(ctx context.Context, id string, sendErr error, handedOver bool) (boxoffice.Situation, error) {
	return onStore(ctx, "MarkEmail", func() (boxoffice.Situation, error) { return s.realStore.MarkEmail(ctx, id, sendErr, handedOver) })
}

func (s store) SettleByHand(ctx context.Context, act boxoffice.SupportAct, ref boxoffice.RefundRef, tickets []string) error {
	return tell(ctx, "store", "SettleByHand", func() error { return s.realStore.SettleByHand(ctx, act, ref, tickets) })
}

func (s store) RetryRefund(ctx context.Context, act boxoffice.SupportAct, payment string) error {
	return tell(ctx, "store", "RetryRefund", func() error { return s.realStore.RetryRefund(ctx, act, payment) })
}

func (s store) RefundedOtherwise(ctx context.Context, act boxoffice.SupportAct, payment, reference string) error {
	return tell(ctx, "store", "RefundedOtherwise", func() error { return s.realStore.RefundedOtherwise(ctx, act, payment, reference) })
}
