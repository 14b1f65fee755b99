package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/boxoffice/boxoffice/seed"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// seeded gives a database with a catalogue that begins tomorrow.
func seeded(t testing.TB, events, days int) (*testdb.DB, *postgres.DB, *seed.Catalogue) {
	t.Helper()
	base, db := openDB(t)
	catalogue := newCatalogue(t, createUser(t, db, "organizer").ID, events, days)
	require.NoError(t, db.Seed(t.Context(), catalogue, nil))
	return base, db, catalogue
}

func newCatalogue(t testing.TB, owner string, events, days int) *seed.Catalogue {
	t.Helper()
	catalogue, err := seed.New(seed.Options{
		Events: events, Days: days, Rand: 1, OwnerID: owner, Start: time.Now().UTC().AddDate(0, 0, 1),
	})
	require.NoError(t, err)
	return catalogue
}

// tables are what a seed writes, with the number of rows.
func tables(t testing.TB, pool *pgxpool.Pool) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"titles", "venues", "seat_plans", "events", "tickets", "search_outbox"} {
		var n int
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

// places counts the tickets of all events of a catalogue.
func places(catalogue *seed.Catalogue) int {
	n := 0
	for i := range catalogue.Len() {
		e, _ := catalogue.Event(i)
		n += e.Total
	}
	return n
}

func TestSeed_StoresTheCatalogueOnce(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	catalogue := newCatalogue(t, createUser(t, db, "organizer").ID, 120, 7)
	var told []int
	note := func(done, total int) {
		require.Equal(t, 120, total)
		told = append(told, done)
	}
	require.NoError(t, db.Seed(t.Context(), catalogue, note))
	require.Greater(t, len(told), 2, "it goes on in steps")
	require.True(t, slices.IsSorted(told))
	require.Equal(t, 120, told[len(told)-1])
	first := tables(t, base.Pool)
	require.Equal(t, 120, first["events"])
	require.Equal(t, places(catalogue), first["tickets"])
	require.Equal(t, 120, first["search_outbox"])
	require.Equal(t, first["venues"], first["seat_plans"])

	require.NoError(t, db.Seed(t.Context(), catalogue, nil))
	require.Equal(t, first, tables(t, base.Pool), "a second time adds nothing")
}

// drawn counts how often each plan is asked for.
type drawn struct {
	*seed.Catalogue
	plans map[string]int
}

func (d drawn) SeatPlan(hash string) (json.RawMessage, error) {
	d.plans[hash]++
	return d.Catalogue.SeatPlan(hash)
}

// A large arena's plan has a megabyte, and a hundred batches need it.
func TestSeed_AsksForEachPlanOnce(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	source := drawn{newCatalogue(t, createUser(t, db, "organizer").ID, 200, 30), map[string]int{}}
	require.NoError(t, db.Seed(t.Context(), source, nil))
	require.Len(t, source.plans, tables(t, base.Pool)["seat_plans"])
	for hash, times := range source.plans {
		require.Equal(t, 1, times, hash)
	}
}

func TestSeed_StoresWhatTheSourceSays(t *testing.T) {
	t.Parallel()
	_, db, catalogue := seeded(t, 120, 2)
	fees := map[int64]bool{}
	for i := range catalogue.Len() {
		want, wantTickets := catalogue.Event(i)
		got, err := db.Catalogue().EventTickets(t.Context(), want.ID, "", 1000)
		require.NoError(t, err)
		require.Equal(t, want, got.Event)
		require.Len(t, got.Tickets, min(len(wantTickets), 1000))
		byID := map[string]boxoffice.Ticket{}
		for _, ticket := range wantTickets {
			byID[ticket.ID] = ticket
		}
		for _, ticket := range got.Tickets {
			require.Equal(t, byID[ticket.ID], ticket)
		}
		fees[got.Event.BookingFeeMinor] = true

		title, _, _ := catalogue.Title(want.TitleID)
		show, err := db.Catalogue().TitleShowtimes(t.Context(), want.TitleID)
		require.NoError(t, err)
		require.Equal(t, title, show.Title)

		raw, err := db.Catalogue().SeatPlan(t.Context(), want.PlanHash)
		require.NoError(t, err)
		plan, err := seatplan.Parse(raw)
		require.NoError(t, err)
		hash, err := plan.Hash()
		require.NoError(t, err)
		require.Equal(t, want.PlanHash, hash, "the stored plan still has its hash")
		versions, err := db.Organizers().SeatPlans(t.Context(), want.OwnerID, want.Venue.ID)
		require.NoError(t, err)
		require.Len(t, versions, 1)
		require.Equal(t, []any{plan.Name, plan.Capacity(), plan.Categories}, []any{versions[0].Name, versions[0].Seats, versions[0].Categories})
	}
	require.Len(t, fees, 3, "of films, plays and concerts")
}

// samePlan has all events on one plan, whatever their venue.
type samePlan struct{ *seed.Catalogue }

func (s samePlan) Event(i int) (boxoffice.Event, []boxoffice.Ticket) {
	e, tickets := s.Catalogue.Event(i)
	first, _ := s.Catalogue.Event(0)
	e.PlanHash = first.PlanHash
	return e, tickets
}

func TestSeed_TwoVenuesHaveOnePlan(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	require.NoError(t, db.Seed(t.Context(), samePlan{newCatalogue(t, createUser(t, db, "organizer").ID, 30, 7)}, nil))
	counts := tables(t, base.Pool)
	require.Greater(t, counts["venues"], 1)
	require.Equal(t, counts["venues"], counts["seat_plans"])
}

func TestSeed_IsResumedWhereItStopped(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	catalogue := newCatalogue(t, createUser(t, db, "organizer").ID, 120, 7)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopped := 0
	err := db.Seed(ctx, catalogue, func(done, _ int) {
		stopped = done
		stop()
	})
	require.Error(t, err)
	require.Less(t, stopped, 120)
	require.Equal(t, stopped, tables(t, base.Pool)["events"])
	require.NoError(t, db.Seed(t.Context(), catalogue, nil))
	counts := tables(t, base.Pool)
	require.Equal(t, 120, counts["events"])
	require.Equal(t, places(catalogue), counts["tickets"])
	require.Equal(t, 120, counts["search_outbox"])
}

func TestSeed_TwoAtOnceStoreEachEventOnce(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	catalogue := newCatalogue(t, createUser(t, db, "organizer").ID, 150, 7)
	errs := make([]error, 3)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = db.Seed(t.Context(), catalogue, nil) })
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, places(catalogue), tables(t, base.Pool)["tickets"])
	require.Equal(t, 150, tables(t, base.Pool)["search_outbox"])
}

