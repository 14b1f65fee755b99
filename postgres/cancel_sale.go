package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// CancelSale gives tickets of a completed booking back. The booking's lock makes twins wait for each other, so the second
// finds the tickets given back. The provider is asked by the run, from the refund's row.
func (s *Bookings) CancelSale(ctx context.Context, c boxoffice.Cancellation) (boxoffice.Booking, error) {
	var b boxoffice.Booking
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		b, _, err = once(ctx, tx, c.Key, func() (b boxoffice.Booking, err error) {
			locked, err := lockOwnBooking(ctx, tx, c.UserID, c.BookingID)
			if err != nil {
				return b, err
			}
			back, err := judgeReturn(ctx, tx, locked, c)
			if err != nil {
				return b, err
			}
			if err := back.do(ctx, tx, c.Reason); err != nil {
				return b, err
			}
			return readBooking(ctx, tx, c.UserID, c.BookingID)
		})
		return err
	})
	return b, err
}

// QuoteCancellation judges as CancelSale does, and leaves it at that. Letting go of a hold costs nothing.
func (s *Bookings) QuoteCancellation(ctx context.Context, c boxoffice.Cancellation) (boxoffice.CancellationQuote, error) {
	var quote boxoffice.CancellationQuote
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockOwnBooking(ctx, tx, c.UserID, c.BookingID)
		if err != nil {
			return err
		}
		if b.status == boxoffice.BookingHeld && len(c.TicketIDs) == 0 {
			nothing := boxoffice.Money{Currency: b.amount.Currency}
			quote = boxoffice.CancellationQuote{Refund: nothing, Kept: nothing}
			return nil
		}
		back, err := judgeReturn(ctx, tx, b, c)
		quote = back.quote
		return err
	})
	return quote, err
}

// bookedSeat is a seat of a booking as it was sold.
type bookedSeat struct {
	ticketID, section, row string
	number                 int
	price, fee, discount   int64 // the discount is off the price already
	kept                   int64 // of one that was given back
	givenBack, admitted    bool
}

// returnTerms are on what terms seats go back, and in whose words.
type returnTerms struct {
	actor   string                      // "buyer", or who of the staff
	back    func(seat bookedSeat) int64 // of what was paid for the seat
	all     string                      // begins what the buyer is told where no seat remains,
	some    string                      // where some do, whose names follow,
	because string                      // and says why a share is kept
}

// seatReturn is a cancellation that was found allowed, under the booking's lock, by which nobody else changes its seats.
type seatReturn struct {
	booking   lockedBooking
	terms     returnTerms
	seats     []bookedSeat
	kept      []int64 // of each
	givenBack int     // seats of the booking, when this is done
	remaining int     // the same
	quote     boxoffice.CancellationQuote
}

// judgeReturn says why the buyer cannot give the tickets back, if so, and else what they come to.
func judgeReturn(ctx context.Context, tx pgx.Tx, b lockedBooking, c boxoffice.Cancellation) (seatReturn, error) {
	if b.status == boxoffice.BookingConfirmed {
		return seatReturn{}, errBeingMade
	}
	if err := isSold(b); err != nil {
		return seatReturn{}, err
	}
	policy, err := readPolicy(ctx, tx, b.eventID)
	if err != nil {
		return seatReturn{}, err
	}
	return chooseReturn(ctx, tx, b, c.TicketIDs, returnTerms{
		actor: "buyer", back: func(s bookedSeat) int64 { return policy.Back(s.price) },
		all: "You gave your tickets back", some: "You gave back ", because: ", as the event's terms say",
	})
}

var errBeingMade = boxoffice.Errorf(boxoffice.CodeNotReady, "The tickets are being made. Please try again in a moment.")

// isSold says why a booking has no seats that could go back, if so.
func isSold(b lockedBooking) error {
	switch b.status {
	case boxoffice.BookingCompleted, boxoffice.BookingConfirmed:
		return nil
	case boxoffice.BookingHeld:
		return boxoffice.InvalidField("ticket_ids", "This booking is not paid yet: it can only be cancelled as a whole, without naming tickets.")
	case boxoffice.BookingExpired, boxoffice.BookingCancelled, boxoffice.BookingRefunding, boxoffice.BookingRefunded:
	}
	return boxoffice.Errorf(boxoffice.CodeBookingClosed, "This booking is no longer open, so it cannot be let go.")
}

// chooseReturn gives what these tickets of a sale come to, or, with none, all that it still has.
func chooseReturn(ctx context.Context, tx pgx.Tx, b lockedBooking, ids []string, terms returnTerms) (seatReturn, error) {
	back := seatReturn{booking: b, terms: terms}
	booked, err := readBooked(ctx, tx, b.id)
	if err != nil {
		return back, err
	}
	if back.seats, err = chooseSeats(booked, ids); err != nil {
		return back, err
	}
	goodwill, err := goodwillOfSale(ctx, tx, b.id)
	back.count(booked, goodwill)
	return back, err
}

