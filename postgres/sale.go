package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ConfirmSeats turns held seats into sold ones: all of them, or none and CodeSeatsLost, whose message is for the buyer. A
// hold that is past but that nobody took over is still the booking's.
func (s *Bookings) ConfirmSeats(ctx context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if b.status != boxoffice.BookingHeld || b.reason == boxoffice.ClosingByCancel {
			return nil
		}
		sale, err := lockSale(ctx, tx, b, paymentID, keptSeats)
		switch {
		case err != nil || !sale.payment.buys():
			return err
		case !sale.onSale:
			return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The event is no longer on sale.")
		case !sale.seats.allHeldBy(b.id):
			return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The seats could no longer be sold to you.")
		}
		return sell(ctx, tx, b, sale.seats.tickets, paymentID)
	})
}

// lockedSale is what a payment can buy, under its locks.
type lockedSale struct {
	payment lockedPayment
	onSale  bool // the event still is. Its sales window is not asked: who held seats in time may pay.
	seats   lockedSeats
}

// lockSale locks a payment of the booking, and then the booking's seats.
func lockSale(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID, which string) (sale lockedSale, err error) {
	batch := &pgx.Batch{}
	queueLockPayment(batch, b.id, paymentID, &sale.payment)
	batch.Queue(`SELECT status = 'on_sale' FROM events WHERE id = $1`, b.eventID).QueryRow(func(row pgx.Row) error {
		return row.Scan(&sale.onSale)
	})
	queueLockSeats(batch, b.id, which, &sale.seats)
	err = tx.SendBatch(ctx, batch).Close()
	return sale, err
}

// lockedPayment is a payment under its lock.
type lockedPayment struct {
	unsettled bool // it neither sold seats nor has a refund
	surplus   bool // it can never buy: see markPaid
	amount    boxoffice.Money
}

// buys reports whether seats can still be sold to the payment.
func (p lockedPayment) buys() bool { return p.unsettled && !p.surplus }

// lockPayment locks a payment of the booking.
func lockPayment(ctx context.Context, tx pgx.Tx, bookingID, paymentID string) (p lockedPayment, err error) {
	batch := &pgx.Batch{}
	queueLockPayment(batch, bookingID, paymentID, &p)
	err = tx.SendBatch(ctx, batch).Close()
	return p, err
}

func queueLockPayment(batch *pgx.Batch, bookingID, paymentID string, p *lockedPayment) {
	batch.Queue(`SELECT p.settled_as IS NULL, a.state = 'surplus', p.amount_minor, p.currency
		FROM payments p JOIN payment_attempts a ON a.id = p.attempt_id
		WHERE p.id = $1 AND p.booking_id = $2 FOR NO KEY UPDATE OF p`, paymentID, bookingID).QueryRow(func(row pgx.Row) error {
		return row.Scan(&p.unsettled, &p.surplus, &p.amount.Minor, &p.amount.Currency)
	})
}

