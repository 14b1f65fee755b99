package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// once runs act under an idempotency key, whose row is the transaction's first write: a twin in flight waits for it and
// then finds the answer. A nil key runs act plainly. replayed says that the answer is an earlier one's.
//
// An act that fails leaves no row. One whose row has no answer yet (a checkout between its two transactions) runs again.
func once[T any](ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey, act func() (T, error)) (answer T, replayed bool, err error) {
	if key == nil {
		answer, err = act()
		return answer, false, err
	}
	stored, err := claimKey(ctx, tx, key)
	if err != nil {
		return answer, false, err
	}
	if stored != nil {
		err = json.Unmarshal(stored, &answer)
		return answer, true, err
	}
	if answer, err = act(); err != nil {
		return answer, false, err
	}
	return answer, false, answerKey(ctx, tx, key, answer)
}

// claimKey takes the key, or gives the answer that was stored under it. A key older than 24 hours is forgotten.
func claimKey(ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey) (stored []byte, err error) {
	taken, err := tx.Exec(ctx, `
		INSERT INTO idempotency_keys AS k (user_id, route, key, body_hash) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, route, key) DO UPDATE
			SET body_hash = excluded.body_hash, response = NULL, created_at = boxoffice_now()
			WHERE k.created_at < boxoffice_now() - interval '24 hours'`,
		key.UserID, key.Route, key.Key, key.BodyHash)
	if err != nil || taken.RowsAffected() == 1 {
		return nil, err
	}
	var hash []byte
	err = tx.QueryRow(ctx, `SELECT body_hash, response FROM idempotency_keys WHERE user_id = $1 AND route = $2 AND key = $3`,
		key.UserID, key.Route, key.Key).Scan(&hash, &stored)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(hash, key.BodyHash) {
		return nil, boxoffice.Errorf(boxoffice.CodeKeyReused, "This Idempotency-Key was already used with another request.")
	}
	return stored, nil
}

func answerKey(ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey, answer any) error {
	response, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("store the answer of %s: %w", key.Route, err)
	}
	_, err = tx.Exec(ctx, `UPDATE idempotency_keys SET response = $4 WHERE user_id = $1 AND route = $2 AND key = $3`,
		key.UserID, key.Route, key.Key, response)
	return err
}
