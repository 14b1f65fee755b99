package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestBookingAnswersWithItsPlace(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/book", "/book/", "/reserve"} {
		b := setup(t)
		got := b.do(t, request{
			method: "POST", path: path, body: `["` + strings.ToUpper(ticketID) + `"]`, token: b.users.join("ada"),
			headers: []string{"Content-Type", "Application/JSON; charset=UTF-8"},
		})
		require.Equal(t, http.StatusCreated, got.status)
		require.Equal(t, "/bookings/"+bookingID, got.header.Get("Location"))
		require.Equal(t, boxoffice.HoldRequest{UserID: b.users.users["ada"].ID, TicketIDs: []string{ticketID}}, b.bookings.hold)
		var booking Booking
		got.json(&booking)
		require.Equal(t, b.users.users["ada"].ID, booking.Tickets[0].HolderID)
		require.EqualValues(t, 1450, booking.AmountMinor)
	}
}

// A list says what its bookings are of, each event once.
func TestListedBookingsComeWithTheirEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bookings.listed = 3
	var page BookingPage
	b.do(t, request{method: "GET", path: "/bookings", token: b.users.join("ada")}).json(&page)
	require.Len(t, page.Bookings, 3)
	require.Equal(t, []string{eventID}, b.catalogue.asked)
	require.Len(t, page.Events, 1)
	require.Equal(t, "2026-12-04T19:30:00-08:00", page.Events[0].Time.Format(time.RFC3339))
}

// Who needs a place for a wheelchair says so in the query: the body is a bare array.
func TestWhoNeedsAnAccessibleSeatSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	hashes := map[string]string{}
	for query, want := range map[string]bool{"": false, "?accessible=true": true, "?accessible=false": false} {
		for _, path := range []string{"/book", "/book/", "/reserve"} {
			in := jsonOf(path+query, `["`+ticketID+`"]`, "Idempotency-Key", "k")
			in.token = token
			require.Equal(t, http.StatusCreated, b.do(t, in).status)
			require.Equal(t, want, b.bookings.hold.Accessible, path+query)
			hashes[query] = string(b.bookings.hold.Key.BodyHash)
		}
		in := seatChange(`{"add":["` + ticketID + `"]}`)
		in.path, in.token = in.path+query, token
		require.Equal(t, http.StatusOK, b.do(t, in).status)
		require.Equal(t, want, b.bookings.change.Accessible, query)
	}
	require.NotEqual(t, hashes[""], hashes["?accessible=true"], "a key stands for what was said, too")
}

func TestAlternativesSayWhatABuyerWouldPay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refusal := boxoffice.Errorf(boxoffice.CodeSeatsTaken, "Somebody else was faster.")
	withFee := someTicket()
	withFee.FeeMinor = 150
	refusal.Alternatives = [][]boxoffice.Ticket{{withFee, someTicket()}}
	b.bookings.err = refusal
	in := jsonOf("/book", `["`+ticketID+`"]`)
	in.token = b.users.join("ada")
	require.EqualValues(t, 3050, b.do(t, in).problem(http.StatusConflict, "seats-taken").Alternatives[0].AmountMinor)
}

func TestBookingsOfOneEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for path, event := range map[string]string{"/bookings": "", "/bookings?event_id=" + strings.ToUpper(eventID): eventID} {
		require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: path, token: token}).status)
		require.Equal(t, boxoffice.BookingFilter{UserID: b.bookings.filter.UserID, EventID: event, Limit: defaultPage}, b.bookings.filter)
		require.NotEmpty(t, b.bookings.filter.UserID)
	}
}

func TestLinksFollowTheState(t *testing.T) {
	t.Parallel()
	self := "/bookings/" + bookingID
	always := BookingLinks{Self: self, Event: "/events/" + eventID, Page: "/app" + self}
	acts := always
	acts.Checkout, acts.Extend, acts.Cancel = self+"/checkout", self+"/extend", self+"/cancel"
	priced := acts
	acts.Promotion = self + "/promotion"
	files := always
	files.Tickets, files.Calendar, files.Resend = self+"/tickets.pdf", self+"/calendar.ics", self+"/resend"
	for _, test := range []struct {
		booking boxoffice.Booking
		want    BookingLinks
	}{
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentNone}, acts},
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentNone, Fixed: true}, priced},
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentOpen, CheckoutURL: "https://pay.test/1"}, priced},
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentPaid}, always},
		{boxoffice.Booking{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentOpen, ClosingReason: boxoffice.ClosingByCancel}, always},
		{boxoffice.Booking{Status: boxoffice.BookingConfirmed, Payment: boxoffice.PaymentPaid}, always},
		{boxoffice.Booking{Status: boxoffice.BookingCompleted, Payment: boxoffice.PaymentPaid}, files},
		{boxoffice.Booking{Status: boxoffice.BookingExpired, Payment: boxoffice.PaymentNone}, always},
		{boxoffice.Booking{Status: boxoffice.BookingRefunding, Payment: boxoffice.PaymentPaid}, always},
	} {
		b := setup(t)
		b.bookings.booking = test.booking
		var got Booking
		b.do(t, request{method: "GET", path: self, token: b.users.join("ada")}).json(&got)
		require.Equal(t, test.want, got.Links, test.booking)
		require.Equal(t, test.booking.CheckoutURL, got.CheckoutURL)
	}
}

