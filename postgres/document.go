package postgres

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/boxoffice/boxoffice"
)

// readDocument reads all that the ticket files of a booking show: those seats that have a valid admission.
func readDocument(ctx context.Context, q querier, bookingID string) (boxoffice.TicketDocument, error) {
	var doc boxoffice.TicketDocument
	e, title, v := &doc.Event, &doc.Title, &doc.Event.Venue
	var hash []byte
	var year, runtime *int
	err := q.QueryRow(ctx, `
		SELECT b.id, b.reference, u.username, b.amount_minor - (SELECT coalesce(sum(bt.price_minor + bt.fee_minor), 0)
		           FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NOT NULL), b.currency,
		       e.id, e.owner_id, e.title_id, e.name, e.type, e.plan_hash, e.starts_at, e.ends_at, e.sales_open_at,
		       e.sales_close_at, e.status, e.currency, e.booking_fee_minor, e.price_from_minor, e.seats,
		       t.id, t.name, t.kind, t.year, t.runtime_minutes, coalesce(t.genre, ''), coalesce(t.rating, ''), coalesce(t.director, ''),
		       v.id, v.name, v.city, v.state, v.time_zone, v.lat, v.lon
		FROM bookings b JOIN users u ON u.id = b.user_id JOIN events e ON e.id = b.event_id
		JOIN titles t ON t.id = e.title_id JOIN venues v ON v.id = e.venue_id WHERE b.id = $1`, bookingID).Scan(
		&doc.BookingID, &doc.Reference, &doc.HolderName, &doc.Paid.Minor, &doc.Paid.Currency,
		&e.ID, &e.OwnerID, &e.TitleID, &e.Name, &e.Type, &hash, &e.StartsAt, &e.EndsAt, &e.SalesOpenAt,
		&e.SalesCloseAt, &e.Status, &e.Currency, &e.BookingFeeMinor, &e.PriceFromMinor, &e.Total,
		&title.ID, &title.Name, &title.Kind, &year, &runtime, &title.Genre, &title.Rating, &title.Director,
		&v.ID, &v.Name, &v.City, &v.State, &v.TimeZone, &v.Lat, &v.Lon)
	if err != nil {
		return doc, err
	}
	e.PriceFromMinor += boxoffice.TicketFee(e.PriceFromMinor, e.BookingFeeMinor)
	title.Year, title.RuntimeMinutes, e.PlanHash = deref(year), deref(runtime), hex.EncodeToString(hash)
	doc.Seats, doc.IssuedAt, err = readPages(ctx, q, bookingID)
	return doc, err
}

// readPages reads a booking's valid admissions with their seats; issued is when the last of them was made.
func readPages(ctx context.Context, q querier, bookingID string) (pages []boxoffice.TicketPage, issued time.Time, err error) {
	rows, err := q.Query(ctx, `
		SELECT a.id, a.issued_at, bt.fee_minor, bt.discount_minor, t.id, t.event_id, t.section, t.row, t.number, t.category, bt.price_minor, t.accessible,
		       t.state, t.held_until, t.booking_id, t.holder_id
		FROM admissions a
		JOIN booking_tickets bt ON bt.booking_id = a.booking_id AND bt.ticket_id = a.ticket_id
		JOIN tickets t ON t.id = a.ticket_id
		WHERE a.booking_id = $1 AND a.voided_at IS NULL
		ORDER BY t.section, length(t.row), t.row, t.number`, bookingID)
	if err != nil {
		return nil, issued, err
	}
	defer rows.Close()
	for rows.Next() {
		var p boxoffice.TicketPage
		targets, finish := ticketTargets(&p.Ticket)
		if err := rows.Scan(append([]any{&p.Admission.ID, &p.Admission.IssuedAt, &p.Ticket.FeeMinor, &p.Ticket.DiscountMinor}, targets...)...); err != nil {
			return nil, issued, err
		}
		finish()
		p.Admission.TicketID = p.Ticket.ID
		if p.Admission.IssuedAt.After(issued) {
			issued = p.Admission.IssuedAt.UTC()
		}
		pages = append(pages, p)
	}
	return pages, issued, rows.Err()
}
