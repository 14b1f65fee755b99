package seed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/boxoffice/boxoffice/seed"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var options = seed.Options{
	Events: 300, Days: 14, Rand: 7, OwnerID: uuid.NewString(),
	Start: time.Date(2026, 11, 24, 15, 4, 5, 0, time.UTC),
}

// goldenFirstEvent is what these options begin with.
const goldenFirstEvent = "01a20ada-2c00-7000-9e3e-98cf481c9d21 Lost in Translation Washington Heights Starlight 2026-11-24T18:30:00Z"

func catalogue(t *testing.T, o seed.Options) *seed.Catalogue {
	t.Helper()
	c, err := seed.New(o)
	require.NoError(t, err)
	return c
}

func TestCatalogue_IsDeterminedByItsOptions(t *testing.T) {
	t.Parallel()
	a, b := catalogue(t, options), catalogue(t, options)
	require.Equal(t, options.Events, a.Len())
	for i := range a.Len() {
		event, tickets := a.Event(i)
		again, ticketsAgain := b.Event(i)
		require.Equal(t, event, again)
		require.Equal(t, tickets, ticketsAgain)
	}
	first, _ := a.Event(0)
	require.Equal(t, goldenFirstEvent, first.ID+" "+first.Name+" "+first.Venue.Name+" "+first.StartsAt.Format(time.RFC3339),
		"another machine or release makes the same; who changes it on purpose takes another edition")
}

func TestCatalogue_OfOtherOptionsSharesTitlesAndVenuesOnly(t *testing.T) {
	t.Parallel()
	other := options
	other.Rand++
	ids := map[string]bool{}
	venues, shared := map[string]boxoffice.Venue{}, 0
	for i, c := range []*seed.Catalogue{catalogue(t, options), catalogue(t, other)} {
		for n := range c.Len() {
			e, tickets := c.Event(n)
			require.False(t, ids[e.ID], "an event ID twice")
			ids[e.ID] = true
			for _, ticket := range tickets {
				require.False(t, ids[ticket.ID], "a ticket ID twice")
				ids[ticket.ID] = true
			}
			if v, ok := venues[e.Venue.ID]; ok {
				require.Equal(t, v, e.Venue)
				shared += i
			}
			venues[e.Venue.ID] = e.Venue
		}
	}
	require.Positive(t, shared)
}

// capacities are those of the halls for each kind of title, prices the least and the greatest in cents.
var (
	capacities = map[string][]int{"film": {200}, "play": {1350}, "concert": {10_000, 20_000}}
	prices     = map[string][2]int64{"film": {950, 2400}, "play": {2000, 16_500}, "concert": {5000, 19_500}}
)

