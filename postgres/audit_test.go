package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/files"
	"github.com/boxoffice/boxoffice/postgres"
)

// audit asks for every promise.
func (h *house) audit(t testing.TB, o postgres.AuditOptions) postgres.AuditReport {
	t.Helper()
	report, err := h.db.Audit(t.Context(), o)
	require.NoError(t, err)
	return report
}

// requireClean asserts that no promise is broken, in so many bookings.
func (h *house) requireClean(t testing.TB, bookings int64) {
	t.Helper()
	require.Equal(t, postgres.AuditReport{Checked: bookings, More: map[string]int64{}}, h.audit(t, postgres.AuditOptions{}))
}

// TestAudit_NothingIsWrong audits bookings in every situation that a run can meet, then at their ends, and a day later.
func TestAudit_NothingIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages)+2)
	h.requireClean(t, 0)
	scenes := make([]boxoffice.Booking, 0, len(stages)+1)
	for i := range stages {
		scenes = append(scenes, h.stage(t, i).Booking)
	}
	scenes = append(scenes, h.hold(t, h.addUser(t), h.tickets[len(stages):]...)) // without a run
	h.requireClean(t, int64(len(scenes)))

	ends := map[boxoffice.BookingStatus]int{}
	for _, b := range scenes {
		ends[h.bringToEnd(t, b)]++
		h.requireClean(t, int64(len(scenes)))
	}
	require.Len(t, ends, 4, "completed, expired, cancelled, refunded: %v", ends)
	h.clock.AdvanceClock(t, 24*time.Hour)
	h.requireClean(t, int64(len(scenes)))
}

// bringToEnd drives a booking as its run does; where that waits, the deadline passes.
func (h *house) bringToEnd(t *testing.T, b boxoffice.Booking) boxoffice.BookingStatus {
	t.Helper()
	now := h.verify(t, b.ID)
	for steps := 0; now.Next() != boxoffice.StepEnd; steps++ {
		require.Less(t, steps, 20, "it does not come to an end: %+v", now)
		if now.Next() == boxoffice.StepWait {
			h.passDeadline(t, b.ID)
			now = h.verify(t, b.ID)
			continue
		}
		now = h.step(t, b, now)
	}
	return now.Status
}

// TestAudit_BesideSales audits all the time while seats are sold and given back: what is half done is never seen.
func TestAudit_BesideSales(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	ctx, finish := context.WithCancel(t.Context())
	var audits []postgres.AuditReport
	var failed error
	var beside sync.WaitGroup
	beside.Go(func() {
		for ctx.Err() == nil && failed == nil {
			var report postgres.AuditReport
			report, failed = h.db.Audit(context.WithoutCancel(ctx), postgres.AuditOptions{})
			audits = append(audits, report)
		}
	})
	const rounds = 10
	for range rounds {
		h.bringToEnd(t, h.refunding(t, h.addUser(t), h.tickets).Booking)
		h.bringToEnd(t, h.expired(t, h.addUser(t), h.tickets).Booking)
	}
	h.bringToEnd(t, h.paid(t, h.addUser(t), h.tickets).Booking)
	finish()
	beside.Wait()
	require.NoError(t, failed)
	require.NotEmpty(t, audits)
	for _, report := range audits {
		require.Empty(t, report.Violations)
	}
	h.requireClean(t, 2*rounds+1)
}

// TestAudit_Grace leaves time for what is under way, and no more.
func TestAudit_Grace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.paid(t, h.addUser(t), h.tickets)
	h.clock.AdvanceClock(t, time.Minute)
	h.requireClean(t, 1)
	report := h.audit(t, postgres.AuditOptions{Grace: time.Second})
	require.Equal(t, []string{"payment-is-settled", "check-is-kept", "webhook-is-processed"}, broken(report))
	require.Equal(t, "payment "+s.payment, report.Violations[0].Subject)
	h.clock.AdvanceClock(t, time.Minute+time.Second)
	require.Equal(t, []string{"payment-is-settled", "webhook-is-processed"}, broken(h.audit(t, postgres.AuditOptions{})))
}

