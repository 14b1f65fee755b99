package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// openTask asks a person for a decision, in the transaction that found it needed. A fact that has a task, open or closed, gets
// no other.
func openTask(ctx context.Context, tx pgx.Tx, t boxoffice.SupportTask) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	details := t.Details
	if details == nil {
		details = map[string]any{}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO support_tasks (id, key, kind, booking_id, event_id, summary, advice, details)
		VALUES ($1, $2, $3, nullif($4, '')::uuid, nullif($5, '')::uuid, $6, $7, $8) ON CONFLICT (key) DO NOTHING`,
		id, t.Key, t.Kind, t.BookingID, t.EventID, t.Summary, t.Advice, details)
	return err
}

// closeTask closes an open task, if there is one, whose fact came right by itself or was decided by somebody.
func closeTask(ctx context.Context, tx pgx.Tx, key, by, resolution string) error {
	_, err := tx.Exec(ctx, `UPDATE support_tasks SET closed_at = boxoffice_now(), closed_by = $2, resolution = $3
		WHERE key = $1 AND closed_at IS NULL`, key, by, resolution)
	return err
}
