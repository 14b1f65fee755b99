package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// byItself is who closes the task of a finding that came right, and may open it again.
const byItself = "reconciliation"

// findingAdvice says what a person can do about a finding.
var findingAdvice = map[boxoffice.FindingKind]string{
	boxoffice.FindingPayment: "Compare the payment in the provider's dashboard with the booking, and give back there what should not have been taken.",
	boxoffice.FindingPaymentLost: "Where another installation uses the account, close this task. Else the database was restored from an older copy: " +
		"give the payment back in the provider's dashboard, or restore the booking.",
	boxoffice.FindingPaymentUnknown: "Look whether the provider's key is that of the account that took the payment. If it is, nobody paid for this booking.",
	boxoffice.FindingRefund:         "Compare the refund in the provider's dashboard with the booking, and see that the buyer got what is theirs, once.",
	boxoffice.FindingRefundLost: "Where another installation uses the account, close this task. Else the database was restored from an older copy: " +
		"the money went back, and nothing is owed for this refund.",
	boxoffice.FindingRefundUnknown: "Look whether the provider's key is that of the account that made the refund. If it is, the buyer still has to get the money.",
	boxoffice.FindingPage:          "Look at the payment page in the provider's dashboard, and close it there.",
}

// NoteFinding opens the support task of a finding, once. One that had come right by itself is opened again; one that a
// person has closed stays closed. Where another task is about the same object of the provider's, nobody is asked twice.
func (s *Bookings) NoteFinding(ctx context.Context, n boxoffice.ReconcileNote, look bool) (decided bool, err error) {
	err = s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var asked bool
		err := tx.QueryRow(ctx, `
			SELECT coalesce(bool_or(kind <> 'reconciliation'), false), coalesce(bool_and(closed_at IS NOT NULL AND closed_by <> $3), false)
			FROM support_tasks WHERE key = $1 OR (kind <> 'reconciliation' AND details ->> 'provider_id' = $2)`,
			n.Key(), n.Object, byItself).Scan(&asked, &decided)
		if err != nil || look || asked || decided {
			return err
		}
		return askPerson(ctx, tx, n)
	})
	return decided, err
}

func askPerson(ctx context.Context, tx pgx.Tx, n boxoffice.ReconcileNote) error {
	err := openTask(ctx, tx, boxoffice.SupportTask{
		Key: n.Key(), Kind: boxoffice.TaskReconciliation, BookingID: n.BookingID, Summary: n.Says, Advice: findingAdvice[n.Kind],
		Details: map[string]any{"finding": n.Kind, "object": n.Object},
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE support_tasks SET closed_at = NULL, closed_by = NULL, resolution = NULL, summary = $3
		WHERE key = $1 AND closed_by = $2`, n.Key(), byItself, n.Says)
	return err
}

// OpenFindings gives a page of the findings that nobody has decided.
func (s *Bookings) OpenFindings(ctx context.Context, after string) (open []boxoffice.ReconcileNote, err error) {
	err = s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT details ->> 'finding', details ->> 'object', coalesce(booking_id::text, ''), summary FROM support_tasks
			WHERE kind = 'reconciliation' AND closed_at IS NULL AND key > $1 ORDER BY key LIMIT $2`, after, reconcilePage)
		if err != nil {
			return err
		}
		open, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n boxoffice.ReconcileNote, err error) {
			return n, row.Scan(&n.Kind, &n.Object, &n.BookingID, &n.Says)
		})
		return err
	})
	return open, err
}

// CloseFinding closes the task of a finding that came right.
func (s *Bookings) CloseFinding(ctx context.Context, n boxoffice.ReconcileNote) error {
	return s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return closeTask(ctx, tx, n.Key(), byItself, "It came right: the provider's record and ours agree.")
	})
}
