package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Search keeps what the search index is to be told.
type Search struct{ db *DB }

var (
	_ boxoffice.SearchOutbox = (*Search)(nil)
	_ boxoffice.SearchBuilds = (*Search)(nil)
)

// Search gives the store of what the search index is to be told.
func (db *DB) Search() *Search { return &Search{db: db} }

// sampleWindow is how long a transaction of ours can take (see inTx), and then some: a line of history that is older is
// preceded by none that is still to be committed.
const sampleWindow = 20 * time.Second

// SampleSeats appends the events whose bookings have new lines of history. One statement: who comes second while another
// is at it finds nothing.
func (s *Search) SampleSeats(ctx context.Context) (int, error) {
	var events int
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			WITH sample AS MATERIALIZED (SELECT line, recent FROM search_sample FOR NO KEY UPDATE SKIP LOCKED),
				lines AS MATERIALIZED (
					SELECT t.id, t.at > (SELECT boxoffice_now()) - $1::interval AS young, b.event_id
					FROM sample s JOIN booking_timeline t ON t.id > s.line JOIN bookings b ON b.id = t.booking_id),
				appended AS (
					INSERT INTO search_outbox (event_id)
					SELECT DISTINCT event_id FROM lines l
					WHERE NOT EXISTS (SELECT FROM sample s, unnest(s.recent) AS r (id) WHERE r.id = l.id)
					RETURNING event_id),
				moved AS (
					UPDATE search_sample SET
						line = greatest(line, (SELECT max(id) FROM lines WHERE NOT young AND id < coalesce((SELECT min(id) FROM lines WHERE young), id + 1))),
						recent = coalesce((SELECT array_agg(id) FROM lines WHERE young OR id > (SELECT min(id) FROM lines WHERE young)), '{}')
					WHERE EXISTS (SELECT FROM lines) OR EXISTS (SELECT FROM sample WHERE recent <> '{}'))
			SELECT count(*) FROM appended`, sampleWindow).Scan(&events)
	})
	return events, err
}

// ClaimChanges claims events with rows in the outbox, and reads them once the claim is committed: whatever the rows tell of
// is in what is read then.
func (s *Search) ClaimChanges(ctx context.Context, limit int, lasts time.Duration) (boxoffice.SearchClaim, error) {
	return s.claim(ctx, func(ctx context.Context, tx pgx.Tx, claim string) (ids []string, err error) {
		return collectIDs(tx.Query(ctx, `
			WITH head AS (
				SELECT o.event_id FROM search_outbox o
				WHERE NOT EXISTS (SELECT FROM search_claims c WHERE c.event_id = o.event_id AND c.until > (SELECT boxoffice_now()))
				ORDER BY o.seq LIMIT $3 FOR UPDATE OF o SKIP LOCKED)
			`+claimSQL+`SELECT event_id, $1::uuid, boxoffice_now() + $2::interval FROM (SELECT DISTINCT event_id FROM head) AS h ORDER BY event_id`+claimedSQL,
			claim, lasts, limit))
	})
}

// A claim is taken by one statement: who wants the same event waits for it, and then finds it taken.
const (
	claimSQL   = `INSERT INTO search_claims AS c (event_id, claim, until) `
	claimedSQL = ` ON CONFLICT (event_id) DO UPDATE SET claim = excluded.claim, until = excluded.until, tries = c.tries + 1
		WHERE c.until <= (SELECT boxoffice_now()) RETURNING event_id`
)

// claim takes a claim by take and reads what it is on.
func (s *Search) claim(ctx context.Context, take func(ctx context.Context, tx pgx.Tx, claim string) ([]string, error)) (boxoffice.SearchClaim, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return boxoffice.SearchClaim{}, err
	}
	claim := boxoffice.SearchClaim{ID: id.String()}
	var ids []string
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		ids, err = take(ctx, tx, claim.ID)
		return err
	})
	if err != nil || len(ids) == 0 {
		return claim, err
	}
	return claim, s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := readClaimedRows(ctx, conn, &claim, ids); err != nil {
			return err
		}
		claim.Entries, err = readEntries(ctx, conn, ids)
		return err
	})
}

// readClaimedRows reads which rows of the outbox a claim covers, before the events are read: a row that comes later may
// tell of what was not seen.
func readClaimedRows(ctx context.Context, q querier, claim *boxoffice.SearchClaim, ids []string) error {
	names, err := collectIDs(q.Query(ctx, `SELECT name FROM search_collections ORDER BY state DESC`))
	if err != nil {
		return err
	}
	claim.Collections, claim.Rows = names, map[string][]int64{}
	rows, err := q.Query(ctx, `SELECT event_id, array_agg(seq) FROM search_outbox WHERE event_id = ANY ($1::text[]::uuid[]) GROUP BY event_id`, ids)
	if err != nil {
		return err
	}
	var event string
	var seqs []int64
	_, err = pgx.ForEachRow(rows, []any{&event, &seqs}, func() error {
		claim.Rows[event] = slices.Clone(seqs)
		return nil
	})
	return err
}

// countedAtOnce is of how many events the seats are counted by one statement, of which each may be an arena.
const countedAtOnce = 50

// readEntries reads events as the index is to know them; one that is not there is not to be found.
func readEntries(ctx context.Context, q querier, ids []string) ([]boxoffice.SearchEntry, error) {
	var now time.Time
	if err := q.QueryRow(ctx, `SELECT boxoffice_now()`).Scan(&now); err != nil {
		return nil, err
	}
	var c conditions
	c.add("e.id = ANY (?::text[]::uuid[])", ids)
	events, err := readEvents(ctx, q, c, len(ids))
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(events, countedAtOnce) {
		if err := countFree(ctx, q, some); err != nil {
			return nil, err
		}
	}
	titles, err := readIndexedTitles(ctx, q, events)
	if err != nil {
		return nil, err
	}
	entries := make([]boxoffice.SearchEntry, 0, len(ids))
	there := make(map[string]bool, len(ids))
	for _, e := range events {
		entry := titles[e.TitleID]
		entry.Event, there[e.ID] = e, true
		entry.Findable = e.Status == boxoffice.EventOnSale && e.EndsAt.After(now) && e.SalesCloseAt.After(now)
		entries = append(entries, entry)
	}
	for _, id := range ids {
		if !there[id] {
			entries = append(entries, boxoffice.SearchEntry{Event: boxoffice.Event{ID: id}})
		}
	}
	return entries, nil
}

// readIndexedTitles gives by ID entries that have only the title.
func readIndexedTitles(ctx context.Context, q querier, events []boxoffice.Event) (map[string]boxoffice.SearchEntry, error) {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.TitleID
	}
	rows, err := q.Query(ctx, `
		SELECT id, name, kind, coalesce(genre, ''), coalesce(director, ''), coalesce(votes, 0) FROM titles
		WHERE id = ANY ($1::text[]::uuid[])`, ids)
	if err != nil {
		return nil, err
	}
	titles := map[string]boxoffice.SearchEntry{}
	var e boxoffice.SearchEntry
	t := &e.Title
	_, err = pgx.ForEachRow(rows, []any{&t.ID, &t.Name, &t.Kind, &t.Genre, &t.Director, &e.Popularity}, func() error {
		titles[t.ID] = e
		return nil
	})
	return titles, err
}

func collectIDs(rows pgx.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// SearchBacklog counts what waits. It costs as much as the outbox is long, which mostly is nothing.
func (s *Search) SearchBacklog(ctx context.Context) (boxoffice.SearchBacklog, error) {
	var b boxoffice.SearchBacklog
	err := s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT (SELECT count(DISTINCT event_id) FROM search_outbox), (SELECT count(*) FROM search_parked),
				t.now - coalesce((SELECT at FROM search_outbox ORDER BY seq LIMIT 1), t.now)
			FROM (SELECT boxoffice_now()) AS t (now)`).Scan(&b.Events, &b.Parked, &b.Oldest)
	})
	return b, err
}
