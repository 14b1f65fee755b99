package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/search"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// line is a database and a search server with a relay between them.
type line struct {
	Options
	base   *testdb.DB
	finder *search.Client
	index  *faulty
}

// faulty is an index that can be away or slow.
type faulty struct {
	boxoffice.SearchIndex
	mu     sync.Mutex
	away   error
	before func() // a write
	writes int
}

func (f *faulty) Write(ctx context.Context, collection string, entries []boxoffice.SearchEntry) (map[string]error, error) {
	f.mu.Lock()
	away, before := f.away, f.before
	f.writes++
	f.mu.Unlock()
	if away != nil {
		return nil, away
	}
	if before != nil {
		before()
	}
	return f.SearchIndex.Write(ctx, collection, entries)
}

func (f *faulty) set(away error, before func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away, f.before = away, before
}

// newLine makes both ends, with an index that is live.
func newLine(t *testing.T) *line {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := typesense.Start(ctx, typesense.Options{APIKey: "key", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		require.NoError(t, server.Wait())
	})
	l := &line{base: testdb.New(t)}
	db, err := postgres.Open(t.Context(), l.base.URL, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	l.finder, err = search.New(search.Options{URL: server.URL, APIKey: "key", Timeout: 5 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	l.index = &faulty{SearchIndex: l.finder}
	l.Options = Options{
		Logger: slog.New(slog.DiscardHandler), Relay: Relay{Outbox: db.Search(), Builds: db.Search(), Index: l.index},
	}.withDefaults()
	require.NoError(t, l.finder.Create(t.Context(), "events-1"))
	_, err = db.Search().BeginBuild(t.Context(), "events-1")
	require.NoError(t, err)
	require.NoError(t, db.Search().EndBuild(t.Context(), "events-1"))
	require.NoError(t, l.finder.GoLive(t.Context(), "events-1"))
	return l
}

func (l *line) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := l.base.Pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

// addEvent makes an event on sale, and notes it in the outbox.
func (l *line) addEvent(t testing.TB, name string) (event string) {
	t.Helper()
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	owner, title, venue, event := id(), id(), id(), id()
	l.exec(t, `INSERT INTO users (id, username, password_hash) VALUES ($1, $2, '$argon2id$x')`, owner, owner[len(owner)-12:])
	l.exec(t, `INSERT INTO titles (id, name, kind) VALUES ($1, $2, 'film')`, title, name)
	l.exec(t, `INSERT INTO venues (id, name, city, state, lat, lon, time_zone) VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, venue)
	l.exec(t, `INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256($2), $1, 1, '{}')`, venue, []byte(venue))
	l.exec(t, `WITH e AS (INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor)
		VALUES ($1, $2, $3, $4, sha256($5), $6, 'film', now() + interval '9 days', now() + interval '9 days 2 hours', now(),
			now() + interval '8 days', 'on_sale', 'USD', 1, 1450) RETURNING id)
		INSERT INTO search_outbox (event_id) SELECT id FROM e`, event, owner, title, venue, []byte(venue), name)
	return event
}

// edit changes an event as whoever changes it does: with its row of the outbox in one transaction.
func (l *line) edit(t testing.TB, event, set string, args ...any) {
	t.Helper()
	l.exec(t, `WITH e AS (UPDATE events SET `+set+` WHERE id = $1 RETURNING id) INSERT INTO search_outbox (event_id) SELECT id FROM e`,
		append([]any{event}, args...)...)
}

func (l *line) waiting(t testing.TB) (rows int) {
	t.Helper()
	require.NoError(t, l.base.Pool.QueryRow(context.Background(), `SELECT count(*) FROM search_outbox`).Scan(&rows))
	return rows
}

// found gives the names of all events in the index, by their IDs.
func (l *line) found(t testing.TB) map[string]string {
	t.Helper()
	names := map[string]string{}
	for page := 1; ; page++ {
		result, err := l.finder.Search(context.Background(), boxoffice.SearchQuery{Page: page, PerPage: 100})
		require.NoError(t, err)
		for _, e := range result.Events {
			names[e.Event.ID] = e.Event.Name
		}
		if len(result.Events) < 100 {
			return names
		}
	}
}

// once lets the relay write until nothing waits that it may write.
func (l *line) once(t testing.TB) {
	t.Helper()
	for {
		n, err := l.relayOnce(context.Background())
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
}

// start runs the relay as a worker does, until the test ends.
func (l *line) start(t *testing.T, relays int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range relays {
		running.Go(func() { l.relay(ctx) })
	}
	running.Go(func() { every(ctx, l.Relay.SampleEvery, l.sampleSeats) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func (l *line) eventually(t *testing.T, patience time.Duration, check func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	require.Eventually(t, check, patience, 10*time.Millisecond)
	return time.Since(began)
}

func TestRelay_FoundWithinTwoSecondsAndGoneWithinTwo(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.start(t, 1)
	event := l.addEvent(t, "Ghost")
	l.eventually(t, 2*time.Second, func() bool { return l.found(t)[event] == "Ghost" })
	l.edit(t, event, `name = $2`, "Ghost, with the director")
	l.eventually(t, 2*time.Second, func() bool { return l.found(t)[event] == "Ghost, with the director" })
	l.edit(t, event, `status = 'cancelled'`)
	l.eventually(t, 2*time.Second, func() bool { return len(l.found(t)) == 0 })
	l.eventually(t, 2*time.Second, func() bool { return l.waiting(t) == 0 })
}

// A relay that dies between the import and the delete has lost nothing, and another doubles nothing.
func TestRelay_DiesBetweenImportAndDelete(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	event := l.addEvent(t, "Ghost")
	// A process that dies there never comes back from the write: its claim is there, and so is what it wrote.
	ctx, kill := context.WithCancel(t.Context())
	dying := l.Options
	dying.Relay.Outbox = dead{dying.Relay.Outbox}
	_, err := dying.relayOnce(ctx)
	kill()
	require.ErrorIs(t, err, errDead)
	require.Equal(t, map[string]string{event: "Ghost"}, l.found(t))
	require.Equal(t, 1, l.waiting(t))

	l.once(t)
	require.Equal(t, 1, l.waiting(t), "it is still claimed")
	l.edit(t, event, `name = 'Ghost, with the director'`)
	l.base.AdvanceClock(t, relayClaim+time.Second)
	l.once(t)
	require.Zero(t, l.waiting(t))
	require.Equal(t, map[string]string{event: "Ghost, with the director"}, l.found(t))
}

var errDead = errors.New("dead")

// dead is an outbox as a process leaves it that dies before the delete.
type dead struct{ boxoffice.SearchOutbox }

func (dead) FinishChanges(context.Context, boxoffice.SearchClaim, map[string]error) error {
	return errDead
}

// While the search server is away nothing is lost, and when it is back the index has the last of all states.
func TestRelay_TheSearchServerIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	var events []string
	for n := range 5 {
		events = append(events, l.addEvent(t, fmt.Sprint("Ghost ", n)))
	}
	l.once(t)
	l.index.set(boxoffice.Errorf(boxoffice.CodeUnavailable, "away"), nil)
	for n, event := range events {
		l.edit(t, event, `name = $2`, fmt.Sprint("Alien ", n))
		_, err := l.relayOnce(t.Context())
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
	}
	l.edit(t, events[0], `status = 'cancelled'`)
	backlog, err := l.Relay.Outbox.SearchBacklog(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, backlog.Events)
	l.index.set(nil, nil)
	l.once(t)
	require.Equal(t, map[string]string{events[1]: "Alien 1", events[2]: "Alien 2", events[3]: "Alien 3", events[4]: "Alien 4"}, l.found(t))
	require.Zero(t, l.waiting(t))
}

// A relay backs off while nobody answers: it does not ask again at once and for ever.
func TestRelay_BacksOff(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Relay.Every = 20 * time.Millisecond
	l.addEvent(t, "Ghost")
	l.index.set(errors.New("connection refused"), nil)
	l.start(t, 1)
	tick := time.NewTimer(1500 * time.Millisecond)
	<-tick.C
	l.index.mu.Lock()
	writes := l.index.writes
	l.index.mu.Unlock()
	require.GreaterOrEqual(t, writes, 3)
	require.LessOrEqual(t, writes, 8, "20 ms, 40, 80, 160, …")
}

// Two relays at once, while events change and change: in the end the index says of each what Postgres says.
func TestRelay_TwoAtOnceKeepTheNewestState(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Relay.Every, l.Relay.Batch = time.Millisecond, 7
	l.index.set(nil, func() { // a write takes its time, so that relays overlap
		pause := time.NewTimer(time.Duration(rand.IntN(20)) * time.Millisecond)
		<-pause.C
	})
	var events []string
	for n := range 20 {
		events = append(events, l.addEvent(t, fmt.Sprint("Ghost ", n)))
	}
	l.start(t, 2)
	var editors sync.WaitGroup
	for e := range 3 {
		editors.Go(func() {
			for n := range 60 {
				event := events[(n*7+e)%len(events)]
				if n%10 == 9 {
					l.edit(t, event, `status = CASE status WHEN 'on_sale' THEN 'draft' ELSE 'on_sale' END::event_status`)
				} else {
					l.edit(t, event, `name = $2`, fmt.Sprint("Ghost ", e, "/", n))
				}
			}
		})
	}
	editors.Wait()
	l.eventually(t, 20*time.Second, func() bool { return l.waiting(t) == 0 })
	require.Equal(t, l.onSale(t), l.found(t))
}

// A relay that is so slow that its claim has run out, and that writes an old state over a new one, does not have the last word.
func TestRelay_ASlowOneDoesNotHaveTheLastWord(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	event := l.addEvent(t, "Ghost")
	reached, released := make(chan struct{}), make(chan struct{})
	l.index.set(nil, func() {
		close(reached)
		<-released
	})
	slow := make(chan error, 1)
	go func() {
		_, err := l.relayOnce(context.Background())
		slow <- err
	}()
	<-reached
	l.index.set(nil, nil)
	l.base.AdvanceClock(t, relayClaim+time.Second)
	l.edit(t, event, `name = 'Ghost, with the director'`)
	l.once(t)
	require.Equal(t, "Ghost, with the director", l.found(t)[event])
	close(released)
	require.NoError(t, <-slow)
	require.Equal(t, "Ghost", l.found(t)[event], "the old state was written late")
	l.once(t)
	require.Equal(t, "Ghost, with the director", l.found(t)[event])
	require.Zero(t, l.waiting(t))
}
