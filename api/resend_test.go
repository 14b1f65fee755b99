package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const resendPath = "/bookings/" + bookingID + "/resend"

func TestTicketsAreMailedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)
	b.bookings.booking = boxoffice.Booking{Status: boxoffice.BookingCompleted, Payment: boxoffice.PaymentPaid, Mails: []boxoffice.BookingMail{
		{Kind: boxoffice.EmailTickets, Recipient: "ada@example.org", Status: boxoffice.EmailQueued, QueuedAt: at.Add(time.Hour)},
		{Kind: boxoffice.EmailTickets, Recipient: "adda@example.com", Status: boxoffice.EmailSent, QueuedAt: at, SentAt: at.Add(time.Second)},
	}}
	token := b.users.join("ada")
	for body, email := range map[string]string{"": "", "{}": "", `{"email":""}`: "", `{"email":"ada@example.org"}`: "ada@example.org"} {
		in := jsonOf(resendPath, body, "Idempotency-Key", "k")
		in.token = token
		got := b.do(t, in)
		require.Equal(t, http.StatusOK, got.status, string(got.body))
		require.Equal(t, bookingID, b.bookings.resend.BookingID)
		require.Equal(t, b.users.users["ada"].ID, b.bookings.resend.UserID)
		require.Equal(t, email, b.bookings.resend.Email)
		require.Equal(t, "POST /bookings/{id}/resend", b.bookings.resend.Key.Route)
		var booking Booking
		got.json(&booking)
		sent := at.Add(time.Second)
		require.Equal(t, []BookingMail{
			{Kind: "tickets", To: "ada@example.org", Status: "queued", QueuedAt: at.Add(time.Hour)},
			{Kind: "tickets", To: "adda@example.com", Status: "sent", QueuedAt: at, SentAt: &sent},
		}, booking.Mails)
	}
}

// The booking's own limit is the database's; nobody's address gets more mails than that by way of many bookings.
func TestAnAddressThatWasTypedIsLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	again := func(body string) result {
		in := jsonOf(resendPath, body)
		in.token = token
		return b.do(t, in)
	}
	for range 3 {
		require.Equal(t, http.StatusOK, again(`{"email":"eve@example.com"}`).status)
	}
	b.bookings.resend = boxoffice.ResendRequest{}
	requireWait(t, again(`{"email":"Eve@example.com"}`), 10*time.Minute)
	require.Empty(t, b.bookings.resend.BookingID, "the store is not asked")
	require.Equal(t, http.StatusOK, again("").status, "one's own address is not counted here")
	b.bookings.refusal = &boxoffice.Error{Code: boxoffice.CodeRateLimited, Message: "Wait.", RetryAfter: 42 * time.Second}
	got := again("")
	got.problem(http.StatusTooManyRequests, "rate-limited")
	require.Equal(t, "42", got.header.Get("Retry-After"))
}

// Over the real store: a mail is queued, is told of, and none follows at once.
func TestTicketsAreMailedAgain_OnceAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	booking := h.soldTo(t, ada.ID, h.tickets[0])
	again := func() result {
		return h.do(t, request{method: "POST", path: "/bookings/" + booking.ID + "/resend", token: token})
	}
	got := again()
	require.Equal(t, http.StatusOK, got.status, string(got.body))
	var view Booking
	got.json(&view)
	require.Len(t, view.Mails, 1)
	require.Equal(t, ada.Email, view.Mails[0].To)
	require.Equal(t, BookingMailStatusQueued, view.Mails[0].Status)
	before := h.rows(t)
	late := again()
	late.problem(http.StatusTooManyRequests, "rate-limited")
	require.Regexp(t, `^(60|5\d)$`, late.header.Get("Retry-After"))
	require.Equal(t, before, h.rows(t), "something was written")
}

// soldTo gives a booking that has its tickets, whose mail was sent long ago.
func (h *house) soldTo(t *testing.T, userID, ticketID string) boxoffice.Booking {
	t.Helper()
	booking := h.holdFor(t, userID, ticketID)
	h.exec(t, `UPDATE tickets SET state = 'sold', holder_id = $2, held_until = NULL WHERE booking_id = $1`, booking.ID, userID)
	h.exec(t, `UPDATE bookings SET status = 'completed', blob_key = 'x', completed_at = boxoffice_now(), next_check_at = NULL
		WHERE id = $1`, booking.ID)
	return booking
}
