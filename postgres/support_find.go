package postgres

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// sought is how bookings are looked for: by what, the query that gives their IDs, and its parameters from $4 on.
type sought struct {
	by   string // for the audit log, which must not hold the address itself
	sql  string
	args []any
}

// The ways to look for bookings. Each goes by indexes alone.
const (
	findByID   = `SELECT id FROM bookings WHERE id = $4::uuid`
	findByName = `SELECT id FROM bookings WHERE reference = upper($4)
		UNION SELECT b.id FROM users u JOIN bookings b ON b.user_id = u.id WHERE lower(u.username) = lower($4)`
	findByEmail = `SELECT b.id FROM users u JOIN bookings b ON b.user_id = u.id WHERE lower(u.email) = lower($4)
		UNION SELECT id FROM bookings WHERE lower(email) = lower($4)
		UNION SELECT booking_id FROM emails WHERE lower(recipient) = lower($4)`
	findByPayment = `SELECT booking_id AS id FROM payments WHERE payment_intent = $4
		UNION SELECT booking_id FROM payment_attempts WHERE session_id = $4
		UNION SELECT p.booking_id FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.provider_id = $4`
	findBySeat = `SELECT bt.booking_id AS id FROM tickets t JOIN booking_tickets bt ON bt.ticket_id = t.id
		WHERE t.event_id = $4::uuid AND t.number = $5
			AND (lower(t.section) = lower($6) AND lower(t.row) = lower($7) OR lower(t.section) = lower($8) AND t.row = '')`
)

var (
	ofProvider = regexp.MustCompile(`^(pi|cs|re)_[\w-]+$`)
	seatBreaks = regexp.MustCompile(`\s*[,/]\s*`)
	seatWords  = regexp.MustCompile(`(?i)\b(row|seat|place)\s`)
)

var errNoSeat = boxoffice.InvalidField("q", "A seat is told by section, row and number: Stalls A 12, or Stalls, row A, seat 12.")

// readSought tells by its shape what a text is. CodeInvalid.
func readSought(q boxoffice.BookingQuery) (sought, error) {
	text := strings.TrimSpace(q.Text)
	if id, rest, found := cutSeat(text); found && q.EventID == "" {
		return soughtSeat(id, rest)
	}
	id, err := uuid.Parse(text)
	switch {
	case text == "":
		return sought{}, boxoffice.InvalidField("q", "This must say what you know of the booking.")
	case q.EventID != "":
		return soughtSeat(q.EventID, text)
	case err == nil:
		return sought{"ID", findByID, []any{id.String()}}, nil
	case strings.Contains(text, "@"):
		return sought{"e-mail address", findByEmail, []any{text}}, nil
	case ofProvider.MatchString(text):
		return sought{"payment", findByPayment, []any{text}}, nil
	}
	return sought{"reference or username", findByName, []any{text}}, nil
}

// cutSeat reads an event's ID with a seat behind it.
func cutSeat(text string) (eventID, seat string, found bool) {
	at := strings.IndexAny(text, " ,/")
	if at < 0 {
		return "", "", false
	}
	id, err := uuid.Parse(text[:at])
	return id.String(), text[at+1:], err == nil
}

// soughtSeat reads a seat as it is printed ("Stalls, row A, seat 12"), or as people say it ("Stalls A 12", "Stalls/A/12"). Of
// words without breaks between them the one before the number may be the row or, where places have none, of the section.
func soughtSeat(eventID, text string) (sought, error) {
	parts := seatBreaks.Split(strings.TrimSpace(text), -1)
	if len(parts) == 1 {
		words := strings.Fields(seatWords.ReplaceAllString(text, " "))
		parts = words
		if n := len(words); n > 3 {
			parts = []string{strings.Join(words[:n-2], " "), words[n-2], words[n-1]}
		}
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(seatWords.ReplaceAllString(parts[i], ""))
	}
	last := len(parts) - 1
	if last != 1 && last != 2 {
		return sought{}, errNoSeat
	}
	number, err := strconv.ParseInt(parts[last], 10, 32)
	if err != nil {
		return sought{}, errNoSeat
	}
	row := ""
	if last == 2 {
		row = parts[1]
	}
	return sought{"seat", findBySeat, []any{eventID, number, parts[0], row, strings.TrimSpace(parts[0] + " " + row)}}, nil
}

