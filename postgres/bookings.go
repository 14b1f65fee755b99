package postgres

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// bookingPayment is the PaymentSummary of a booking b. A payment that bought nothing and goes back does not count as paid.
const bookingPayment = `CASE WHEN EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id
	          AND p.settled_as IS DISTINCT FROM 'refund') THEN 'paid'
	     WHEN EXISTS (SELECT FROM payment_attempts a WHERE a.booking_id = b.id AND a.state = 'live') THEN 'open'
	     ELSE 'none' END`

// bookingColumns are those that scanBooking reads, of a table called b.
const bookingColumns = `b.id, b.reference, b.user_id, b.event_id, b.status, b.amount_minor, b.currency,
	coalesce((SELECT code FROM promotions WHERE id = b.promotion_id), ''), coalesce(b.email, ''),
	b.hold_expires_at, b.closing_reason, b.created_at,
	` + bookingPayment + `,
	CASE WHEN b.status = 'held' AND b.closing_at IS NULL THEN coalesce((SELECT a.url FROM payment_attempts a
	     WHERE a.booking_id = b.id AND a.state = 'live'), '') ELSE '' END,
	` + bookingIsFixed + `,
	CASE WHEN b.status = 'completed' THEN (SELECT event_refundable_until(e) FROM events e
	     WHERE e.id = b.event_id AND event_refundable_until(e) > boxoffice_now()) END,
	b.called_off_at, CASE WHEN b.called_off_at IS NOT NULL
	     THEN coalesce((SELECT c.reason FROM event_cancellations c WHERE c.event_id = b.event_id), '') ELSE '' END`

// bookingIsFixed tells of a booking b whether it ever had a payment page. An attempt that died without a session had none.
const bookingIsFixed = `EXISTS (SELECT FROM payment_attempts f WHERE f.booking_id = b.id AND (f.state <> 'dead' OR f.session_id IS NOT NULL))`

func scanBooking(row pgx.CollectableRow) (boxoffice.Booking, error) {
	var b boxoffice.Booking
	var refundable, calledOff *time.Time
	err := row.Scan(&b.ID, &b.Reference, &b.UserID, &b.EventID, &b.Status, &b.Amount.Minor, &b.Amount.Currency,
		&b.Promotion, &b.Email,
		&b.HoldExpiresAt, &b.ClosingReason, &b.CreatedAt, &b.Payment, &b.CheckoutURL, &b.Fixed, &refundable,
		&calledOff, &b.CalledOffReason)
	b.RefundableUntil, b.CalledOffAt = deref(refundable).UTC(), deref(calledOff).UTC()
	return b, err
}

// Booking reads a booking of the user; another's is as absent as an unknown one.
func (s *Bookings) Booking(ctx context.Context, userID, bookingID string) (boxoffice.Booking, error) {
	var b boxoffice.Booking
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		b, err = readBooking(ctx, conn, userID, bookingID)
		return err
	})
	return b, err
}

// Progress says how far bookings are.
func (s *Bookings) Progress(ctx context.Context, bookingIDs []string) (map[string]boxoffice.BookingProgress, error) {
	progress := make(map[string]boxoffice.BookingProgress, len(bookingIDs))
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT b.id, b.status, `+bookingPayment+` FROM bookings b WHERE b.id = ANY ($1::text[]::uuid[])`, bookingIDs)
		if err != nil {
			return err
		}
		var id string
		var now boxoffice.BookingProgress
		_, err = pgx.ForEachRow(rows, []any{&id, &now.Status, &now.Payment}, func() error {
			progress[id] = now
			return nil
		})
		return err
	})
	return progress, err
}

func readBooking(ctx context.Context, q querier, userID, bookingID string) (b boxoffice.Booking, err error) {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT `+bookingColumns+` FROM bookings b WHERE b.id = $1 AND b.user_id = $2`, bookingID, userID).Query(func(rows pgx.Rows) (err error) {
		b, err = pgx.CollectExactlyOneRow(rows, scanBooking)
		return err
	})
	queueDetails(batch, bookingID, &b)
	err = q.SendBatch(ctx, batch).Close()
	return b, err
}

// queueDetails reads what else belongs to a booking than its row. Each booking is asked for by itself: for an array of them the
// server would make a new plan each time, which costs more than to carry it out.
func queueDetails(batch *pgx.Batch, bookingID string, b *boxoffice.Booking) {
	queueTickets(batch, bookingID, &b.Tickets)
	queueMails(batch, bookingID, &b.Mails)
}

// queueTickets reads the seats of a booking at the price they were booked at. A seat that was let go is shown as it is now,
// without its new holder; one that is in the hall no longer, as blocked.
func queueTickets(batch *pgx.Batch, bookingID string, tickets *[]boxoffice.Ticket) {
	batch.Queue(`
		SELECT bt.fee_minor, bt.discount_minor, t.id, t.event_id, t.section, t.row, t.number, t.category, bt.price_minor, t.accessible,
		       CASE WHEN seat_is_free(t.state, t.held_until) AND t.booking_id IS DISTINCT FROM bt.booking_id
		            THEN 'available' WHEN t.state = 'withdrawn' THEN 'blocked' ELSE t.state END,
		       CASE WHEN t.booking_id = bt.booking_id THEN t.held_until END,
		       CASE WHEN t.booking_id = bt.booking_id THEN t.booking_id END,
		       CASE WHEN t.booking_id = bt.booking_id THEN t.holder_id END
		FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id
		WHERE bt.booking_id = $1
		ORDER BY t.section, length(t.row), t.row, t.number`, bookingID).Query(func(rows pgx.Rows) (err error) {
		*tickets, err = pgx.AppendRows(*tickets, rows, func(row pgx.CollectableRow) (t boxoffice.Ticket, err error) {
			targets, finish := ticketTargets(&t)
			err = row.Scan(append([]any{&t.FeeMinor, &t.DiscountMinor}, targets...)...)
			finish()
			return t, err
		})
		return err
	})
}

