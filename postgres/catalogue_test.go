package postgres_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/stretchr/testify/require"
)

// allEvents reads a filter's events page by page.
func allEvents(t testing.TB, db *postgres.DB, f boxoffice.EventFilter) []boxoffice.Event {
	t.Helper()
	var events []boxoffice.Event
	for {
		page, err := db.Catalogue().Events(t.Context(), f)
		require.NoError(t, err)
		events = append(events, page.Events...)
		if page.Next == "" {
			return events
		}
		require.Len(t, page.Events, f.Limit)
		f.Cursor = page.Next
	}
}

func ids(events []boxoffice.Event) []string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}

func execute(t testing.TB, base *testdb.DB, sql string, args ...any) {
	t.Helper()
	_, err := base.Pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func TestEvents_EveryPageOnceInOrderOfTime(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 40, 3)
	// Many at one moment: only the ID keeps them in order.
	execute(t, base, `UPDATE events SET starts_at = date_trunc('day', starts_at) + interval '20 hours',
		ends_at = date_trunc('day', starts_at) + interval '23 hours'`)
	for _, limit := range []int{1, 7, 40, 100} {
		events := allEvents(t, db, boxoffice.EventFilter{Limit: limit})
		require.Len(t, events, catalogue.Len())
		require.True(t, slices.IsSortedFunc(events, func(a, b boxoffice.Event) int {
			if order := a.StartsAt.Compare(b.StartsAt); order != 0 {
				return order
			}
			return strings.Compare(a.ID, b.ID)
		}))
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(ids(events)))), catalogue.Len())
	}
}

func TestEvents_FiltersCombine(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 60, 5)
	chico, _ := catalogue.Event(0)
	for i := range catalogue.Len() {
		if e, _ := catalogue.Event(i); e.Venue.City == "Chico" {
			chico = e
		}
	}
	from, to := chico.StartsAt, chico.StartsAt.Add(24*time.Hour)
	for name, f := range map[string]boxoffice.EventFilter{
		"none":           {},
		"title":          {TitleID: strings.ToUpper(chico.TitleID)},
		"city":           {City: "CHICO"},
		"city and state": {City: "chico, ca"},
		"another state":  {City: "Chico, TX"},
		"from":           {From: from},
		"to":             {To: to},
		"all":            {TitleID: chico.TitleID, City: "Chico", From: from, To: to},
		"a trick":        {City: "' OR true --"},
	} {
		var want []string
		for i := range catalogue.Len() {
			e, _ := catalogue.Event(i)
			place := strings.ToLower(e.Venue.City + ", " + e.Venue.State)
			city := strings.ToLower(f.City)
			if (f.TitleID == "" || strings.EqualFold(e.TitleID, f.TitleID)) &&
				(city == "" || strings.ToLower(e.Venue.City) == city || place == city) &&
				!e.StartsAt.Before(f.From) && (f.To.IsZero() || e.StartsAt.Before(f.To)) {
				want = append(want, e.ID)
			}
		}
		f.Limit = 9
		require.ElementsMatch(t, want, ids(allEvents(t, db, f)), name)
	}
	execute(t, base, `UPDATE events SET status = 'cancelled' WHERE id = $1`, chico.ID)
	require.NotContains(t, ids(allEvents(t, db, boxoffice.EventFilter{City: "Chico", Limit: 100})), chico.ID)
}

func TestEvents_ErrInvalid(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	id := newID(t)
	for name, c := range map[string]struct {
		field  string
		filter boxoffice.EventFilter
	}{
		"no limit":          {"limit", boxoffice.EventFilter{}},
		"limit":             {"limit", boxoffice.EventFilter{Limit: 101}},
		"no base64":         {"cursor", boxoffice.EventFilter{Limit: 1, Cursor: "%"}},
		"no parts":          {"cursor", boxoffice.EventFilter{Limit: 1, Cursor: encode("17")}},
		"no number":         {"cursor", boxoffice.EventFilter{Limit: 1, Cursor: encode("x " + id)}},
		"no ID":             {"cursor", boxoffice.EventFilter{Limit: 1, Cursor: encode("17 x")}},
		"after all days":    {"cursor", boxoffice.EventFilter{Limit: 1, Cursor: encode("9223372036854775807 " + id)}},
		"title":             {"title", boxoffice.EventFilter{Limit: 1, TitleID: "Ghost"}},
		"city with NUL":     {"city", boxoffice.EventFilter{Limit: 1, City: "Chi\x00co"}},
		"city in bad UTF-8": {"city", boxoffice.EventFilter{Limit: 1, City: "Chi\xffco"}},
	} {
		_, err := db.Catalogue().Events(t.Context(), c.filter)
		requireField(t, c.field, err, name)
	}
}

func requireField(t *testing.T, field string, err error, name string) {
	t.Helper()
	e, ok := errors.AsType[*boxoffice.Error](err)
	require.True(t, ok, "%s: %v", name, err)
	require.Equal(t, boxoffice.CodeInvalid, e.Code, name)
	require.Equal(t, field, e.Fields[0].Field, name)
}

