package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// How much of a case is read: more than a booking comes to, and never a page without end.
const (
	caseLines = 500
	caseRows  = 100
)

// SupportCase reads all that the rows know of a booking, as of one moment.
func (s *Bookings) SupportCase(ctx context.Context, reader boxoffice.User, bookingID string) (boxoffice.SupportCase, error) {
	var c boxoffice.SupportCase
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if _, err = tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`); err != nil {
			return err
		}
		if c, err = readCase(ctx, tx, bookingID); err != nil {
			return err
		}
		return auditRead(ctx, tx, reader, "read", "booking "+bookingID, nil)
	})
	return c, err
}

func readCase(ctx context.Context, tx pgx.Tx, bookingID string) (boxoffice.SupportCase, error) {
	var c boxoffice.SupportCase
	rows, err := tx.Query(ctx, `SELECT `+foundColumns+` FROM bookings b `+foundTables+` WHERE b.id = $1`, bookingID)
	if err != nil {
		return c, err
	}
	if c.FoundBooking, err = pgx.CollectExactlyOneRow(rows, scanFound); err != nil {
		return c, err
	}
	var next *time.Time
	if err := tx.QueryRow(ctx, `SELECT hold_expires_at, next_check_at FROM bookings WHERE id = $1`, bookingID).Scan(&c.HoldExpiresAt, &next); err != nil {
		return c, err
	}
	c.NextCheckAt = deref(next)
	if c.Situation, err = readSituation(ctx, tx, bookingID); err != nil {
		return c, err
	}
	for _, read := range []func(context.Context, pgx.Tx, *boxoffice.SupportCase) error{
		readCaseSeats, readCasePayments, readCaseRefunds, readCaseMails, readCaseTasks, readCaseAudit, readCaseStory,
	} {
		if err := read(ctx, tx, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// collect reads the rows of a query.
func collect[T any](ctx context.Context, tx pgx.Tx, scan func(row pgx.CollectableRow) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func readCaseSeats(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) (err error) {
	c.Seats, err = collect(ctx, tx, func(row pgx.CollectableRow) (s boxoffice.CaseSeat, err error) {
		var section, line string
		var number int
		var released, admitted *time.Time
		err = row.Scan(&s.TicketID, &section, &line, &number, &s.Price, &s.Fee, &released, &s.Kept, &admitted)
		s.Seat, s.ReleasedAt, s.AdmittedAt = boxoffice.SeatLabel(section, line, number), deref(released), deref(admitted)
		return s, err
	}, `
		SELECT t.id, t.section, t.row, t.number, bt.price_minor, bt.fee_minor, bt.released_at, bt.kept_minor,
			(SELECT max(a.admitted_at) FROM admissions a WHERE a.booking_id = bt.booking_id AND a.ticket_id = t.id)
		FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id WHERE bt.booking_id = $1
		ORDER BY t.section, length(t.row), t.row, t.number`, c.ID)
	return err
}

func readCasePayments(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) (err error) {
	c.Payments, err = collect(ctx, tx, func(row pgx.CollectableRow) (p boxoffice.CasePayment, err error) {
		return p, row.Scan(&p.ID, &p.PaymentIntent, &p.SessionID, &p.Amount.Minor, &p.Amount.Currency, &p.ReceivedAt, &p.SettledAs, &p.Owed, &p.Goodwill)
	}, `
		SELECT p.id, p.payment_intent, p.session_id, p.amount_minor, p.currency, p.received_at, coalesce(p.settled_as::text, ''), payment_owes(p), p.goodwill_minor
		FROM payments p WHERE p.booking_id = $1 ORDER BY p.received_at, p.id LIMIT $2`, c.ID, caseRows)
	return err
}

func readCaseRefunds(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) error {
	refunds, err := collect(ctx, tx, func(row pgx.CollectableRow) (r boxoffice.CaseRefund, err error) {
		var ended *time.Time
		err = row.Scan(&r.PaymentID, &r.N, &r.PaymentIntent, &r.Amount.Minor, &r.Amount.Currency, &r.State, &r.ProviderID, &r.Reason, &r.RequestedAt, &ended, &r.Failure)
		r.EndedAt = deref(ended)
		return r, err
	}, `
		SELECT r.payment_id, r.n, p.payment_intent, r.amount_minor, r.currency, r.state, coalesce(r.provider_id, ''), r.reason, r.requested_at, r.ended_at,
			coalesce(r.failure, '')
		FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.booking_id = $1 ORDER BY r.requested_at, r.payment_id, r.n LIMIT $2`, c.ID, caseRows)
	for i := range c.Payments {
		for _, r := range refunds {
			if r.PaymentID == c.Payments[i].ID {
				c.Payments[i].Refunds = append(c.Payments[i].Refunds, r)
			}
		}
	}
	return err
}

func readCaseMails(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) (err error) {
	c.Mails, err = collect(ctx, tx, func(row pgx.CollectableRow) (m boxoffice.CaseMail, err error) {
		var sent *time.Time
		err = row.Scan(&m.ID, &m.Kind, &m.Recipient, &m.Status, &m.QueuedAt, &sent, &m.Attempts, &m.LastError)
		m.SentAt = deref(sent)
		return m, err
	}, `
		SELECT id, kind, recipient, status, created_at, sent_at, attempts, coalesce(last_error, '')
		FROM emails WHERE booking_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, c.ID, caseRows)
	return err
}

func readCaseTasks(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) (err error) {
	c.Tasks, err = collect(ctx, tx, scanTask, `SELECT `+taskColumns+` FROM support_tasks WHERE booking_id = $1 ORDER BY opened_at, id LIMIT $2`, c.ID, caseRows)
	return err
}

// readCaseAudit reads acts and reads apart, so that many reads hide no act.
func readCaseAudit(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) (err error) {
	c.Audit, err = collect(ctx, tx, func(row pgx.CollectableRow) (l boxoffice.AuditLine, err error) {
		return l, row.Scan(&l.At, &l.Actor, &l.Verified, &l.Action, &l.Reason, &l.Before, &l.After)
	}, `
		WITH of AS (SELECT * FROM audit_log WHERE subject = $1),
			lines AS ((SELECT * FROM of WHERE action <> 'read' ORDER BY id DESC LIMIT $2) UNION ALL (SELECT * FROM of WHERE action = 'read' ORDER BY id DESC LIMIT $2))
		SELECT at, actor, verified, action, coalesce(reason, ''), before, after FROM lines ORDER BY id DESC`, "booking "+c.ID, caseRows)
	return err
}

// readCaseStory tells the story of a case that has been read so far.
func readCaseStory(ctx context.Context, tx pgx.Tx, c *boxoffice.SupportCase) error {
	timeline, err := collect(ctx, tx, func(row pgx.CollectableRow) (e boxoffice.TimelineEntry, err error) {
		return e, row.Scan(&e.At, &e.What, &e.Actor, &e.Details)
	}, `SELECT at, what, actor, details FROM booking_timeline WHERE booking_id = $1 ORDER BY id LIMIT $2`, c.ID, caseLines)
	if err != nil {
		return err
	}
	webhooks, err := collect(ctx, tx, func(row pgx.CollectableRow) (w boxoffice.StoredWebhook, err error) {
		return w, row.Scan(&w.At, &w.ID, &w.Type, &w.Outcome)
	}, `
		SELECT received_at, stripe_event_id, type, coalesce(outcome, '') FROM webhook_inbox WHERE booking_id = $1 ORDER BY received_at LIMIT $2`, c.ID, caseRows)
	c.Story = boxoffice.Story(*c, timeline, webhooks)
	return err
}
