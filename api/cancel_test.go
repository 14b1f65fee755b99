package api

import (
	"net/http"
	"net/url"
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

// A buyer without scripts: the booking's page, what it comes to, and done.
func TestThePageGivesTicketsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	b.bookings.booking = boxoffice.Booking{Status: boxoffice.BookingCompleted, RefundableUntil: time.Date(2026, 12, 4, 3, 30, 0, 0, time.UTC)}
	page := string(b.visit(t, "GET", bookingPage, token, nil).body)
	require.Contains(t, page, "Tickets can be given back until Thu 3 Dec 2026, 19:30 PST; ")
	require.Contains(t, page, `action="`+bookingPage+`/return"`)
	require.Contains(t, page, `name="ticket" value="`+ticketID+`" checked`)

	ask := bookingPage + "/return?ticket=" + ticketID
	sure := string(b.visit(t, "GET", ask, token, nil).body)
	for _, text := range []string{"all tickets of this booking", "Stalls, row C, seat 12", "$11.60", "$2.90", `name="ticket" value="` + ticketID, bookingPage + "/cancel"} {
		require.Contains(t, sure, text)
	}
	require.Empty(t, b.bookings.cancel, "a look changes nothing")
	require.Contains(t, b.visit(t, "GET", ask, "", nil).header.Get("Location"), "/app/login")
	for _, wrong := range []string{"", "?ticket=<script>", "?ticket=" + ticketID + "&ticket=" + ticketID} {
		got := b.visit(t, "GET", bookingPage+"/return"+wrong, token, nil)
		require.Equal(t, http.StatusUnprocessableEntity, got.status, wrong)
		require.NotContains(t, string(got.body), "<script")
	}

	done := b.visit(t, "POST", bookingPage+"/cancel", token, url.Values{"ticket": {ticketID}})
	require.Equal(t, http.StatusSeeOther, done.status)
	require.Equal(t, bookingPage, done.header.Get("Location"))
	require.Equal(t, boxoffice.Cancellation{UserID: b.users.users["ada"].ID, BookingID: bookingID, TicketIDs: []string{ticketID}}, b.bookings.cancel)
	b.visit(t, "POST", bookingPage+"/cancel", token, nil)
	require.True(t, b.bookings.cancel.HoldOnly, "the button of a hold undoes no sale")
	require.Equal(t, http.StatusUnprocessableEntity, b.visit(t, "POST", bookingPage+"/cancel", token, url.Values{"ticket": {"x"}}).status)

	b.bookings.booking.RefundableUntil = time.Time{}
	require.NotContains(t, string(b.visit(t, "GET", bookingPage, token, nil).body), "/return")
}

func TestAPolicyInWords(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]boxoffice.RefundPolicy{
		"Sales of this event are final: its tickets cannot be given back.":                               {},
		"Tickets can be given back until the start; 100 % of their price goes back then.":                {Percent: 100},
		"Tickets can be given back until an hour before the start; 50 % of their price goes back then.":  {Hours: 1, Percent: 50},
		"Tickets can be given back until 24 hours before the start; 80 % of their price goes back then.": {Hours: 24, Percent: 80},
	} {
		require.Equal(t, want, sayPolicy(p, 0))
	}
	require.Equal(t, "Tickets can be given back until the start; 100 % of their price goes back then, without the booking fees.",
		sayPolicy(boxoffice.RefundPolicy{Percent: 100}, 150))
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
