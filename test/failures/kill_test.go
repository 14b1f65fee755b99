package failures

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// durable is a system whose commits survive a crash of the machine, as in production.
var durable = sync.OnceValues(func() (*stack.System, error) {
	return stack.StartShared("durable", []string{"--events", "40", "--days", "3"})
})

// rush is a crowd that buys, and what it was told.
type rush struct {
	mu      sync.Mutex
	holds   []hold
	paid    []string // booking IDs
	refused int
}

type hold struct {
	bookingID   string
	asked, told time.Time
}

// buy holds a seat and, if so, pays for it; it tries again for as long as the box office asks for that.
func (r *rush) buy(t *testing.T, c stack.Customer, seat string, pays bool) {
	var one hold
	r.insist(t, func() error {
		one.asked = time.Now()
		booking, err := c.Book(t.Context(), "once", seat)
		one.bookingID, one.told = booking.ID, time.Now()
		return err
	})
	r.mu.Lock()
	r.holds = append(r.holds, one)
	r.mu.Unlock()
	if !pays {
		return
	}
	var page buyer.Checkout
	r.insist(t, func() (err error) { page, err = c.Checkout(t.Context(), one.bookingID); return err })
	_, err := c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	require.NoError(t, err)
	r.mu.Lock()
	r.paid = append(r.paid, one.bookingID)
	r.mu.Unlock()
}

func (r *rush) insist(t *testing.T, on func() error) {
	stack.Eventually(t, time.Minute, func() error {
		err := on()
		if err != nil {
			r.mu.Lock()
			r.refused++
			r.mu.Unlock()
		}
		return err
	})
}

// start has buyers come, so many at a time, one seat each, every second of whom pays. done waits for the last.
func (r *rush) start(t *testing.T, s *stack.System, buyers, atATime int) (done func()) {
	t.Helper()
	crowd := s.Customers(t, buyers)
	seats := crowd[0].FreeSeats(t, s.Showing(t), buyers)
	var buying sync.WaitGroup
	for first := range atATime {
		buying.Go(func() {
			for i := first; i < buyers; i += atATime {
				r.buy(t, crowd[i], seats[i], i/atATime%2 == 0)
			}
		})
	}
	return buying.Wait
}

// awaitHolds waits until so many buyers have seats.
func (r *rush) awaitHolds(t *testing.T, n int) {
	t.Helper()
	stack.Eventually(t, 30*time.Second, func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.holds) < n {
			return fmt.Errorf("%d have seats", len(r.holds))
		}
		return nil
	})
}

// back tells when the first buyer had seats who asked after a moment.
func (r *rush) back(moment time.Time) (first time.Time) {
	for _, one := range r.holds {
		if one.asked.After(moment) && (first.IsZero() || one.told.Before(first)) {
			first = one.told
		}
	}
	return first
}

// requireKept asserts that all that the buyers were told is so: each hold is there, each payment becomes a sale.
func (r *rush) requireKept(t *testing.T, s *stack.System) {
	t.Helper()
	ids := make([]string, len(r.holds))
	for i, one := range r.holds {
		ids[i] = one.bookingID
	}
	var kept int
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT count(*) FROM bookings b JOIN tickets t ON t.booking_id = b.id
		WHERE b.id = ANY ($1::text[]::uuid[]) AND t.state IN ('held', 'sold')`, ids).Scan(&kept))
	require.Equal(t, len(ids), kept, "holds")
	stack.Eventually(t, 90*time.Second, func() error {
		var sold int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM bookings b JOIN tickets t ON t.booking_id = b.id
			WHERE b.id = ANY ($1::text[]::uuid[]) AND t.state = 'sold' AND b.status = 'completed'`, r.paid).Scan(&sold)
		if err == nil && sold != len(r.paid) {
			err = fmt.Errorf("%d of %d payments became sales", sold, len(r.paid))
		}
		return err
	})
}

// Postgres is killed while twenty buyers at a time hold and pay. They are served again within five seconds of its coming
// back, and all that they were told before and after is so.
func TestKillPostgres_NothingAcknowledgedIsLost(t *testing.T) {
	s := stack.Of(t, durable)
	_, err := s.DB.Exec(t.Context(), `CHECKPOINT`) // or it would first have to recover all that was seeded
	require.NoError(t, err)
	var r rush
	done := r.start(t, s, 120, 20)
	r.awaitHolds(t, 40)
	s.Signal(t, "postgres", syscall.SIGKILL)
	killed := time.Now()
	stack.Eventually(t, 30*time.Second, func() error {
		conn, err := pgx.ConnectConfig(t.Context(), s.DB.Config().ConnConfig)
		if err == nil {
			err = conn.Close(t.Context())
		}
		return err
	})
	recovered := time.Now()
	done()
	back := r.back(killed)
	require.False(t, back.IsZero(), "everybody had seats before the kill")
	t.Logf("%d holds, %d payments, refused %d times; Postgres was back %s after the kill, and the next hold after %s",
		len(r.holds), len(r.paid), r.refused, recovered.Sub(killed).Round(time.Millisecond), back.Sub(killed).Round(time.Millisecond))
	require.Positive(t, r.refused, "nobody noticed the kill")
	require.Less(t, back.Sub(recovered), 5*time.Second)
	r.requireKept(t, s)
}
