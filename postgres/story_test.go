package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// finish drives a booking the way its run does, by what Situation.Next asks for, until nothing is left to do, and asserts
// its end. Pages are closed as unpaid, refunds succeed, mails are sent.
func (h *house) finish(t *testing.T, b boxoffice.Booking, end boxoffice.BookingStatus) []boxoffice.Step {
	t.Helper()
	var steps []boxoffice.Step
	now := h.verify(t, b.ID)
	for now.Next() != boxoffice.StepEnd && now.Next() != boxoffice.StepWait {
		require.Less(t, len(steps), 20, "it does not come to an end: %v", steps)
		steps = append(steps, now.Next())
		now = h.step(t, b, now)
	}
	require.Equal(t, end, now.Status, "%v", steps)
	unfinished := one[bool](t, h, `SELECT next_check_at IS NOT NULL FROM bookings WHERE id = $1`, b.ID)
	require.Equal(t, !end.Final(), unfinished, "the sweep looks after what is unfinished only")
	return steps
}

// step takes one step of a run and gives the situation after it.
func (h *house) step(t *testing.T, b boxoffice.Booking, now boxoffice.Situation) boxoffice.Situation {
	t.Helper()
	ctx, next := t.Context(), boxoffice.Situation{}
	var err error
	switch now.Next() {
	case boxoffice.StepConfirm:
		next, err = h.store.ConfirmSeats(ctx, b.ID, now.Epoch, now.Unsettled)
		if lost, is := errors.AsType[*boxoffice.Error](err); is && lost.Code == boxoffice.CodeSeatsLost {
			next, err = h.store.Compensate(ctx, b.ID, now.Epoch, lost.Message)
		}
	case boxoffice.StepSellLate:
		next, err = h.store.SellLate(ctx, b.ID, now.Epoch, now.Unsettled)
	case boxoffice.StepCompensate:
		next, err = h.store.Compensate(ctx, b.ID, now.Epoch, "You cancelled.")
	case boxoffice.StepRequestRefund:
		next, err = h.store.RequestRefund(ctx, b.ID, now.Epoch, now.Unsettled)
	case boxoffice.StepSendRefund:
		next, err = h.store.MarkRefund(ctx, b.ID, now.Epoch, refundOf(now.OpenRefund.PaymentID, now.OpenRefund.N, boxoffice.RefundSucceeded))
	case boxoffice.StepFinishRefund:
		next, err = h.store.FinishRefund(ctx, b.ID, now.Epoch)
	case boxoffice.StepIssue:
		_, err = h.store.IssueAdmissions(ctx, b.ID, now.Epoch)
		if boxoffice.CodeOf(err) == boxoffice.CodeSeatsLost {
			next, err = h.store.Compensate(ctx, b.ID, now.Epoch, "Your tickets could not be made.")
			break
		}
		require.NoError(t, err)
		next, err = h.store.CompleteBooking(ctx, b.ID, now.Epoch, "tickets/"+b.ID)
	case boxoffice.StepSendMail:
		h.markEmail(t, now.MailDue, nil, false)
		next, err = h.store.Look(ctx, b.ID, now.Epoch)
	case boxoffice.StepCloseCheckout:
		next, err = h.store.BeginClosing(ctx, b.ID, now.Epoch)
		require.NoError(t, err)
		if next.LiveAttempt != "" {
			_, err = h.store.ResolveAttempt(ctx, b.ID, now.Epoch, boxoffice.AttemptEnd{AttemptID: next.LiveAttempt})
			require.NoError(t, err)
		}
		next, err = h.store.ReleaseSeats(ctx, b.ID, now.Epoch)
	case boxoffice.StepWait, boxoffice.StepEnd:
	}
	require.NoError(t, err, now.Next())
	return next
}

func TestStory_Sold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	require.Equal(t, boxoffice.StepWait, h.verify(t, b.ID).Next())
	h.pay(t, h.checkout(t, b))
	require.Equal(t, []boxoffice.Step{boxoffice.StepConfirm, boxoffice.StepIssue, boxoffice.StepSendMail},
		h.finish(t, b, boxoffice.BookingCompleted))
	h.requireBalanced(t, b.ID, 2*seatPrice)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'sold' AND booking_id = $1 AND holder_id = $2`, b.ID, b.UserID))

	doc, key, err := h.store.TicketDocument(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, "tickets/"+b.ID, key)
	require.Equal(t, boxoffice.Money{Minor: 2 * seatPrice, Currency: "USD"}, doc.Paid)
	require.Equal(t, []string{"Ghost", "Pageant", b.Reference}, []string{doc.Title.Name, doc.Event.Venue.Name, doc.Reference})
	require.Len(t, doc.Seats, 2)
	for i, page := range doc.Seats {
		require.Equal(t, h.tickets[i], page.Admission.TicketID)
		require.Equal(t, "Stalls, row C, seat "+string(rune('1'+i)), page.Ticket.Seat())
	}
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM emails WHERE kind = 'tickets' AND status = 'sent'`))
	require.Equal(t, []string{"held", "checkout opened", "payment received", "confirmed", "completed", "mail tickets sent"}, h.timeline(t, b.ID))
}

