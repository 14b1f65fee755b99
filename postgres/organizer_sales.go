package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// snapshotPatience bounds a report, which keeps dead rows from being removed while it lasts.
const snapshotPatience = time.Minute

// snapshot runs a read-only act on the user's event, all of whose statements see one moment. Unlike a change it ends with
// ctx: nobody waits for a report whose reader is gone.
func (s *Organizers) snapshot(ctx context.Context, userID, eventID string, act func(ctx context.Context, tx pgx.Tx, e boxoffice.Event) error) error {
	conn, err := s.db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	limited, cancel := context.WithTimeout(ctx, snapshotPatience)
	defer cancel()
	view := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(limited, conn, view, func(tx pgx.Tx) error {
		if _, err := tx.Exec(limited, `SELECT set_config('statement_timeout', $1, true)`, milliseconds(snapshotPatience)); err != nil {
			return err
		}
		id, err := readID("event", eventID)
		if err != nil {
			return err
		}
		var c conditions
		c.add("e.id = ? AND e.owner_id = ?", id, userID)
		events, err := readEvents(limited, tx, c, 1)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return absent("event", pgx.ErrNoRows)
		}
		return act(limited, tx, events[0])
	})
	switch {
	case ctx.Err() != nil:
		return translate(ctx.Err())
	case limited.Err() != nil:
		return unavailable(err, "This took too long. Please try again.", time.Minute)
	}
	return translate(err)
}

