package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// AuditOptions say how the promises are asked for. Zero fields take the defaults that are named.
type AuditOptions struct {
	// Grace is for what may be under way: a payment, a mail or a check that is younger breaks no promise. 2 minutes.
	Grace time.Duration
	// Timeout bounds the queries all together, on the server too; it is how long their snapshot keeps dead rows from being
	// removed. Files are not in it. 5 minutes.
	Timeout time.Duration
	// Files, where not nil, is asked for the ticket file of every completed booking: one read a booking.
	Files boxoffice.FileStore
	// Provider, where not nil, is asked for its record of the payments of the last ProviderSince, which is 30 days: a call for
	// every hundred. They are copied into a temporary table.
	Provider      boxoffice.ProviderLedger
	ProviderSince time.Duration
}

func (o AuditOptions) withDefaults() AuditOptions {
	if o.Grace == 0 {
		o.Grace = 2 * time.Minute
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	if o.ProviderSince == 0 {
		o.ProviderSince = reconcileLongest
	}
	return o
}

// AuditPromise is something that must always hold.
type AuditPromise struct {
	Name string // stable, for alerts and scripts
	Says string
}

// AuditViolation is one case of a broken promise. It holds IDs, states, times and amounts, nothing personal.
type AuditViolation struct {
	Promise string `json:"promise"`
	Subject string `json:"subject"` // "booking 0193…", "ticket …", "payment …": what it is about
	Detail  string `json:"detail"`
}

// AuditInbox counts webhooks that had no effect, and break no promise by that: none of them is known to be ours.
type AuditInbox struct {
	Parked  int64 `json:"parked"`   // not understood; the provider is asked what they tell of
	Unknown int64 `json:"unknown"`  // about nothing of ours so far; tried again
	GivenUp int64 `json:"given_up"` // about nothing of ours for three days
}

// AuditReport is what an audit found.
type AuditReport struct {
	Checked    int64 // bookings
	Provider   int64 // payments of the provider's that were compared
	Inbox      AuditInbox
	Violations []AuditViolation // by promise, at most MaxViolations each
	More       map[string]int64 // how many violations of a promise are not in Violations
}

// MaxViolations is how many violations of one promise a report names; the others are counted.
const MaxViolations = 100

// Total is how many violations there are, with those that are not named.
func (r AuditReport) Total() int64 {
	total := int64(len(r.Violations))
	for _, more := range r.More {
		total += more
	}
	return total
}

// auditQuery is a promise with the query that finds who breaks it: rows of a subject and a detail. It may name @now, the
// database's clock at the beginning, @before, which is the grace earlier, and @patience, within which the inbox sweep has
// settled an event or given it up.
type auditQuery struct {
	AuditPromise
	sql string
}

// auditQueries are all queries, in the order in which they are asked and reported.
var auditQueries = slices.Concat(auditSeats, auditTickets, auditMoney, auditTasks, auditRuns)

// ticketFilePromise is the one that the file store is asked for.
var ticketFilePromise = AuditPromise{"ticket-file-exists", "the ticket file of a completed booking is in the file store, and is a PDF"}

// AuditPromises lists what Audit asks for; the last needs AuditOptions.Files.
func AuditPromises() []AuditPromise {
	list := make([]AuditPromise, len(auditQueries), len(auditQueries)+1)
	for i, q := range auditQueries {
		list[i] = q.AuditPromise
	}
	return append(list, ticketFilePromise)
}

// Audit asks for every promise, of every booking there is, in one consistent view of the database. It changes nothing and
// waits for no row, so it may run beside sales; it reads whole tables, some of them several times. Its memory is bounded by
// MaxViolations a promise. CodeUnavailable when the database or the file store is, or when the time is up; CodeProviderUnknown
// when the provider is.
func (db *DB) Audit(ctx context.Context, o AuditOptions) (AuditReport, error) {
	o = o.withDefaults()
	report := AuditReport{More: map[string]int64{}}
	if err := db.auditRows(ctx, o, &report); err != nil {
		return report, err
	}
	if o.Provider != nil {
		if err := db.auditAtProvider(ctx, o, &report); err != nil {
			return report, err
		}
	}
	if o.Files == nil {
		return report, nil
	}
	return report, db.auditFiles(ctx, o.Files, &report)
}

// auditRows runs the queries. Unlike the acts it ends with ctx: nobody waits for a sweep whose asker is gone.
func (db *DB) auditRows(ctx context.Context, o AuditOptions, report *AuditReport) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	view := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(limited, conn, view, func(tx pgx.Tx) error { return sweep(limited, tx, o, report) })
	if ctx.Err() != nil {
		return translate(ctx.Err())
	}
	if pg := ofServer(err); limited.Err() != nil || pg != nil && pg.Code == stateQueryCanceled {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, fmt.Sprintf("The audit did not end within %s.", o.Timeout))
	}
	return translate(err)
}

