package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

var _ boxoffice.SupportStore = (*Bookings)(nil)

// SupportExtend moves the deadline of a hold.
func (s *Bookings) SupportExtend(ctx context.Context, act boxoffice.SupportAct, by time.Duration) error {
	if by <= 0 || by > boxoffice.MaxSupportExtension {
		return boxoffice.InvalidField("minutes", "A hold is extended by 1 to %d minutes at once.", boxoffice.MaxSupportExtension/time.Minute)
	}
	return s.support(ctx, act, "extend", func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		open, err := openAttempt(ctx, tx, b.id)
		if err := refuseIfClosed(b, open, ignoreNotFound(err)); err != nil {
			return err
		}
		var pageEnds *time.Time
		if open.ID != "" {
			pageEnds = &open.ExpiresAt
		}
		moved, err := tx.Exec(ctx, `
			UPDATE bookings SET hold_expires_at = least(hold_expires_at + $2, created_at + $4, $3)
			WHERE id = $1 AND hold_expires_at < least(created_at + $4, $3)`, b.id, by, pageEnds, boxoffice.MaxSupportHold)
		if err != nil {
			return err
		}
		if moved.RowsAffected() == 0 {
			return boxoffice.Errorf(boxoffice.CodeDeadlinePassed, "The hold cannot be extended any further: its payment page ends, or a day is over.")
		}
		return s.moveBackstop(ctx, tx, b.id, time.Time{})
	})
}

// SupportRelease lets go of a hold.
func (s *Bookings) SupportRelease(ctx context.Context, act boxoffice.SupportAct) error {
	return s.support(ctx, act, "release", func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		return letGo(ctx, tx, b, act.Actor)
	})
}

// SupportRetry notes a retry.
func (s *Bookings) SupportRetry(ctx context.Context, act boxoffice.SupportAct, step string) error {
	return s.support(ctx, act, "retry: "+step, func(context.Context, pgx.Tx, lockedBooking) error { return nil })
}

// support is the frame of every act of support: lock the booking, do it once, write it down, and look.
func (s *Bookings) support(ctx context.Context, act boxoffice.SupportAct, action string, do func(ctx context.Context, tx pgx.Tx, b lockedBooking) error) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBooking(ctx, tx, act.BookingID)
		if err != nil {
			return err
		}
		before, err := look(ctx, tx, b.id)
		if err != nil {
			return err
		}
		noted, err := tx.Exec(ctx, `
			INSERT INTO audit_log (key, actor, verified, action, subject, before, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (key) DO NOTHING`, act.Key, act.Actor, act.Verified, action, "booking "+b.id, auditState(before), act.Reason)
		if err != nil || noted.RowsAffected() == 0 {
			return err
		}
		if err := do(ctx, tx, b); err != nil {
			return err
		}
		after, err := look(ctx, tx, b.id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE audit_log SET after = $2 WHERE key = $1`, act.Key, auditState(after)); err != nil {
			return err
		}
		return addTimeline(ctx, tx, b.id, "support: "+action, act.Actor, map[string]any{"reason": act.Reason, "verified": act.Verified})
	})
}

// auditState is what the audit log keeps of a booking.
func auditState(s boxoffice.Situation) map[string]any {
	return map[string]any{"status": s.Status, "deadline": s.Deadline, "closing": s.Closing}
}
