package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// mailed is a house with one sold booking whose tickets were mailed a minute ago.
func mailed(t *testing.T) (*house, scene) {
	t.Helper()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	h.sendAll(t, s.ID)
	h.clock.AdvanceClock(t, time.Minute)
	return h, s
}

// sendAll marks the queued mails of a booking as sent.
func (h *house) sendAll(t *testing.T, bookingID string) {
	t.Helper()
	rows, err := h.own.Query(t.Context(), `SELECT id FROM emails WHERE booking_id = $1 AND status = 'queued'`, bookingID)
	require.NoError(t, err)
	var id string
	var ids []string
	for rows.Next() {
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	for _, id := range ids {
		h.markEmail(t, id, nil, false)
	}
}

func resendOf(s scene) boxoffice.ResendRequest {
	return boxoffice.ResendRequest{UserID: s.UserID, BookingID: s.ID}
}

func TestRequestResend_QueuesAMailThatTheSweepFindsToo(t *testing.T) {
	t.Parallel()
	h, s := mailed(t)
	require.True(t, one[bool](t, h, `SELECT next_check_at IS NULL FROM bookings WHERE id = $1`, s.ID))
	b, emailID, err := h.store.RequestResend(t.Context(), resendOf(s))
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingCompleted, b.Status)

	job, err := h.store.EmailJob(t.Context(), emailID)
	require.NoError(t, err)
	home := one[string](t, h, `SELECT email FROM bookings WHERE id = $1`, s.ID)
	require.Equal(t, boxoffice.EmailTickets, job.Kind)
	require.Equal(t, boxoffice.EmailQueued, job.Status)
	require.Equal(t, home, job.Recipient)
	require.Len(t, job.Document.Seats, 1)
	timeline := h.timeline(t, s.ID)
	require.Equal(t, "tickets asked for again", timeline[len(timeline)-1])

	// Nobody starts its workflow: the booking's next run finds it.
	none, err := h.store.ClaimOverdue(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, none, "a minute is the mail's own workflow's")
	h.clock.AdvanceClock(t, time.Minute)
	due, err := h.store.ClaimOverdue(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	now := h.verify(t, s.ID)
	require.Equal(t, boxoffice.StepSendMail, now.Next())
	require.Equal(t, emailID, now.MailDue)
	h.sendAll(t, s.ID)
	require.True(t, one[bool](t, h, `SELECT next_check_at IS NULL FROM bookings WHERE id = $1`, s.ID))
}

func TestRequestResend_ToAnotherAddress(t *testing.T) {
	t.Parallel()
	h, s := mailed(t)
	req := resendOf(s)
	req.Email = "right@example.org"
	b, emailID, err := h.store.RequestResend(t.Context(), req)
	require.NoError(t, err)
	job, err := h.store.EmailJob(t.Context(), emailID)
	require.NoError(t, err)
	require.Equal(t, "right@example.org", job.Recipient)
	require.NotEqual(t, req.Email, b.Email, "for this one mail")
	details := one[string](t, h, `SELECT string_agg(details::text, '') FROM booking_timeline WHERE booking_id = $1`, s.ID)
	require.NotContains(t, details, "@", "no address in the timeline")

	h.markEmail(t, emailID, nil, false)
	b, err = h.store.Booking(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.Len(t, b.Mails, 2)
	require.Equal(t, "right@example.org", b.Mails[0].Recipient, "newest first")
	for _, m := range b.Mails {
		require.Equal(t, boxoffice.EmailSent, m.Status)
		require.False(t, m.SentAt.Before(m.QueuedAt))
	}
	page, err := h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: s.UserID, Limit: 5})
	require.NoError(t, err)
	require.Equal(t, b.Mails, page.Bookings[0].Mails)
	h.exec(t, `UPDATE emails SET status = 'withdrawn', sent_at = NULL WHERE id = $1`, emailID)
	b, err = h.store.Booking(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.Len(t, b.Mails, 1, "what was withdrawn is not told of")
}

func TestRequestResend_ErrNotReady(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i, stage := range stages {
		s := h.stage(t, i)
		if stage.name == "completed" {
			continue
		}
		before := h.rows(t)
		_, _, err := h.store.RequestResend(t.Context(), resendOf(s))
		require.Equal(t, boxoffice.CodeNotReady, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
		require.Equal(t, before, h.rows(t), stage.name)
	}
}

func TestRequestResend_ErrInvalid_WithoutAnyAddress(t *testing.T) {
	t.Parallel()
	h, s := mailed(t)
	h.exec(t, `UPDATE users SET email = NULL WHERE id = $1`, s.UserID)
	h.exec(t, `UPDATE bookings SET email = NULL WHERE id = $1`, s.ID)
	before := h.rows(t)
	_, _, err := h.store.RequestResend(t.Context(), resendOf(s))
	requireCode(t, boxoffice.CodeInvalid, err)
	require.Equal(t, before, h.rows(t))
	req := resendOf(s)
	req.Email = "ada@example.org"
	_, _, err = h.store.RequestResend(t.Context(), req)
	require.NoError(t, err)
}

func TestRequestResend_ErrRateLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	refused := func() time.Duration {
		t.Helper()
		before := h.rows(t)
		_, emailID, err := h.store.RequestResend(t.Context(), resendOf(s))
		requireCode(t, boxoffice.CodeRateLimited, err)
		require.Empty(t, emailID)
		require.Equal(t, before, h.rows(t))
		var e *boxoffice.Error
		require.ErrorAs(t, err, &e)
		return e.RetryAfter
	}
	require.InDelta(t, time.Minute, refused(), float64(5*time.Second), "the first mail is as young as the tickets")
	var left time.Duration
	for n := range 5 {
		h.clock.AdvanceClock(t, time.Minute)
		_, _, err := h.store.RequestResend(t.Context(), resendOf(s))
		require.NoError(t, err)
		if left = refused(); n < 4 {
			require.InDelta(t, time.Minute, left, float64(5*time.Second))
		}
	}
	require.InDelta(t, 24*time.Hour-4*time.Minute, left, float64(10*time.Second), "a day after the first of five")
	h.clock.AdvanceClock(t, left)
	_, _, err := h.store.RequestResend(t.Context(), resendOf(s))
	require.NoError(t, err)
}

// Twins at once: one mail, whether they come with one key or with none. Without the booking's lock each would find no
// young mail.
func TestRequestResend_TwinsAtOnce(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]*boxoffice.IdempotencyKey{
		"without a key": nil, "with one key": {Route: "POST /bookings/{id}/resend", Key: "k", BodyHash: []byte("hash")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, s := mailed(t)
			req := resendOf(s)
			if key != nil {
				req.Key = &boxoffice.IdempotencyKey{UserID: s.UserID, Route: key.Route, Key: key.Key, BodyHash: key.BodyHash}
			}
			ids, errs := make([]string, 6), make([]error, 6)
			atOnce(len(ids), func(i int) { _, ids[i], errs[i] = h.store.RequestResend(t.Context(), req) })
			made, told := 0, 0
			for i, err := range errs {
				if ids[i] != "" {
					made++
				}
				if err == nil {
					told++
					continue
				}
				requireCode(t, boxoffice.CodeRateLimited, err)
			}
			require.Equal(t, 1, made)
			require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM emails WHERE booking_id = $1`, s.ID))
			want := 1
			if key != nil {
				want = len(ids) // each gets the first one's answer
			}
			require.Equal(t, want, told)
		})
	}
}
