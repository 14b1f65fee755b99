package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// Who had a payment page open is told that nothing was charged; who had none needs no mail.
func TestTold_OfACancellation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stage string
		told  []told
	}{
		"a page is open":      {"open, cancel wished", []told{{boxoffice.EmailCancelled, 0, ""}}},
		"no page was opened":  {"held", []told{}},
		"the page has closed": {"open", []told{{boxoffice.EmailCancelled, 0, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.stageNamed(t, c.stage)
			if c.stage == "open" {
				h.exec(t, `UPDATE payment_attempts SET state = 'dead', ended_at = boxoffice_now()`)
			}
			for range 2 {
				_, _, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
				require.NoError(t, err)
			}
			h.bringToEnd(t, s.Booking)
			require.Equal(t, boxoffice.BookingCancelled, h.status(t, s.ID))
			require.Equal(t, c.told, h.told(t, s.ID))
			h.requireClean(t, 1)
		})
	}
}

// The mail names the seats that were let go, whoever has them by now.
func TestEmailJob_OfACancellationNamesItsSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.open(t, h.addUser(t), h.tickets)
	_, _, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
	require.NoError(t, err)
	h.bringToEnd(t, s.Booking)
	h.hold(t, h.addUser(t), h.tickets[0])
	job, err := h.store.EmailJob(t.Context(), one[string](t, h, `SELECT id FROM emails`))
	require.NoError(t, err)
	require.Empty(t, job.Document.Seats)
	require.Len(t, job.LetGo, 2)
	require.Equal(t, s.Tickets[0].Seat(), job.LetGo[0].Seat())
}

// "Nothing was charged" must not go out any more once a payment has come.
func TestTold_OfACancellationIsWithdrawnWhereMoneyComes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.exec(t, `UPDATE payment_attempts SET state = 'dead', ended_at = boxoffice_now()`)
	_, _, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "queued", one[string](t, h, `SELECT status FROM emails WHERE kind = 'cancelled'`))
	h.pay(t, s.attempt)
	require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking))
	require.Equal(t, "withdrawn", one[string](t, h, `SELECT status FROM emails WHERE kind = 'cancelled'`))
	require.Equal(t, "sent", one[string](t, h, `SELECT status FROM emails WHERE kind = 'refunded'`))
}

// Tickets that are void must not be mailed: here by a booking that is undone while a mail with them is planted.
func TestTold_OfTicketsIsWithdrawnWhereTheSaleIsUndone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.confirmed(t, h.addUser(t), h.tickets)
	h.exec(t, `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient) VALUES ($1, $2, 'tickets', 'resend:x', 'ada@example.org')`, newID(t), s.ID)
	_, err := h.store.Compensate(t.Context(), s.ID, s.epoch, "The event was cancelled.")
	require.NoError(t, err)
	require.Equal(t, "withdrawn", one[string](t, h, `SELECT status FROM emails`))
}

// A mail to an address that a buyer mistyped is no promise broken where the tickets had been mailed.
func TestAudit_ARefusedResendIsNoViolation(t *testing.T) {
	t.Parallel()
	h, s := mailed(t)
	_, emailID, err := h.store.RequestResend(t.Context(), resendOf(s))
	require.NoError(t, err)
	refusal := boxoffice.Errorf(boxoffice.CodeMailRejected, "no such address")
	h.markEmail(t, emailID, refusal, false)
	h.requireClean(t, 1)
	h.exec(t, `UPDATE emails SET status = 'failed', sent_at = NULL`)
	require.Equal(t, []string{"mail-goes-out"}, broken(h.audit(t, postgres.AuditOptions{})))
}