func (h *house) timeline(t *testing.T, bookingID string) []string {
	t.Helper()
	return one[[]string](t, h, `SELECT array_agg(what ORDER BY id) FROM booking_timeline WHERE booking_id = $1`, bookingID)
}

func TestStory_Abandoned(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	h.checkout(t, b)
	h.clock.AdvanceClock(t, houseRules.CheckoutMinimum)
	require.Equal(t, []boxoffice.Step{boxoffice.StepCloseCheckout}, h.finish(t, b, boxoffice.BookingExpired))
	h.requireBalanced(t, b.ID, 0)
	h.hold(t, h.addUser(t), h.tickets...) // long before the backstop
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, boxoffice.PaymentNone, read.Payment)
	for _, seat := range read.Tickets {
		require.Equal(t, boxoffice.SeatHeld, seat.State)
		require.Empty(t, seat.BookingID, "whose it is now is not shown")
		require.Zero(t, seat.HeldUntil)
	}
}

func TestStory_PaidWhileTheCheckoutCloses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.passDeadline(t, s.ID)
	_, err := h.store.BeginClosing(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	session := sessionOf(s.attempt, boxoffice.SessionComplete) // the buyer was faster
	now, err := h.store.ResolveAttempt(t.Context(), s.ID, s.epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID, Session: &session})
	require.NoError(t, err)
	require.Equal(t, boxoffice.StepConfirm, now.Next())
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireBalanced(t, s.ID, seatPrice)
}

func TestStory_PaidLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, h *house)
		steps     []boxoffice.Step
		end       boxoffice.BookingStatus
		kept      int64
	}{
		"the seats are free": {
			func(*testing.T, *house) {},
			[]boxoffice.Step{boxoffice.StepSellLate, boxoffice.StepIssue, boxoffice.StepSendMail}, boxoffice.BookingCompleted, 2 * seatPrice,
		},
		"held by another whose hold is past": {
			func(t *testing.T, h *house) { h.letGo(t, h.hold(t, h.addUser(t), h.tickets[0]).ID) },
			[]boxoffice.Step{boxoffice.StepSellLate, boxoffice.StepIssue, boxoffice.StepSendMail}, boxoffice.BookingCompleted, 2 * seatPrice,
		},
		"one is taken": {
			func(t *testing.T, h *house) { h.hold(t, h.addUser(t), h.tickets[0]) },
			[]boxoffice.Step{boxoffice.StepSellLate, boxoffice.StepSendRefund, boxoffice.StepFinishRefund, boxoffice.StepSendMail}, boxoffice.BookingRefunded, 0,
		},
		"the event is off sale": {
			func(t *testing.T, h *house) { h.exec(t, `UPDATE events SET status = 'cancelled'`) },
			[]boxoffice.Step{boxoffice.StepSellLate, boxoffice.StepSendRefund, boxoffice.StepFinishRefund, boxoffice.StepSendMail}, boxoffice.BookingRefunded, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := h.expired(t, h.addUser(t), h.tickets)
			c.meanwhile(t, h)
			h.lateMoney(t, s.Booking)
			require.Equal(t, c.steps, h.finish(t, s.Booking, c.end))
			h.requireBalanced(t, s.ID, c.kept)
			require.Empty(t, oversold(t, h))
			outcome, processed := h.inbox(t, one[string](t, h, `SELECT stripe_event_id FROM webhook_inbox`))
			require.True(t, processed, outcome)
		})
	}
}

// TestStory_PaidAndNotSold ends bookings whose money came in time: cancelled meanwhile, the event cancelled, the seats lost.
func TestStory_PaidAndNotSold(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(t *testing.T, h *house, s scene){
		"cancelled": func(t *testing.T, h *house, s scene) {
			_, settled, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
			require.NoError(t, err)
			require.False(t, settled)
		},
		"event cancelled": func(t *testing.T, h *house, _ scene) { h.exec(t, `UPDATE events SET status = 'cancelled'`) },
		"seat lost": func(t *testing.T, h *house, _ scene) {
			h.exec(t, `UPDATE tickets SET held_until = boxoffice_now() WHERE id = $1`, h.tickets[0])
			h.hold(t, h.addUser(t), h.tickets[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := h.paid(t, h.addUser(t), h.tickets)
			meanwhile(t, h, s)
			h.finish(t, s.Booking, boxoffice.BookingRefunded)
			h.requireBalanced(t, s.ID, 0)
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM tickets WHERE booking_id = $1`, s.ID))
			require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM emails WHERE kind = 'refunded'`), "the buyer is told")
		})
	}
}

// TestConfirmSeats_SalesWindowIsNotAsked lets a sale close between hold and payment.
func TestConfirmSeats_SalesWindowIsNotAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.paid(t, h.addUser(t), h.tickets)
	h.exec(t, `UPDATE events SET sales_close_at = now() - interval '1 minute'`)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
}

// TestConfirmSeats_PastHoldThatNobodyTookIsStillTheBookings is a payment whose webhook came after the backstop.
func TestConfirmSeats_PastHoldThatNobodyTookIsStillTheBookings(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.clock.AdvanceClock(t, time.Hour)
	h.pay(t, s.attempt)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireBalanced(t, s.ID, seatPrice)
}
