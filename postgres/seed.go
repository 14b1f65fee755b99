package postgres

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SeedSource is a catalogue to be stored: events in a fixed order, with what they refer to.
type SeedSource interface {
	// Len is the number of events.
	Len() int
	// Event gives the i-th event, its venue included, and its tickets. Both have their IDs already.
	Event(i int) (boxoffice.Event, []boxoffice.Ticket)
	// Title gives the title of an event with its score and number of votes, where 0 is unknown.
	Title(id string) (title boxoffice.Title, score float64, votes int)
	// SeatPlan gives the JSON of the plan that an event was made from, by its hash.
	SeatPlan(hash string) (json.RawMessage, error)
}

// A batch of a seed is one transaction: large enough that its commit costs little, small enough to be done in a second and
// to take some 10 MB. An arena's event ends its batch.
const (
	seedBatchEvents  = 50
	seedBatchTickets = 20_000
)

// seedPatience bounds a transaction of a seed. A batch on a busy machine, or one that waits for the same batch of another
// seed, takes longer than what a buyer may be made to wait.
const seedPatience = 2 * time.Minute

// Seed stores a catalogue with its tickets and queues its events for the search index. What is there already, by its ID,
// is left as it is, so an interrupted seed is resumed by running it again, and several may run at once. progress, if
// given, is told after each batch how many events are stored. The owner of the events must exist. It costs about 25 µs a
// ticket, and the same memory for a million events as for a thousand.
func (db *DB) Seed(ctx context.Context, source SeedSource, progress func(done, total int)) error {
	s := seeder{db: db, source: source, stored: map[string]bool{}}
	total := source.Len()
	for done := 0; done < total; {
		batch := readSeedBatch(source, done)
		if err := s.store(ctx, batch); err != nil {
			return fmt.Errorf("store the events %d to %d of %d: %w", done+1, done+len(batch.events), total, err)
		}
		done += len(batch.events)
		if progress != nil {
			progress(done, total)
		}
	}
	return db.analyzeCatalogue(ctx)
}

// seeder is a seed under way.
type seeder struct {
	db     *DB
	source SeedSource
	stored map[string]bool // titles, venues and plans of venues that are there for sure, by ID, and hash
}

// seedBatch are events with their tickets, by event.
type seedBatch struct {
	events  []boxoffice.Event
	tickets [][]boxoffice.Ticket
}

func readSeedBatch(source SeedSource, from int) seedBatch {
	var b seedBatch
	for i, tickets := from, 0; i < source.Len() && len(b.events) < seedBatchEvents && tickets < seedBatchTickets; i++ {
		event, seats := source.Event(i)
		b.events, b.tickets = append(b.events, event), append(b.tickets, seats)
		tickets += len(seats)
	}
	return b
}

