package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// scene is a booking brought to some stage of its life, by the store's own acts.
type scene struct {
	boxoffice.Booking
	epoch   int64
	attempt boxoffice.PaymentAttempt
	payment string
	short   int64 // of the price, what the payment lacks
}

// lateMoney writes an attempt with its payment for a booking on which none can be opened any more: a session of an earlier
// time whose money we hear of now. It gives the payment's ID.
func (h *house) lateMoney(t testing.TB, b boxoffice.Booking) string {
	t.Helper()
	id := newID(t)
	h.exec(t, `INSERT INTO payment_attempts (id, booking_id, state, parameters, amount_minor, currency, session_id, expires_at)
		SELECT $2::uuid, id, 'dead', jsonb_build_object('amount_minor', amount_minor, 'currency', currency), amount_minor, currency,
			'cs_' || $2::uuid, boxoffice_now() FROM bookings WHERE id = $1`, b.ID, id)
	a, err := h.store.Attempt(t.Context(), id)
	require.NoError(t, err)
	return h.pay(t, a)
}

// soldBooking takes a booking from the hold to its tickets.
func (h *house) soldBooking(t testing.TB, user string, tickets ...string) scene {
	t.Helper()
	s := h.confirmed(t, user, tickets)
	_, err := h.store.IssueAdmissions(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	_, err = h.store.CompleteBooking(t.Context(), s.ID, s.epoch, "tickets/"+s.ID+".pdf")
	require.NoError(t, err)
	return s
}

func (h *house) held(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	b := h.hold(t, user, tickets...)
	return scene{Booking: b, epoch: h.verify(t, b.ID).Epoch}
}

func (h *house) open(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.held(t, user, tickets)
	s.attempt = h.checkout(t, s.Booking)
	return s
}

func (h *house) paid(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.open(t, user, tickets)
	s.payment = h.pay(t, s.attempt)
	return s
}

func (h *house) confirmed(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.paid(t, user, tickets)
	_, err := h.store.ConfirmSeats(t.Context(), s.ID, s.epoch, s.payment)
	require.NoError(t, err)
	return s
}

func (h *house) expired(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.held(t, user, tickets)
	h.passDeadline(t, s.ID)
	_, err := h.store.BeginClosing(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	now, err := h.store.ReleaseSeats(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingExpired, now.Status)
	return s
}

func (h *house) refunding(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.confirmed(t, user, tickets)
	_, err := h.store.Compensate(t.Context(), s.ID, s.epoch, "Your tickets could not be made.")
	require.NoError(t, err)
	return s
}

// stages are all situations that a run can meet, each with the step that it asks for.
var stages = []struct {
	name  string
	next  boxoffice.Step
	build func(t testing.TB, h *house, user string, tickets []string) scene
}{
	{"held", boxoffice.StepWait, func(t testing.TB, h *house, user string, tickets []string) scene { return h.held(t, user, tickets) }},
	{"held, late", boxoffice.StepCloseCheckout, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.held(t, user, tickets)
		h.passDeadline(t, s.ID)
		return s
	}},
	{"open", boxoffice.StepWait, func(t testing.TB, h *house, user string, tickets []string) scene { return h.open(t, user, tickets) }},
	{"open, closing", boxoffice.StepCloseCheckout, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.open(t, user, tickets)
		h.passDeadline(t, s.ID)
		_, err := h.store.BeginClosing(t.Context(), s.ID, s.epoch)
		require.NoError(t, err)
		return s
	}},
	{"closing", boxoffice.StepCloseCheckout, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.held(t, user, tickets)
		h.passDeadline(t, s.ID)
		_, err := h.store.BeginClosing(t.Context(), s.ID, s.epoch)
		require.NoError(t, err)
		return s
	}},
	{"open, cancel wished", boxoffice.StepCloseCheckout, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.open(t, user, tickets)
		_, settled, err := h.store.RequestCancel(t.Context(), user, s.ID, nil)
		require.NoError(t, err)
		require.False(t, settled)
		return s
	}},
	{"paid", boxoffice.StepConfirm, func(t testing.TB, h *house, user string, tickets []string) scene { return h.paid(t, user, tickets) }},
	{"paid, cancel wished", boxoffice.StepCompensate, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.paid(t, user, tickets)
		_, settled, err := h.store.RequestCancel(t.Context(), user, s.ID, nil)
		require.NoError(t, err)
		require.False(t, settled)
		return s
	}},
	{"open, wrong amount paid before", boxoffice.StepRequestRefund, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.held(t, user, tickets)
		s.payment, s.short = h.payWrongAmount(t, h.checkout(t, s.Booking)), 1
		s.attempt = h.checkout(t, s.Booking)
		return s
	}},
	{"confirmed", boxoffice.StepIssue, func(t testing.TB, h *house, user string, tickets []string) scene {
		return h.confirmed(t, user, tickets)
	}},
	{"completed", boxoffice.StepSendMail, func(t testing.TB, h *house, user string, tickets []string) scene {
		return h.soldBooking(t, user, tickets...)
	}},
	{"expired", boxoffice.StepEnd, func(t testing.TB, h *house, user string, tickets []string) scene { return h.expired(t, user, tickets) }},
	{"expired, paid late", boxoffice.StepSellLate, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.expired(t, user, tickets)
		s.payment = h.lateMoney(t, s.Booking)
		return s
	}},
	{"cancelled", boxoffice.StepEnd, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.held(t, user, tickets)
		_, settled, err := h.store.RequestCancel(t.Context(), user, s.ID, nil)
		require.NoError(t, err)
		require.True(t, settled)
		return s
	}},
	{"cancelled, paid", boxoffice.StepRequestRefund, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.held(t, user, tickets)
		_, _, err := h.store.RequestCancel(t.Context(), user, s.ID, nil)
		require.NoError(t, err)
		s.payment = h.lateMoney(t, s.Booking)
		return s
	}},
	{"refunding", boxoffice.StepSendRefund, func(t testing.TB, h *house, user string, tickets []string) scene {
		return h.refunding(t, user, tickets)
	}},
	{"given back", boxoffice.StepSendRefund, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.soldBooking(t, user, tickets...)
		h.allowReturns(t, 24, 80)
		h.giveBack(t, s)
		return s
	}},
	{"refunding, money back", boxoffice.StepFinishRefund, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.refunding(t, user, tickets)
		_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundSucceeded))
		require.NoError(t, err)
		return s
	}},
	{"refunded", boxoffice.StepSendMail, func(t testing.TB, h *house, user string, tickets []string) scene {
		s := h.refunding(t, user, tickets)
		_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundSucceeded))
		require.NoError(t, err)
		_, err = h.store.FinishRefund(t.Context(), s.ID, s.epoch)
		require.NoError(t, err)
		return s
	}},
}

// payWrongAmount receives a payment of less than the booking costs.
func (h *house) payWrongAmount(t testing.TB, a boxoffice.PaymentAttempt) string {
	t.Helper()
	a.Parameters.AmountMinor--
	return h.pay(t, a)
}

func refundOf(payment string, n int, state boxoffice.RefundState) boxoffice.ProviderRefund {
	return boxoffice.ProviderRefund{ID: fmt.Sprintf("re_%s_%d", payment, n), State: state, PaymentID: payment, N: n}
}
