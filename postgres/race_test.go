package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// racer is one buyer of a race with what came of the wish.
type racer struct {
	user    string
	tickets []string // in a random order
	booking string   // the winner's
	err     error
}

// newRacers makes n buyers who want overlapping sets of the seats. The first of them want one seat each, so that every seat
// finds a winner; the others two to five.
func newRacers(t *testing.T, h *house, n int) []*racer {
	t.Helper()
	racers := make([]*racer, n)
	for i := range racers {
		wish := slices.Clone(h.tickets)
		rand.Shuffle(len(wish), func(i, j int) { wish[i], wish[j] = wish[j], wish[i] })
		racers[i] = &racer{user: h.addUser(t), tickets: wish[:2+rand.IntN(4)]}
		if i < len(h.tickets) {
			racers[i].tickets = h.tickets[i : i+1]
		}
	}
	rand.Shuffle(n, func(i, j int) { racers[i], racers[j] = racers[j], racers[i] })
	return racers
}

// oversold names the seats that more than one open booking counts as its own.
func oversold(t *testing.T, h *house) []string {
	t.Helper()
	rows, err := h.own.Query(t.Context(), `SELECT bt.ticket_id::text FROM booking_tickets bt JOIN bookings b ON b.id = bt.booking_id
		WHERE b.status = 'held' AND bt.released_at IS NULL GROUP BY bt.ticket_id HAVING count(*) > 1`)
	require.NoError(t, err)
	seats, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return seats
}

func TestHoldRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20)
	racers := newRacers(t, h, 100)
	h.race(racers, func(ctx context.Context, r *racer) error {
		for { // a machine that is busy may keep them waiting until they are asked to try again
			b, _, _, err := h.store.HoldSeats(ctx, boxoffice.HoldRequest{UserID: r.user, TicketIDs: r.tickets})
			if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable && ctx.Err() == nil {
				continue
			}
			r.booking = b.ID
			return err
		}
	}, t)

	require.Empty(t, oversold(t, h))
	owner := map[string]string{}
	for _, r := range racers {
		if r.err != nil {
			continue
		}
		for _, ticket := range r.tickets {
			require.Empty(t, owner[ticket], "two winners of one seat")
			owner[ticket] = r.booking
		}
	}
	for _, ticket := range h.tickets {
		require.NotEmpty(t, owner[ticket], "each seat has a winner")
		require.Equal(t, owner[ticket], one[string](t, h, `SELECT booking_id::text FROM tickets WHERE id = $1 AND state = 'held'`, ticket))
	}
	require.Equal(t, len(h.tickets), one[int](t, h, `SELECT count(*) FROM booking_tickets`), "a loser has no seat at all")
	for _, r := range racers {
		if r.err == nil {
			continue
		}
		e := requireCode(t, boxoffice.CodeSeatsTaken, r.err)
		require.NotEmpty(t, e.Conflicts)
		for _, c := range e.Conflicts {
			require.Contains(t, r.tickets, c.TicketID, "a conflict is about a seat that was wanted")
			require.Equal(t, boxoffice.ConflictHeld, c.Reason)
		}
	}
	require.Zero(t, h.deadlocks(t), "the fixed order of the locks keeps them out")
}

// TestHoldRace_WithoutTheLockItOversells runs the same race with the lock and the judgement under it switched off: each
// racer judges from a plain read, as a check-then-act would, and takes the seats once all have judged. The checker that
// passes the real race must see this one sell seats twice.
func TestHoldRace_WithoutTheLockItOversells(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20)
	racers := newRacers(t, h, 100)
	var judged sync.WaitGroup
	judged.Add(len(racers))
	h.race(racers, func(ctx context.Context, r *racer) error { return h.checkThenAct(ctx, r, &judged) }, t)
	for _, r := range racers {
		require.NoError(t, r.err)
	}
	require.NotEmpty(t, oversold(t, h))
}

// race releases all racers at once.
func (h *house) race(racers []*racer, hold func(ctx context.Context, r *racer) error, t *testing.T) {
	t.Helper()
	atOnce(len(racers), func(i int) { racers[i].err = hold(t.Context(), racers[i]) })
}

