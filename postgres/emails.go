package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// newEmail is a mail that is to be written down.
type newEmail struct {
	kind    boxoffice.EmailKind
	key     string // written once for each
	to      string // empty: the booking's address, else its buyer's
	details map[string]any
}

// queueEmail writes a mail down that is to be sent. A booking without an address gets none; its timeline says so.
func queueEmail(ctx context.Context, tx pgx.Tx, bookingID string, kind boxoffice.EmailKind, key string, details map[string]any) error {
	id, err := insertEmail(ctx, tx, bookingID, newEmail{kind: kind, key: key, details: details})
	if err != nil || id != "" {
		return err
	}
	return addTimeline(ctx, tx, bookingID, "no mail: no address", "workflow", nil)
}

// insertEmail gives the ID of the mail that is now there under its key, or "" where there is no address.
func insertEmail(ctx context.Context, tx pgx.Tx, bookingID string, e newEmail) (id string, err error) {
	made, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	if e.details == nil {
		e.details = map[string]any{}
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient, details)
		SELECT $1, b.id, $3, $4, a.address, $6
		FROM bookings b JOIN users u ON u.id = b.user_id, coalesce(nullif($5, ''), b.email, u.email) AS a (address)
		WHERE b.id = $2 AND a.address IS NOT NULL
		ON CONFLICT (dedupe_key) DO UPDATE SET dedupe_key = excluded.dedupe_key
		RETURNING id`, made.String(), bookingID, string(e.kind), e.key, e.to, e.details).Scan(&id)
	return id, ignoreNotFound(err)
}

// withdrawEmail keeps a mail from being sent that was not sent yet, because what it says is no longer so.
func withdrawEmail(ctx context.Context, tx pgx.Tx, key string) error {
	_, err := tx.Exec(ctx, `UPDATE emails SET status = 'withdrawn' WHERE dedupe_key = $1 AND status = 'queued'`, key)
	return err
}

// EmailJob reads a mail with all that it says.
func (s *Bookings) EmailJob(ctx context.Context, emailID string) (boxoffice.EmailJob, error) {
	job := boxoffice.EmailJob{ID: emailID}
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var bookingID string
		var details struct {
			Refunded int64                  `json:"refunded_minor"`
			Kept     int64                  `json:"kept_minor"`
			Currency string                 `json:"currency"`
			Reason   string                 `json:"reason"`
			Tickets  []string               `json:"tickets"` // of EmailChanged
			Origin   boxoffice.RefundOrigin `json:"origin"`
		}
		err := conn.QueryRow(ctx, `
			SELECT e.kind, e.recipient, e.status, e.details, e.booking_id, coalesce(b.blob_key, '')
			FROM emails e JOIN bookings b ON b.id = e.booking_id WHERE e.id = $1`, emailID).
			Scan(&job.Kind, &job.Recipient, &job.Status, &details, &bookingID, &job.BlobKey)
		if err != nil {
			return err
		}
		job.Refunded = boxoffice.Money{Minor: details.Refunded, Currency: details.Currency}
		job.Kept = boxoffice.Money{Minor: details.Kept, Currency: details.Currency}
		job.Reason, job.Origin = details.Reason, details.Origin
		if job.Document, err = readDocument(ctx, conn, bookingID); err != nil {
			return err
		}
		switch job.Kind {
		case boxoffice.EmailRefunded, boxoffice.EmailCancelled, boxoffice.EmailCalledOff:
			job.LetGo, err = readLetGo(ctx, conn, bookingID, nil)
		case boxoffice.EmailChanged:
			job.LetGo, err = readLetGo(ctx, conn, bookingID, details.Tickets)
		case boxoffice.EmailTickets, boxoffice.EmailReturned:
		}
		return err
	})
	return job, err
}

// readLetGo reads those seats that the booking has no more: these, or, with nil, all.
func readLetGo(ctx context.Context, q querier, bookingID string, only []string) ([]boxoffice.Ticket, error) {
	had, err := readTickets(ctx, q, bookingID)
	return slices.DeleteFunc(had, func(t boxoffice.Ticket) bool {
		return t.BookingID == bookingID || only != nil && !slices.Contains(only, t.ID)
	}), err
}

// MarkEmail notes how an attempt to send a mail ended, and looks.
func (s *Bookings) MarkEmail(ctx context.Context, emailID string, sendErr error, handedOver bool) (boxoffice.Situation, error) {
	status, text, tried := boxoffice.EmailSent, "", 1
	switch {
	case handedOver:
		status, tried = boxoffice.EmailQueued, 0
	case boxoffice.CodeOf(sendErr) == boxoffice.CodeMailRejected:
		status, text = boxoffice.EmailFailed, sendErr.Error()
	case sendErr != nil:
		status, text = boxoffice.EmailQueued, sendErr.Error()
	}
	var now boxoffice.Situation
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		now = boxoffice.Situation{}
		b, err := lockBookingOf(ctx, tx, "emails", emailID)
		if err != nil {
			return err
		}
		var kind boxoffice.EmailKind
		err = tx.QueryRow(ctx, `
			UPDATE emails SET status = $2, attempts = attempts + $3, last_error = coalesce(nullif($4, ''), last_error),
				sent_at = CASE WHEN $2 = 'sent'::email_status THEN boxoffice_now() END,
				handed_over = CASE WHEN $5 THEN boxoffice_now() ELSE handed_over END
			WHERE id = $1 AND status = 'queued' RETURNING kind`, emailID, status, tried, text, handedOver).Scan(&kind)
		if err != nil {
			return ignoreNotFound(err)
		}
		if now, err = look(ctx, tx, b.id); err != nil || status == boxoffice.EmailQueued {
			return err
		}
		return addTimeline(ctx, tx, b.id, "mail "+string(kind)+" "+string(status), "workflow", nil)
	})
	return now, err
}
