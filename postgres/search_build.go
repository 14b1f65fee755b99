package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// findable is the condition that an event is in the index.
const findable = `e.status = 'on_sale' AND e.ends_at > (SELECT boxoffice_now()) AND e.sales_close_at > (SELECT boxoffice_now())`

// Live names the live collection.
func (s *Search) Live(ctx context.Context) (name string, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		err := conn.QueryRow(ctx, `SELECT name FROM search_collections WHERE state = 'live'`).Scan(&name)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return name, err
}

// BeginBuild notes that a collection is being built, in place of an earlier build.
func (s *Search) BeginBuild(ctx context.Context, collection string) (events int, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM search_collections WHERE state = 'building' AND name <> $1`, collection)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO search_collections (name, state) VALUES ($1, 'building') ON CONFLICT (name) DO NOTHING`, collection)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM events e WHERE `+findable).Scan(&events)
	})
	return events, err
}

// ForgetLive notes that there is no live collection any more.
func (s *Search) ForgetLive(ctx context.Context) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM search_collections WHERE state = 'live'`)
		return err
	})
}

// ClaimPage claims the findable events that follow an ID.
func (s *Search) ClaimPage(ctx context.Context, after string, limit int, lasts time.Duration) (claim boxoffice.SearchClaim, last string, err error) {
	if after == "" {
		after = uuid.Nil.String()
	}
	claim, err = s.claim(ctx, func(ctx context.Context, tx pgx.Tx, claim string) ([]string, error) {
		page, err := collectIDs(tx.Query(ctx, `SELECT e.id FROM events e WHERE e.id > $1 AND `+findable+` ORDER BY e.id LIMIT $2`, after, limit))
		if err != nil || len(page) == 0 {
			last = ""
			return nil, err
		}
		last = page[len(page)-1]
		claimed, err := collectIDs(tx.Query(ctx, claimSQL+`SELECT id, $1::uuid, boxoffice_now() + $2::interval
			FROM unnest($3::text[]::uuid[]) AS page (id)`+claimedSQL, claim, lasts, page))
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec(ctx, `INSERT INTO search_outbox (event_id) SELECT unnest($1::text[]::uuid[]) EXCEPT SELECT unnest($2::text[]::uuid[])`,
			page, claimed)
		return claimed, err
	})
	return claim, last, err
}

// FinishPage gives a claim of ClaimPage back.
func (s *Search) FinishPage(ctx context.Context, claim boxoffice.SearchClaim, refused map[string]error) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var events, again []string
		for _, e := range claim.Entries {
			events = append(events, e.Event.ID)
		}
		ours, err := endClaims(ctx, tx, claim.ID, events)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		queueLost(batch, events, ours)
		for id := range refused {
			again = append(again, id)
		}
		batch.Queue(`INSERT INTO search_outbox (event_id) SELECT unnest($1::text[]::uuid[])`, again)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// Waiting counts the rows of the outbox.
func (s *Search) Waiting(ctx context.Context, upTo int64) (rows int, last int64, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE $1 = 0 OR seq <= $1), coalesce(max(seq), 0) FROM search_outbox`, upTo).Scan(&rows, &last)
	})
	return rows, last, err
}

// EndBuild makes a collection the live one. One that is so already is left alone.
func (s *Search) EndBuild(ctx context.Context, collection string) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var state string
		err := tx.QueryRow(ctx, `SELECT state FROM search_collections WHERE name = $1 FOR UPDATE`, collection).Scan(&state)
		if errors.Is(err, pgx.ErrNoRows) {
			return boxoffice.Errorf(boxoffice.CodeFenced, "The index is not being built any more.")
		}
		if err != nil || state == "live" {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM search_collections WHERE state = 'live'`); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE search_collections SET state = 'live', since = boxoffice_now() WHERE name = $1`, collection)
		return err
	})
}

// AbandonBuild ends a build that comes to nothing.
func (s *Search) AbandonBuild(ctx context.Context, collection string) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM search_collections WHERE name = $1 AND state = 'building'`, collection)
		return err
	})
}