// readTickets is queueTickets by itself.
func readTickets(ctx context.Context, q querier, bookingID string) (tickets []boxoffice.Ticket, err error) {
	batch := &pgx.Batch{}
	queueTickets(batch, bookingID, &tickets)
	err = q.SendBatch(ctx, batch).Close()
	return tickets, err
}

// Bookings lists a user's bookings, newest first. Those of one event are looked for among all of the user's, by the index
// that a page of them is read by: who has many has hundreds.
func (s *Bookings) Bookings(ctx context.Context, f boxoffice.BookingFilter) (boxoffice.BookingPage, error) {
	var page boxoffice.BookingPage
	before, beforeID, err := parseBookingCursor(f.Cursor)
	if err != nil {
		return page, err
	}
	var c conditions
	c.add("b.user_id = ? AND (b.created_at, b.id) < (?, ?)", f.UserID, before, beforeID)
	if f.EventID != "" {
		c.add("b.event_id = ?", f.EventID)
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT `+bookingColumns+` FROM bookings b
			WHERE `+c.sql+` ORDER BY b.created_at DESC, b.id DESC LIMIT `+strconv.Itoa(f.Limit+1), c.args...)
		if err != nil {
			return err
		}
		if page.Bookings, err = pgx.CollectRows(rows, scanBooking); err != nil {
			return err
		}
		if len(page.Bookings) > f.Limit {
			page.Bookings = page.Bookings[:f.Limit]
			last := page.Bookings[f.Limit-1]
			page.Next = bookingCursor(last.CreatedAt, last.ID)
		}
		batch := &pgx.Batch{}
		for i := range page.Bookings {
			queueDetails(batch, page.Bookings[i].ID, &page.Bookings[i])
		}
		return conn.SendBatch(ctx, batch).Close()
	})
	return page, err
}

func bookingCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

// parseBookingCursor reads where a page begins; an empty cursor is before everything.
func parseBookingCursor(cursor string) (before time.Time, id string, err error) {
	if cursor == "" {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max.String(), nil
	}
	wrong := boxoffice.InvalidField("cursor", "This is no cursor of an earlier page.")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return before, "", wrong
	}
	at, id, found := strings.Cut(string(raw), " ")
	parsed, idErr := uuid.Parse(id)
	if before, err = time.Parse(time.RFC3339Nano, at); err != nil || !found || idErr != nil {
		return before, "", wrong
	}
	return before, parsed.String(), nil
}

// refQuery reads what a booking's run is started with; the condition on b follows it.
const refQuery = `
	SELECT b.id, b.reference, b.event_id, b.user_id, b.status, e.name, v.city, e.starts_at, v.time_zone, s.sections, s.rows, s.numbers
	FROM bookings b JOIN events e ON e.id = b.event_id JOIN venues v ON v.id = e.venue_id
	CROSS JOIN LATERAL (
		SELECT array_agg(t.section ORDER BY t.id) AS sections, array_agg(t.row ORDER BY t.id) AS rows, array_agg(t.number ORDER BY t.id) AS numbers
		FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id WHERE bt.booking_id = b.id) s `

func scanRef(row pgx.CollectableRow) (boxoffice.BookingRef, error) {
	var r boxoffice.BookingRef
	var name, city, zone string
	var starts time.Time
	var sections, rows []string
	var numbers []int
	err := row.Scan(&r.BookingID, &r.Reference, &r.EventID, &r.UserID, &r.Status, &name, &city, &starts, &zone, &sections, &rows, &numbers)
	if err != nil {
		return r, err
	}
	for i, number := range numbers {
		r.Seats = append(r.Seats, boxoffice.SeatLabel(sections[i], rows[i], number))
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return r, err
	}
	r.Summary = runSummary(len(numbers), name, city, starts.In(location))
	return r, nil
}

// BookingRef reads what a run is started with.
func (s *Bookings) BookingRef(ctx context.Context, bookingID string) (boxoffice.BookingRef, error) {
	var ref boxoffice.BookingRef
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		ref, err = readRef(ctx, conn, bookingID)
		return err
	})
	return ref, err
}

func readRef(ctx context.Context, q querier, bookingID string) (boxoffice.BookingRef, error) {
	rows, err := q.Query(ctx, refQuery+`WHERE b.id = $1`, bookingID)
	if err != nil {
		return boxoffice.BookingRef{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanRef)
}

// ClaimOverdue gives bookings whose next check is due and moves that check on by 30 seconds, so that each of several
// sweepers gets others and a booking is not swept again before its run could act.
func (s *Bookings) ClaimOverdue(ctx context.Context, limit int) ([]boxoffice.BookingRef, error) {
	var refs []boxoffice.BookingRef
	err := s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH due AS (
				SELECT id FROM bookings WHERE next_check_at <= (SELECT boxoffice_now()) -- read once, so that the index is searched
				ORDER BY next_check_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED),
			claimed AS (
				UPDATE bookings SET next_check_at = boxoffice_now() + interval '30 seconds' FROM due
				WHERE bookings.id = due.id RETURNING bookings.id)
			`+refQuery+`JOIN claimed ON claimed.id = b.id`, limit)
		if err != nil {
			return err
		}
		refs, err = pgx.CollectRows(rows, scanRef)
		return err
	})
	return refs, err
}