func TestCatalogue_EventsAreWhole(t *testing.T) {
	t.Parallel()
	c := catalogue(t, options)
	cities, titles := map[string]bool{}, map[string]int{}
	for i := range c.Len() {
		e, tickets := c.Event(i)
		title, _, _ := c.Title(e.TitleID)
		require.Equal(t, title.Name, e.Name)
		require.Equal(t, title.Kind, e.Type)
		require.Contains(t, capacities[e.Type], e.Total)
		require.Equal(t, options.OwnerID, e.OwnerID)
		require.Equal(t, boxoffice.EventOnSale, e.Status)
		require.Len(t, tickets, e.Total)
		require.Equal(t, e.Total, e.Available)
		require.True(t, e.EndsAt.After(e.StartsAt))
		require.Equal(t, e.StartsAt.Add(15*time.Minute), e.SalesCloseAt)
		require.True(t, e.SalesOpenAt.Before(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
		requireVersion7(t, e.ID, e.TitleID, e.Venue.ID)
		cities[e.Venue.City+e.Venue.State] = true
		titles[e.Name]++
	}
	require.Greater(t, len(cities), 40)
	require.Greater(t, len(titles), 25)
	require.Less(t, len(titles), 150, "films are shown more than once")
}

func requireVersion7(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		parsed, err := uuid.Parse(id)
		require.NoError(t, err)
		require.Equal(t, uuid.Version(7), parsed.Version())
		require.Equal(t, uuid.RFC4122, parsed.Variant())
	}
}

func TestCatalogue_TicketsFollowThePlanAndRiseInID(t *testing.T) {
	t.Parallel()
	c := catalogue(t, options)
	before := ""
	for i := range c.Len() {
		e, tickets := c.Event(i)
		raw, err := c.SeatPlan(e.PlanHash)
		require.NoError(t, err)
		plan, err := seatplan.Parse(raw)
		require.NoError(t, err)
		n, cheapest := 0, tickets[0].PriceMinor
		for place := range plan.Places() {
			ticket := tickets[n]
			require.Equal(t, place, seatplan.Place{
				Section: ticket.Section, Row: ticket.Row, Number: ticket.Number, Category: ticket.Category, Accessible: ticket.Accessible,
			})
			require.Equal(t, e.ID, ticket.EventID)
			require.GreaterOrEqual(t, ticket.PriceMinor, prices[e.Type][0])
			require.LessOrEqual(t, ticket.PriceMinor, prices[e.Type][1])
			cheapest = min(cheapest, ticket.PriceMinor)
			if n > 0 {
				require.Greater(t, ticket.ID, before)
			}
			before = ticket.ID
			n++
		}
		require.Equal(t, cheapest+e.BookingFeeMinor, e.PriceFromMinor)
		require.Equal(t, e.Type != "film", e.BookingFeeMinor > 0)
	}
}

func TestCatalogue_HallsAreNeverBookedTwice(t *testing.T) {
	t.Parallel()
	for _, o := range []seed.Options{options, {Events: 900, Days: 5, Rand: 1, Start: options.Start}} {
		c := catalogue(t, o)
		free := map[string]time.Time{}
		before := time.Time{}
		for i := range c.Len() {
			e, _ := c.Event(i)
			require.False(t, e.StartsAt.Before(before), "events stand in the order of time")
			before = e.StartsAt
			require.False(t, e.StartsAt.Before(free[e.Venue.ID]), "%s begins before the hall is clean", e.Name)
			free[e.Venue.ID] = e.EndsAt.Add(20 * time.Minute)
			zone, err := time.LoadLocation(e.Venue.TimeZone)
			require.NoError(t, err)
			local := e.StartsAt.In(zone)
			clock := local.Format("15:04")
			require.GreaterOrEqual(t, clock, "13:30")
			require.LessOrEqual(t, clock, "22:00")
			require.Zero(t, local.Minute()%15)
			require.GreaterOrEqual(t, local.Format(time.DateOnly), "2026-11-24")
			require.LessOrEqual(t, local.Format(time.DateOnly), options.Start.AddDate(0, 0, o.Days-1).Format(time.DateOnly))
		}
	}
}

func TestCatalogue_HasPlaysAndConcertsAmongTheFilms(t *testing.T) {
	t.Parallel()
	for _, o := range []struct{ events, days, plays, concerts, tickets int }{
		{events: 49, days: 7, tickets: 49 * 200},
		{events: 50, days: 7, plays: 2, concerts: 2, tickets: 46*200 + 2*1350 + 30_000},
		{events: 300, days: 14, plays: 5, concerts: 2, tickets: 293*200 + 5*1350 + 30_000},
		{events: 2000, days: 60, plays: 22, concerts: 4, tickets: 1974*200 + 22*1350 + 2*30_000},
	} {
		c := catalogue(t, seed.Options{Events: o.events, Days: o.days, Rand: 3, Start: options.Start})
		kinds, tickets, houses := map[string]int{}, 0, map[string]string{}
		for i := range c.Len() {
			e, _ := c.Event(i)
			kinds[e.Type]++
			tickets += e.Total
			require.Contains(t, []string{"", e.Type}, houses[e.Venue.ID], "a house shows one kind")
			houses[e.Venue.ID] = e.Type
		}
		require.Equal(t, o.events, kinds["film"]+kinds["play"]+kinds["concert"])
		require.Equal(t, o.plays, kinds["play"], "of %d", o.events)
		require.Equal(t, o.concerts, kinds["concert"], "of %d", o.events)
		require.Equal(t, o.tickets, tickets, "of %d", o.events)
	}
}

func TestCatalogue_TheatresPlayOnePieceForWeeks(t *testing.T) {
	t.Parallel()
	c := catalogue(t, seed.Options{Events: 3000, Days: 90, Rand: 3, Start: options.Start})
	played := map[string]map[string]bool{}
	evenings := map[string]bool{}
	for i := range c.Len() {
		e, _ := c.Event(i)
		if e.Type == "film" {
			continue
		}
		zone, err := time.LoadLocation(e.Venue.TimeZone)
		require.NoError(t, err)
		evening := e.Venue.ID + e.StartsAt.In(zone).Format(time.DateOnly)
		require.False(t, evenings[evening], "%s has two shows on a day", e.Venue.Name)
		evenings[evening] = true
		if e.Type == "play" {
			if played[e.Venue.ID] == nil {
				played[e.Venue.ID] = map[string]bool{}
			}
			played[e.Venue.ID][e.Name] = true
		}
	}
	require.Len(t, evenings, 32+5)
	require.Len(t, played, 4)
	for _, pieces := range played {
		require.LessOrEqual(t, len(pieces), 5, "ninety days are five runs")
	}
}

func TestCatalogue_MatineesAreCheaper(t *testing.T) {
	t.Parallel()
	c := catalogue(t, options)
	evening, matinee := map[string]int64{}, map[string]int64{}
	for i := range c.Len() {
		e, _ := c.Event(i)
		zone, err := time.LoadLocation(e.Venue.TimeZone)
		require.NoError(t, err)
		if e.StartsAt.In(zone).Hour() < 17 {
			matinee[e.Venue.ID] = max(matinee[e.Venue.ID], e.PriceFromMinor)
		} else if low, ok := evening[e.Venue.ID]; !ok || e.PriceFromMinor < low {
			evening[e.Venue.ID] = e.PriceFromMinor
		}
	}
	compared := 0
	for venue, price := range matinee {
		if low, ok := evening[venue]; ok {
			require.Less(t, price, low)
			compared++
		}
	}
	require.Positive(t, compared)
}

func TestCatalogue_BeginsWithGhostInChico(t *testing.T) {
	t.Parallel()
	for _, o := range []seed.Options{{Events: 1, Days: 1}, {Events: 3, Days: 30}, {Events: 300, Days: 7}} {
		o.Start = options.Start
		c := catalogue(t, o)
		found := false
		for i := range c.Len() {
			e, _ := c.Event(i)
			found = found || e.Venue.Name == "Chico Grand Cinema" && e.Name == "Ghost"
		}
		require.Equal(t, o.Events >= o.Days, found, "%+v: the first day has an event", o)
	}
}

func TestNew_ErrInvalid(t *testing.T) {
	t.Parallel()
	for field, o := range map[string]seed.Options{
		"events": {Events: 0, Days: 1, Start: options.Start},
		"days":   {Events: 1, Days: 0, Start: options.Start},
		"start":  {Events: 1, Days: 1},
	} {
		_, err := seed.New(o)
		e, ok := errors.AsType[*boxoffice.Error](err)
		require.True(t, ok)
		require.Equal(t, field, e.Fields[0].Field)
	}
	_, err := seed.New(seed.Options{Events: seed.MaxEvents, Days: 1, Start: options.Start})
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "more events than halls")
}

