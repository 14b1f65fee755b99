package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// heldFree holds seats that cost nothing.
func (h *house) heldFree(t *testing.T) scene {
	t.Helper()
	h.exec(t, `UPDATE tickets SET price_minor = 0`)
	return h.held(t, h.addUser(t), h.tickets)
}

func (h *house) openFree(t *testing.T, s scene) boxoffice.PaymentAttempt {
	t.Helper()
	a, err := h.store.OpenAttempt(t.Context(), checkoutOf(s.Booking))
	require.NoError(t, err)
	require.True(t, a.Free())
	require.Equal(t, boxoffice.AttemptPaid, a.State)
	return a
}

func TestOpenAttempt_FreeOfCharge(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.heldFree(t)
	a := h.openFree(t, s)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE held_until = 'infinity'`), "nobody else gets them any more")
	require.Equal(t, 30*time.Second, h.nextCheck(t, s.ID), "a run that is not woken is swept")
	now, err := h.store.Look(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.StepConfirm, now.Next())
	h.requireClean(t, 1)

	before := h.rows(t)
	require.Equal(t, a.ID, h.openFree(t, s).ID, "a double click opens nothing more")
	require.Equal(t, before, h.rows(t))
	_, err = h.store.Extend(t.Context(), s.UserID, s.ID, nil)
	requireCode(t, boxoffice.CodeBookingClosed, err)

	require.Equal(t, []boxoffice.Step{boxoffice.StepConfirm, boxoffice.StepIssue, boxoffice.StepSendMail}, h.finish(t, s.Booking, boxoffice.BookingCompleted))
	require.Equal(t, a.ID, h.openFree(t, s).ID, "and leads on afterwards too")
	h.requireBalanced(t, s.ID, 0)
	require.Equal(t, []told{{boxoffice.EmailTickets, 0, ""}}, h.told(t, s.ID))
	h.requireClean(t, 1)
}

// TestFree_ThatCannotBeSoldIsUndone ends free bookings in every way but a sale: no money goes anywhere, and the buyer is told.
func TestFree_ThatCannotBeSoldIsUndone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, h *house, s scene)
		reason    string
	}{
		"cancelled": {func(t *testing.T, h *house, s scene) {
			_, settled, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
			require.NoError(t, err)
			require.False(t, settled)
		}, "You cancelled."},
		"the event is cancelled": {
			func(t *testing.T, h *house, _ scene) { h.exec(t, `UPDATE events SET status = 'cancelled'`) },
			"The event is no longer on sale.",
		},
		"the tickets cannot be made": {func(t *testing.T, h *house, s scene) {
			now := h.verify(t, s.ID)
			now = h.step(t, s.Booking, now)
			require.Equal(t, boxoffice.BookingConfirmed, now.Status)
			_, err := h.store.Compensate(t.Context(), s.ID, now.Epoch, "Your tickets could not be made.")
			require.NoError(t, err)
		}, "Your tickets could not be made."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.heldFree(t)
			h.openFree(t, s)
			c.meanwhile(t, h, s)
			h.finish(t, s.Booking, boxoffice.BookingRefunded)
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM refunds`))
			require.Equal(t, []told{{boxoffice.EmailRefunded, 0, c.reason}}, h.told(t, s.ID))
			require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'available'`))
			h.requireClean(t, 1)
			_, err := h.store.OpenAttempt(t.Context(), checkoutOf(s.Booking))
			requireCode(t, boxoffice.CodeBookingClosed, err)
		})
	}
}

// TestFree_ThatNobodyTakesExpires is a free booking whose checkout was never opened.
func TestFree_ThatNobodyTakesExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.heldFree(t)
	h.passDeadline(t, s.ID)
	h.finish(t, s.Booking, boxoffice.BookingExpired)
	_, err := h.store.OpenAttempt(t.Context(), checkoutOf(s.Booking))
	requireCode(t, boxoffice.CodeBookingClosed, err)
	h.requireClean(t, 1)
}
