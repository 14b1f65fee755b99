package e2e

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
)

type (
	thing map[string]any // a body of a request

	ownEvent struct {
		Event    buyer.Event      `json:"event"`
		PlanHash string           `json:"plan_hash"`
		Prices   map[string]int64 `json:"prices"`
		Seats    struct{ Available, Held, Sold, Blocked int }
	}

	sales struct {
		SoldMinor     int64 `json:"sold_minor"`
		CapturedMinor int64 `json:"captured_minor"`
		Bookings      int
		Seats         struct{ Available, Held, Sold, Blocked int }
	}
)

// An organizer makes a title, a venue with its plan, and an event of it; puts it on sale; a buyer buys two seats of it and
// comes to stand on the guest list; then the hall changes while seats are sold.
func TestOrganizer_FromAnIdeaToAGuestList(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	olga, ada := signUp(t, s), signUp(t, s)
	requireProblem(t, olga.Call(t.Context(), "POST", "/titles", thing{"name": "Ghost", "kind": "film"}, nil), http.StatusForbidden)
	_, complaint, code := stack.RunProgram(t, []string{"DATABASE_URL=" + s.Env["DATABASE_URL"]}, "role", olga.Name, "organizer")
	require.Zero(t, code, complaint)

	event := putOn(t, olga)
	_, _, err := ada.Event(t.Context(), event.Event.ID)
	requireProblem(t, err, http.StatusNotFound) // nobody else sees a draft
	call(t, olga, "POST", "/events/"+event.Event.ID+"/publish", nil, &event)
	require.Equal(t, "on_sale", event.Event.Status)

	_, free, err := ada.Event(t.Context(), event.Event.ID)
	require.NoError(t, err)
	require.Len(t, free, 6)
	call(t, olga, "POST", "/events/"+event.Event.ID+"/seats/block", thing{"ticket_ids": []string{free[5].ID}}, &event)
	_, err = ada.Book(t.Context(), "", free[5].ID)
	requireProblem(t, err, http.StatusConflict)

	booking, err := ada.Book(t.Context(), "", free[0].ID, free[1].ID)
	require.NoError(t, err)
	call(t, olga, "PUT", "/events/"+event.Event.ID+"/prices", thing{"prices": thing{"Standard": 2000}}, &event)
	ada.PayFor(t, booking.ID)
	booking = ada.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	require.EqualValues(t, 2900, booking.AmountMinor, "the price at which it was booked")

	var figures sales
	call(t, olga, "GET", "/events/"+event.Event.ID+"/sales", nil, &figures)
	require.EqualValues(t, 2900, figures.SoldMinor)
	require.EqualValues(t, 2900, figures.CapturedMinor)
	require.Equal(t, 1, figures.Bookings)
	require.Equal(t, 2, figures.Seats.Sold)
	requireGuests(t, olga, ada, event.Event.ID, booking)
	rebuild(t, s, olga, ada, event, booking)
}

// putOn makes a title, a venue with its plan, and a draft.
func putOn(t *testing.T, olga stack.Customer) (event ownEvent) {
	t.Helper()
	var title, venue struct{ ID string }
	call(t, olga, "POST", "/titles", thing{"name": "Ghost", "kind": "film", "runtime_minutes": 127}, &title)
	call(t, olga, "POST", "/venues", thing{
		"name": "El Rey", "city": "Chico", "state": "CA", "time_zone": "America/Los_Angeles", "lat": 39.73, "lon": -121.84,
	}, &venue)
	requireProblem(t, olga.Call(t.Context(), "POST", "/venues/"+venue.ID+"/seat-plans", hall(0), nil), http.StatusUnprocessableEntity)
	call(t, olga, "POST", "/venues/"+venue.ID+"/seat-plans", hall(6), nil)
	call(t, olga, "POST", "/events", thing{
		"title_id": title.ID, "venue_id": venue.ID, "starts_at": time.Now().AddDate(0, 0, 9).Format(time.RFC3339), "currency": "USD",
		"prices": thing{"Standard": 1450},
	}, &event)
	require.Equal(t, "draft", event.Event.Status)
	require.Equal(t, "El Rey", event.Event.Venue.Name)
	return event
}

// hall is a plan of one row.
func hall(seats int) json.RawMessage {
	row := make([]thing, seats)
	for i := range row {
		row[i] = thing{"number": i + 1, "x": 300 + 56*i, "y": 400, "category": "Standard"}
	}
	plan, _ := json.Marshal(thing{
		"format": 1, "name": "El Rey", "width": 1400, "height": 1200, "categories": []string{"Standard"},
		"stage":    thing{"label": "Screen", "x": 250, "y": 60, "width": 900, "height": 20},
		"sections": []thing{{"name": "Stalls", "rows": []thing{{"label": "A", "seats": row}}}},
	})
	return plan
}

func requireGuests(t *testing.T, olga, ada stack.Customer, eventID string, booking buyer.Booking) {
	t.Helper()
	said, err := olga.Ask(t.Context(), "GET", "/events/"+eventID+"/guests.csv", "", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, said.Status)
	lines, err := csv.NewReader(strings.NewReader(string(said.Body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+len(booking.Tickets))
	for i, line := range lines[1:] {
		require.Equal(t, []string{booking.Reference, ada.Name, ada.Email, "Stalls", "A"}, line[:5])
		require.Equal(t, "14.50", line[8], i)
	}
	refused, err := ada.Ask(t.Context(), "GET", "/events/"+eventID+"/guests.csv", "", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, refused.Status)
}

// rebuild gives the event a larger hall, and is refused one in which a sold seat is missing.
func rebuild(t *testing.T, s *stack.System, olga, ada stack.Customer, event ownEvent, booking buyer.Booking) {
	t.Helper()
	plans := "/venues/" + event.Event.Venue.ID + "/seat-plans"
	var small, large struct{ Hash string }
	call(t, olga, "POST", plans, hall(1), &small)
	call(t, olga, "POST", plans, hall(8), &large)
	before := s.RowsOf(t, booking.ID)
	requireProblem(t, olga.Call(t.Context(), "PATCH", "/events/"+event.Event.ID, thing{"plan_hash": small.Hash}, nil), http.StatusConflict)
	call(t, olga, "PATCH", "/events/"+event.Event.ID, thing{"plan_hash": large.Hash}, &event)
	require.Equal(t, 8, event.Event.Total)
	require.Equal(t, before, s.RowsOf(t, booking.ID), "the new hall touched a sold seat")
	stack.Eventually(t, 5*time.Second, func() error { // event pages may lag
		_, free, err := ada.Event(t.Context(), event.Event.ID)
		if err == nil && len(free) != 5 { // eight, less two that are sold and one that is blocked
			err = fmt.Errorf("%d seats are free", len(free))
		}
		for _, seat := range free {
			if seat.PriceMinor != 2000 {
				err = errors.Join(err, fmt.Errorf("%s costs %d", seat.Seat, seat.PriceMinor))
			}
		}
		return err
	})
}

// call makes a request that must succeed.
func call(t *testing.T, c stack.Customer, method, path string, body, answer any) {
	t.Helper()
	require.NoError(t, c.Call(t.Context(), method, path, body, answer))
}

func requireProblem(t *testing.T, err error, status int) {
	t.Helper()
	var problem *buyer.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, status, problem.Status)
}
