package api

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const bookingPage = "/app/bookings/" + bookingID

// visit asks for a page, or posts a form to it, with the session's cookie.
func (b *bundle) visit(t *testing.T, method, path, token string, form url.Values) result {
	t.Helper()
	in := request{method: method, path: path, body: form.Encode(), headers: []string{
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://box.test",
	}}
	if token != "" {
		in.headers = append(in.headers, "Cookie", "boxoffice="+token)
	}
	return b.do(t, in)
}

func TestTheRootLeadsToTheApp(t *testing.T) {
	t.Parallel()
	got := setup(t).visit(t, "GET", "/", "", nil)
	require.Equal(t, http.StatusFound, got.status)
	require.Equal(t, "/app", got.header.Get("Location"))
}

func TestPagesEscapeWhatTheyShow(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PaymentOrigins = []string{"http://pay.test"} })
	token := b.users.join("<b>ada</b>")
	got := b.visit(t, "GET", bookingPage, token, nil)
	require.Equal(t, http.StatusOK, got.status)
	require.Contains(t, string(got.body), "Ghost &lt;script&gt;")
	require.Contains(t, string(got.body), "&lt;b&gt;ada&lt;/b&gt;")
	require.NotContains(t, string(got.body), "<script")
	require.NotContains(t, string(got.body), "style=")
	require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	require.Equal(t, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "+
		"form-action 'self' https://checkout.stripe.com http://pay.test", got.header.Get("Content-Security-Policy"))
}

func TestTheBookingPageFollowsTheState(t *testing.T) {
	t.Parallel()
	const held, none, paid = boxoffice.BookingHeld, boxoffice.PaymentNone, boxoffice.PaymentPaid
	for _, test := range []struct {
		booking boxoffice.Booking
		refresh string
		shows   []string
		hides   []string
	}{
		{
			boxoffice.Booking{Status: held, Payment: none}, `content="30"`,
			[]string{"Pay $14.50", "held until", "04:08:00 PST", "Friday 4 December 2026, 19:30 PST", "Stalls, row C, seat 12"},
			[]string{"tickets.pdf"},
		},
		{boxoffice.Booking{Status: held, Payment: boxoffice.PaymentOpen}, `content="3"`, []string{"while you pay", "If you have paid", "/cancel"}, nil},
		{boxoffice.Booking{Status: held, Payment: paid}, `content="2"`, []string{"has arrived"}, []string{"/checkout"}},
		{
			boxoffice.Booking{Status: held, Payment: boxoffice.PaymentOpen, ClosingReason: boxoffice.ClosingByCancel},
			`content="2"`, []string{"being cancelled"}, []string{"/checkout"},
		},
		{boxoffice.Booking{Status: boxoffice.BookingConfirmed, Payment: paid}, `content="2"`, []string{"being made"}, []string{"/checkout"}},
		{boxoffice.Booking{Status: boxoffice.BookingCompleted}, "", []string{"tickets.pdf", "calendar.ics"}, []string{"http-equiv", "/checkout"}},
		{boxoffice.Booking{Status: boxoffice.BookingExpired}, "", []string{"ran out"}, []string{"http-equiv", "/checkout"}},
		{boxoffice.Booking{Status: boxoffice.BookingCancelled}, "", []string{"was cancelled"}, []string{"http-equiv"}},
		{boxoffice.Booking{Status: boxoffice.BookingRefunding}, `content="30"`, []string{"on its way back"}, nil},
		{boxoffice.Booking{Status: boxoffice.BookingRefunded}, "", []string{"is back"}, []string{"http-equiv"}},
	} {
		b := setup(t)
		b.bookings.booking = test.booking
		page := string(b.visit(t, "GET", bookingPage, b.users.join("ada"), nil).body)
		for _, text := range append(test.shows, test.refresh) {
			require.Contains(t, page, text)
		}
		for _, text := range test.hides {
			require.NotContains(t, page, text)
		}
	}
}

// Who is not logged in is led to where that is done, and back; a form that was sent meanwhile does nothing.
func TestABookingPageAsksToLogIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"", "/checkout", "/extend", "/cancel", "/resend"} {
		method := "POST"
		if path == "" {
			method = "GET"
		}
		got := b.visit(t, method, bookingPage+path, "", nil)
		require.Equal(t, http.StatusSeeOther, got.status, path)
		require.Equal(t, "/app/login?next=%2Fapp%2Fbookings%2F"+bookingID, got.header.Get("Location"))
	}
	require.Zero(t, b.bookings.checkout)
}

func TestButtonsActAndLeadBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	pay := b.visit(t, "POST", bookingPage+"/checkout", token, nil)
	require.Equal(t, http.StatusSeeOther, pay.status)
	require.Equal(t, "https://pay.test/c/pay/cs_1", pay.header.Get("Location"))
	require.Equal(t, "http://box.test"+bookingPage, b.bookings.checkout.SuccessURL)
	for _, act := range []string{"/extend", "/cancel"} {
		got := b.visit(t, "POST", bookingPage+act, token, nil)
		require.Equal(t, http.StatusSeeOther, got.status)
		require.Equal(t, bookingPage, got.header.Get("Location"))
	}
	b.bookings.err = boxoffice.Errorf(boxoffice.CodeDeadlinePassed, "The time is up <now>.")
	late := b.visit(t, "POST", bookingPage+"/extend", token, nil)
	require.Equal(t, http.StatusConflict, late.status)
	require.Contains(t, string(late.body), "The time is up &lt;now&gt;.")
	require.Contains(t, string(late.body), `href="`+bookingPage+`"`)
}

func TestAPageOfNoBookingIsAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for _, id := range []string{otherID, "x"} {
		got := b.visit(t, "GET", "/app/bookings/"+id, token, nil)
		require.Equal(t, http.StatusNotFound, got.status)
		require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	}
}

func TestPeopleWhoAreLostGetAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for in, status := range map[[2]string]int{
		{"GET", "/app/nothing"}: 404, {"GET", "/app/titles"}: 404, {"POST", "/app/nothing"}: 404, {"PUT", "/app/login"}: 405, {"POST", "/app/login"}: 405,
	} {
		got := b.visit(t, in[0], in[1], "", nil)
		require.Equal(t, status, got.status, in)
		require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
		require.Contains(t, string(got.body), `href="/app"`)
	}
	b.do(t, request{method: "GET", path: "/application"}).problem(http.StatusNotFound, "not-found")
}

func TestLogOutByForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	require.Equal(t, http.StatusSeeOther, b.visit(t, "POST", "/app/logout", token, nil).status)
	require.Contains(t, b.visit(t, "GET", bookingPage, token, nil).header.Get("Location"), "/app/login")
	require.Equal(t, http.StatusOK, b.visit(t, "GET", "/app/style.css", "", nil).status)
}
