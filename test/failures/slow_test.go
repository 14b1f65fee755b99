package failures

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// far is the system whose network to Postgres and Temporal is broken.
var far = sync.OnceValues(func() (*stack.System, error) { return stack.StartBehindProxies("far", stack.Seeded) })

// Each answer of Postgres comes 100 ms late: everything takes its time, and comes to the same end.
func TestPostgresSlow_EverythingTakesItsTime(t *testing.T) {
	s := stack.Of(t, far)
	c := s.Customer(t)
	seats := c.FreeSeats(t, s.Showing(t), 2)
	s.ToPostgres.Delay(t, 100*time.Millisecond)
	began := time.Now()
	booking, err := c.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	took := time.Since(began)
	require.Greater(t, took, 400*time.Millisecond, "is the network slow at all?")
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("booked in %s, sold in %s", took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
}

// No answer of Postgres comes at all: buyers are asked to try again, and once answers come they are served at once.
func TestPostgresSilent_BuyersAreAskedToTryAgain(t *testing.T) {
	s := stack.Of(t, far)
	c := s.Customer(t)
	seats := c.FreeSeats(t, s.Showing(t), 2)
	s.ToPostgres.Stall(t)
	began := time.Now()
	answer, err := c.Ask(t.Context(), http.MethodPost, "/book", "silent", seats)
	require.NoError(t, err)
	took := time.Since(began)
	stack.RequireTryAgain(t, answer)
	require.Less(t, took, 12*time.Second)
	s.ToPostgres.Mend(t)
	mended := time.Now()
	stack.Eventually(t, 5*time.Second, func() error {
		_, err := c.Book(t.Context(), "silent", seats...)
		return err
	})
	t.Logf("refused after %s, booked %s after answers came again", took.Round(time.Millisecond), time.Since(mended).Round(time.Millisecond))
}