// A batch takes longer than a buyer's statement may, and waits longer for another seed than a buyer waits for a seat.
func TestSeed_HasMorePatienceThanABuyer(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	catalogue := newCatalogue(t, createUser(t, db, "organizer").ID, 50, 7)
	hasty, err := postgres.Open(t.Context(), base.URL, postgres.Options{LockTimeout: time.Millisecond, StatementTimeout: 100 * time.Millisecond})
	require.NoError(t, err)
	defer hasty.Close()
	errs := make([]error, 2)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = hasty.Seed(t.Context(), catalogue, nil) })
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, places(catalogue), tables(t, base.Pool)["tickets"])
}

func TestSeed_ErrUnknownOwner(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	err := db.Seed(t.Context(), newCatalogue(t, newID(t), 10, 1), nil)
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(err), "%v", err)
	require.Zero(t, tables(t, base.Pool)["titles"], "a batch is all or nothing")
}

// The promise is 300 bytes a ticket, with what its indexes take.
func TestTicketsStaySmall(t *testing.T) {
	t.Parallel()
	base, _, _ := seeded(t, 300, 14)
	var bytes, table, indexes float64
	require.NoError(t, base.Pool.QueryRow(t.Context(), `
		SELECT pg_total_relation_size('tickets')::float8 / n, pg_table_size('tickets')::float8 / n, pg_indexes_size('tickets')::float8 / n
		FROM (SELECT count(*) AS n FROM tickets) AS c`).Scan(&bytes, &table, &indexes))
	t.Logf("%.0f bytes a ticket: %.0f in the table, %.0f in its indexes", bytes, table, indexes)
	require.LessOrEqual(t, bytes, 300.0)
}

// The bar is 300 events of 200 seats in under 5 s.
func BenchmarkSeed300Events(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		_, db := openDB(b)
		catalogue := newCatalogue(b, createUser(b, db, "organizer").ID, 300, 14)
		b.StartTimer()
		require.NoError(b, db.Seed(b.Context(), catalogue, nil))
	}
	b.ReportMetric(float64(b.N)*300*200/b.Elapsed().Seconds(), "tickets/s")
}
