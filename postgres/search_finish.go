package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// An event that the search server does not take now is tried again after these pauses, which double, and parked at last.
const (
	firstSearchPause = 5 * time.Second
	maxSearchTries   = 8
)

// FinishChanges ends a claim: by event, what landed leaves the outbox, and what was refused waits or is parked.
func (s *Search) FinishChanges(ctx context.Context, claim boxoffice.SearchClaim, refused map[string]error) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		landed, waiting, hopeless := judged(claim, refused)
		tired, err := collectIDs(tx.Query(ctx, `
			UPDATE search_claims SET claim = gen_random_uuid(), until = boxoffice_now() + $3::interval * 2 ^ (tries - 1)
			WHERE claim = $1 AND event_id = ANY ($2::text[]::uuid[]) AND tries < $4 RETURNING event_id`,
			claim.ID, waiting, firstSearchPause, maxSearchTries))
		if err != nil {
			return err
		}
		hopeless = append(hopeless, slices.DeleteFunc(waiting, func(id string) bool { return slices.Contains(tired, id) })...)
		done, err := endClaims(ctx, tx, claim.ID, slices.Concat(landed, hopeless))
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		var rows []int64
		for _, id := range done {
			rows = append(rows, claim.Rows[id]...)
		}
		batch.Queue(`DELETE FROM search_outbox WHERE seq = ANY ($1)`, rows)
		batch.Queue(`DELETE FROM search_parked WHERE event_id = ANY ($1::text[]::uuid[])`, done)
		for _, id := range hopeless {
			if slices.Contains(done, id) {
				batch.Queue(`INSERT INTO search_parked (event_id, reason) VALUES ($1, $2)`, id, reasonOf(refused[id]))
			}
		}
		queueLost(batch, slices.Concat(landed, hopeless), done)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// judged sorts the events of a claim by what became of them.
func judged(claim boxoffice.SearchClaim, refused map[string]error) (landed, waiting, hopeless []string) {
	for _, e := range claim.Entries {
		switch err, no := refused[e.Event.ID]; {
		case !no:
			landed = append(landed, e.Event.ID)
		case boxoffice.CodeOf(err) == boxoffice.CodeInvalid:
			hopeless = append(hopeless, e.Event.ID)
		default:
			waiting = append(waiting, e.Event.ID)
		}
	}
	return landed, waiting, hopeless
}

// reasonOf is what the server said, for operators.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*boxoffice.Error](err); ok && e.Unwrap() != nil {
		err = e.Unwrap()
	}
	if text := err.Error(); storable(text) {
		return text[:min(len(text), 1000)]
	}
	return "refused"
}

// endClaims gives claims on events back, and gives those that were still ours.
func endClaims(ctx context.Context, tx pgx.Tx, claim string, events []string) ([]string, error) {
	return collectIDs(tx.Query(ctx, `
		DELETE FROM search_claims WHERE claim = $1 AND event_id = ANY ($2::text[]::uuid[]) RETURNING event_id`, claim, events))
}

// queueLost appends anew the events whose claim had become another's: what we wrote may have replaced what is newer.
func queueLost(batch *pgx.Batch, events, ours []string) {
	lost := slices.DeleteFunc(events, func(id string) bool { return slices.Contains(ours, id) })
	batch.Queue(`INSERT INTO search_outbox (event_id) SELECT unnest($1::text[]::uuid[])`, lost)
}

// Release gives a claim back.
func (s *Search) Release(ctx context.Context, claim boxoffice.SearchClaim) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM search_claims WHERE claim = $1`, claim.ID)
		return err
	})
}