// sell sells the locked seats to the booking and settles the payment and its webhook with the same transaction.
func sell(ctx context.Context, tx pgx.Tx, b lockedBooking, seats []boxoffice.Ticket, paymentID string) error {
	ids := ticketIDs(seats)
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE tickets SET state = 'sold', booking_id = $1, holder_id = $2, held_until = NULL
		WHERE id = ANY ($3::text[]::uuid[])`, b.id, b.userID, ids).Exec(affects("sold", len(ids)))
	batch.Queue(`UPDATE bookings SET status = 'confirmed' WHERE id = $1`, b.id)
	batch.Queue(`UPDATE booking_tickets SET released_at = NULL WHERE booking_id = $1 AND released_at IS NOT NULL`, b.id)
	queueSettle(batch, paymentID, "sale", "sold")
	queueTimeline(batch, b.id, "confirmed", "workflow", map[string]any{"payment": paymentID, "seats": len(ids)})
	return tx.SendBatch(ctx, batch).Close()
}

// queueSettle notes what a payment came to, and with it that its webhooks have had their effect.
func queueSettle(batch *pgx.Batch, paymentID, as, outcome string) {
	batch.Queue(`UPDATE payments SET settled_as = $2::settlement, settled_at = boxoffice_now()
		WHERE id = $1 AND settled_as IS NULL`, paymentID, as)
	batch.Queue(`UPDATE webhook_inbox SET processed_at = boxoffice_now(), outcome = $2
		WHERE processed_at IS NULL AND object_id = (SELECT session_id FROM payments WHERE id = $1)`, paymentID, outcome)
}

// SellLate settles money that came for an expired booking: the same seats if all are free and the event is on sale, else
// a refund.
func (s *Bookings) SellLate(ctx context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if b.status != boxoffice.BookingExpired {
			return nil
		}
		sale, err := lockSale(ctx, tx, b, paymentID, allSeats)
		switch {
		case err != nil || !sale.payment.buys():
			return err
		case !sale.onSale:
			return requestRefund(ctx, tx, b, paymentID, "Your payment came after the hold had ended, and the event is no longer on sale.")
		case len(sale.seats.tickets) == 0 || slices.Contains(sale.seats.free, false):
			return requestRefund(ctx, tx, b, paymentID, "Your payment came after the hold had ended, and the seats are gone.")
		}
		return sell(ctx, tx, b, sale.seats.tickets, paymentID)
	})
}

// IssueAdmissions makes an admission for each sold seat, once, and gives what the ticket file shows.
func (s *Bookings) IssueAdmissions(ctx context.Context, bookingID string, epoch int64) (boxoffice.TicketDocument, error) {
	var doc boxoffice.TicketDocument
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBooking(ctx, tx, bookingID)
		if err != nil {
			return err
		}
		if b.epoch != epoch || (b.status != boxoffice.BookingConfirmed && b.status != boxoffice.BookingCompleted) {
			return boxoffice.Errorf(boxoffice.CodeFenced, "This booking is %s, at epoch %d.", b.status, b.epoch)
		}
		if b.eventOff && b.status == boxoffice.BookingConfirmed {
			return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The event was called off.")
		}
		if err := admitAll(ctx, tx, b.id); err != nil {
			return err
		}
		doc, err = readDocument(ctx, tx, b.id)
		return err
	})
	return doc, err
}

func admitAll(ctx context.Context, tx pgx.Tx, bookingID string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO admissions (id, booking_id, ticket_id)
		SELECT uuidv7(), t.booking_id, t.id FROM tickets t JOIN booking_tickets bt ON bt.ticket_id = t.id AND bt.booking_id = t.booking_id
		WHERE bt.booking_id = $1 AND t.state = 'sold'
		  AND NOT EXISTS (SELECT FROM admissions a WHERE a.ticket_id = t.id AND a.voided_at IS NULL) ORDER BY t.id`, bookingID)
	return err
}

// CompleteBooking notes that the tickets exist under blobKey, and queues the mail that brings them.
func (s *Bookings) CompleteBooking(ctx context.Context, bookingID string, epoch int64, blobKey string) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if b.status != boxoffice.BookingConfirmed {
			return nil
		}
		if err := queueEmail(ctx, tx, b.id, boxoffice.EmailTickets, "tickets:"+b.id, nil); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE bookings SET status = 'completed', blob_key = $2, completed_at = boxoffice_now() WHERE id = $1`, b.id, blobKey)
		queueTimeline(batch, b.id, "completed", "workflow", nil)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// TicketDocument gives what the ticket files of the user's completed booking show.
func (s *Bookings) TicketDocument(ctx context.Context, userID, bookingID string) (boxoffice.TicketDocument, string, error) {
	var doc boxoffice.TicketDocument
	var blobKey string
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var status boxoffice.BookingStatus
		var key *string
		err := conn.QueryRow(ctx, `SELECT status, blob_key FROM bookings WHERE id = $1 AND user_id = $2`, bookingID, userID).
			Scan(&status, &key)
		if err != nil {
			return err
		}
		if status != boxoffice.BookingCompleted || key == nil {
			return noTickets(status)
		}
		blobKey = *key
		doc, err = readDocument(ctx, conn, bookingID)
		return err
	})
	return doc, blobKey, err
}

func noTickets(status boxoffice.BookingStatus) error {
	return boxoffice.Errorf(boxoffice.CodeNotReady, "There are no tickets for this booking: it is %s.", status)
}
