package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// reconcileYouth is left to the protocol: a webhook may be under way, or a run about to ask by itself.
	reconcileYouth = 5 * time.Minute
	// reconcileOverlap is how far a pass goes back behind the end of the last one, for clocks that differ and for lists that
	// lag. It is more than a payment page lives.
	reconcileOverlap = time.Hour
	// A pass without a predecessor goes back for a day; one after a long silence for as long as banks send refunds back.
	reconcileFirst, reconcileLongest = 24 * time.Hour, 30 * 24 * time.Hour
	// seenLife outlasts every pass.
	seenLife = 24 * time.Hour
	// reconcilePage is how many rows of ours are read at once.
	reconcilePage = 100
)

var _ boxoffice.ReconcileStore = (*Bookings)(nil)

// BeginReconcile sets the window of a pass and its first phase.
func (s *Bookings) BeginReconcile(ctx context.Context, pass boxoffice.ReconcilePass) (boxoffice.ReconcilePass, error) {
	pass.Phase, pass.Given = boxoffice.ReconcilePayments, !pass.Since.IsZero()
	err := s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var last time.Time
		err := conn.QueryRow(ctx, `
			SELECT t.now - $1::interval, greatest(coalesce((SELECT max(until) FROM reconciliations) - $2::interval, t.now - $3::interval), t.now - $4::interval)
			FROM (SELECT boxoffice_now()) AS t (now)`, reconcileYouth, reconcileOverlap, reconcileFirst, reconcileLongest).Scan(&pass.Until, &last)
		if !pass.Given {
			pass.Since = last
		}
		return err
	})
	pass.Since, pass.Until = pass.Since.UTC(), pass.Until.UTC()
	if pass.Since.After(pass.Until) {
		pass.Since = pass.Until
	}
	return pass, err
}

// EndReconcile notes that a pass came to its end.
func (s *Bookings) EndReconcile(ctx context.Context, pass boxoffice.ReconcilePass) error {
	if pass.Given || pass.DryRun {
		return nil
	}
	return s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`INSERT INTO reconciliations (since, until, checked, strange, repaired, found) VALUES ($1, $2, $3, $4, $5, $6)`,
			pass.Since, pass.Until, pass.Checked, pass.Foreign, pass.Repaired, pass.Found)
		batch.Queue(`DELETE FROM reconciliation_seen WHERE seen_at < boxoffice_now() - $1::interval`, seenLife)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// MarkSeen notes objects of ours that the provider's lists showed. No row of theirs is locked: buyers do not notice a pass.
func (s *Bookings) MarkSeen(ctx context.Context, objects []string) error {
	if len(objects) == 0 {
		return nil
	}
	return s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO reconciliation_seen (object) SELECT o FROM unnest($1::text[]) AS o ORDER BY o
			ON CONFLICT (object) DO NOTHING`, objects)
		return err
	})
}

// Unseen gives a page of the payments and refunds of a pass's window of which the provider's lists showed nothing. A refund has
// an ID of the provider's refunds; what a bank took by a dispute has none, and is in none of these lists.
func (s *Bookings) Unseen(ctx context.Context, pass boxoffice.ReconcilePass) (unseen []boxoffice.UnseenObject, err error) {
	err = s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT refund, object, booking_id::text FROM (
				SELECT false, payment_intent, booking_id FROM payments
				WHERE received_at BETWEEN $1 AND $2 AND amount_minor > 0
				UNION ALL
				SELECT true, r.provider_id, p.booking_id FROM refunds r JOIN payments p ON p.id = r.payment_id
				WHERE r.requested_at BETWEEN $1 AND $2 AND r.state = 'succeeded' AND r.provider_id ~ '^(re|pyr)_'
			) AS ours (refund, object, booking_id)
			WHERE object > $3 AND NOT EXISTS (SELECT FROM reconciliation_seen s WHERE s.object = ours.object)
			ORDER BY object LIMIT $4`, pass.Since, pass.Until, pass.Cursor, reconcilePage)
		if err != nil {
			return err
		}
		unseen, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u boxoffice.UnseenObject, err error) {
			return u, row.Scan(&u.Refund, &u.Object, &u.BookingID)
		})
		return err
	})
	return unseen, err
}

// ReconcileState tells operators how reconciliation stands.
func (s *Bookings) ReconcileState(ctx context.Context) (state boxoffice.ReconcileState, err error) {
	err = s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT t.now - coalesce((SELECT max(ended_at) FROM reconciliations), (SELECT min(received_at) FROM payments), t.now),
				(SELECT count(*) FROM support_tasks WHERE kind = 'reconciliation' AND closed_at IS NULL),
				(SELECT coalesce(sum(repaired), 0) FROM reconciliations)
			FROM (SELECT boxoffice_now()) AS t (now)`).Scan(&state.Age, &state.Open, &state.Repaired)
	})
	return state, err
}