// goodwillOfSale gives what of a sale's payment went back although its tickets stay. CodeNotReady while it is not known what a
// part went back for: the same ticket must not be paid twice.
func goodwillOfSale(ctx context.Context, tx pgx.Tx, bookingID string) (goodwill int64, err error) {
	var undecided bool
	err = tx.QueryRow(ctx, `
		SELECT coalesce(sum(goodwill_minor), 0), coalesce(bool_or(EXISTS (SELECT FROM refunds r WHERE r.payment_id = p.id AND r.undecided_minor > 0)), false)
		FROM payments p WHERE p.booking_id = $1 AND p.settled_as = 'sale'`, bookingID).Scan(&goodwill, &undecided)
	if err == nil && undecided {
		err = boxoffice.Errorf(boxoffice.CodeNotReady, "Our staff are looking at a refund of this booking. Please try again later.")
	}
	return goodwill, err
}

// readPolicy gives the event's policy where tickets can still be given back. CodeSaleFinal.
func readPolicy(ctx context.Context, tx pgx.Tx, eventID string) (p boxoffice.RefundPolicy, err error) {
	var onSale, open bool
	err = tx.QueryRow(ctx, `
		SELECT coalesce(refund_hours, 0), coalesce(refund_percent, 0), status = 'on_sale',
			coalesce(event_refundable_until(e) > boxoffice_now(), false) FROM events e WHERE id = $1`, eventID).
		Scan(&p.Hours, &p.Percent, &onSale, &open)
	switch {
	case err != nil || open:
		return p, err
	case !onSale:
		return p, boxoffice.Errorf(boxoffice.CodeSaleFinal, "This event is not on sale any more, so its tickets cannot be given back here.")
	case p.Final():
		return p, boxoffice.Errorf(boxoffice.CodeSaleFinal, "Tickets of this event cannot be given back: its sales are final.")
	case p.Hours == 0:
		return p, boxoffice.Errorf(boxoffice.CodeSaleFinal, "Tickets of this event could be given back until it started.")
	}
	return p, boxoffice.Errorf(boxoffice.CodeSaleFinal, "Tickets of this event could be given back until %d hours before it starts.", p.Hours)
}

// readBooked reads all seats that the booking was made of, in the order of their IDs.
func readBooked(ctx context.Context, tx pgx.Tx, bookingID string) ([]bookedSeat, error) {
	rows, err := tx.Query(ctx, `
		SELECT t.id, t.section, t.row, t.number, bt.price_minor, bt.fee_minor, bt.discount_minor, bt.kept_minor, bt.released_at IS NOT NULL,
			EXISTS (SELECT FROM admissions a WHERE a.booking_id = bt.booking_id AND a.ticket_id = t.id AND a.admitted_at IS NOT NULL)
		FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id WHERE bt.booking_id = $1 ORDER BY t.id`, bookingID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s bookedSeat, err error) {
		return s, row.Scan(&s.ticketID, &s.section, &s.row, &s.number, &s.price, &s.fee, &s.discount, &s.kept, &s.givenBack, &s.admitted)
	})
}

// chooseSeats gives those of the booked seats that are to be given back: these, or, with none, all that were not yet.
func chooseSeats(booked []bookedSeat, ids []string) ([]bookedSeat, error) {
	var chosen []bookedSeat
	for _, seat := range booked {
		if len(ids) == 0 && !seat.givenBack {
			chosen = append(chosen, seat)
		}
	}
	for i, id := range ids {
		field := "ticket_ids[" + strconv.Itoa(i) + "]"
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, boxoffice.InvalidField(field, "This is not a ticket ID.")
		}
		is := func(s bookedSeat) bool { return s.ticketID == parsed.String() }
		at := slices.IndexFunc(booked, is)
		switch {
		case at < 0:
			return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "This booking has no ticket %s.", parsed)
		case booked[at].givenBack:
			return nil, boxoffice.InvalidField(field, "This ticket was given back already.")
		case slices.ContainsFunc(chosen, is):
			return nil, boxoffice.InvalidField(field, "The same ticket is named twice.")
		}
		chosen = append(chosen, booked[at])
	}
	if slices.ContainsFunc(chosen, func(s bookedSeat) bool { return s.admitted }) {
		return nil, boxoffice.Errorf(boxoffice.CodeSaleFinal, "A ticket with which somebody went in cannot be given back.")
	}
	return chosen, nil
}

// count adds up what goes back and what is kept. Goodwill, which went back before, is not given twice.
func (r *seatReturn) count(booked []bookedSeat, goodwill int64) {
	r.givenBack = len(r.seats)
	var stands, paid, kept int64
	for _, seat := range booked {
		if seat.givenBack {
			r.givenBack++
			stands += seat.kept
		} else {
			stands += seat.price + seat.fee
		}
	}
	r.remaining = len(booked) - r.givenBack
	for _, seat := range r.seats {
		share := seat.price + seat.fee - r.terms.back(seat)
		r.kept = append(r.kept, share)
		paid += seat.price + seat.fee
		kept += share
	}
	before, after := max(0, stands-goodwill), max(0, stands-paid+kept-goodwill)
	currency := r.booking.amount.Currency
	r.quote = boxoffice.CancellationQuote{
		Refund: boxoffice.Money{Minor: before - after, Currency: currency}, Kept: boxoffice.Money{Minor: min(kept, after), Currency: currency},
	}
}

