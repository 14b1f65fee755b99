package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// TestNextCheck asserts when the sweep is to look at a booking whose run is lost, in each stage.
func TestNextCheck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	want := map[string]time.Duration{
		"held": 9 * time.Minute, "held, late": time.Minute, "open": 11 * time.Minute,
		"open, closing": 30 * time.Second, "closing": 30 * time.Second, "open, cancel wished": 30 * time.Second,
		"paid": 30 * time.Second, "paid, cancel wished": 30 * time.Second, "open, wrong amount paid before": 30 * time.Second,
		"confirmed": time.Minute, "completed": time.Minute, "expired, paid late": 30 * time.Second,
		"cancelled, paid": 30 * time.Second, "refunding": time.Minute, "given back": time.Minute, "refunding, money back": time.Minute, "refunded": time.Minute,
	}
	for i, stage := range stages {
		s := h.stage(t, i)
		_, err := h.store.Look(t.Context(), s.ID, s.epoch)
		require.NoError(t, err)
		if check, unfinished := want[stage.name]; unfinished {
			require.Equal(t, check, h.nextCheck(t, s.ID), stage.name)
			continue
		}
		require.True(t, one[bool](t, h, `SELECT next_check_at IS NULL FROM bookings WHERE id = $1`, s.ID), stage.name)
	}
}

// TestClaimOverdue_SweepersShareTheWork has several sweepers at once: each booking goes to one of them.
func TestClaimOverdue_SweepersShareTheWork(t *testing.T) {
	t.Parallel()
	const bookings, sweepers = 12, 4
	h := newHouse(t, bookings+1)
	due := map[string]boxoffice.BookingRef{}
	for i := range bookings {
		b := h.hold(t, h.addUser(t), h.tickets[i]) // never started
		ref, err := h.store.BookingRef(t.Context(), b.ID)
		require.NoError(t, err)
		due[b.ID] = ref
	}
	none, err := h.store.ClaimOverdue(t.Context(), 100)
	require.NoError(t, err)
	require.Empty(t, none, "two seconds are the API's")
	h.clock.AdvanceClock(t, 2*time.Second)
	h.held(t, h.addUser(t), h.tickets[bookings:]) // has its run

	claimed, errs := make([][]boxoffice.BookingRef, sweepers), make([]error, sweepers)
	atOnce(sweepers, func(i int) { claimed[i], errs[i] = h.store.ClaimOverdue(t.Context(), bookings/sweepers) })
	for i := range sweepers {
		require.NoError(t, errs[i])
		for _, ref := range claimed[i] {
			require.Equal(t, due[ref.BookingID], ref, "claimed once, with all that its run is started with")
			delete(due, ref.BookingID)
			require.Equal(t, 30*time.Second, h.nextCheck(t, ref.BookingID))
		}
	}
	rest, err := h.store.ClaimOverdue(t.Context(), 100) // those that two sweepers reached for at the same moment
	require.NoError(t, err)
	for _, ref := range rest {
		require.Contains(t, due, ref.BookingID)
		delete(due, ref.BookingID)
	}
	require.Empty(t, due, "none is left out")
	h.clock.AdvanceClock(t, 31*time.Second)
	again, err := h.store.ClaimOverdue(t.Context(), 100)
	require.NoError(t, err)
	require.Len(t, again, bookings, "one whose run does not come to life is swept again")
}

