package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// How often the tickets of a booking are mailed again. Their first mail counts for the pause: who asks at once does not
// get it twice.
const (
	resendPause = time.Minute
	resendsADay = 5
)

// RequestResend queues one more mail with the tickets, to the booking's address or another one. The booking's lock makes
// twins wait for each other, so the second finds the first one's mail.
func (s *Bookings) RequestResend(ctx context.Context, req boxoffice.ResendRequest) (b boxoffice.Booking, emailID string, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		emailID = "" // of a try that was rolled back
		b, _, err = once(ctx, tx, req.Key, func() (b boxoffice.Booking, err error) {
			if emailID, err = resend(ctx, tx, req); err != nil {
				return b, err
			}
			return readBooking(ctx, tx, req.UserID, req.BookingID)
		})
		return err
	})
	return b, emailID, err
}

func resend(ctx context.Context, tx pgx.Tx, req boxoffice.ResendRequest) (emailID string, err error) {
	b, err := lockOwnBooking(ctx, tx, req.UserID, req.BookingID)
	if err != nil {
		return "", err
	}
	if b.status != boxoffice.BookingCompleted {
		return "", noTickets(b.status)
	}
	if err := mayResend(ctx, tx, b.id); err != nil {
		return "", err
	}
	return mailAgain(ctx, tx, b.id, req.Email, "buyer")
}

// mailAgain queues one more mail with the tickets. CodeInvalid.
func mailAgain(ctx context.Context, tx pgx.Tx, bookingID, email, actor string) (emailID string, err error) {
	key, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	emailID, err = insertEmail(ctx, tx, bookingID, newEmail{kind: boxoffice.EmailTickets, key: "resend:" + key.String(), to: email})
	if err != nil {
		return "", err
	}
	if emailID == "" {
		return "", boxoffice.InvalidField("email", "This booking has no address. Please name one.")
	}
	details := map[string]any{"mail": emailID, "other_address": email != ""}
	if err := addTimeline(ctx, tx, bookingID, "tickets asked for again", actor, details); err != nil {
		return "", err
	}
	_, err = look(ctx, tx, bookingID) // the sweep sends it, should nobody else
	return emailID, err
}

// mayResend judges by the mails that there are. CodeRateLimited.
func mayResend(ctx context.Context, tx pgx.Tx, bookingID string) error {
	var wait *time.Duration
	err := tx.QueryRow(ctx, `
		SELECT greatest(max(created_at) + $2::interval,
			(array_agg(created_at ORDER BY created_at DESC) FILTER (WHERE dedupe_key LIKE 'resend:%'))[$3] + interval '1 day') - boxoffice_now()
		FROM emails WHERE booking_id = $1 AND kind = 'tickets'`, bookingID, resendPause, resendsADay).Scan(&wait)
	if err != nil || deref(wait) <= 0 {
		return err
	}
	e := boxoffice.Errorf(boxoffice.CodeRateLimited, "The tickets of a booking are mailed once a minute at most, and again %d times a day. Please wait a while.", resendsADay)
	e.RetryAfter = deref(wait)
	return e
}

// mailsShown is how many mails of a booking its buyer sees.
const mailsShown = 20

// queueMails reads what became of the latest mails of a booking.
func queueMails(batch *pgx.Batch, bookingID string, mails *[]boxoffice.BookingMail) {
	batch.Queue(`
		SELECT kind, recipient, status, created_at, sent_at FROM emails WHERE booking_id = $1 AND status <> 'withdrawn'
		ORDER BY created_at DESC, id DESC LIMIT `+strconv.Itoa(mailsShown), bookingID).Query(func(rows pgx.Rows) (err error) {
		*mails, err = pgx.AppendRows(*mails, rows, func(row pgx.CollectableRow) (m boxoffice.BookingMail, err error) {
			var sent *time.Time
			err = row.Scan(&m.Kind, &m.Recipient, &m.Status, &m.QueuedAt, &sent)
			m.SentAt = deref(sent)
			return m, err
		})
		return err
	})
}
