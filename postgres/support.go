package postgres

import (
	"bytes"
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

var _ boxoffice.SupportDesk = (*Bookings)(nil)

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

// errOwnBooking keeps staff from helping themselves: every act of support is one that a second person could be asked for.
var errOwnBooking = boxoffice.Errorf(boxoffice.CodeForbidden, "This booking is your own, so somebody else has to help it.")

// helping is what an act of support does to a booking, under its lock.
type helping func(ctx context.Context, tx pgx.Tx, b lockedBooking) error

func (s *Bookings) support(ctx context.Context, act boxoffice.SupportAct, action string, do helping) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return support(ctx, tx, act, action, do) })
}

// support is the frame of every act of support: lock the booking, do it once, write it down, and look. What fails leaves
// nothing, so it may be tried again under its key.
func support(ctx context.Context, tx pgx.Tx, act boxoffice.SupportAct, action string, do helping) error {
	b, err := lockBooking(ctx, tx, act.BookingID)
	if err != nil {
		return err
	}
	if act.ActorID == b.userID {
		return errOwnBooking
	}
	before, err := auditState(ctx, tx, b.id)
	if err != nil {
		return err
	}
	if done, err := beginAudit(ctx, tx, act, action, "booking "+b.id, before); done || err != nil {
		return err
	}
	if err := do(ctx, tx, b); err != nil {
		return err
	}
	after, err := auditState(ctx, tx, b.id)
	if err != nil {
		return err
	}
	if err := endAudit(ctx, tx, act, after); err != nil {
		return err
	}
	return addTimeline(ctx, tx, b.id, "support: "+action, act.Actor, map[string]any{"reason": act.Reason, "verified": act.Verified})
}

// beginAudit writes an act's line into the audit log, unless it was done before. CodeKeyReused where its key is another's.
func beginAudit(ctx context.Context, tx pgx.Tx, act boxoffice.SupportAct, action, subject string, before map[string]any) (done bool, err error) {
	noted, err := tx.Exec(ctx, `
		INSERT INTO audit_log (key, request, actor, verified, action, subject, before, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (key) DO NOTHING`, act.Key, act.Request, act.Actor, act.Verified, action, subject, before, act.Reason)
	if err != nil || noted.RowsAffected() == 1 {
		return false, err
	}
	var request []byte
	err = tx.QueryRow(ctx, `SELECT request FROM audit_log WHERE key = $1`, act.Key).Scan(&request)
	if err == nil && act.Request != nil && !bytes.Equal(request, act.Request) {
		return false, boxoffice.Errorf(boxoffice.CodeKeyReused, "This Idempotency-Key was already used with another request.")
	}
	return true, err
}

func endAudit(ctx context.Context, tx pgx.Tx, act boxoffice.SupportAct, after map[string]any) error {
	_, err := tx.Exec(ctx, `UPDATE audit_log SET after = $2 WHERE key = $1`, act.Key, after)
	return err
}

// auditRead notes who looked at what belongs to somebody. It must hold nothing personal itself, for it stays.
func auditRead(ctx context.Context, tx pgx.Tx, reader boxoffice.User, action, subject string, found any) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit_log (actor, verified, action, subject, after) VALUES ($1, true, $2, $3, $4)`,
		reader.Username, action, subject, found)
	return err
}

// auditState looks, and gives what the audit log keeps of a booking.
func auditState(ctx context.Context, tx pgx.Tx, bookingID string) (map[string]any, error) {
	s, err := look(ctx, tx, bookingID)
	if err != nil {
		return nil, err
	}
	var seats, back int64
	err = tx.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM booking_tickets WHERE booking_id = $1 AND released_at IS NULL),
			(SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id
				WHERE p.booking_id = $1 AND r.state <> 'failed')`, bookingID).Scan(&seats, &back)
	return map[string]any{"status": s.Status, "deadline": s.Deadline, "closing": s.Closing, "seats": seats, "back_minor": back}, err
}
