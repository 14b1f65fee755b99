package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestEveryCodeHasItsAnswer(t *testing.T) {
	t.Parallel()
	require.Len(t, answers, len(boxoffice.Codes))
	b := setup(t)
	token := b.users.join("ada")
	for _, code := range boxoffice.Codes {
		how, ok := answers[code]
		require.True(t, ok, code)
		require.NotEmpty(t, http.StatusText(how.status), code)
		b.bookings.err = fmt.Errorf("while booking: %w", boxoffice.Errorf(code, "Words for a person."))
		got := b.do(t, request{method: "GET", path: "/bookings", token: token})
		p := got.problem(how.status, string(code))
		require.Equal(t, how.title, p.Title)
		if code == boxoffice.CodeInternal {
			require.NotContains(t, p.Detail, "Words")
		} else {
			require.Equal(t, "Words for a person.", p.Detail)
		}
		waits := how.status == http.StatusTooManyRequests || how.status == http.StatusServiceUnavailable
		require.Equal(t, waits, got.header.Get("Retry-After") != "", code)
	}
}

func TestConflictsAndLinksAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := exampleOf("POST", "/book")
	in.token = b.users.join("ada")
	b.bookings.err = &boxoffice.Error{Code: boxoffice.CodeSeatsTaken, Message: "A seat is taken.", Conflicts: []boxoffice.Conflict{
		{TicketID: ticketID, Seat: "Stalls, row C, seat 12", Reason: boxoffice.ConflictHeldByYou},
	}}
	p := b.do(t, in).problem(http.StatusConflict, "seats-taken")
	require.Equal(t, []Conflict{{TicketID: ticketID, Seat: "Stalls, row C, seat 12", Reason: "held_by_you"}}, p.Conflicts)

	b.bookings.err = &boxoffice.Error{Code: boxoffice.CodeOpenBookingExists, Link: bookingID}
	p = b.do(t, in).problem(http.StatusConflict, "open-booking-exists")
	require.Equal(t, "/bookings/"+bookingID, p.Link)
	require.Equal(t, "You have an open booking of this event.", p.Detail)

	b.bookings.err = &boxoffice.Error{Code: boxoffice.CodeUnavailable, RetryAfter: 1500 * time.Millisecond}
	require.Equal(t, "2", b.do(t, in).header.Get("Retry-After"))
}

func TestAnInternalErrorIsLoggedOnceAndNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bookings.err = errors.New("pq: password of 10.0.0.7 is hunter2")
	got := b.do(t, request{method: "GET", path: "/bookings/" + bookingID, token: b.users.join("ada")})
	p := got.problem(http.StatusInternalServerError, "internal")
	require.NotContains(t, string(got.body), "hunter2")
	require.Equal(t, 1, strings.Count(b.logs.String(), "hunter2"))
	require.Contains(t, b.logs.String(), `"booking":"`+bookingID)
	require.Contains(t, b.logs.String(), p.RequestID)
}

func TestAPanicIsAnInternalError(t *testing.T) {
	t.Parallel()
	b := setup(t, open)
	b.catalogue.panics = true
	b.do(t, request{method: "GET", path: "/events"}).problem(http.StatusInternalServerError, "internal")
	require.Contains(t, b.logs.String(), "catalogue.go")
}

func TestARequestThatTakesTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.RequestTimeout = time.Millisecond })
	b.bookings.block, b.bookings.entered = make(chan struct{}), make(chan struct{})
	got := b.do(t, request{method: "GET", path: "/bookings/" + bookingID, token: b.users.join("ada")})
	got.problem(http.StatusServiceUnavailable, "unavailable")
}

func TestReadinessNamesWhatIsDown(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused by 10.0.0.7")
	calls := 0
	b := setup(t, func(o *Options) {
		o.Ready = map[string]func(context.Context) error{
			"postgres": func(context.Context) error { calls++; return down },
			"temporal": func(context.Context) error { return nil },
		}
	})
	got := b.do(t, request{method: "GET", path: "/readyz"})
	require.Equal(t, []string{"postgres"}, fieldNames(got.problem(http.StatusServiceUnavailable, "unavailable")))
	require.NotContains(t, string(got.body), "10.0.0.7")
	require.Contains(t, b.logs.String(), "10.0.0.7")
	b.do(t, request{method: "GET", path: "/readyz"}).problem(http.StatusServiceUnavailable, "unavailable")
	require.Equal(t, 1, calls, "an answer is shared for a moment")
	require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: "/healthz"}).status)
}
