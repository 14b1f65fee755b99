package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// claimKeySQL takes a key. One older than 24 hours is forgotten.
const claimKeySQL = `
	INSERT INTO idempotency_keys AS k (user_id, route, key, body_hash) VALUES ($1, $2, $3, $4)
	ON CONFLICT (user_id, route, key) DO UPDATE
		SET body_hash = excluded.body_hash, response = NULL, created_at = boxoffice_now()
		WHERE k.created_at < boxoffice_now() - interval '24 hours'`

// answerKeySQL stores the answer under a key.
const answerKeySQL = `UPDATE idempotency_keys SET response = $4 WHERE user_id = $1 AND route = $2 AND key = $3`

// claimKey takes the key, or gives the answer that was stored under it.
func claimKey(ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey) (stored []byte, err error) {
	batch := &pgx.Batch{}
	queueClaim(batch, key)
	if err := tx.SendBatch(ctx, batch).Close(); !errors.Is(err, errKeyTaken) {
		return nil, err
	}
	return storedAnswer(ctx, tx, key)
}

// storedAnswer gives what was stored under a key that is taken; nil: nothing yet. CodeKeyReused for that of another request.
func storedAnswer(ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey) (stored []byte, err error) {
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
	batch := &pgx.Batch{}
	if err := queueAnswer(batch, key, answer); err != nil {
		return err
	}
	return tx.SendBatch(ctx, batch).Close()
}

// errKeyTaken is why a batch ends that began with queueClaim.
var errKeyTaken = errors.New("there is an answer under this key, or one is being made")

// queueClaim takes a key as the batch's first statement: a twin in flight is waited for before the rest is done. errKeyTaken where
// it is not to be had. A nil key asks for nothing.
func queueClaim(batch *pgx.Batch, key *boxoffice.IdempotencyKey) {
	if key == nil {
		return
	}
	batch.Queue(claimKeySQL, key.UserID, key.Route, key.Key, key.BodyHash).Exec(func(taken pgconn.CommandTag) error {
		if taken.RowsAffected() == 0 {
			return errKeyTaken
		}
		return nil
	})
}

// earlierAnswer gives the answer of an act that is answered in the transaction that claims its key, so that it is there.
func earlierAnswer[T any](ctx context.Context, tx pgx.Tx, key *boxoffice.IdempotencyKey) (answer T, err error) {
	stored, err := storedAnswer(ctx, tx, key)
	if err == nil {
		err = json.Unmarshal(stored, &answer)
	}
	return answer, err
}

// queueAnswer stores the answer under its key. A nil key stores nothing.
func queueAnswer(batch *pgx.Batch, key *boxoffice.IdempotencyKey, answer any) error {
	if key == nil {
		return nil
	}
	response, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("store the answer of %s: %w", key.Route, err)
	}
	batch.Queue(answerKeySQL, key.UserID, key.Route, key.Key, response)
	return nil
}
