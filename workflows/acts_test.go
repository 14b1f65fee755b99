package workflows_test

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
)

func (r *rows) ConfirmSeats(_ context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return r.act("ConfirmSeats", bookingID, epoch, func(b *booking) error {
		p := b.payment(paymentID)
		switch {
		case p.settled != "" || b.status != boxoffice.BookingHeld || b.reason == boxoffice.ClosingByCancel:
			return nil
		case b.seatsGone:
			return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The seats could no longer be sold to you.")
		}
		b.status, p.settled = boxoffice.BookingConfirmed, "sale"
		return nil
	})
}

func (r *rows) SellLate(_ context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return r.act("SellLate", bookingID, epoch, func(b *booking) error {
		p := b.payment(paymentID)
		switch {
		case p.settled != "" || b.status != boxoffice.BookingExpired:
		case b.seatsGone:
			b.requestRefund(p, "late")
			b.status = boxoffice.BookingRefunding
		default:
			b.status, p.settled = boxoffice.BookingConfirmed, "sale"
		}
		return nil
	})
}

func (r *rows) IssueAdmissions(_ context.Context, bookingID string, epoch int64) (boxoffice.TicketDocument, error) {
	_, err := r.act("IssueAdmissions", bookingID, epoch, func(b *booking) error {
		if b.status != boxoffice.BookingConfirmed && b.status != boxoffice.BookingCompleted {
			return boxoffice.Errorf(boxoffice.CodeFenced, "The booking is %s.", b.status)
		}
		return nil
	})
	return boxoffice.TicketDocument{BookingID: bookingID}, err
}

func (r *rows) CompleteBooking(_ context.Context, bookingID string, epoch int64, _ string) (boxoffice.Situation, error) {
	return r.act("CompleteBooking", bookingID, epoch, func(b *booking) error {
		if b.status == boxoffice.BookingConfirmed {
			b.status = boxoffice.BookingCompleted
			b.queueMail(boxoffice.EmailTickets)
		}
		return nil
	})
}

func (r *rows) BeginClosing(_ context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return r.act("BeginClosing", bookingID, epoch, func(b *booking) error {
		b.closing = b.closing || b.status == boxoffice.BookingHeld && (b.late() || b.reason == boxoffice.ClosingByCancel)
		return nil
	})
}

