package failures

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// stranger is a session of somebody else at the database: an operator's psql, a report, another program.
func stranger(t *testing.T, s *stack.System) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), s.DB.Config().ConnConfig)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// lock takes the rows of seats in an open transaction.
func lock(t *testing.T, session *pgx.Conn, seats ...string) pgx.Tx {
	t.Helper()
	tx, err := session.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM tickets WHERE id = ANY ($1::text[]::uuid[]) FOR UPDATE`, seats)
	require.NoError(t, err)
	return tx
}

// A stranger sits on the rows of an event's best seats. The crowd that wants them is asked to try again before long, also
// where it is larger than the pool of connections; buyers of other events do not notice, and no webhook is refused.
func TestSeatsLocked_OnlyTheirBuyersWait(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	payer, booking, page := s.AboutToPay(t)
	refused := s.Metric(t, refusedWebhooks)
	crowd := s.Customers(t, 40)
	seats := crowd[0].FreeSeats(t, s.Showing(t), len(crowd))
	held := lock(t, stranger(t, s), seats...)

	took := make([]time.Duration, len(crowd))
	var waiting sync.WaitGroup
	for i, c := range crowd {
		waiting.Go(func() {
			began := time.Now()
			answer, err := c.Ask(t.Context(), http.MethodPost, "/book", "", seats[i:i+1])
			took[i] = time.Since(began)
			if err == nil && (answer.Status != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "") {
				err = fmt.Errorf("answered %d %s", answer.Status, answer.Body)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	paid := make(chan error, 1)
	go func() {
		_, err := payer.Pay(t.Context(), page, payer.Email, stack.GoodCard)
		paid <- err
	}()
	others := buyElsewhere(t, s, &waiting)
	require.NoError(t, <-paid)
	payer.AwaitPaid(t, booking.ID)
	require.Equal(t, refused, s.Metric(t, refusedWebhooks)) //nolint:testifylint // a count
	t.Logf("refused after %s at the latest; %d bookings elsewhere meanwhile, the slowest in %s",
		slices.Max(took).Round(time.Millisecond), len(others), slices.Max(others).Round(time.Millisecond))
	require.Less(t, slices.Max(took), 3*time.Second)
	require.Less(t, slices.Max(others), 1500*time.Millisecond, "as long as those who want the locked seats")

	require.NoError(t, held.Rollback(t.Context()))
	_, err := crowd[0].Book(t.Context(), "", seats[0])
	require.NoError(t, err, "the seats are as free as before")
}

// buyElsewhere looks at other events and books there for as long as others wait, and tells how long each booking took.
func buyElsewhere(t *testing.T, s *stack.System, others *sync.WaitGroup) (took []time.Duration) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		others.Wait()
		close(done)
	}()
	c, eventID := s.Customer(t), s.Showing(t)
	for i := 0; ; i++ {
		began := time.Now()
		booking := c.Hold(t, eventID, 1)
		took = append(took, time.Since(began))
		_, err := c.Cancel(t.Context(), booking.ID)
		require.NoError(t, err)
		select {
		case <-done:
			require.Greater(t, i, 3, "nobody waited")
			return took
		default:
		}
	}
}

// A stranger takes two seats' rows in the wrong order and runs into a booking: one of the two must give way. It is the
// booking, it is tried again, and its buyer notices nothing but a delay.
func TestDeadlock_TheBookingIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	seats := c.FreeSeats(t, s.Showing(t), 2)
	slices.Sort(seats) // a booking locks the first one first
	session := stranger(t, s)
	_, err := session.Exec(t.Context(), `SET deadlock_timeout = '1min'`) // so that it is not the stranger who notices
	require.NoError(t, err)
	before := deadlocks(t, s)
	tx := lock(t, session, seats[1])

	booked := make(chan error, 1)
	go func() {
		_, err := c.Book(t.Context(), "", seats...)
		booked <- err
	}()
	awaitWaiter(t, s, session)
	_, err = tx.Exec(t.Context(), `SELECT FROM tickets WHERE id = $1 FOR UPDATE`, seats[0])
	require.NoError(t, err, "the booking gave way")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-booked)
	stack.Eventually(t, time.Minute, func() error { // a session reports what it counted when it is idle
		if deadlocks(t, s) == before { // there is one more where the booking is back before the stranger has woken up
			return errors.New("no deadlock was counted")
		}
		return nil
	})
}

// awaitWaiter waits until a session stands in the way of another.
func awaitWaiter(t *testing.T, s *stack.System, inTheWay *pgx.Conn) {
	t.Helper()
	stack.Eventually(t, 10*time.Second, func() error {
		return s.DB.QueryRow(t.Context(), `SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) LIMIT 1`,
			inTheWay.PgConn().PID()).Scan()
	})
}

func deadlocks(t *testing.T, s *stack.System) (n int64) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n))
	return n
}

// A process of ours stops in the middle of a transaction, with seats locked: the server ends its session after ten seconds,
// and the seats can be had.
func TestIdleInTransaction_EndsInTenSeconds(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	seats := c.FreeSeats(t, s.Showing(t), 2)
	ours, err := postgres.Open(t.Context(), s.Env["DATABASE_URL"], postgres.Options{})
	require.NoError(t, err)
	defer ours.Close()
	conn, err := ours.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	idler := lock(t, conn.Conn(), seats...)
	began := time.Now()
	_, err = c.Book(t.Context(), "", seats...)
	stack.RequireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
	stack.Eventually(t, 20*time.Second, func() error {
		_, err := c.Book(t.Context(), "", seats...)
		return err
	})
	took := time.Since(began)
	t.Logf("the seats could be had after %s", took.Round(100*time.Millisecond))
	require.Greater(t, took, 9*time.Second, "they were not locked at all")
	require.Less(t, took, 13*time.Second)
	require.Error(t, idler.Commit(t.Context()), "the session lives")
}
