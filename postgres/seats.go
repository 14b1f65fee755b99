package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bookings is the store of bookings, their seats and their money.
type Bookings struct {
	db    *DB
	rules boxoffice.HoldRules
}

var (
	_ boxoffice.BookingStore = (*Bookings)(nil)
	_ boxoffice.EmailStore   = (*Bookings)(nil)
)

// Bookings gives the store of bookings under the rules.
func (db *DB) Bookings(rules boxoffice.HoldRules) *Bookings { return &Bookings{db: db, rules: rules} }

// HoldSeats takes seats for a new booking: the one place where a seat changes hands. It locks the buyer, then the seats
// in the order of their IDs, so that two buyers never wait for each other in a circle; judges every seat under its lock;
// and takes all or none. Nothing that other buyers need is written, so buyers of one event queue only for the same seats.
//
// Locks are first tried for. Who has to wait for them does so in the event's lane, or one transaction that sits on an
// event's rows would soon have every connection of the pool wait for it, and with them the buyers of all other events.
func (s *Bookings) HoldSeats(ctx context.Context, req boxoffice.HoldRequest) (boxoffice.Booking, boxoffice.BookingRef, bool, error) {
	ids, err := s.checkTicketIDs(req.TicketIDs)
	if err != nil {
		return boxoffice.Booking{}, boxoffice.BookingRef{}, false, err
	}
	var booking boxoffice.Booking
	var ref boxoffice.BookingRef
	var fresh bool
	var w wanted
	err = s.inLane(ctx, func(locked string) (err error) {
		booking, ref, w, fresh, err = s.hold(ctx, req, ids, locked)
		return err
	})
	return booking, ref, fresh, s.offerOthers(ctx, err, w)
}

// inLane tries an act on seats without waiting for locks, and, where somebody has one of them, waits in the event's lane.
func (s *Bookings) inLane(ctx context.Context, act func(locked string) error) error {
	err := act(skipLocked)
	locked, wait := errors.AsType[seatsLocked](err)
	if !wait {
		return err
	}
	leave, err := s.db.lanes.enter(ctx, locked.eventID)
	if err != nil {
		return err
	}
	defer leave()
	return act(waitLocked)
}

// What a hold does about a seat's row that another transaction has locked.
const (
	waitLocked = ""
	skipLocked = " SKIP LOCKED" // and gives seatsLocked: nothing is decided from rows that are missing
)

// seatsLocked is why a hold is not decided yet.
type seatsLocked struct{ eventID string }

func (e seatsLocked) Error() string {
	return "another transaction has seats of event " + e.eventID + " locked"
}

// isLocked reports whether an act failed because somebody has seats locked.
func isLocked(err error) bool {
	_, locked := errors.AsType[seatsLocked](err)
	return locked
}

// hold is HoldSeats in one transaction, of four round trips: who holds seats in a rush waits for a connection longer than for all
// else. The key is claimed in the one that locks, and answered in the one that takes.
func (s *Bookings) hold(
	ctx context.Context, req boxoffice.HoldRequest, ids []string, locked string,
) (booking boxoffice.Booking, ref boxoffice.BookingRef, w wanted, fresh bool, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		w, err = s.lockWanted(ctx, tx, wanted{userID: req.UserID, accessible: req.Accessible, key: req.Key}, ids, locked)
		if errors.Is(err, errKeyTaken) {
			fresh = false
			booking, err = earlierAnswer[boxoffice.Booking](ctx, tx, req.Key)
			return err
		}
		if err != nil {
			return err
		}
		if err := s.refuseOrphans(ctx, tx, w.event, w.tickets, nil); err != nil {
			return err
		}
		fresh, ref = true, w.ref()
		booking, err = s.takeSeats(ctx, tx, w)
		return err
	})
	return booking, refOf(ref, booking), w, fresh, err
}

// refOf completes what the booking's run is started with.
func refOf(ref boxoffice.BookingRef, b boxoffice.Booking) boxoffice.BookingRef {
	ref.BookingID, ref.Reference, ref.EventID, ref.UserID, ref.Status = b.ID, b.Reference, b.EventID, b.UserID, b.Status
	return ref
}

// checkTicketIDs refuses what needs no database to be wrong, and gives the IDs in their canonical form, sorted.
func (s *Bookings) checkTicketIDs(ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, boxoffice.InvalidField("body", "Choose at least one seat.")
	}
	if len(ids) > s.rules.MaxSeats {
		return nil, boxoffice.InvalidField("body", "At most %d seats can be booked at once.", s.rules.MaxSeats)
	}
	sorted := make([]string, len(ids))
	for i, id := range ids {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, boxoffice.InvalidField("["+strconv.Itoa(i)+"]", "This is not a ticket ID.")
		}
		sorted[i] = parsed.String()
		if slices.Contains(sorted[:i], sorted[i]) {
			return nil, boxoffice.InvalidField("["+strconv.Itoa(i)+"]", "The same seat is named twice.")
		}
	}
	slices.Sort(sorted)
	return sorted, nil
}