// foundColumns are those that scanFound reads, of a booking b.
const foundColumns = `b.id, b.reference, b.status, b.amount_minor, b.currency, b.created_at, coalesce(b.email, ''), u.id, u.username, coalesce(u.email, ''),
	e.id, e.name, e.status, e.starts_at, v.id, v.name, v.city, v.state, v.time_zone, s.sections, s.rows, s.numbers`

const foundTables = `JOIN users u ON u.id = b.user_id JOIN events e ON e.id = b.event_id JOIN venues v ON v.id = e.venue_id
	CROSS JOIN LATERAL (
		SELECT array_agg(t.section ORDER BY t.id) AS sections, array_agg(t.row ORDER BY t.id) AS rows, array_agg(t.number ORDER BY t.id) AS numbers
		FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id WHERE bt.booking_id = b.id) s `

func scanFound(row pgx.CollectableRow) (boxoffice.FoundBooking, error) {
	var f boxoffice.FoundBooking
	var sections, rows []string
	var numbers []int
	err := row.Scan(&f.ID, &f.Reference, &f.Status, &f.Amount.Minor, &f.Amount.Currency, &f.CreatedAt, &f.Email, &f.Buyer.ID, &f.Buyer.Username, &f.Buyer.Email,
		&f.Event.ID, &f.Event.Name, &f.Event.Status, &f.Event.StartsAt, &f.Event.Venue.ID, &f.Event.Venue.Name, &f.Event.Venue.City, &f.Event.Venue.State,
		&f.Event.Venue.TimeZone, &sections, &rows, &numbers)
	for i, number := range numbers {
		f.Seats = append(f.Seats, boxoffice.SeatLabel(sections[i], rows[i], number))
	}
	return f, err
}

// FindBookings finds bookings by what support knows of them. The audit log keeps who looked by what, and which were found.
func (s *Bookings) FindBookings(ctx context.Context, reader boxoffice.User, q boxoffice.BookingQuery) (boxoffice.FoundBookings, error) {
	var page boxoffice.FoundBookings
	before, beforeID, err := parseBookingCursor(q.Cursor)
	if err != nil {
		return page, err
	}
	w, err := readSought(q)
	if err != nil {
		return page, err
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if page, err = findBookings(ctx, tx, w, before, beforeID, q.Limit); err != nil {
			return err
		}
		ids := make([]string, len(page.Bookings))
		for i, b := range page.Bookings {
			ids[i] = b.ID
		}
		return auditRead(ctx, tx, reader, "find", "bookings by "+w.by, map[string]any{"found": ids})
	})
	return page, err
}

func findBookings(ctx context.Context, tx pgx.Tx, w sought, before time.Time, beforeID string, limit int) (page boxoffice.FoundBookings, err error) {
	rows, err := tx.Query(ctx, findSQL(w), append([]any{before, beforeID, limit + 1}, w.args...)...)
	if err != nil {
		return page, err
	}
	if page.Bookings, err = pgx.CollectRows(rows, scanFound); err != nil {
		return page, err
	}
	if len(page.Bookings) > limit {
		page.Bookings = page.Bookings[:limit]
		last := page.Bookings[limit-1]
		page.Next = bookingCursor(last.CreatedAt, last.ID)
	}
	return page, nil
}

func findSQL(w sought) string {
	return `WITH found AS MATERIALIZED (` + w.sql + `) SELECT ` + foundColumns + ` FROM found JOIN bookings b ON b.id = found.id ` + foundTables + `
		WHERE (b.created_at, b.id) < ($1, $2::uuid) ORDER BY b.created_at DESC, b.id DESC LIMIT $3`
}