// Sales gives the figures of an event. A seat is sold on the day on which its payment bought it.
func (s *Organizers) Sales(ctx context.Context, userID, eventID string) (boxoffice.Sales, error) {
	var sales boxoffice.Sales
	err := s.snapshot(ctx, userID, eventID, func(ctx context.Context, tx pgx.Tx, e boxoffice.Event) error {
		sales = boxoffice.Sales{EventID: e.ID, Currency: e.Currency}
		if err := readCategorySales(ctx, tx, &sales); err != nil {
			return err
		}
		if err := readDaySales(ctx, tx, &sales, e.Venue.TimeZone); err != nil {
			return err
		}
		if err := readLedger(ctx, tx, &sales); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM bookings WHERE event_id = $1 AND status IN ('confirmed', 'completed')`, e.ID).
			Scan(&sales.Bookings)
	})
	if err != nil {
		return boxoffice.Sales{}, err
	}
	return sales, nil
}

// readLedger adds up the ledger of the event's bookings.
func readLedger(ctx context.Context, tx pgx.Tx, sales *boxoffice.Sales) error {
	rows, err := tx.Query(ctx, `SELECT kind, sum(amount_minor)::bigint FROM booking_ledger WHERE event_id = $1 GROUP BY kind`, sales.EventID)
	if err != nil {
		return err
	}
	var kind string
	var minor int64
	sum := map[string]int64{}
	if _, err := pgx.ForEachRow(rows, []any{&kind, &minor}, func() error { sum[kind] = minor; return nil }); err != nil {
		return err
	}
	sales.GrossMinor, sales.DiscountMinor, sales.FeeMinor = -sum["ticket"], sum["discount"], -sum["fee"]
	sales.KeptMinor, sales.GoodwillMinor = -sum["fee_kept"]-sum["share_retained"], sum["goodwill"]
	sales.CapturedMinor, sales.RefundedMinor = sum["capture"], -sum["refund"]
	sales.NetMinor = sales.CapturedMinor - sales.RefundedMinor
	return nil
}

// readCategorySales reads the figures by category, and adds them up.
func readCategorySales(ctx context.Context, tx pgx.Tx, sales *boxoffice.Sales) error {
	rows, err := tx.Query(ctx, `
		SELECT t.category, min(t.price_minor), coalesce(sum(bt.price_minor) FILTER (WHERE t.state = 'sold'), 0)::bigint, `+seatCounts+`
		FROM tickets t LEFT JOIN booking_tickets bt ON bt.booking_id = t.booking_id AND bt.ticket_id = t.id
		WHERE t.event_id = $1 AND t.state <> 'withdrawn'
		GROUP BY t.category ORDER BY min(t.price_minor) DESC, t.category`, sales.EventID)
	if err != nil {
		return err
	}
	var c boxoffice.CategorySales
	targets := append([]any{&c.Category, &c.PriceMinor, &c.SoldMinor}, seatCountTargets(&c.Seats)...)
	_, err = pgx.ForEachRow(rows, targets, func() error {
		sales.Categories = append(sales.Categories, c)
		addSeats(&sales.Seats, c.Seats)
		sales.SoldMinor += c.SoldMinor
		return nil
	})
	return err
}

// readDaySales reads what was sold on which day.
func readDaySales(ctx context.Context, tx pgx.Tx, sales *boxoffice.Sales, zone string) error {
	rows, err := tx.Query(ctx, `
		SELECT to_char(p.settled_at AT TIME ZONE $2::text, 'YYYY-MM-DD') AS day, count(*), sum(bt.price_minor)::bigint
		FROM tickets t
		JOIN booking_tickets bt ON bt.booking_id = t.booking_id AND bt.ticket_id = t.id
		JOIN payments p ON p.booking_id = t.booking_id AND p.settled_as = 'sale'
		WHERE t.event_id = $1 AND t.state = 'sold'
		GROUP BY day ORDER BY day`, sales.EventID, zone)
	if err != nil {
		return err
	}
	sales.Days, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d boxoffice.DaySales, err error) {
		return d, row.Scan(&d.Day, &d.Seats, &d.SoldMinor)
	})
	return err
}

// guestLists is how many guest lists are read at once: a reader who is slow keeps a connection, of those that buyers need.
const guestLists = 2

// Guests reads an event's guests row by row. CodeUnavailable while as many others do as may, or when the reader takes
// longer than a minute.
func (s *Organizers) Guests(ctx context.Context, userID, eventID string, each func(boxoffice.Guest) error) error {
	leave, err := s.guests.enter(ctx, "")
	if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable {
		return unavailable(err, "Other guest lists are being written at this moment. Please try again.", 5*time.Second)
	}
	if err != nil {
		return err
	}
	defer leave()
	var told error // what each says is no error of the database
	err = s.snapshot(ctx, userID, eventID, func(ctx context.Context, tx pgx.Tx, e boxoffice.Event) error {
		rows, err := tx.Query(ctx, `
			SELECT b.reference, u.username, coalesce(m.recipient, b.email, u.email, ''), b.created_at, b.currency, t.id, t.event_id, t.section, t.row,
				t.number, t.category, bt.price_minor, t.accessible, t.state, t.held_until, t.booking_id, t.holder_id
			FROM tickets t
			JOIN booking_tickets bt ON bt.booking_id = t.booking_id AND bt.ticket_id = t.id
			JOIN bookings b ON b.id = t.booking_id
			JOIN users u ON u.id = b.user_id
			LEFT JOIN emails m ON m.dedupe_key = 'tickets:' || b.id
			WHERE t.event_id = $1 AND t.state = 'sold'
			ORDER BY t.section, length(t.row), t.row, t.number`, e.ID)
		if err != nil {
			return err
		}
		told, err = tellGuests(rows, each)
		return errors.Join(told, err)
	})
	if told != nil {
		return told
	}
	return err
}

// tellGuests calls each for every row. An error of each is told apart from one of the database.
func tellGuests(rows pgx.Rows, each func(boxoffice.Guest) error) (told, err error) {
	defer rows.Close()
	for rows.Next() {
		var g boxoffice.Guest
		targets, finish := ticketTargets(&g.Ticket)
		if err := rows.Scan(append([]any{&g.Reference, &g.Username, &g.Email, &g.BookedAt, &g.Currency}, targets...)...); err != nil {
			return nil, err
		}
		finish()
		g.BookedAt = g.BookedAt.UTC()
		if told = each(g); told != nil {
			return told, nil
		}
	}
	return nil, rows.Err()
}