func (s *seeder) store(ctx context.Context, b seedBatch) error {
	var named []string
	err := s.db.inSeedTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var fresh []int
		var err error
		if fresh, named, err = s.insertEvents(ctx, tx, b.events); err != nil {
			return err
		}
		if err := copySeedTickets(ctx, tx, b, fresh); err != nil {
			return err
		}
		ids := make([]string, len(fresh))
		for n, i := range fresh {
			ids[n] = b.events[i].ID
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO search_outbox (event_id) SELECT id FROM unnest($1::text[]::uuid[]) WITH ORDINALITY AS e (id, n) ORDER BY n`, ids)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range named {
		s.stored[id] = true
	}
	return nil
}

// insertEvents stores events and what they refer to, in one round trip, and gives the indexes of those that are new, and
// what it named for the first time. An event that another seed is storing at the same time is waited for.
func (s *seeder) insertEvents(ctx context.Context, tx pgx.Tx, events []boxoffice.Event) (fresh []int, named []string, err error) {
	batch := &pgx.Batch{}
	first := func(id string) bool {
		if s.stored[id] || slices.Contains(named, id) {
			return false
		}
		named = append(named, id)
		return true
	}
	for i, e := range events {
		hash, err := hex.DecodeString(e.PlanHash)
		if err != nil {
			return nil, nil, fmt.Errorf("plan of event %s: %w", e.ID, err)
		}
		if first(e.TitleID) {
			queueSeedTitle(batch, s.source, e.TitleID)
		}
		if first(e.Venue.ID) {
			queueSeedVenue(batch, e.Venue)
		}
		if first(e.Venue.ID + " " + e.PlanHash) {
			if err := queueSeedPlan(batch, s.source, e, hash); err != nil {
				return nil, nil, err
			}
		}
		queueSeedEvent(batch, e, hash, func() { fresh = append(fresh, i) })
	}
	err = tx.SendBatch(ctx, batch).Close() // which fills fresh
	return fresh, named, err
}

func queueSeedTitle(batch *pgx.Batch, source SeedSource, id string) {
	t, score, votes := source.Title(id)
	batch.Queue(`
		INSERT INTO titles (id, name, kind, year, runtime_minutes, genre, rating, director, score, votes)
		VALUES ($1, $2, $3, nullif($4::smallint, 0), nullif($5::smallint, 0), nullif($6, ''), nullif($7, ''), nullif($8, ''),
			nullif($9::real, 0), nullif($10::integer, 0))
		ON CONFLICT (id) DO NOTHING`,
		id, t.Name, t.Kind, t.Year, t.RuntimeMinutes, t.Genre, t.Rating, t.Director, score, votes)
}

func queueSeedVenue(batch *pgx.Batch, v boxoffice.Venue) {
	batch.Queue(`
		INSERT INTO venues (id, name, city, state, lat, lon, time_zone) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`, v.ID, v.Name, v.City, v.State, v.Lat, v.Lon, v.TimeZone)
}

// queueSeedPlan adds the plan as the venue's next version.
func queueSeedPlan(batch *pgx.Batch, source SeedSource, e boxoffice.Event, hash []byte) error {
	plan, err := source.SeatPlan(e.PlanHash)
	if err != nil {
		return err
	}
	batch.Queue(`
		INSERT INTO seat_plans (hash, venue_id, version, plan, name, seats, categories)
		SELECT $1, $2, coalesce(max(version), 0) + 1, $3, coalesce($3::jsonb->>'name', ''), $4,
			ARRAY(SELECT jsonb_array_elements_text($3::jsonb->'categories'))
		FROM seat_plans WHERE venue_id = $2
		ON CONFLICT (venue_id, hash) DO NOTHING`, hash, e.Venue.ID, plan, e.Total)
	return nil
}

func queueSeedEvent(batch *pgx.Batch, e boxoffice.Event, hash []byte, fresh func()) {
	hours, percent := refundColumns(e.Refund)
	lowest := e.PriceFromMinor - boxoffice.TicketFee(e.PriceFromMinor, e.BookingFeeMinor)
	batch.Queue(`
		INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor, refund_hours, refund_percent, booking_fee_minor,
			orphan_rule)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (id) DO NOTHING`,
		e.ID, e.OwnerID, e.TitleID, e.Venue.ID, hash, e.Name, e.Type, e.StartsAt, e.EndsAt, e.SalesOpenAt, e.SalesCloseAt,
		e.Status, e.Currency, e.Total, lowest, hours, percent, e.BookingFeeMinor, cmp.Or(e.Orphans, boxoffice.OrphansWarn)).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 1 {
			fresh()
		}
		return nil
	})
}

// copySeedTickets stores the tickets of new events.
func copySeedTickets(ctx context.Context, tx pgx.Tx, b seedBatch, fresh []int) error {
	event, seat := 0, 0
	return copyTickets(ctx, tx, func() *boxoffice.Ticket {
		for event < len(fresh) && seat == len(b.tickets[fresh[event]]) {
			event, seat = event+1, 0
		}
		if event == len(fresh) {
			return nil
		}
		seat++
		return &b.tickets[fresh[event]][seat-1]
	})
}

// copyTickets stores available tickets, as next gives them until it gives nil.
func copyTickets(ctx context.Context, tx pgx.Tx, next func() *boxoffice.Ticket) error {
	columns := []string{"id", "event_id", "section", "row", "number", "category", "price_minor", "accessible"}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"tickets"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		t := next()
		if t == nil {
			return nil, nil // the end
		}
		id, err := uuid.Parse(t.ID)
		if err != nil {
			return nil, err
		}
		eventID, err := uuid.Parse(t.EventID)
		if err != nil {
			return nil, err
		}
		return []any{[16]byte(id), [16]byte(eventID), t.Section, t.Row, t.Number, t.Category, t.PriceMinor, t.Accessible}, nil
	}))
	return err
}

// analyzeCatalogue tells the planner what has come, which else it learns only after a minute.
func (db *DB) analyzeCatalogue(ctx context.Context) error {
	return db.inSeedTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `ANALYZE titles, venues, seat_plans, events, tickets`)
		return err
	})
}

// inSeedTx is inTx with the patience of a seed.
func (db *DB) inSeedTx(ctx context.Context, act func(ctx context.Context, tx pgx.Tx) error) error {
	return db.inLongTx(ctx, seedPatience, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, milliseconds(seedPatience)); err != nil {
			return err
		}
		return act(ctx, tx)
	})
}
