package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// auditProvider are the promises that the provider's own record is asked for. Its payments are in provider_payments, which is
// of this connection alone. @since and @began bound what is compared: what the listing may have missed is left out.
var auditProvider = []auditQuery{
	{AuditPromise{"provider-payment-is-ours", "a payment that the provider took for a booking is in our books"}, `
		SELECT 'payment ' || t.payment_intent, format('%s %s were taken for booking %s, %s', t.amount_minor, t.currency, t.booking_id,
			CASE WHEN b.id IS NULL THEN 'which this database does not have' ELSE 'which is ' || b.status || ', and our books do not have the payment' END)
		FROM provider_payments t LEFT JOIN bookings b ON b.id::text = t.booking_id
		WHERE t.booking_id <> '' AND t.paid_at BETWEEN @since AND @before
			AND NOT EXISTS (SELECT FROM payments p WHERE p.payment_intent = t.payment_intent)`},
	// An attempt is older than what is paid on it.
	{AuditPromise{"our-payment-is-the-providers", "a payment in our books was taken by the provider"}, `
		SELECT 'payment ' || p.id, format('of booking %s: the provider has not taken %s %s as %s', p.booking_id, p.amount_minor, p.currency, p.payment_intent)
		FROM payments p JOIN payment_attempts a ON a.id = p.attempt_id
		WHERE p.amount_minor > 0 AND a.created_at >= @since AND p.received_at < @before
			AND NOT EXISTS (SELECT FROM provider_payments t WHERE t.payment_intent = p.payment_intent)`},
	{AuditPromise{"payment-is-the-providers-amount", "a payment is of the amount and currency that the provider took"}, `
		SELECT 'payment ' || p.id, format('of booking %s: %s %s came in, our books say %s %s', p.booking_id, t.amount_minor, t.currency, p.amount_minor, p.currency)
		FROM payments p JOIN provider_payments t USING (payment_intent)
		WHERE (t.amount_minor, t.currency) IS DISTINCT FROM (p.amount_minor, p.currency)`},
	// A refund that is asked for while the record is read is in one of them only. What a bank took by a dispute is no refund there.
	{AuditPromise{"refund-is-the-providers", "of a payment goes back at the provider what our books say"}, `
		SELECT 'payment ' || p.id, format('of booking %s: %s %s went back, our books say %s', p.booking_id, t.refunded_minor, t.currency, r.back)
		FROM payments p JOIN provider_payments t USING (payment_intent)
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(r.amount_minor) FILTER (WHERE r.state <> 'failed' AND r.provider_id ~ '^(re|pyr)_'), 0) AS back,
				coalesce(bool_or(greatest(r.requested_at, r.asked_at, r.ended_at) >= @before), false) AS moving
			FROM refunds r WHERE r.payment_id = p.id) r
		WHERE t.refunded_minor <> r.back AND NOT r.moving`},
}

// ProviderPromises lists what Audit asks for with AuditOptions.Provider.
func ProviderPromises() []AuditPromise {
	list := make([]AuditPromise, len(auditProvider))
	for i, q := range auditProvider {
		list[i] = q.AuditPromise
	}
	return list
}

// auditAtProvider copies the provider's record of the window, and a little more in case clocks differ, into a table of this
// connection, page by page, and then compares in one view of the database.
func (db *DB) auditAtProvider(ctx context.Context, o AuditOptions, report *AuditReport) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Exec(ctx, `CREATE TEMPORARY TABLE provider_payments (payment_intent text PRIMARY KEY, booking_id text NOT NULL,
		amount_minor bigint NOT NULL, currency char(3) NOT NULL, refunded_minor bigint NOT NULL, paid_at timestamptz NOT NULL)`)
	if err != nil {
		return translate(err)
	}
	// A connection that goes back to the pool keeps nothing. Where this fails, the connection is broken, and so is the table's life.
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `DROP TABLE IF EXISTS pg_temp.provider_payments`) }()
	var began time.Time
	if err := conn.QueryRow(ctx, `SELECT boxoffice_now()`).Scan(&began); err != nil {
		return translate(err)
	}
	since := began.Add(-o.ProviderSince)
	if report.Provider, err = copyPayments(ctx, conn, o.Provider, boxoffice.LedgerWindow{From: since.Add(-reconcileOverlap), To: began.Add(reconcileOverlap)}); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	args := pgx.NamedArgs{"since": since, "before": began.Add(-o.Grace), "most": MaxViolations}
	err = pgx.BeginTxFunc(limited, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(limited, `SELECT set_config('statement_timeout', $1, true)`, milliseconds(max(o.Timeout, time.Millisecond))); err != nil {
			return err
		}
		for _, q := range auditProvider {
			if err := q.ask(limited, tx, args, report); err != nil {
				return fmt.Errorf("%s: %w", q.Name, err)
			}
		}
		return nil
	})
	return translate(err)
}

// copyPayments reads what the provider captured into provider_payments, and counts it.
func copyPayments(ctx context.Context, conn *pgxpool.Conn, ledger boxoffice.ProviderLedger, w boxoffice.LedgerWindow) (payments int64, err error) {
	for after := ""; ; {
		page, err := ledger.Payments(ctx, w, after)
		if err != nil {
			return payments, err
		}
		batch := &pgx.Batch{}
		for _, p := range page.Items {
			if p.Captured {
				batch.Queue(`INSERT INTO provider_payments VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
					p.PaymentIntent, p.BookingID, p.Amount.Minor, p.Amount.Currency, p.RefundedMinor, p.PaidAt)
			}
		}
		payments += int64(batch.Len())
		if err := conn.SendBatch(ctx, batch).Close(); err != nil {
			return payments, translate(err)
		}
		if after = page.Next; after == "" {
			return payments, nil
		}
	}
}
