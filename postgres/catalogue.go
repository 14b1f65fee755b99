package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Catalogue reads what is on.
type Catalogue struct{ db *DB }

var _ boxoffice.Catalogue = (*Catalogue)(nil)

// Catalogue gives the store of what is on.
func (db *DB) Catalogue() *Catalogue { return &Catalogue{db: db} }

// Bounds of an answer.
const (
	maxEventsPage  = 100
	maxTicketsPage = 1000
	maxShowtimes   = 500
)

// Events lists events that are on sale, or will be, in the order of their starts: those that have not ended, or with From
// all that start from then on, those among them that are over too. CodeInvalid on a cursor that is none, and on a filter
// or limit that cannot be. Times are in UTC. A page costs two statements.
func (s *Catalogue) Events(ctx context.Context, f boxoffice.EventFilter) (boxoffice.EventPage, error) {
	conditions, err := eventConditions(f)
	if err != nil {
		return boxoffice.EventPage{}, err
	}
	var page boxoffice.EventPage
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		// One more than the page holds tells whether there is another.
		page.Events, err = readEvents(ctx, conn, conditions, f.Limit+1)
		if err != nil {
			return err
		}
		if len(page.Events) > f.Limit {
			page.Events = page.Events[:f.Limit]
			last := page.Events[f.Limit-1]
			page.Next = eventCursor{last.StartsAt, last.ID}.String()
		}
		return countFree(ctx, conn, page.Events)
	})
	return page, err
}

// conditions are what a query's WHERE joins with AND, and the arguments that they name.
type conditions struct {
	sql  string
	args []any
}

// add appends a condition, in which each ? stands for the next argument.
func (c *conditions) add(sql string, args ...any) {
	c.args = append(c.args, args...)
	if c.sql != "" {
		c.sql += " AND "
	}
	c.sql += numberParameters(sql, len(c.args)-len(args))
}

// numberParameters turns each ? into the next $n after the given number.
func numberParameters(sql string, after int) string {
	numbered := make([]byte, 0, len(sql)+8)
	for i := range len(sql) {
		if sql[i] != '?' {
			numbered = append(numbered, sql[i])
			continue
		}
		after++
		numbered = strconv.AppendInt(append(numbered, '$'), int64(after), 10)
	}
	return string(numbered)
}

// eventConditions turns a filter into SQL; what the client sent goes into arguments only.
func eventConditions(f boxoffice.EventFilter) (conditions, error) {
	var c conditions
	if f.Limit < 1 || f.Limit > maxEventsPage {
		return c, boxoffice.InvalidField("limit", "A page has between 1 and %d events.", maxEventsPage)
	}
	after, err := parseEventCursor(f.Cursor)
	if err != nil {
		return c, err
	}
	if f.From.IsZero() {
		c.add("e.status = 'on_sale' AND e.ends_at > boxoffice_now()")
	} else {
		c.add("e.status IN ('on_sale', 'past') AND e.starts_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		c.add("e.starts_at < ?", f.To)
	}
	if f.TitleID != "" {
		id, err := uuid.Parse(f.TitleID)
		if err != nil {
			return c, boxoffice.InvalidField("title", "This is not a title's ID.")
		}
		c.add("e.title_id = ?", id.String())
	}
	if f.City != "" {
		if !storable(f.City) {
			return c, boxoffice.InvalidField("city", "This is no text.")
		}
		// "Springfield" and "Springfield, IL"
		c.add("e.venue_id IN (SELECT id FROM venues WHERE lower(city) = lower(?) OR lower(city || ', ' || state) = lower(?))",
			f.City, f.City)
	}
	if f.Cursor != "" {
		c.add("(e.starts_at, e.id) > (?, ?)", after.starts, after.id)
	}
	return c, nil
}

// TitleShowtimes gives a title and its events on sale that have not ended, at most 500 in the order of time. CodeNotFound.
func (s *Catalogue) TitleShowtimes(ctx context.Context, titleID string) (boxoffice.TitleShowtimes, error) {
	var show boxoffice.TitleShowtimes
	id, err := uuid.Parse(titleID)
	if err != nil {
		return show, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such title.")
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT `+titleColumns+` FROM titles t WHERE t.id = $1`, id.String())
		if err != nil {
			return err
		}
		if show.Title, err = pgx.CollectExactlyOneRow(rows, scanTitle); err != nil {
			return err
		}
		var c conditions
		c.add("e.status = 'on_sale' AND e.ends_at > boxoffice_now()")
		c.add("e.title_id = ?", show.Title.ID)
		if show.Events, err = readEvents(ctx, conn, c, maxShowtimes); err != nil {
			return err
		}
		return countFree(ctx, conn, show.Events)
	})
	return show, err
}

// SeatPlan gives a plan by its hash, whose venues may be several. CodeNotFound. It is the plan that was stored, though its members may stand in
// another order: who wants to check the hash brings it into its canonical form first.
func (s *Catalogue) SeatPlan(ctx context.Context, hash string) (json.RawMessage, error) {
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != 32 {
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such seat plan.")
	}
	var plan json.RawMessage
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT plan FROM seat_plans WHERE hash = $1 LIMIT 1`, raw).Scan(&plan)
	})
	return plan, err
}