func TestIdempotencyKeysReachTheService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	send := func(path, body, key string) *boxoffice.IdempotencyKey {
		in := request{method: "POST", path: path, body: body, token: token}
		if key != "" {
			in.headers = []string{"Idempotency-Key", key}
		}
		b.bookings.key = nil
		require.Less(t, b.do(t, in).status, 300)
		return b.bookings.key
	}
	ids := `["` + ticketID + `"]`
	first := send("/book", ids, "key-1")
	require.Equal(t, "POST /book", first.Route)
	require.Equal(t, "key-1", first.Key)
	require.Equal(t, b.users.users["ada"].ID, first.UserID)
	require.Len(t, first.BodyHash, 32)
	require.Equal(t, first, send("/book/", ids, "key-1"))
	require.Equal(t, first, send("/reserve", ids, "key-1"))
	require.NotEqual(t, first.BodyHash, send("/book", `["`+otherID+`"]`, "key-1").BodyHash)
	require.Nil(t, send("/book", ids, ""))

	booking := "/bookings/" + bookingID
	for _, act := range []string{"checkout", "extend", "cancel", "resend"} {
		key := send(booking+"/"+act, "", strings.Repeat("k", 255))
		require.Equal(t, "POST /bookings/{id}/"+act, key.Route)
		require.Equal(t, key, send("/bookings/"+strings.ToUpper(bookingID)+"/"+act, "", strings.Repeat("k", 255)))
		require.Nil(t, send(booking+"/"+act, "", ""))
	}
	mine := send(booking+"/checkout", `{"email":"ada@example.com"}`, "k")
	require.NotEqual(t, mine.BodyHash, send(booking+"/checkout", `{"email":"eve@example.com"}`, "k").BodyHash)
}

func TestAKeyOfAnotherBookingHasAnotherHash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	hashes := map[string]bool{}
	for _, id := range []string{bookingID, otherID} {
		b.do(t, request{method: "POST", path: "/bookings/" + id + "/extend", token: token, headers: []string{"Idempotency-Key", "k"}})
		hashes[string(b.bookings.key.BodyHash)] = true
	}
	require.Len(t, hashes, 2)
}

func TestBadIdempotencyKeysAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for _, path := range []string{"/book", "/bookings/" + bookingID + "/checkout", "/bookings/" + bookingID + "/extend"} {
		for _, key := range []string{"", "two words", "é", "tab\t", strings.Repeat("k", 256)} {
			in := request{method: "POST", path: path, token: token, headers: []string{"Idempotency-Key", key}}
			if path == "/book" {
				in.body = `["` + ticketID + `"]`
			}
			got := b.do(t, in).problem(http.StatusUnprocessableEntity, "invalid")
			require.Equal(t, []string{"Idempotency-Key"}, fieldNames(got), "%q", key)
		}
	}
}

func TestCheckoutLeadsBackToOurPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	path := "/bookings/" + bookingID + "/checkout"
	page := "http://box.test/app/bookings/" + bookingID
	for body, want := range map[string]boxoffice.CheckoutRequest{
		"":   {SuccessURL: page, CancelURL: page},
		"{}": {SuccessURL: page, CancelURL: page},
		`{"email":"ada@example.com","success_url":"/app/thanks?x=1","cancel_url":"http://box.test/app"}`: {
			Email: "ada@example.com", SuccessURL: "http://box.test/app/thanks?x=1", CancelURL: "http://box.test/app",
		},
	} {
		var got Checkout
		b.do(t, request{method: "POST", path: path, body: body, token: token}).json(&got)
		require.Equal(t, "https://pay.test/c/pay/cs_1", got.CheckoutURL)
		want.UserID, want.BookingID = b.users.users["ada"].ID, bookingID
		require.Equal(t, want, b.bookings.checkout, body)
	}
}

func TestActsTakeNoBodyButAnEmptyObject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := request{method: "POST", path: "/bookings/" + bookingID + "/cancel", body: " {} ", token: b.users.join("ada")}
	require.Equal(t, http.StatusOK, b.do(t, in).status)
}

func TestFilesAreAttachedAndNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for path, want := range map[string][]string{
		"/tickets.pdf":                     {"application/pdf", `attachment; filename="tickets-` + bookingID + `.pdf"`, "%PDF-1.7"},
		"/calendar.ics":                    {"text/calendar; charset=utf-8", `attachment; filename="event-` + bookingID + `.ics"`, "BEGIN:VCALENDAR"},
		"/tickets/" + ticketID + "/qr.png": {"image/png", `inline; filename="ticket-` + ticketID + `.png"`, "\x89PNG"},
	} {
		got := b.do(t, request{method: "GET", path: "/bookings/" + bookingID + path, token: token})
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, want, []string{got.header.Get("Content-Type"), got.header.Get("Content-Disposition"), string(got.body)})
		require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
	}
	b.bookings.err = boxoffice.Errorf(boxoffice.CodeNotReady, "The booking is not paid yet.")
	b.do(t, request{method: "GET", path: "/bookings/" + bookingID + "/tickets.pdf", token: token}).problem(409, "not-ready")
}

func TestTheWebhookGetsTheBytesAsTheyCame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	raw := "{ \"id\":\t\"evt_1\"}\n"
	in := request{method: "POST", path: "/webhooks/stripe", body: raw, headers: []string{
		"Stripe-Signature", "good", "Origin", "https://stripe.test", "Content-Type", "text/plain",
	}}
	got := b.do(t, in)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "{}", string(got.body))
	require.Equal(t, raw, string(b.bookings.payload))
	in.headers = nil
	b.do(t, in).problem(http.StatusBadRequest, "bad-signature")
	b.bookings.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away.")
	in.headers = []string{"Stripe-Signature", "good"}
	b.do(t, in).problem(http.StatusServiceUnavailable, "unavailable")
}