// checkThenAct is HoldSeats without FOR NO KEY UPDATE and with seats judged outside the transaction that takes them.
func (h *house) checkThenAct(ctx context.Context, r *racer, judged *sync.WaitGroup) error {
	var free bool
	err := h.own.QueryRow(ctx, `SELECT bool_and(seat_is_free(state, held_until)) FROM tickets WHERE id = ANY ($1::text[]::uuid[])`,
		r.tickets).Scan(&free)
	judged.Done()
	judged.Wait()
	if err != nil || !free {
		return fmt.Errorf("judge: free %t, %w", free, err)
	}
	slices.Sort(r.tickets)
	return pgx.BeginFunc(ctx, h.own, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`INSERT INTO bookings (id, reference, user_id, event_id, amount_minor, currency, hold_expires_at, next_check_at)
			SELECT u.id, upper(substr(md5(u.id::text), 1, 8)), u.id, $2, 1, 'USD', boxoffice_now() + interval '8 minutes', boxoffice_now()
			FROM users u WHERE u.id = $1`, r.user, h.event)
		batch.Queue(`INSERT INTO booking_tickets (booking_id, ticket_id, price_minor)
			SELECT $1, id, price_minor FROM tickets WHERE id = ANY ($2::text[]::uuid[]) ORDER BY id`, r.user, r.tickets)
		for _, ticket := range r.tickets { // one by one, in order: this variant is to oversell, not to deadlock
			batch.Queue(`UPDATE tickets SET state = 'held', booking_id = $1, held_until = boxoffice_now() + interval '23 minutes'
				WHERE id = $2`, r.user, ticket)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

// deadlocks counts those of the database. It closes the store first: a session reports its counts at the latest when it ends.
func (h *house) deadlocks(t *testing.T) int {
	t.Helper()
	h.closeStore(t)
	return one[int](t, h, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`)
}

// closeStore ends the store's sessions and waits until the server has seen them off.
func (h *house) closeStore(t testing.TB) {
	t.Helper()
	h.db.Close()
	eventually(t, "the store's sessions end", func(ctx context.Context) bool {
		var left int
		err := h.own.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'boxoffice'`).Scan(&left)
		return err == nil && left == 0
	})
}

// TestRepeatedWebhookAndSettlementDoNotDeadlock lets a repeated event arrive while an act that settles its payment has the
// booking: the event waits for the booking, and holds nothing meanwhile that the act needs.
func TestRepeatedWebhookAndSettlementDoNotDeadlock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.paid(t, h.addUser(t), h.tickets)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM bookings WHERE id = $1 FOR NO KEY UPDATE`, s.ID)
	require.NoError(t, err)

	received := make(chan error, 1)
	go func() {
		_, err := h.store.ReceivePaymentEvent(t.Context(), sessionEvent("evt_paid_"+s.attempt.ID, sessionOf(s.attempt, boxoffice.SessionComplete)))
		received <- err
	}()
	h.waitUntilBlocked(t)
	_, err = tx.Exec(t.Context(), `UPDATE webhook_inbox SET outcome = 'sold', processed_at = boxoffice_now()`)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-received)
	require.Zero(t, h.deadlocks(t))
}

// waitUntilBlocked waits until one of the store's sessions waits for a lock, and gives its process ID.
func (h *house) waitUntilBlocked(t testing.TB) (pid int) {
	t.Helper()
	eventually(t, "the store waits for a lock", func(ctx context.Context) bool {
		return h.own.QueryRow(ctx, `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'boxoffice' AND wait_event_type = 'Lock'`).Scan(&pid) == nil
	})
	return pid
}

// TestKilledConnection_IsUnavailableAndRepeatable ends the server's process in the middle of an act.
func TestKilledConnection_IsUnavailableAndRepeatable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.paid(t, h.addUser(t), h.tickets)
	before := h.rows(t)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets FOR UPDATE`)
	require.NoError(t, err)

	confirmed := make(chan error, 1)
	go func() { confirmed <- only(h.store.ConfirmSeats(t.Context(), s.ID, s.epoch, s.payment)) }()
	h.exec(t, `SELECT pg_terminate_backend($1)`, h.waitUntilBlocked(t))
	e := requireCode(t, boxoffice.CodeUnavailable, <-confirmed)
	require.Positive(t, e.RetryAfter)
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, before, h.rows(t))

	now, err := h.store.ConfirmSeats(t.Context(), s.ID, s.epoch, s.payment)
	require.NoError(t, err, "repeating works, on another connection")
	require.Equal(t, boxoffice.BookingConfirmed, now.Status)
}

// TestLockTimeout_IsUnavailable waits for a seat's row longer than a statement may.
func TestLockTimeout_IsUnavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := h.addUser(t)
	impatient, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{LockTimeout: 20 * time.Millisecond})
	require.NoError(t, err)
	defer impatient.Close()
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets FOR UPDATE`)
	require.NoError(t, err)
	_, _, _, err = impatient.Bookings(houseRules).HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets})
	e := requireCode(t, boxoffice.CodeUnavailable, err)
	require.Equal(t, time.Second, e.RetryAfter)
}

// TestClosedPool_IsUnavailable asks a store that is shutting down.
func TestClosedPool_IsUnavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := h.addUser(t)
	require.NoError(t, h.db.Ping(t.Context()))
	h.db.Close()
	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets})
	requireCode(t, boxoffice.CodeUnavailable, err)
	_, err = h.store.Booking(t.Context(), user, newID(t))
	requireCode(t, boxoffice.CodeUnavailable, err)
	requireCode(t, boxoffice.CodeUnavailable, h.db.Ping(t.Context()))
}
