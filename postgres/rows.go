package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// querier is what both a transaction and a connection can do.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// ticketColumns are those that scanTicket reads, of a table called t.
const ticketColumns = `t.id, t.event_id, t.section, t.row, t.number, t.category, t.price_minor, t.accessible, t.state,
	t.held_until, t.booking_id, t.holder_id`

// ticketTargets gives the places that ticketColumns are scanned into, and a function that finishes the ticket.
func ticketTargets(t *boxoffice.Ticket) (targets []any, finish func()) {
	var until *time.Time
	var booking, holder *string
	return []any{
			&t.ID, &t.EventID, &t.Section, &t.Row, &t.Number, &t.Category, &t.PriceMinor, &t.Accessible, &t.State,
			&infiniteTime{&until}, &booking, &holder,
		}, func() {
			t.HeldUntil, t.BookingID, t.HolderID = deref(until), deref(booking), deref(holder)
		}
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// infiniteTime scans a timestamp that may be NULL or infinity; infinity becomes the year 9999.
type infiniteTime struct{ to **time.Time }

// ScanTimestamptz takes pgx's value.
func (t *infiniteTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	switch {
	case !v.Valid:
		*t.to = nil
	case v.InfinityModifier != 0:
		end := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
		*t.to = &end
	default:
		at := v.Time.UTC()
		*t.to = &at
	}
	return nil
}

// collectJudged reads tickets followed by the judgement whether each is taken.
func collectJudged(rows pgx.Rows) (tickets []boxoffice.Ticket, taken []bool, err error) {
	for rows.Next() {
		var t boxoffice.Ticket
		var isTaken bool
		targets, finish := ticketTargets(&t)
		if err := rows.Scan(append(targets, &isTaken)...); err != nil {
			return nil, nil, err
		}
		finish()
		tickets, taken = append(tickets, t), append(taken, isTaken)
	}
	return tickets, taken, rows.Err()
}

// affects refuses a statement that did not change as many seats as are locked: that would be a fault of ours.
func affects(done string, seats int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if n := int(tag.RowsAffected()); n != seats {
			return boxoffice.Errorf(boxoffice.CodeInternal, "%s %d of %d locked seats", done, n, seats)
		}
		return nil
	}
}

// collectWantedEvent reads at most one event; none leaves it zero.
func collectWantedEvent(rows pgx.Rows) (e wantedEvent, err error) {
	for rows.Next() {
		var zone string
		if err := rows.Scan(&e.id, &e.name, &e.city, &e.currency, &e.fee, &e.planHash, &e.orphans, &e.starts, &zone, &e.onSale, &e.now); err != nil {
			return e, err
		}
		location, err := time.LoadLocation(zone)
		if err != nil {
			return e, fmt.Errorf("venue's time zone: %w", err)
		}
		e.starts = e.starts.In(location)
	}
	return e, rows.Err()
}

// queueTimeline adds a line to the booking's history. Details hold IDs and numbers, nothing personal.
func queueTimeline(batch *pgx.Batch, bookingID, what, actor string, details map[string]any) {
	batch.Queue(timelineSQL, bookingID, what, actor, jsonOrNull(details))
}

const timelineSQL = `INSERT INTO booking_timeline (booking_id, what, actor, details) VALUES ($1, $2, $3, $4)`

func addTimeline(ctx context.Context, tx pgx.Tx, bookingID, what, actor string, details map[string]any) error {
	_, err := tx.Exec(ctx, timelineSQL, bookingID, what, actor, jsonOrNull(details))
	return err
}

func jsonOrNull(details map[string]any) json.RawMessage {
	if len(details) == 0 {
		return nil
	}
	raw, err := json.Marshal(details)
	if err != nil { // strings and numbers only: cannot happen, and must not stop a sale
		return json.RawMessage(`{"error":"details could not be written"}`)
	}
	return raw
}
