package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const cancelPath = "/bookings/" + bookingID + "/cancel"

func TestTicketsAreGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for body, want := range map[string]boxoffice.Cancellation{
		"":   {HoldOnly: true},
		"{}": {},
		`{"ticket_ids":["` + strings.ToUpper(ticketID) + `"],"reason":"We are ill."}`: {TicketIDs: []string{ticketID}, Reason: "We are ill."},
	} {
		in := jsonOf(cancelPath, body, "Idempotency-Key", "k")
		in.token = token
		got := b.do(t, in)
		require.Equal(t, http.StatusOK, got.status, string(got.body))
		require.Equal(t, "POST /bookings/{id}/cancel", b.bookings.cancel.Key.Route)
		want.UserID, want.BookingID, want.Key = b.users.users["ada"].ID, bookingID, b.bookings.cancel.Key
		require.Equal(t, want, b.bookings.cancel)
		require.Empty(t, b.bookings.quoted)
	}
}

func TestAPreviewOnlyTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := jsonOf(cancelPath+"?preview=true", `{"ticket_ids":["`+ticketID+`"]}`, "Idempotency-Key", "k")
	in.token = b.users.join("ada")
	got := b.do(t, in)
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, `{"refund_minor":1160,"fee_minor":290,"currency":"USD"}`, string(got.body))
	require.Equal(t, []string{ticketID}, b.bookings.quoted.TicketIDs)
	require.Empty(t, b.bookings.cancel)
}

func TestTheLinkToCancelFollowsTheState(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 3, 3, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		booking boxoffice.Booking
		link    bool
	}{
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentNone}, true},
		{boxoffice.Booking{Status: boxoffice.BookingCompleted, RefundableUntil: until}, true},
		{boxoffice.Booking{Status: boxoffice.BookingCompleted}, false},
		{boxoffice.Booking{Status: boxoffice.BookingRefunding, RefundableUntil: until}, false},
	} {
		view := viewBooking(c.booking)
		require.Equal(t, c.link, view.Links.Cancel != "", "%+v", c.booking)
		require.Equal(t, c.booking.Status == boxoffice.BookingCompleted && c.link, view.RefundableUntil != nil)
	}
}

// Over the real store: what is refused, writes nothing.
func TestTicketsAreGivenBack_OnTheEventsTerms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	booking := h.soldTo(t, ada.ID, h.tickets[0])
	path := "/bookings/" + booking.ID + "/cancel"
	ask := func(path, body string) result {
		in := jsonOf(path, body)
		in.token = token
		return h.do(t, in)
	}
	final := h.rows(t)
	ask(path, "{}").problem(http.StatusConflict, "sale-final")
	ask(path+"?preview=true", "").problem(http.StatusConflict, "sale-final")
	require.Equal(t, final, h.rows(t))
	h.exec(t, `UPDATE events SET refund_hours = 0, refund_percent = 80`)
	before := h.rows(t)
	ask(path, "").problem(http.StatusConflict, "booking-closed") // it was meant for a hold
	ask(path, `{"ticket_ids":["`+h.tickets[1]+`"]}`).problem(http.StatusNotFound, "not-found")
	got := ask(path+"?preview=true", "")
	require.Equal(t, http.StatusOK, got.status, string(got.body))
	require.Equal(t, before, h.rows(t))
}