// wanted is what a hold decides on, all of it read under the locks.
type wanted struct {
	userID     string
	key        *boxoffice.IdempotencyKey // claimed with the locks and answered with the booking; nil: its caller does that, or there is none
	accessible bool                      // somebody needs a place for a wheelchair
	event      wantedEvent
	tickets    []boxoffice.Ticket
	released   []release     // places for wheelchairs among them, where nobody needs one
	pause      time.Duration // until the buyer may hold again; 0: now
}

type wantedEvent struct {
	id, name, city, currency string
	fee                      int64 // of each ticket that costs something
	planHash                 []byte
	orphans                  boxoffice.OrphanRule
	starts                   time.Time // in the venue's zone
	now                      time.Time // once all locks were had
	onSale                   bool
}

// ref gives what the booking's run is started with, but for the booking's own ID.
func (w wanted) ref() boxoffice.BookingRef {
	ref := boxoffice.BookingRef{Summary: runSummary(len(w.tickets), w.event.name, w.event.city, w.event.starts)}
	for _, t := range w.tickets {
		ref.Seats = append(ref.Seats, t.Seat())
	}
	return ref
}

// maxSummary bounds a run's summary, in bytes, as Temporal's documentation asks.
const maxSummary = 200

// runSummary is the one line by which support recognises a booking in a list: "2 seats · Ghost · Chico · 27 Nov 19:30".
func runSummary(seats int, name, city string, starts time.Time) string {
	count := "1 seat"
	if seats != 1 {
		count = fmt.Sprintf("%d seats", seats)
	}
	tail := " · " + city + " · " + starts.Format("2 Jan 15:04")
	room := max(0, maxSummary-len(count)-len(" · ")-len(tail))
	for len(name) > room {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return count + " · " + name + tail
}

// lockWanted claims the key, locks the buyer and the seats, all in one round trip, and judges them. errKeyTaken where there is an
// answer under the key.
func (s *Bookings) lockWanted(ctx context.Context, tx pgx.Tx, w wanted, ids []string, locked string) (wanted, error) {
	var open []string
	var taken []bool
	batch := &pgx.Batch{}
	queueClaim(batch, w.key)
	batch.Queue(`SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, w.userID).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return boxoffice.Errorf(boxoffice.CodeUnauthenticated, "There is no such user.")
		}
		return nil
	})
	batch.Queue(`
		SELECT id FROM bookings
		WHERE user_id = $1 AND event_id = (SELECT event_id FROM tickets WHERE id = $2)
		  AND status = 'held' AND hold_expires_at > boxoffice_now()
		ORDER BY id`, w.userID, ids[0]).Query(func(rows pgx.Rows) (err error) {
		open, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	s.queueCoolDown(batch, &w)
	batch.Queue(`
		SELECT `+ticketColumns+`, NOT seat_is_free(t.state, t.held_until)
		FROM tickets t WHERE id = ANY ($1::text[]::uuid[])
		ORDER BY id FOR NO KEY UPDATE`+locked, ids).Query(func(rows pgx.Rows) (err error) {
		w.tickets, taken, err = collectJudged(rows)
		return err
	})
	batch.Queue(`
		SELECT e.id, e.name, v.city, e.currency, e.booking_fee_minor, e.plan_hash, e.orphan_rule, e.starts_at, v.time_zone, event_is_on_sale(e),
		       boxoffice_now()
		FROM events e JOIN venues v ON v.id = e.venue_id
		WHERE e.id = (SELECT event_id FROM tickets WHERE id = $1)`, ids[0]).Query(func(rows pgx.Rows) (err error) {
		w.event, err = collectWantedEvent(rows)
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return w, err
	}
	addFees(w.tickets, w.event.fee)
	if locked == skipLocked && len(w.tickets) < len(ids) {
		return w, inDemand(seatsLocked{w.event.id})
	}
	return w, s.judge(ctx, tx, &w, ids, open, taken)
}

// addFees gives each of the tickets the fee that it has where the booking fee is fee.
func addFees(tickets []boxoffice.Ticket, fee int64) {
	for i := range tickets {
		tickets[i].FeeMinor = boxoffice.TicketFee(tickets[i].PriceMinor, fee)
	}
}

// queueCoolDown asks how long a buyer must pause who let go of many holds lately: seats that are held over and over, and
// never paid, are out of everybody else's reach. Staff, who book for others, need not.
func (s *Bookings) queueCoolDown(batch *pgx.Batch, w *wanted) {
	if s.rules.MaxUnpaid == 0 {
		return
	}
	batch.Queue(`
		SELECT b.created_at + $2::interval - boxoffice_now()
		FROM bookings b JOIN users u ON u.id = b.user_id AND u.role NOT IN ('support', 'admin')
		WHERE b.user_id = $1 AND b.created_at > boxoffice_now() - $2::interval
		  AND (b.status IN ('expired', 'cancelled') OR b.status = 'held' AND b.hold_expires_at <= boxoffice_now())
		ORDER BY b.created_at DESC OFFSET $3 LIMIT 1`, w.userID, s.rules.UnpaidWindow, s.rules.MaxUnpaid-1).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&w.pause}, func() error { return nil })
		return err
	})
}

// judge says why the seats cannot be had, if so. The order matters: what is wrong with the request comes before what is
// wrong with its moment.
func (s *Bookings) judge(ctx context.Context, tx pgx.Tx, w *wanted, ids, open []string, taken []bool) error {
	if missing := missingTicket(w.tickets, ids); missing != "" {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no ticket %s.", missing)
	}
	for _, t := range w.tickets {
		if t.EventID != w.event.id {
			return boxoffice.InvalidField("body", "The seats belong to more than one event.")
		}
	}
	if !w.event.onSale {
		return boxoffice.Errorf(boxoffice.CodeNotOnSale, "This event is not on sale.")
	}
	if w.pause > 0 {
		e := boxoffice.Errorf(boxoffice.CodeRateLimited, "You have let go of %d bookings lately. Please pay for what you hold, or wait a while.", s.rules.MaxUnpaid)
		e.RetryAfter = w.pause
		return e
	}
	if err := w.refuseTaken(ctx, tx, taken); err != nil {
		return err
	}
	if len(open) >= s.rules.MaxOpenBookings {
		e := boxoffice.Errorf(boxoffice.CodeOpenBookingExists, "You already have an open booking of this event.")
		e.Link = open[0]
		return e
	}
	return nil
}

// takeSeats writes the booking and takes its seats, which are locked and free, in one round trip.
func (s *Bookings) takeSeats(ctx context.Context, tx pgx.Tx, w wanted) (boxoffice.Booking, error) {
	b, err := s.newBooking(w)
	if err != nil {
		return b, err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		INSERT INTO bookings (id, reference, user_id, event_id, amount_minor, currency, accessible, created_at, hold_expires_at, next_check_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8::timestamptz + interval '2 seconds')`,
		b.ID, b.Reference, b.UserID, b.EventID, b.Amount.Minor, b.Amount.Currency, w.accessible, b.CreatedAt, b.HoldExpiresAt)
	queueBooked(batch, b.ID, b.Tickets)
	batch.Queue(`
		UPDATE tickets SET state = 'held', booking_id = $1, held_until = $3
		WHERE id = ANY ($2::text[]::uuid[]) AND seat_is_free(state, held_until)`, b.ID, ticketIDs(b.Tickets), b.HoldExpiresAt.Add(s.rules.Grace),
	).Exec(func(taken pgconn.CommandTag) error { return tookAll(taken, b) })
	queueTimeline(batch, b.ID, "held", "buyer", map[string]any{"seats": len(b.Tickets)})
	queueReleases(batch, b.EventID, b.ID, w.released)
	if err := queueAnswer(batch, w.key, b); err != nil {
		return b, err
	}
	return b, tx.SendBatch(ctx, batch).Close()
}

// newBooking is a booking of the wanted seats as it is once they are taken.
func (s *Bookings) newBooking(w wanted) (boxoffice.Booking, error) {
	id, err := uuid.NewV7()
	b := boxoffice.Booking{
		ID: id.String(), Reference: newReference(), UserID: w.userID, EventID: w.event.id, Status: boxoffice.BookingHeld,
		Payment: boxoffice.PaymentNone, Amount: boxoffice.Money{Currency: w.event.currency}, Tickets: slices.Clone(w.tickets),
		CreatedAt: w.event.now, HoldExpiresAt: w.event.now.Add(s.rules.Duration),
	}
	for i := range b.Tickets {
		t := &b.Tickets[i]
		b.Amount.Minor += t.TotalMinor()
		t.State, t.BookingID, t.HeldUntil = boxoffice.SeatHeld, b.ID, b.HoldExpiresAt.Add(s.rules.Grace)
	}
	return b, err
}

// queueBooked writes down that the booking has booked the tickets, each at its price of now and with its fee.
func queueBooked(batch *pgx.Batch, bookingID string, tickets []boxoffice.Ticket) {
	fees := make([]int64, len(tickets))
	for i, t := range tickets {
		fees[i] = t.FeeMinor
	}
	batch.Queue(`
		INSERT INTO booking_tickets (booking_id, ticket_id, price_minor, fee_minor)
		SELECT $1, t.id, t.price_minor, f.fee
		FROM tickets t JOIN unnest($2::text[]::uuid[], $3::bigint[]) AS f (id, fee) ON f.id = t.id
		WHERE t.id = ANY ($2::text[]::uuid[])`, bookingID, ticketIDs(tickets), fees)
}

// tookAll checks that every seat was taken. The rows are locked and were free, so fewer is a fault of ours.
func tookAll(taken pgconn.CommandTag, b boxoffice.Booking) error {
	if int(taken.RowsAffected()) != len(b.Tickets) {
		return boxoffice.Errorf(boxoffice.CodeInternal, "took %d of %d free seats", taken.RowsAffected(), len(b.Tickets))
	}
	return nil
}

// referenceAlphabet is Crockford's base 32: no I, L, O, U, which people misread.
const referenceAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReference makes a booking reference of 40 random bits. It is no secret and admits to nothing; a rare twin is refused
// by the table and the transaction tried again.
func newReference() string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	for i, b := range raw {
		raw[i] = referenceAlphabet[b%32]
	}
	return string(raw)
}