func TestCities_HaveTheTimeZoneOfTheirPlace(t *testing.T) {
	t.Parallel()
	zones := seed.TimeZones(t)
	for city, zone := range map[string]string{
		"El Paso, TX":       "America/Denver", // the rest of Texas: Chicago
		"Dallas, TX":        "America/Chicago",
		"Knoxville, TN":     "America/New_York", // Tennessee is split
		"Chattanooga, TN":   "America/New_York",
		"Memphis, TN":       "America/Chicago",
		"Nashville, TN":     "America/Chicago",
		"Louisville, KY":    "America/Kentucky/Louisville", // Eastern
		"Lexington, KY":     "America/New_York",
		"Boise, ID":         "America/Boise", // Mountain; the north of Idaho is Pacific
		"Sioux Falls, SD":   "America/Chicago",
		"Evansville, IN":    "America/Chicago", // Indiana is split
		"Gary, IN":          "America/Chicago",
		"Indianapolis, IN":  "America/Indiana/Indianapolis",
		"Tallahassee, FL":   "America/New_York",
		"Phoenix, AZ":       "America/Phoenix", // no summer time
		"Detroit, MI":       "America/Detroit",
		"Honolulu, HI":      "Pacific/Honolulu",
		"Anchorage, AK":     "America/Anchorage",
		"Chico, CA":         "America/Los_Angeles",
		"New York City, NY": "America/New_York",
	} {
		require.Equal(t, zone, zones[city], city)
	}
	require.GreaterOrEqual(t, len(zones), 490)
}

func TestLicenses_NameTheSources(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"GeoNames", "creativecommons.org/licenses/by/4.0", "vega-datasets", "BSD-3-Clause", "OpenStreetMap", "shows.csv"} {
		require.Contains(t, seed.Licenses, word)
	}
}

// accounts is a store of accounts that remembers what was created.
type accounts struct {
	boxoffice.UserStore
	users   map[string]boxoffice.User
	created int
}

func (a *accounts) UserByUsername(_ context.Context, name string) (boxoffice.User, error) {
	if u, ok := a.users[strings.ToLower(name)]; ok {
		return u, nil
	}
	return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeNotFound, "nobody")
}

func (a *accounts) CreateUser(_ context.Context, u boxoffice.User) (boxoffice.User, error) {
	a.created++
	u.ID = uuid.NewString()
	a.users[strings.ToLower(u.Username)] = u
	return u, nil
}

func TestCreateAccounts_LeavesExistingOnesAlone(t *testing.T) {
	t.Parallel()
	store := &accounts{users: map[string]boxoffice.User{"alice": {ID: "hers", Username: "Alice", PasswordHash: "her own"}}}
	hash := func(password string) (string, error) { return "hashed " + password, nil }
	for range 2 {
		users, err := seed.CreateAccounts(t.Context(), store, seed.DemoAccounts, hash)
		require.NoError(t, err)
		require.Equal(t, "her own", users["alice"].PasswordHash)
		require.Equal(t, boxoffice.RoleOrganizer, users["organizer"].Role)
		require.Equal(t, "hashed bob-sits-on-the-aisle", users["bob"].PasswordHash)
	}
	require.Equal(t, len(seed.DemoAccounts)-1, store.created)
}