// TestClaimOverdue_SearchesItsIndex counts what the sweep reads: it runs every second, and must pass over the bookings that
// are not due without looking at each.
func TestClaimOverdue_SearchesItsIndex(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 12)
	for _, ticket := range h.tickets {
		h.hold(t, h.addUser(t), ticket)
	}
	// A table so small is cheaper read as a whole, unless the planner is told otherwise, as the size of a real one would.
	h.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$`)
	sweeper, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{})
	require.NoError(t, err)
	refs, err := sweeper.Bookings(houseRules).ClaimOverdue(t.Context(), 5)
	require.NoError(t, err)
	require.Empty(t, refs)
	sweeper.Close()
	h.closeStore(t)
	scans, read := 0, 0
	eventually(t, "the statistics arrive", func(ctx context.Context) bool {
		err := h.own.QueryRow(ctx, `SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'bookings_check'`).Scan(&scans, &read)
		return err == nil && scans > 0
	})
	require.Zero(t, read, "entries of the index that were read for nothing")
}

func TestMarkEmail(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	now := h.verify(t, s.ID)
	mail := now.MailDue
	job, err := h.store.EmailJob(t.Context(), mail)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EmailTickets, job.Kind)
	require.Equal(t, boxoffice.EmailQueued, job.Status)
	require.Equal(t, s.ID, job.Document.BookingID)
	require.Equal(t, "tickets/"+s.ID+".pdf", job.BlobKey)
	require.Equal(t, one[string](t, h, `SELECT email FROM users WHERE id = $1`, s.UserID), job.Recipient)

	mark := func(sendErr error, handedOver bool) (status boxoffice.EmailStatus, attempts int, next boxoffice.Step) {
		t.Helper()
		h.markEmail(t, mail, sendErr, handedOver)
		require.NoError(t, h.own.QueryRow(t.Context(), `SELECT status, attempts FROM emails WHERE id = $1`, mail).Scan(&status, &attempts))
		look, err := h.store.Look(t.Context(), s.ID, now.Epoch)
		require.NoError(t, err)
		return status, attempts, look.Next()
	}
	require.Equal(t, time.Minute, h.nextCheck(t, s.ID))
	status, attempts, next := mark(errors.New("greylisted"), false)
	require.Equal(t, []any{boxoffice.EmailQueued, 1, boxoffice.StepSendMail}, []any{status, attempts, next})
	status, attempts, next = mark(nil, true)
	require.Equal(t, []any{boxoffice.EmailQueued, 1, boxoffice.StepEnd}, []any{status, attempts, next}, "another looks after it")
	require.Equal(t, time.Hour, h.nextCheck(t, s.ID))
	status, attempts, next = mark(nil, false)
	require.Equal(t, []any{boxoffice.EmailSent, 2, boxoffice.StepEnd}, []any{status, attempts, next})
	before := h.rows(t)
	mark(boxoffice.Errorf(boxoffice.CodeMailRejected, "no such user"), false)
	require.Equal(t, before, h.rows(t), "sent is sent, whatever a late repetition says")
	require.Equal(t, "greylisted", one[string](t, h, `SELECT last_error FROM emails`))
}

func TestMarkEmail_Rejected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	mail := h.verify(t, s.ID).MailDue
	h.markEmail(t, mail, boxoffice.Errorf(boxoffice.CodeMailRejected, "no such user"), false)
	require.Equal(t, boxoffice.EmailFailed, one[boxoffice.EmailStatus](t, h, `SELECT status FROM emails`))
	require.Equal(t, boxoffice.StepEnd, h.verify(t, s.ID).Next())
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID), "a mail never undoes a sale")
}

// TestAddress_OfTheMail is the one given at checkout, else the user's, else the one that the payment page collected.
func TestAddress_OfTheMail(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct{ given, users string }{
		"given@example.org": {"given@example.org", "user@example.org"}, "user@example.org": {"", "user@example.org"}, "page@example.org": {"", ""},
	} {
		h := newHouse(t, 1)
		b := h.hold(t, h.addUser(t), h.tickets...)
		h.exec(t, `UPDATE users SET email = nullif($2, '') WHERE id = $1`, b.UserID, c.users)
		req := checkoutOf(b)
		req.Email = c.given
		a, err := h.store.OpenAttempt(t.Context(), req)
		require.NoError(t, err)
		h.pay(t, a)
		h.finish(t, b, boxoffice.BookingCompleted)
		require.Equal(t, want, one[string](t, h, `SELECT recipient FROM emails`))
	}
}

// TestTickets_StateChangesStayHot asserts that a seat's changes of state touch no index. Few seats of a large hall change, so
// that the room that a page keeps is enough even where the server cannot clear old versions away in time, as beside the long
// transactions of other tests.
func TestTickets_StateChangesStayHot(t *testing.T) {
	t.Parallel()
	const seats, bookings = 400, 8
	h := newHouse(t, seats)
	for i := range bookings {
		at := i * seats / bookings
		s := h.confirmed(t, h.addUser(t), h.tickets[at:at+2])
		if i%2 == 0 {
			_, err := h.store.Compensate(t.Context(), s.ID, s.epoch, "It could not be.")
			require.NoError(t, err)
		}
	}
	h.closeStore(t)
	const least = 2 * (4*bookings + bookings/2) // held, page opened, paid, sold; every other one freed
	var updates, hot int
	eventually(t, "the statistics arrive", func(ctx context.Context) bool {
		err := h.own.QueryRow(ctx, `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tickets'`).Scan(&updates, &hot)
		return err == nil && updates >= least
	})
	require.Greater(t, float64(hot)/float64(updates), 0.9, "%d of %d updates", hot, updates)
}
