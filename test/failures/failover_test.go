package failures

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/buyer"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/test/stack"
)

// onPair is a system whose Postgres has a synchronous standby, and that knows both.
var onPair = sync.OnceValues(func() (*stack.System, error) {
	s, p, err := stack.StartOnPair("pair", stack.Seeded)
	pair = p
	return s, err
})

var pair *stack.Pair

// The primary is killed while twenty buyers at a time hold and pay, and its standby promoted. The same API and worker go on
// with it, all that buyers were told is so, and the old primary, which comes back knowing less, is not asked for anything.
func TestFailover_NothingAcknowledgedIsLost(t *testing.T) {
	s := stack.Of(t, onPair)
	before := s.Children()
	var r rush
	done := r.start(t, s, 120, 20)
	r.awaitHolds(t, 40)
	killed := time.Now()
	pair.FailOver(t)
	promoted := time.Now()
	old := pair.Return(t)
	done()
	back := r.back(killed)
	require.False(t, back.IsZero(), "everybody had seats before the kill")
	t.Logf("%d holds, %d payments, refused %d times; the standby was the primary %s after the kill, and the next hold came after %s",
		len(r.holds), len(r.paid), r.refused, promoted.Sub(killed).Round(time.Millisecond), back.Sub(killed).Round(time.Millisecond))
	require.Positive(t, r.refused, "nobody noticed the kill")
	require.Less(t, back.Sub(promoted), time.Minute)
	r.requireKept(t, s)
	require.Equal(t, before, s.Children(), "a process died of it")

	requireLeftAlone(t, s, old)
	require.NoError(t, old.Stop())
	pair.Follow(t)
}

// requireLeftAlone asserts that a server which takes no changes has no session of the program, also when all sessions are
// opened anew, and that seats are sold as ever.
func requireLeftAlone(t *testing.T, s *stack.System, old *pgserver.Server) {
	t.Helper()
	execute(t, pair.Primary, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'boxoffice'`)
	c := s.Customer(t)
	var booking buyer.Booking
	seats := c.FreeSeats(t, s.Showing(t), 2)
	stack.Eventually(t, 30*time.Second, func() (err error) {
		booking, err = c.Book(t.Context(), "once", seats...)
		return err
	})
	c.PayFor(t, booking.ID)
	s.RequireSoldOnce(t, c, awaitCompleted(t, c, booking.ID))
	const ours = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'boxoffice'`
	stack.Eventually(t, 30*time.Second, func() error { // a connection that finds no primary there is closed a moment later
		if there, here := number(t, old, ours), number(t, pair.Primary, ours); there > 0 || here == 0 {
			return fmt.Errorf("the program has %d sessions with the old primary and %d with the new one", there, here)
		}
		return nil
	})
}

// An API whose DATABASE_URL leads to a replica, which is behind: it shows what the replica knows, and gives nobody a seat: what it
// shows as free was sold since.
func TestStaleReplica_DecidesNothing(t *testing.T) {
	s := stack.Of(t, onPair)
	winner, loser := s.Customer(t), s.Customer(t)
	eventID := s.Showing(t)
	there := loser.At(s.SpawnAPI(t, "DATABASE_URL="+pair.Standby.URL))
	stack.Eventually(t, 30*time.Second, func() error { // the replica knows of the loser's session
		_, err := there.Seats(t.Context(), eventID)
		return err
	})
	defer execute(t, pair.Standby, `SELECT pg_wal_replay_resume()`)
	execute(t, pair.Standby, `SELECT pg_wal_replay_pause()`)
	booking := winner.Hold(t, eventID, 2)
	seat := booking.Tickets[0].ID
	require.Equal(t, 1, number(t, pair.Standby, `SELECT count(*) FROM tickets WHERE id = '`+seat+`' AND state = 'available'`))
	there.RequireSeats(t, booking, eventID, "available")

	answer, err := there.Ask(t.Context(), http.MethodPost, "/book", "", []string{seat})
	require.NoError(t, err)
	stack.RequireTryAgain(t, answer)
	require.Contains(t, string(answer.Body), "does not take changes")
	execute(t, pair.Standby, `SELECT pg_wal_replay_resume()`)
	stack.Eventually(t, 30*time.Second, func() error {
		states, err := there.Seats(t.Context(), eventID)
		if state := states[seat]; err == nil && state != "held" {
			err = fmt.Errorf("the replica's seat is %s", state)
		}
		return err
	})
}

// execute runs a statement on a server of the pair.
func execute(t *testing.T, s *pgserver.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

// number reads one from a server of the pair.
func number(t *testing.T, s *pgserver.Server, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	require.NoError(t, conn.Close(t.Context()))
	return n
}
