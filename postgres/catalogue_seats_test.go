package postgres_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/stretchr/testify/require"
)

func TestEventTickets_EveryPageOnceInTheOrderOfTheHall(t *testing.T) {
	t.Parallel()
	_, db, catalogue := seeded(t, 1, 1)
	event, want := catalogue.Event(0)
	for _, limit := range []int{1, 33, 200, 1000} {
		var got []boxoffice.Ticket
		for cursor, more := "", true; more; more = cursor != "" {
			page, err := db.Catalogue().EventTickets(t.Context(), event.ID, cursor, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Tickets), limit)
			got, cursor = append(got, page.Tickets...), page.Next
		}
		require.Equal(t, want, got)
	}
}

func TestEventTickets_ASeatTakenMeanwhileMovesNoOther(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	event, want := catalogue.Event(0)
	page, err := db.Catalogue().EventTickets(t.Context(), event.ID, "", 50)
	require.NoError(t, err)
	execute(t, base, `UPDATE tickets SET state = 'blocked' WHERE id = ANY ($1::text[]::uuid[])`, []string{want[3].ID, want[49].ID, want[60].ID})
	next, err := db.Catalogue().EventTickets(t.Context(), event.ID, page.Next, 50)
	require.NoError(t, err)
	require.Equal(t, slices.Concat(want[50:60], want[61:101]), next.Tickets)
}

func TestEventTickets_ErrInvalid(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	id := newID(t)
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, limit := range []int{-1, 1001} {
		_, err := db.Catalogue().EventTickets(t.Context(), id, "", limit)
		requireField(t, "limit", err, fmt.Sprint(limit))
	}
	for _, cursor := range []string{"%", encode("x"), encode("{}"), encode(`{"s":"Stalls","r":"A","n":0}`), string(make([]byte, 2000))} {
		_, err := db.Catalogue().EventTickets(t.Context(), id, cursor, 10)
		requireField(t, "cursor", err, cursor)
	}
}

// replaceSeats gives an event other seats: each of the rows gets the same numbers.
func replaceSeats(t testing.TB, base *testdb.DB, eventID string, rows [][2]string, numbers int) {
	t.Helper()
	execute(t, base, `DELETE FROM tickets WHERE event_id = $1`, eventID)
	sections, labels := make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		sections[i], labels[i] = row[0], row[1]
	}
	execute(t, base, `
		INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT gen_random_uuid(), $1, section, row, number, 'Standard', 1500
		FROM unnest($2::text[], $3::text[]) AS r (section, row), generate_series(1, $4::integer) AS number`,
		eventID, sections, labels, numbers)
	execute(t, base, `UPDATE events SET seats = $2 WHERE id = $1`, eventID, len(rows)*numbers)
}

func TestEventTickets_OrdersAsPeopleCount(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	event, _ := catalogue.Event(0)
	want := [][2]string{
		{"Balcony", "A"}, {"Balcony", "B"}, {"Balcony", "Z"}, {"Balcony", "AA"}, {"Balcony", "AB"},
		{"Floor", ""},
		{"Section 9", "1"}, {"Section 9", "2"}, {"Section 9", "10"}, {"Section 9", "A1"}, {"Section 9", "A2"}, {"Section 9", "A10"},
		{"Section 10", "01"}, {"Section 10", "1"}, // equal numbers: as texts
		{"Section 10 left", "1"},
		{"Section 11", "1"},
		{"balcony", "A"},
	}
	replaceSeats(t, base, event.ID, want, 11)
	page, err := db.Catalogue().EventTickets(t.Context(), event.ID, "", 60)
	require.NoError(t, err)
	rest, err := db.Catalogue().EventTickets(t.Context(), event.ID, page.Next, 1000)
	require.NoError(t, err)
	listed := slices.Concat(page.Tickets, rest.Tickets)
	require.Len(t, listed, len(want)*11)
	for i, ticket := range listed {
		require.Equal(t, want[i/11], [2]string{ticket.Section, ticket.Row}, "seat %d", i)
		require.Equal(t, i%11+1, ticket.Number)
		require.Equal(t, int64(1500), ticket.PriceMinor)
		require.Equal(t, "Standard", ticket.Category)
		require.False(t, ticket.Accessible)
	}
}

func TestEventTickets_NoneButTheEvent(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	event, tickets := catalogue.Event(0)
	execute(t, base, `UPDATE tickets SET state = 'blocked' WHERE id = $1`, tickets[0].ID)
	page, err := db.Catalogue().EventTickets(t.Context(), event.ID, "", 0)
	require.NoError(t, err)
	require.Equal(t, event.ID, page.Event.ID)
	require.Equal(t, len(tickets)-1, page.Event.Available)
	require.Empty(t, page.Tickets)
	require.Empty(t, page.Next)
}

// arenaEvent is a concert in a hall of so many places, seeded as all others are.
func arenaEvent(t testing.TB, capacity int) (*testdb.DB, *postgres.DB, boxoffice.Event) {
	t.Helper()
	base, db, catalogue := seeded(t, 50, 7)
	execute(t, base, `ANALYZE tickets`)
	for i := range catalogue.Len() {
		if event, _ := catalogue.Event(i); event.Total == capacity {
			return base, db, event
		}
	}
	t.Fatalf("no event has %d places", capacity)
	return nil, nil, boxoffice.Event{}
}