// do gives the seats back: payments are locked first, then seats, as everywhere.
func (r seatReturn) do(ctx context.Context, tx pgx.Tx, why string) error {
	var payment string
	err := tx.QueryRow(ctx, `SELECT id FROM payments WHERE booking_id = $1 AND settled_as = 'sale' FOR NO KEY UPDATE`, r.booking.id).Scan(&payment)
	if err != nil {
		return err
	}
	if err := r.freeSeats(ctx, tx); err != nil {
		return err
	}
	if r.quote.Refund.Minor > 0 {
		if err := insertRefund(ctx, tx, r.booking.id, payment, r.reason()); err != nil {
			return err
		}
	}
	details := map[string]any{
		"seats": len(r.seats), "refund_minor": r.quote.Refund.Minor, "kept_minor": r.quote.Kept.Minor, "currency": r.quote.Kept.Currency,
	}
	if why != "" {
		details["reason"] = why
	}
	if err := addTimeline(ctx, tx, r.booking.id, "tickets given back", r.terms.actor, details); err != nil {
		return err
	}
	if r.remaining == 0 {
		err = r.undo(ctx, tx)
	} else {
		err = r.keepRest(ctx, tx)
	}
	if err != nil {
		return err
	}
	_, err = look(ctx, tx, r.booking.id)
	return err
}

// freeSeats makes the admissions void and the seats free.
func (r seatReturn) freeSeats(ctx context.Context, tx pgx.Tx) error {
	ids := r.ticketIDs()
	batch := &pgx.Batch{}
	queueLockSeats(batch, r.booking.id, keptSeats, &lockedSeats{})
	batch.Queue(`UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL
		WHERE booking_id = $1 AND state = 'sold' AND id = ANY ($2::text[]::uuid[])`, r.booking.id, ids).Exec(affects("freed", len(ids)))
	batch.Queue(`UPDATE admissions SET voided_at = boxoffice_now()
		WHERE booking_id = $1 AND ticket_id = ANY ($2::text[]::uuid[]) AND voided_at IS NULL`, r.booking.id, ids)
	batch.Queue(`UPDATE booking_tickets bt SET released_at = boxoffice_now(), kept_minor = k.kept
		FROM unnest($2::text[]::uuid[], $3::bigint[]) AS k (ticket_id, kept)
		WHERE bt.booking_id = $1 AND bt.ticket_id = k.ticket_id`, r.booking.id, ids, r.kept)
	return tx.SendBatch(ctx, batch).Close()
}

func (r seatReturn) ticketIDs() []string {
	ids := make([]string, len(r.seats))
	for i, seat := range r.seats {
		ids[i] = seat.ticketID
	}
	return ids
}

// reason tells the buyer why money comes.
func (r seatReturn) reason() string {
	reason := r.terms.all
	if r.remaining > 0 {
		labels := make([]string, len(r.seats))
		for i, seat := range r.seats {
			labels[i] = boxoffice.SeatLabel(seat.section, seat.row, seat.number)
		}
		reason = r.terms.some + strings.Join(labels, "; ")
	}
	if r.quote.Kept.Minor > 0 {
		reason += ". Of their price " + r.quote.Kept.String() + " is kept" + r.terms.because
	}
	return reason + "."
}

// undo ends a booking that has no ticket left. Where no refund will tell its buyer, this does.
func (r seatReturn) undo(ctx context.Context, tx pgx.Tx) error {
	if r.quote.Refund.Minor == 0 {
		if err := queueEmail(ctx, tx, r.booking.id, boxoffice.EmailRefunded, undoneKey(r.booking.id), r.told()); err != nil {
			return err
		}
	}
	return setRefunding(ctx, tx, r.booking.id, r.reason())
}

// keepRest has the tickets that remain made anew and mailed.
func (r seatReturn) keepRest(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE bookings SET blob_key = $2 WHERE id = $1`, r.booking.id, boxoffice.TicketsKey(r.booking.id, r.givenBack))
	if err != nil {
		return err
	}
	told := r.told()
	told["tickets"] = r.ticketIDs()
	key := "changed:" + r.booking.id + ":" + strconv.Itoa(r.givenBack)
	return queueEmail(ctx, tx, r.booking.id, boxoffice.EmailChanged, key, told)
}

// told is what the mail of a cancellation says of money.
func (r seatReturn) told() map[string]any {
	return map[string]any{
		"refunded_minor": r.quote.Refund.Minor, "kept_minor": r.quote.Kept.Minor, "currency": r.quote.Refund.Currency, "reason": r.reason(),
	}
}
