package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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

// taskColumns are those that scanTask reads.
const taskColumns = `id, key, kind, coalesce(booking_id::text, ''), coalesce(event_id::text, ''), summary, advice, details, opened_at, closed_at,
	coalesce(closed_by, ''), coalesce(resolution, '')`

func scanTask(row pgx.CollectableRow) (t boxoffice.SupportTask, err error) {
	return t, row.Scan(&t.ID, &t.Key, &t.Kind, &t.BookingID, &t.EventID, &t.Summary, &t.Advice, &t.Details, &t.OpenedAt, &t.ClosedAt, &t.ClosedBy, &t.Resolution)
}

const (
	openTasks = `SELECT ` + taskColumns + ` FROM support_tasks
		WHERE closed_at IS NULL AND (opened_at, id) > ($1, $2::uuid) AND ($3 = '' OR kind = $3) ORDER BY opened_at, id LIMIT $4`
	closedTasks = `SELECT ` + taskColumns + ` FROM support_tasks
		WHERE closed_at IS NOT NULL AND (closed_at, id) < ($1, $2::uuid) AND ($3 = '' OR kind = $3) ORDER BY closed_at DESC, id DESC LIMIT $4`
)

// SupportTasks lists tasks: open ones by their age, closed ones from the last.
func (s *Bookings) SupportTasks(ctx context.Context, q boxoffice.TaskQuery) (boxoffice.TaskPage, error) {
	var page boxoffice.TaskPage
	at, id, err := parseBookingCursor(q.Cursor) // of whatever: a time and an ID
	if err != nil {
		return page, err
	}
	sql := closedTasks
	if !q.Closed {
		sql = openTasks
		if q.Cursor == "" {
			at, id = time.Time{}, uuid.Nil.String()
		}
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, at, id, q.Kind, q.Limit+1)
		if err != nil {
			return err
		}
		page.Tasks, err = pgx.CollectRows(rows, scanTask)
		return err
	})
	if len(page.Tasks) > q.Limit {
		page.Tasks = page.Tasks[:q.Limit]
		last := page.Tasks[q.Limit-1]
		at = last.OpenedAt
		if q.Closed {
			at = *last.ClosedAt
		}
		page.Next = bookingCursor(at, last.ID)
	}
	return page, err
}

// SupportTask reads a task.
func (s *Bookings) SupportTask(ctx context.Context, id string) (boxoffice.SupportTask, error) {
	var t boxoffice.SupportTask
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		t, err = readTask(ctx, conn, id, "")
		return err
	})
	return t, err
}

func readTask(ctx context.Context, q querier, id, lock string) (boxoffice.SupportTask, error) {
	rows, err := q.Query(ctx, `SELECT `+taskColumns+` FROM support_tasks WHERE id = $1 `+lock, id)
	if err != nil {
		return boxoffice.SupportTask{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanTask)
}

// CloseSupportTask notes that somebody decided, and how. It changes nothing else; one that is closed stays as it is.
func (s *Bookings) CloseSupportTask(ctx context.Context, act boxoffice.SupportAct, id string) (boxoffice.SupportTask, error) {
	var t boxoffice.SupportTask
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if t, err = readTask(ctx, tx, id, "FOR UPDATE"); err != nil || t.ClosedAt != nil {
			return err
		}
		var own bool
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM bookings WHERE id = nullif($1, '')::uuid AND user_id = nullif($2, '')::uuid)`,
			t.BookingID, act.ActorID).Scan(&own)
		if err != nil {
			return err
		}
		if own {
			return errOwnBooking
		}
		done, err := beginAudit(ctx, tx, act, "close task", "task "+id, map[string]any{"kind": t.Kind, "open": true})
		if done || err != nil {
			return err
		}
		if err := closeTask(ctx, tx, t.Key, act.Actor, act.Reason); err != nil {
			return err
		}
		if err := endAudit(ctx, tx, act, map[string]any{"kind": t.Kind, "open": false}); err != nil {
			return err
		}
		t, err = readTask(ctx, tx, id, "")
		return err
	})
	return t, err
}