// How fast is measured by the benchmarks below; on a busy machine a bound of time holds nothing.
func TestArenas_ShowTheSameByMapAndByPage(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{10_000, 20_000} {
		base, db, event := arenaEvent(t, capacity)
		// Whole rows, single seats, and places to stand are gone.
		execute(t, base, `UPDATE tickets SET state = 'blocked' WHERE event_id = $1 AND (row IN ('3', '4') OR number % 7 = 3)`, event.ID)
		status, err := db.Catalogue().SeatStatus(t.Context(), event.ID, "")
		require.NoError(t, err)
		require.Len(t, status.TicketIDs, capacity)
		var free []string
		for i, state := range status.States {
			if state == boxoffice.SeatAvailable {
				free = append(free, status.TicketIDs[i])
			}
		}
		for _, limit := range []int{777, 1000} {
			var listed []string
			for cursor, more := "", true; more; more = cursor != "" {
				page, err := db.Catalogue().EventTickets(t.Context(), event.ID, cursor, limit)
				require.NoError(t, err)
				require.Equal(t, len(free), page.Event.Available)
				if cursor = page.Next; cursor != "" {
					require.Len(t, page.Tickets, limit, "a page is full while there is another")
				}
				for _, ticket := range page.Tickets {
					listed = append(listed, ticket.ID)
				}
			}
			require.ElementsMatch(t, free, listed)
		}
	}
}

// A cursor is right wherever it points: behind the last seat, into a row that is gone, or between two.
func TestEventTickets_ACursorMayPointAnywhere(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	event, _ := catalogue.Event(0)
	replaceSeats(t, base, event.ID, [][2]string{{"Floor", ""}, {"Section 9", "2"}, {"Section 10", "1"}}, 3)
	execute(t, base, `UPDATE tickets SET state = 'blocked' WHERE event_id = $1 AND section = 'Section 9'`, event.ID)
	for cursor, want := range map[string][]string{
		`{"s":"Floor","r":"","n":2}`:       {"Floor 3", "Section 10 1", "Section 10 2", "Section 10 3"},
		`{"s":"Floor","r":"","n":9}`:       {"Section 10 1", "Section 10 2", "Section 10 3"},
		`{"s":"Section 9","r":"2","n":1}`:  {"Section 10 1", "Section 10 2", "Section 10 3"},
		`{"s":"Section 9","r":"7","n":1}`:  {"Section 10 1", "Section 10 2", "Section 10 3"},
		`{"s":"Section 10","r":"1","n":2}`: {"Section 10 3"},
		`{"s":"Section 10","r":"1","n":3}`: nil,
		`{"s":"Section 11","r":"1","n":1}`: nil,
	} {
		page, err := db.Catalogue().EventTickets(t.Context(), event.ID, base64.RawURLEncoding.EncodeToString([]byte(cursor)), 10)
		require.NoError(t, err)
		var got []string
		for _, ticket := range page.Tickets {
			got = append(got, fmt.Sprint(ticket.Section, " ", ticket.Number))
		}
		require.Equal(t, want, got, cursor)
		require.Empty(t, page.Next)
		require.Equal(t, 6, page.Event.Available)
	}
}

func TestEvent_CountsNoSeatsAndShowsNoDraft(t *testing.T) {
	t.Parallel()
	base, db, catalogue := seeded(t, 1, 1)
	want, _ := catalogue.Event(0)
	page, err := db.Catalogue().EventTickets(t.Context(), want.ID, "", 1)
	require.NoError(t, err)
	got, err := db.Catalogue().Event(t.Context(), want.ID)
	require.NoError(t, err)
	page.Event.Available = 0
	require.Equal(t, page.Event, got)
	execute(t, base, `UPDATE events SET status = 'draft'`)
	for _, id := range []string{want.ID, newID(t), "x"} {
		_, err = db.Catalogue().Event(t.Context(), id)
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
	}
}

func TestEventsByID_GivesWhatThereIs(t *testing.T) {
	t.Parallel()
	base, db, _ := seeded(t, 3, 1)
	var ids []string
	require.NoError(t, base.Pool.QueryRow(t.Context(), `SELECT array_agg(id::text ORDER BY id) FROM events`).Scan(&ids))
	execute(t, base, `UPDATE events SET status = 'draft' WHERE id = '`+ids[0]+`'`)
	execute(t, base, `UPDATE events SET status = 'past' WHERE id = '`+ids[1]+`'`)
	got, err := db.Catalogue().EventsByID(t.Context(), append(ids, newID(t)))
	require.NoError(t, err)
	require.Len(t, got, 2)
	for _, event := range got {
		require.Contains(t, ids[1:], event.ID)
		require.NotEmpty(t, event.Venue.TimeZone)
	}
	got, err = db.Catalogue().EventsByID(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func BenchmarkEventTickets20000(b *testing.B) {
	benchmarkArena(b, 20_000, func(db *postgres.DB, event boxoffice.Event) error {
		_, err := db.Catalogue().EventTickets(b.Context(), event.ID, "", 1000)
		return err
	})
}

func BenchmarkSeatPlan20000(b *testing.B) {
	benchmarkArena(b, 20_000, func(db *postgres.DB, event boxoffice.Event) error {
		_, err := db.Catalogue().SeatPlan(b.Context(), event.PlanHash)
		return err
	})
}

// benchmarkArena also tells the best time: on a busy machine it is nearest to what a quiet one needs.
func benchmarkArena(b *testing.B, capacity int, read func(*postgres.DB, boxoffice.Event) error) {
	_, db, event := arenaEvent(b, capacity)
	best := time.Hour
	for b.Loop() {
		began := time.Now()
		require.NoError(b, read(db, event))
		best = min(best, time.Since(began))
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "best-ms")
}

func BenchmarkEventsPage(b *testing.B) {
	_, db, _ := seeded(b, 300, 14)
	for b.Loop() {
		_, err := db.Catalogue().Events(b.Context(), boxoffice.EventFilter{Limit: 100})
		require.NoError(b, err)
	}
}
