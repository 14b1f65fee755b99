package postgres

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SearchBaseline finds events with what Postgres has by itself: a text search over prefixes, a substring where that finds
// nothing, and no forgiveness for typos. It is what `boxoffice bench search` holds the search server against, and serves
// nobody.
type SearchBaseline struct{ db *DB }

var _ boxoffice.Searcher = (*SearchBaseline)(nil)

// SearchBaseline makes the view that it searches, with its indexes, as the events are now: for a database of its own.
func (db *DB) SearchBaseline(ctx context.Context) (*SearchBaseline, error) {
	return &SearchBaseline{db: db}, db.inSeedTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			CREATE MATERIALIZED VIEW search_baseline AS
				SELECT e.id, t.genre, v.city || ', ' || v.state AS place, e.type, e.starts_at, least(e.ends_at, e.sales_close_at) AS until,
					(e.starts_at AT TIME ZONE v.time_zone)::date AS day, e.price_from_minor, v.lat, v.lon, coalesce(t.votes, 0) AS votes,
					w.words, to_tsvector('simple', w.words) AS lexemes
				FROM events e JOIN titles t ON t.id = e.title_id JOIN venues v ON v.id = e.venue_id,
					concat_ws(' ', t.name, e.name, t.director, t.genre, v.name, v.city, v.state) AS w (words)
				WHERE e.status = 'on_sale';
			CREATE INDEX ON search_baseline USING gin (lexemes);
			CREATE INDEX ON search_baseline (place, day);
			CREATE INDEX ON search_baseline (genre, price_from_minor);
			CREATE INDEX ON search_baseline (lat, lon);
			CREATE INDEX ON search_baseline (starts_at);
			ANALYZE search_baseline`)
		return err
	})
}

// Search finds a page of IDs, how many there are, and the counts of the facets, in two statements; in four where the words
// are nowhere as they were typed.
func (s *SearchBaseline) Search(ctx context.Context, q boxoffice.SearchQuery) (boxoffice.SearchResult, error) {
	began := time.Now()
	var r boxoffice.SearchResult
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		words := ""
		if prefixes := prefixQuery(q.Text); prefixes != "" {
			words = prefixes
		}
		found, err := baselinePage(ctx, conn, q, words, "")
		if err == nil && len(found.Events) == 0 && words != "" {
			found, err = baselinePage(ctx, conn, q, "", q.Text)
		}
		r = found
		return err
	})
	r.Took = time.Since(began)
	return r, err
}

// prefixQuery asks for all words of a text, each of which may be unfinished.
func prefixQuery(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		words[i] = word + ":*"
	}
	return strings.Join(words, " & ")
}

func baselinePage(ctx context.Context, conn *pgxpool.Conn, q boxoffice.SearchQuery, prefixes, part string) (r boxoffice.SearchResult, err error) {
	var c conditions
	c.add("until > boxoffice_now()")
	if prefixes != "" {
		c.add("lexemes @@ to_tsquery('simple', ?)", prefixes)
	}
	if part != "" {
		c.add("words ILIKE '%' || ? || '%'", part)
	}
	if q.City != "" {
		c.add("place = ?", q.City)
	}
	if q.FromDay != "" {
		c.add("day >= ?::text::date", q.FromDay)
	}
	if q.Genre != "" {
		c.add("genre = ?", q.Genre)
	}
	if q.MaxPrice > 0 {
		c.add("price_from_minor <= ?", q.MaxPrice)
	}
	order := "votes DESC, starts_at"
	if q.Near != nil && q.RadiusKm > 0 {
		degrees := q.RadiusKm / 111
		c.add("lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?", q.Near.Lat-degrees, q.Near.Lat+degrees, q.Near.Lon-degrees, q.Near.Lon+degrees)
		order = "starts_at"
	}
	rows, err := conn.Query(ctx, `SELECT id, count(*) OVER () FROM search_baseline WHERE `+c.sql+` ORDER BY `+order+` LIMIT 20`, c.args...)
	if err != nil {
		return r, err
	}
	var e boxoffice.FoundEvent
	if _, err = pgx.ForEachRow(rows, []any{&e.Event.ID, &r.Found}, func() error { r.Events = append(r.Events, e); return nil }); err != nil {
		return r, err
	}
	rows, err = conn.Query(ctx, `SELECT coalesce(place, type, genre, day::text, ''), count(*) FROM search_baseline WHERE `+c.sql+`
		GROUP BY GROUPING SETS ((place), (type), (genre), (day)) ORDER BY 2 DESC LIMIT 400`, c.args...)
	if err != nil {
		return r, err
	}
	r.Facets.City, err = pgx.CollectRows(rows, pgx.RowToStructByPos[boxoffice.FacetCount])
	return r, err
}