// eventQuery reads what scanEvent does; the conditions on e and v follow it.
const eventQuery = `
	SELECT e.id, e.owner_id, e.title_id, e.name, e.type, e.plan_hash, e.starts_at, e.ends_at, e.sales_open_at,
		e.sales_close_at, e.status, e.currency, coalesce(e.refund_hours, 0), coalesce(e.refund_percent, 0), e.booking_fee_minor,
		e.orphan_rule, e.price_from_minor, e.seats,
		v.id, coalesce(v.owner_id::text, ''), v.name, v.city, v.state, v.time_zone, v.lat, v.lon
	FROM events e JOIN venues v ON v.id = e.venue_id
	WHERE `

// readEvents reads events with their venues in the order of time, without Available.
func readEvents(ctx context.Context, q querier, c conditions, limit int) ([]boxoffice.Event, error) {
	rows, err := q.Query(ctx, eventQuery+c.sql+` ORDER BY e.starts_at, e.id LIMIT `+strconv.Itoa(limit), c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanEvent)
}

func scanEvent(row pgx.CollectableRow) (boxoffice.Event, error) {
	var e boxoffice.Event
	var hash []byte
	v := &e.Venue
	err := row.Scan(&e.ID, &e.OwnerID, &e.TitleID, &e.Name, &e.Type, &hash, &e.StartsAt, &e.EndsAt, &e.SalesOpenAt,
		&e.SalesCloseAt, &e.Status, &e.Currency, &e.Refund.Hours, &e.Refund.Percent, &e.BookingFeeMinor,
		&e.Orphans, &e.PriceFromMinor, &e.Total,
		&v.ID, &v.OwnerID, &v.Name, &v.City, &v.State, &v.TimeZone, &v.Lat, &v.Lon)
	e.PlanHash = hex.EncodeToString(hash)
	e.PriceFromMinor += boxoffice.TicketFee(e.PriceFromMinor, e.BookingFeeMinor)
	for _, at := range []*time.Time{&e.StartsAt, &e.EndsAt, &e.SalesOpenAt, &e.SalesCloseAt} {
		*at = at.UTC()
	}
	return e, err
}

// countFree sets Available of the events by one statement that looks at each of their seats.
func countFree(ctx context.Context, q querier, events []boxoffice.Event) error {
	at := make(map[string]*boxoffice.Event, len(events))
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
		at[ids[i]] = &events[i]
	}
	rows, err := q.Query(ctx, `
		SELECT event_id, count(*) FROM tickets
		WHERE event_id = ANY ($1::text[]::uuid[]) AND seat_is_free(state, held_until)
		GROUP BY event_id`, ids)
	if err != nil {
		return err
	}
	var id string
	var free int
	_, err = pgx.ForEachRow(rows, []any{&id, &free}, func() error {
		at[id].Available = free
		return nil
	})
	return err
}