func (r *rows) Attempt(_ context.Context, attemptID string) (boxoffice.PaymentAttempt, error) {
	b, err := r.find(func(b *booking) bool { return b.attempt(attemptID) != nil })
	if err == nil {
		err = b.meet("Attempt")
	}
	if err != nil {
		return boxoffice.PaymentAttempt{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return b.attempt(attemptID).PaymentAttempt, nil
}

func (r *rows) ResolveAttempt(_ context.Context, bookingID string, epoch int64, end boxoffice.AttemptEnd) (boxoffice.Situation, error) {
	return r.act("ResolveAttempt", bookingID, epoch, func(b *booking) error {
		switch a := b.attempt(end.AttemptID); {
		case end.Session != nil && end.Session.Paid:
			b.markPaid(a)
		case a.State == boxoffice.AttemptLive:
			a.State = boxoffice.AttemptDead
		}
		return nil
	})
}

func (r *rows) ReleaseSeats(_ context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return r.act("ReleaseSeats", bookingID, epoch, func(b *booking) error {
		b.releaseIfUnpaid()
		return nil
	})
}

func (b *booking) releaseIfUnpaid() {
	s := b.look()
	if b.status != boxoffice.BookingHeld || !b.closing || s.LiveAttempt != "" || s.Unsettled != "" {
		return
	}
	b.status = boxoffice.BookingExpired
	if b.reason == boxoffice.ClosingByCancel {
		b.status = boxoffice.BookingCancelled
		if len(b.attempts) > 0 {
			b.queueMail(boxoffice.EmailCancelled)
		}
	}
}

func (r *rows) Compensate(_ context.Context, bookingID string, epoch int64, reason string) (boxoffice.Situation, error) {
	return r.act("Compensate", bookingID, epoch, func(b *booking) error {
		if b.status != boxoffice.BookingConfirmed && (b.status != boxoffice.BookingHeld || b.look().Unsettled == "") {
			return nil
		}
		for _, p := range b.payments {
			if p.settled != "refund" {
				b.requestRefund(p, reason)
			}
		}
		b.status = boxoffice.BookingRefunding
		return nil
	})
}

func (r *rows) RequestRefund(_ context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return r.act("RequestRefund", bookingID, epoch, func(b *booking) error {
		p := b.payment(paymentID)
		if p.settled != "" {
			return nil
		}
		b.requestRefund(p, "it bought nothing")
		if b.status.Final() && b.status != boxoffice.BookingCompleted {
			b.status = boxoffice.BookingRefunding
		}
		return nil
	})
}

func (r *rows) Refund(_ context.Context, paymentID string, n int) (boxoffice.Refund, error) {
	b, err := r.find(func(b *booking) bool { return b.payment(paymentID) != nil })
	if err == nil {
		err = b.meet("refund row")
	}
	if err != nil {
		return boxoffice.Refund{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return b.refund(paymentID, n).Refund, nil
}

func (b *booking) refund(paymentID string, n int) *refund {
	for _, f := range b.refunds {
		if f.PaymentID == paymentID && f.N == n {
			return f
		}
	}
	return nil
}

func (r *rows) MarkRefund(_ context.Context, bookingID string, epoch int64, word boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	return r.act("MarkRefund", bookingID, epoch, func(b *booking) error {
		f := b.refund(word.PaymentID, word.N)
		was := f.State
		f.ProviderID, f.State, f.asked = word.ID, word.State, true
		if was != f.State && f.State == boxoffice.RefundSucceeded {
			b.tellOfRefund(word.PaymentID)
		}
		return nil
	})
}

// RenewRefund takes its time, as the real one does.
func (r *rows) RenewRefund(_ context.Context, bookingID string, epoch int64, paymentID string, n int) (boxoffice.Situation, error) {
	return r.act("RenewRefund", bookingID, epoch, func(b *booking) error {
		f := b.refund(paymentID, n)
		if f.State != boxoffice.RefundPending {
			return nil
		}
		if r.now().Sub(f.requested) < time.Duration(n*n)*time.Minute {
			return boxoffice.Errorf(boxoffice.CodeProviderUnknown, "It is too young.")
		}
		f.State = boxoffice.RefundFailed
		next := *f
		next.N, next.State, next.requested = n+1, boxoffice.RefundPending, r.now()
		b.refunds = append(b.refunds, &next)
		return nil
	})
}

func (r *rows) MarkRefundShort(_ context.Context, bookingID string, epoch int64, paymentID string, n int) (boxoffice.Situation, error) {
	return r.act("MarkRefundShort", bookingID, epoch, func(b *booking) error {
		if f := b.refund(paymentID, n); f.State == boxoffice.RefundPending {
			f.asked = true
		}
		return nil
	})
}

// RecordRefunds changes nothing: no booking of these tests is refunded by hand.
func (r *rows) RecordRefunds(_ context.Context, bookingID string, epoch int64, _ string, _ []boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	return r.act("RecordRefunds", bookingID, epoch, func(*booking) error { return nil })
}

func (r *rows) FinishRefund(_ context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return r.act("FinishRefund", bookingID, epoch, func(b *booking) error {
		if s := b.look(); b.status != boxoffice.BookingRefunding || s.OpenRefund != nil || s.StuckRefund {
			return nil
		}
		b.status = boxoffice.BookingRefunded
		return nil
	})
}

func (b *booking) tellOfRefund(paymentID string) {
	kind := boxoffice.EmailReturned
	if b.status == boxoffice.BookingRefunding || b.payment(paymentID).settled == "sale" {
		kind = boxoffice.EmailRefunded
	}
	b.queueMail(kind)
}

func (r *rows) EmailJob(_ context.Context, emailID string) (boxoffice.EmailJob, error) {
	b, err := r.find(func(b *booking) bool { return b.mail(emailID) != nil })
	if err != nil {
		return boxoffice.EmailJob{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := b.mail(emailID)
	return boxoffice.EmailJob{
		ID: m.id, Kind: m.kind, Status: m.status, Recipient: "ann@example.com", BlobKey: boxoffice.TicketsKey(b.ref.BookingID, 0),
		Document: boxoffice.TicketDocument{BookingID: b.ref.BookingID},
	}, nil
}

func (r *rows) MarkEmail(_ context.Context, emailID string, sendErr error, handedOver bool) (boxoffice.Situation, error) {
	b, err := r.find(func(b *booking) bool { return b.mail(emailID) != nil })
	if err != nil {
		return boxoffice.Situation{}, err
	}
	call := "MarkEmail"
	if handedOver {
		call = "hand over"
	}
	if err := b.meet(call); err != nil {
		return boxoffice.Situation{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m := b.mail(emailID); {
	case m.status != boxoffice.EmailQueued:
		return boxoffice.Situation{}, nil
	case handedOver:
		m.handedOver = true
	case sendErr == nil:
		m.status = boxoffice.EmailSent
	case boxoffice.CodeOf(sendErr) == boxoffice.CodeMailRejected:
		m.status = boxoffice.EmailFailed
	}
	return b.look(), nil
}

func (r *rows) ClaimOverdue(context.Context, int) ([]boxoffice.BookingRef, error) { return nil, nil }
