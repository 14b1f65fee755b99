package postgres_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// office is a house with an organizer who has a title, a venue and a plan.
type office struct {
	*house
	organizers *postgres.Organizers
	by         boxoffice.By
	title      boxoffice.Title
	venue      boxoffice.Venue
	plan       string // the hash of the venue's first plan
}

func newOffice(t testing.TB) *office {
	t.Helper()
	h := newHouse(t, 1)
	o := &office{house: h, organizers: h.db.Organizers(), by: boxoffice.By{UserID: h.addUser(t)}}
	var err error
	o.title, err = o.organizers.CreateTitle(t.Context(), o.by, boxoffice.Title{Name: "Ghost", Kind: "film", RuntimeMinutes: 127})
	require.NoError(t, err)
	o.venue, err = o.organizers.CreateVenue(t.Context(), o.by, boxoffice.Venue{
		Name: "El Rey", City: "Chico", State: "CA", Lat: 39.7, Lon: -121.8, TimeZone: "America/Los_Angeles",
	})
	require.NoError(t, err)
	o.plan = o.addPlan(t, "first", 2)
	return o
}

// addPlan adds a plan of the name to the venue and gives its hash.
func (o *office) addPlan(t testing.TB, name string, seats int) (hash string) {
	t.Helper()
	plan := fmt.Appendf(nil, `{"name":%q}`, name)
	sum := sha256.Sum256(plan)
	v, err := o.organizers.AddSeatPlan(t.Context(), o.by, boxoffice.SeatPlanVersion{
		VenueID: o.venue.ID, Hash: hex.EncodeToString(sum[:]), Name: name, Seats: seats, Categories: []string{"standard"},
	}, plan)
	require.NoError(t, err)
	return v.Hash
}

// rowOf gives so many seats of a row.
func rowOf(category, row string, n int) []boxoffice.Ticket {
	seats := make([]boxoffice.Ticket, n)
	for i := range seats {
		seats[i] = boxoffice.Ticket{Section: "Stalls", Row: row, Number: i + 1, Category: category}
	}
	return seats
}

// newEvent is an event of the office's in nine days.
func (o *office) newEvent(prices map[string]int64) boxoffice.NewEvent {
	starts := time.Now().Add(9 * 24 * time.Hour).Truncate(time.Second).UTC()
	return boxoffice.NewEvent{
		TitleID: o.title.ID, VenueID: o.venue.ID, PlanHash: o.plan, Name: "Ghost", StartsAt: starts, EndsAt: starts.Add(2 * time.Hour),
		SalesOpenAt: starts.Add(-10 * 24 * time.Hour), SalesCloseAt: starts, Currency: "USD", Prices: prices,
	}
}

// draft makes an event with the places, of which "standard" ones cost seatPrice.
func (o *office) draft(t testing.TB, places []boxoffice.Ticket) boxoffice.OwnEvent {
	t.Helper()
	e, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": seatPrice}), places)
	require.NoError(t, err)
	return e
}

// onSale makes a published event with the places and gives the IDs of its tickets in the order of the places.
func (o *office) onSale(t testing.TB, places []boxoffice.Ticket) (event string, tickets []string) {
	t.Helper()
	e := o.draft(t, places)
	_, err := o.organizers.Publish(t.Context(), o.by, e.Event.ID)
	require.NoError(t, err)
	return e.Event.ID, o.ticketsOf(t, e.Event.ID)
}

// ticketsOf gives the tickets of an event by row and number.
func (o *office) ticketsOf(t testing.TB, event string) []string {
	t.Helper()
	return one[[]string](t, o.house, `SELECT array_agg(id::text ORDER BY section, row, number) FROM tickets WHERE event_id = $1`, event)
}

// own reads an event as its organizer sees it.
func (o *office) own(t testing.TB, event string) boxoffice.OwnEvent {
	t.Helper()
	e, err := o.organizers.OwnEvent(t.Context(), o.by.UserID, event)
	require.NoError(t, err)
	return e
}
