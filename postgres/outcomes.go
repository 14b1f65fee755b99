package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Outcome is what a booking has come to.
type Outcome struct {
	ID         string
	Status     boxoffice.BookingStatus
	Seats      []string // tickets that it ever booked
	Admits     []string // of them, those with a valid admission
	WorthMinor int64    // the price of what it still has, and what was kept of what was given back
}

// Outcomes gives what every booking has come to, in no order. It reads whole tables: it is for measurements.
func (db *DB) Outcomes(ctx context.Context) (outcomes []Outcome, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT b.id::text, b.status::text, array_agg(bt.ticket_id::text ORDER BY bt.ticket_id),
				ARRAY(SELECT a.ticket_id::text FROM admissions a WHERE a.booking_id = b.id AND a.voided_at IS NULL),
				sum(CASE WHEN bt.released_at IS NULL THEN bt.price_minor + bt.fee_minor ELSE bt.kept_minor END)::bigint
			FROM bookings b JOIN booking_tickets bt ON bt.booking_id = b.id GROUP BY b.id`)
		if err != nil {
			return err
		}
		outcomes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Outcome])
		return err
	})
	return outcomes, err
}

// StuckSeats gives the tickets that nobody can buy and nobody has: held, though not by a booking that may still buy them, or
// sold to one that is not completed.
func (db *DB) StuckSeats(ctx context.Context) (ids []string, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT t.id::text FROM tickets t LEFT JOIN bookings b ON b.id = t.booking_id
			WHERE (t.state = 'held' AND NOT seat_is_free(t.state, t.held_until) AND b.status IS DISTINCT FROM 'held')
				OR (t.state = 'sold' AND b.status IS DISTINCT FROM 'completed') ORDER BY t.id`)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// Unfinished counts the bookings that have something left to be done, and the mails that are not delivered yet.
func (db *DB) Unfinished(ctx context.Context) (n int, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM bookings WHERE next_check_at IS NOT NULL)
			+ (SELECT count(*) FROM emails WHERE status = 'queued')`).Scan(&n)
	})
	return n, err
}