func TestCatalogue_ShowsWhatIsOnSaleAndNotOver(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	e, _ := catalogue.Event(0)
	listed := func() bool {
		page, err := db.Catalogue().Events(t.Context(), boxoffice.EventFilter{Limit: 10})
		require.NoError(t, err)
		show, err := db.Catalogue().TitleShowtimes(t.Context(), e.TitleID)
		require.NoError(t, err)
		require.Equal(t, page.Events, show.Events, "both say the same")
		return len(page.Events) == 1
	}
	shown := func() bool {
		_, err := db.Catalogue().EventTickets(t.Context(), e.ID, "", 10)
		_, statusErr := db.Catalogue().SeatStatus(t.Context(), e.ID, "")
		require.Equal(t, boxoffice.CodeOf(err), boxoffice.CodeOf(statusErr))
		return boxoffice.CodeOf(err) != boxoffice.CodeNotFound
	}
	for _, c := range []struct {
		status        string
		listed, shown bool
	}{{"draft", false, false}, {"cancelled", false, true}, {"past", false, true}, {"on_sale", true, true}} {
		execute(t, base, `UPDATE events SET status = $1::text::event_status`, c.status)
		require.Equal(t, c.listed, listed(), c.status)
		require.Equal(t, c.shown, shown(), c.status)
	}
	require.NoError(t, base.SetClockOffset(t.Context(), time.Until(e.EndsAt)-time.Minute))
	require.True(t, listed(), "it goes on for a minute")
	require.NoError(t, base.SetClockOffset(t.Context(), time.Until(e.EndsAt)+time.Second))
	require.False(t, listed(), "it is over")
	require.True(t, shown())
	page, err := db.Catalogue().Events(t.Context(), boxoffice.EventFilter{From: e.StartsAt, Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Events, 1, "who asks for past days gets them")
}

func TestCatalogue_ErrNotFound(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	c := db.Catalogue()
	for _, id := range []string{newID(t), "", "x", "' OR true --", strings.Repeat("0", 64), strings.Repeat("z", 64)} {
		_, err := c.TitleShowtimes(t.Context(), id)
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%q: %v", id, err)
		_, err = c.EventTickets(t.Context(), id, "", 10)
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%q: %v", id, err)
		_, err = c.SeatStatus(t.Context(), id, "")
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%q: %v", id, err)
		_, err = c.SeatPlan(t.Context(), id)
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%q: %v", id, err)
	}
}

func TestTitleShowtimes_OnlyThisTitlesInOrder(t *testing.T) {
	t.Parallel()
	_, db, catalogue := seeded(t, 60, 5)
	first, _ := catalogue.Event(0)
	var want []string
	for i := range catalogue.Len() {
		if e, _ := catalogue.Event(i); e.TitleID == first.TitleID {
			want = append(want, e.ID)
		}
	}
	show, err := db.Catalogue().TitleShowtimes(t.Context(), first.TitleID)
	require.NoError(t, err)
	require.Equal(t, want, ids(show.Events))
	for _, e := range show.Events {
		require.Equal(t, 200, e.Available)
		require.Equal(t, 200, e.Total)
	}
}

// takeSeats writes seats of an event into each state, past the stores, and gives how many stay free.
func takeSeats(t testing.TB, base *testdb.DB, eventID string) (free int) {
	t.Helper()
	user, booking := newID(t), newID(t)
	execute(t, base, `INSERT INTO users (id, username, password_hash) VALUES ($1, 'taker', $2)`, user, passwordHash)
	execute(t, base, `INSERT INTO bookings (id, reference, user_id, event_id, amount_minor, currency, hold_expires_at, next_check_at)
		VALUES ($1, 'ABCDEFGH', $2, $3, 0, 'USD', boxoffice_now(), boxoffice_now())`, booking, user, eventID)
	execute(t, base, `INSERT INTO booking_tickets (booking_id, ticket_id, price_minor)
		SELECT $1, id, price_minor FROM tickets WHERE event_id = $2 AND row = 'A'`, booking, eventID)
	seat := func(number int, set string, args ...any) {
		execute(t, base, fmt.Sprintf(`UPDATE tickets SET %s WHERE event_id = $1 AND row = 'A' AND number = %d`, set, number),
			append([]any{eventID}, args...)...)
	}
	seat(1, `state = 'held', booking_id = $2, held_until = boxoffice_now() + interval '5 minutes'`, booking)
	seat(2, `state = 'held', booking_id = $2, held_until = boxoffice_now() - interval '1 second'`, booking)
	seat(3, `state = 'held', booking_id = $2, held_until = 'infinity'`, booking)
	seat(4, `state = 'sold', booking_id = $2, holder_id = $3`, booking, user)
	seat(5, `state = 'blocked'`)
	return 196
}

func TestCatalogue_AnExpiredHoldIsFreeEverywhere(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	event, all := catalogue.Event(0)
	free := takeSeats(t, base, event.ID)

	check := func(free int, states ...boxoffice.SeatState) {
		t.Helper()
		page, err := db.Catalogue().Events(t.Context(), boxoffice.EventFilter{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, free, page.Events[0].Available)
		tickets, err := db.Catalogue().EventTickets(t.Context(), event.ID, "", 1000)
		require.NoError(t, err)
		require.Equal(t, free, tickets.Event.Available)
		require.Len(t, tickets.Tickets, free)
		status, err := db.Catalogue().SeatStatus(t.Context(), event.ID, "")
		require.NoError(t, err)
		require.Equal(t, states, status.States[:6])
		for i, ticket := range all {
			open := slices.ContainsFunc(tickets.Tickets, func(f boxoffice.Ticket) bool { return f.ID == ticket.ID })
			require.Equal(t, status.States[i] == boxoffice.SeatAvailable, open, "list and map agree on %s", ticket.Seat())
		}
		for _, ticket := range tickets.Tickets {
			require.Empty(t, ticket.BookingID)
			require.Equal(t, boxoffice.SeatAvailable, ticket.State)
		}
	}
	const open, held = boxoffice.SeatAvailable, boxoffice.SeatHeld
	check(free, held, open, held, boxoffice.SeatSold, boxoffice.SeatBlocked, open)
	base.AdvanceClock(t, 6*time.Minute)
	check(free+1, open, open, held, boxoffice.SeatSold, boxoffice.SeatBlocked, open)
}