// sweep asks for one promise after the other. The server ends a query at the timeout by itself, should this process be
// gone without a word.
func sweep(ctx context.Context, tx pgx.Tx, o AuditOptions, report *AuditReport) error {
	limit := milliseconds(max(o.Timeout, time.Millisecond)) // to the server 0 means without end
	if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', $1, true)`, limit); err != nil {
		return err
	}
	var now time.Time
	if err := tx.QueryRow(ctx, `SELECT boxoffice_now(), (SELECT count(*) FROM bookings)`).Scan(&now, &report.Checked); err != nil {
		return err
	}
	if err := countInbox(ctx, tx, &report.Inbox); err != nil {
		return err
	}
	args := pgx.NamedArgs{"now": now, "before": now.Add(-o.Grace), "most": MaxViolations, "patience": eventPatience + longestPause}
	for _, q := range auditQueries {
		if err := q.ask(ctx, tx, args, report); err != nil {
			return fmt.Errorf("%s: %w", q.Name, err)
		}
	}
	return nil
}

// countInbox counts what the inbox keeps without an effect.
func countInbox(ctx context.Context, tx pgx.Tx, inbox *AuditInbox) error {
	return tx.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE given_up_at IS NULL AND outcome LIKE 'parked: %'),
			count(*) FILTER (WHERE given_up_at IS NULL AND outcome LIKE 'unknown %'), count(*) FILTER (WHERE given_up_at IS NOT NULL)
		FROM webhook_inbox WHERE processed_at IS NULL`).Scan(&inbox.Parked, &inbox.Unknown, &inbox.GivenUp)
}

// ask runs one query. The server counts all violations and sends the first of them.
func (q auditQuery) ask(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, report *AuditReport) error {
	rows, err := tx.Query(ctx, `SELECT subject, detail, count(*) OVER () FROM (`+q.sql+`) AS violation (subject, detail)
		ORDER BY subject, detail LIMIT @most`, args)
	if err != nil {
		return err
	}
	var subject, detail string
	var total int64
	_, err = pgx.ForEachRow(rows, []any{&subject, &detail, &total}, func() error {
		report.Violations = append(report.Violations, AuditViolation{Promise: q.Name, Subject: subject, Detail: detail})
		return nil
	})
	if total > MaxViolations {
		report.More[q.Name] = total - MaxViolations
	}
	return err
}

const (
	filesAtOnce = 8
	filesAPage  = 200
)

type ticketFile struct{ bookingID, key string }

// auditFiles looks for the file of every completed booking, by pages outside of the snapshot: a file is stored before its
// booking is completed and never removed, so a later look is as good.
func (db *DB) auditFiles(ctx context.Context, store boxoffice.FileStore, report *AuditReport) error {
	named := 0
	for after := uuid.Nil.String(); ; {
		page, err := db.ticketFiles(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		wrong, err := lookAtFiles(ctx, store, page)
		if err != nil {
			return fmt.Errorf("%s: %w", ticketFilePromise.Name, err)
		}
		for i, file := range page {
			switch {
			case wrong[i] == "":
			case named == MaxViolations:
				report.More[ticketFilePromise.Name]++
			default:
				named++
				report.Violations = append(report.Violations,
					AuditViolation{Promise: ticketFilePromise.Name, Subject: "booking " + file.bookingID, Detail: wrong[i]})
			}
		}
		after = page[len(page)-1].bookingID
	}
}

// ticketFiles reads a page of the completed bookings behind an ID. One without a key breaks another promise; where tickets
// were given back, the file of the others is made when somebody asks for it.
func (db *DB) ticketFiles(ctx context.Context, after string) (page []ticketFile, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT id, blob_key FROM bookings b
			WHERE status = 'completed' AND blob_key <> '' AND id > $1
				AND NOT EXISTS (SELECT FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NOT NULL)
			ORDER BY id LIMIT $2`, after, filesAPage)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f ticketFile, err error) {
			return f, row.Scan(&f.bookingID, &f.key)
		})
		return err
	})
	return page, err
}

// lookAtFiles says for each file what is wrong with it, "" if nothing is.
func lookAtFiles(ctx context.Context, store boxoffice.FileStore, page []ticketFile) ([]string, error) {
	wrong := make([]string, len(page))
	looks, ctx := errgroup.WithContext(ctx)
	looks.SetLimit(filesAtOnce)
	for i, file := range page {
		looks.Go(func() (err error) {
			wrong[i], err = lookAtFile(ctx, store, file.key)
			return err
		})
	}
	return wrong, looks.Wait()
}

// lookAtFile says what is wrong with a ticket file. That the store does not answer says nothing of the file: an error.
func lookAtFile(ctx context.Context, store boxoffice.FileStore, key string) (wrong string, err error) {
	content, err := store.Get(ctx, key)
	switch {
	case boxoffice.CodeOf(err) == boxoffice.CodeNotFound:
		return "there is no file " + key, nil
	case boxoffice.CodeOf(err) == boxoffice.CodeInvalid:
		return fmt.Sprintf("%q cannot be the name of a file", key), nil
	case err != nil:
		return "", err
	case !bytes.HasPrefix(content, []byte("%PDF-")):
		return fmt.Sprintf("the file %s of %d bytes is no PDF", key, len(content)), nil
	}
	return "", nil
}