// broken names the promises of a report, each once, in their order.
func broken(report postgres.AuditReport) []string {
	var names []string
	for _, v := range report.Violations {
		if len(names) == 0 || names[len(names)-1] != v.Promise {
			names = append(names, v.Promise)
		}
	}
	return names
}

// TestAudit_NamesSoManyAndCountsTheRest keeps a report short whatever happened.
func TestAudit_NamesSoManyAndCountsTheRest(t *testing.T) {
	t.Parallel()
	const more = 7
	h := newHouse(t, 1)
	s := h.expired(t, h.addUser(t), h.tickets)
	h.exec(t, `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient, status)
		SELECT gen_random_uuid(), $1, 'refunded', n::text, 'x', 'failed' FROM generate_series(1, $2::int) AS n`, s.ID, postgres.MaxViolations+more)
	report := h.audit(t, postgres.AuditOptions{})
	require.Equal(t, []string{"mail-goes-out"}, broken(report))
	require.Len(t, report.Violations, postgres.MaxViolations)
	require.Equal(t, map[string]int64{"mail-goes-out": more}, report.More)
	require.EqualValues(t, postgres.MaxViolations+more, report.Total())
}

// TestAudit_Files looks for more files than a page has, and names so many.
func TestAudit_Files(t *testing.T) {
	t.Parallel()
	const bookings = 205
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	h.exec(t, `INSERT INTO bookings (id, reference, user_id, event_id, status, amount_minor, currency, hold_expires_at, blob_key, completed_at)
		SELECT gen_random_uuid(), lpad(n::text, 8, '0'), user_id, event_id, status, 0, currency, hold_expires_at, 'tickets/' || n, completed_at
		FROM bookings, generate_series(2, $1::int) AS n`, bookings)
	store := openFiles(t)
	require.NoError(t, store.Put(t.Context(), boxoffice.TicketsKey(s.ID, 0), "application/pdf", []byte("%PDF-1.4")))
	report := h.audit(t, postgres.AuditOptions{Files: store})
	require.EqualValues(t, bookings, report.Checked)
	require.EqualValues(t, bookings-1-postgres.MaxViolations, report.More["ticket-file-exists"])
	named := 0
	for _, v := range report.Violations {
		if v.Promise == "ticket-file-exists" {
			require.NotEqual(t, "booking "+s.ID, v.Subject)
			named++
		}
	}
	require.Equal(t, postgres.MaxViolations, named)
}

// TestAudit_ASilentFileStoreIsAnError does not report what it could not ask.
func TestAudit_ASilentFileStoreIsAnError(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.soldBooking(t, h.addUser(t), h.tickets[0])
	store, err := files.Open(t.Context(), "mem://")
	require.NoError(t, err)
	require.NoError(t, store.Close())
	_, err = h.db.Audit(t.Context(), postgres.AuditOptions{Files: store})
	requireCode(t, boxoffice.CodeUnavailable, err)
}

// TestAudit_EndsInTime lets a query wait: the audit is not clean then, it is an error.
func TestAudit_EndsInTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE admissions`)
	require.NoError(t, err)
	_, err = h.db.Audit(t.Context(), postgres.AuditOptions{Timeout: 50 * time.Millisecond})
	require.ErrorContains(t, requireCode(t, boxoffice.CodeUnavailable, err), "50ms")

	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := h.db.Audit(ctx, postgres.AuditOptions{})
		ended <- err
	}()
	eventually(t, "the audit waits for the table", func(ctx context.Context) bool {
		var waits bool
		err := h.own.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)`).Scan(&waits)
		return err == nil && waits
	})
	interrupt()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, tx.Rollback(t.Context()))
	h.requireClean(t, 0)
}

func openFiles(t *testing.T) *files.Store {
	t.Helper()
	store, err := files.Open(t.Context(), "file://"+t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
