package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// A hundred buyers want one seat at once: one gets it, the others are told which seat is gone.
func TestBook_ErrSeatsTakenForAllButOne(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	crowd := s.Customers(t, 100)
	eventID := s.Showing(t)
	seat := crowd[0].FreeSeats(t, eventID, 1)[0]
	start, took, results := make(chan struct{}), make([]time.Duration, len(crowd)), make([]error, len(crowd))
	won := make([]buyer.Booking, len(crowd))
	var race sync.WaitGroup
	for i, c := range crowd {
		race.Go(func() {
			<-start
			began := time.Now()
			won[i], results[i] = c.Book(t.Context(), "", seat)
			took[i] = time.Since(began)
		})
	}
	close(start)
	race.Wait()

	winner := slices.Index(results, nil)
	require.GreaterOrEqual(t, winner, 0, "nobody got the seat: %v", results[0])
	for i, err := range results {
		if i == winner {
			continue
		}
		problem := stack.RequireProblem(t, err, http.StatusConflict, "seats-taken")
		require.Equal(t, []buyer.Conflict{{TicketID: seat, Seat: won[winner].Tickets[0].Seat, Reason: "held"}}, problem.Conflicts)
	}
	t.Logf("100 buyers for one seat: p50 %s, p95 %s", quantile(took, 0.5), quantile(took, 0.95))
}

// quantile gives a quantile of durations, to a tenth of a millisecond.
func quantile(of []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[int(q*float64(len(sorted)-1))].Round(100 * time.Microsecond)
}

// Twins under one Idempotency-Key, at once and later, are one booking and one answer.
func TestBook_OKRepeated(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	seats := c.FreeSeats(t, s.Showing(t), 3)
	book := func() (buyer.Answer, error) { return c.Ask(t.Context(), http.MethodPost, "/book", "once", seats[:2]) }
	answers, results := make([]buyer.Answer, 8), make([]error, 8)
	var twins sync.WaitGroup
	for i := range answers {
		twins.Go(func() { answers[i], results[i] = book() })
	}
	twins.Wait()
	require.NoError(t, errors.Join(results...))

	var booking buyer.Booking
	require.NoError(t, json.Unmarshal(answers[0].Body, &booking))
	c.PayFor(t, booking.ID)
	c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	later, err := book()
	require.NoError(t, err)
	for _, answer := range append(answers, later) {
		require.Equal(t, http.StatusCreated, answer.Status)
		require.Equal(t, "/bookings/"+booking.ID, answer.Header.Get("Location"))
		require.Equal(t, string(answers[0].Body), string(answer.Body))
	}
	_, err = c.Book(t.Context(), "once", seats[2])
	stack.RequireProblem(t, err, http.StatusUnprocessableEntity, "idempotency-mismatch")

	var bookings int
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT count(*) FROM bookings WHERE user_id = $1`, c.ID).Scan(&bookings))
	require.Equal(t, 1, bookings)
}

// Another's booking is as absent as one that never was.
func TestBooking_ErrNotFoundForOthers(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	pair := s.Customers(t, 2)
	owner, other := pair[0], pair[1]
	booking := owner.Hold(t, s.Showing(t), 1)
	owner.PayFor(t, booking.ID)
	booking = owner.AwaitEnd(t, 20*time.Second, booking.ID, "completed")

	const unknown = "01890000-0000-7000-8000-000000000000"
	for _, request := range []struct{ method, path string }{
		{http.MethodGet, ""},
		{http.MethodGet, "/tickets.pdf"},
		{http.MethodGet, "/calendar.ics"},
		{http.MethodGet, "/tickets/" + booking.Tickets[0].ID + "/qr.png"},
		{http.MethodPost, "/checkout"},
		{http.MethodPost, "/extend"},
		{http.MethodPost, "/cancel"},
	} {
		absent := ask(t, other, request.method, "/bookings/"+unknown+request.path)
		require.Equal(t, http.StatusNotFound, absent.Status, request.path)
		foreign := ask(t, other, request.method, "/bookings/"+booking.ID+request.path)
		require.Equal(t, http.StatusNotFound, foreign.Status, request.path)
		require.Equal(t, withoutRequestID(t, absent.Body), withoutRequestID(t, foreign.Body), request.path)
	}
	require.Empty(t, other.BookingIDs(t))
	require.Equal(t, []string{booking.ID}, owner.BookingIDs(t))
}

func ask(t *testing.T, c stack.Customer, method, path string) buyer.Answer {
	t.Helper()
	var body any
	if method == http.MethodPost {
		body = struct{}{}
	}
	answer, err := c.Ask(t.Context(), method, path, "", body)
	require.NoError(t, err)
	return answer
}

func withoutRequestID(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var problem map[string]any
	require.NoError(t, json.Unmarshal(body, &problem))
	require.NotEmpty(t, problem["request_id"])
	delete(problem, "request_id")
	return problem
}
