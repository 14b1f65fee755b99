package failures

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// The tests of this file have Postgres refuse connections, or changes, to everybody. They run one after the other.

// Somebody takes every connection that the server has. The API asks buyers to try again and neither it nor the worker
// dies of it; when there are connections again, what came meanwhile is settled.
func TestConnectionsExhausted_BackPressureAndNoCrashLoop(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	s.Disturb()
	c, booking, page := s.AboutToPay(t)
	before, refused := s.Children(), s.Metric(t, refusedWebhooks)
	other := s.Customer(t)
	seats := other.FreeSeats(t, s.Showing(t), 2)
	release := eatConnections(t, s)

	began := time.Now()
	answer, err := other.Ask(t.Context(), http.MethodPost, "/book", "", seats)
	require.NoError(t, err)
	stack.RequireTryAgain(t, answer)
	require.Less(t, time.Since(began), 3*time.Second)
	_, err = c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err, "the page is not ours")
	s.AwaitMetric(t, refusedWebhooks, refused+1)
	release()
	freed := time.Now()
	stack.Eventually(t, 10*time.Second, func() error {
		_, err := other.Book(t.Context(), "", seats...)
		return err
	})
	t.Logf("booked %s after there were connections again", time.Since(freed).Round(time.Millisecond))
	booking = awaitCompleted(t, c, booking.ID)
	t.Logf("sold %s after", time.Since(freed).Round(time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
	require.Equal(t, before, s.Children(), "a process died of it")
}

// eatConnections takes the program's connections away and all that are free, those kept for superusers too, as the program
// is one here. One stays for the test.
func eatConnections(t *testing.T, s *stack.System) (release func()) {
	t.Helper()
	mine, err := s.DB.Acquire(t.Context())
	require.NoError(t, err)
	var eaten []*pgx.Conn
	release = func() {
		for _, conn := range eaten {
			_ = conn.Close(context.WithoutCancel(t.Context()))
		}
		eaten = nil
		mine.Release()
		mine = nil
	}
	t.Cleanup(func() {
		if mine != nil {
			release()
		}
	})
	stack.Eventually(t, 30*time.Second, func() error {
		if _, err := mine.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'boxoffice'`); err != nil {
			return err
		}
		eat := func() bool {
			conn, err := pgx.ConnectConfig(t.Context(), s.DB.Config().ConnConfig)
			if err == nil {
				eaten = append(eaten, conn)
			}
			return err == nil
		}
		for eat() {
		}
		if err := nobodyServed(t.Context(), mine); err != nil {
			return err
		}
		if eat() { // a session that was ended has its place until it is gone
			return errors.New("there was a connection left")
		}
		return nil
	})
	t.Logf("%d connections eaten", len(eaten))
	return release
}

// nobodyServed reports whether the program has no connection left.
func nobodyServed(ctx context.Context, session *pgxpool.Conn) error {
	var left int
	err := session.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'boxoffice'`).Scan(&left)
	if err == nil && left > 0 {
		err = fmt.Errorf("the program has %d connections", left)
	}
	return err
}

// refusedWebhooks counts the webhooks that the API could not take.
const refusedWebhooks = `boxoffice_http_requests_total{method="POST",route="/webhooks/stripe",status="503"}`

// awaitCompleted is AwaitEnd while requests may still be refused.
func awaitCompleted(t *testing.T, c stack.Customer, bookingID string) (booking buyer.Booking) {
	t.Helper()
	stack.Eventually(t, 60*time.Second, func() (err error) {
		if booking, err = c.Booking(t.Context(), bookingID); err == nil && booking.Status != "completed" {
			err = fmt.Errorf("the booking is %s", booking.Status)
		}
		return err
	})
	return booking
}

// The primary takes no changes, as one that was failed over and does not know it, or that a provider has locked: holds are
// refused for what they are, everything can be read, money that comes meanwhile is told again, and all goes on afterwards.
func TestPrimaryReadOnly_HoldsAreRefusedAndReadsLive(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	s.Disturb()
	c, booking, page := s.AboutToPay(t)
	before, refused := s.Children(), s.Metric(t, refusedWebhooks)
	eventID := s.Showing(t)
	other := s.Customer(t)
	seats := other.FreeSeats(t, eventID, 2)
	longAgo(t, s, other)
	writable := readOnly(t, s)

	answer, err := other.Ask(t.Context(), http.MethodPost, "/book", "", seats)
	require.NoError(t, err)
	stack.RequireTryAgain(t, answer)
	require.Contains(t, string(answer.Body), "does not take changes")
	requireReadsLive(t, other, eventID)
	_, err = c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	s.AwaitMetric(t, refusedWebhooks, refused+1)
	held, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status)

	writable()
	began := time.Now()
	stack.Eventually(t, 10*time.Second, func() error {
		_, err := other.Book(t.Context(), "", seats...)
		return err
	})
	t.Logf("booked %s after changes were taken again", time.Since(began).Round(time.Millisecond))
	booking = awaitCompleted(t, c, booking.ID)
	s.RequireSoldOnce(t, c, booking)
	require.Equal(t, before, s.Children(), "a process died of it")
}

// longAgo makes the last use of a customer's session one that is to be noted anew.
func longAgo(t *testing.T, s *stack.System, c stack.Customer) {
	t.Helper()
	_, err := s.DB.Exec(t.Context(), `UPDATE sessions SET last_seen = boxoffice_now() - interval '5 minutes' WHERE user_id = $1`, c.ID)
	require.NoError(t, err)
}

// readOnly has the server refuse changes until writable is called, or the test ends.
func readOnly(t *testing.T, s *stack.System) (writable func()) {
	t.Helper()
	set := func(how string) {
		for _, sql := range []string{`ALTER SYSTEM ` + how, `SELECT pg_reload_conf()`} {
			_, err := s.DB.Exec(context.WithoutCancel(t.Context()), sql)
			require.NoError(t, err)
		}
	}
	awaitSetting := func(want string) {
		stack.Eventually(t, 10*time.Second, func() error {
			var is string
			err := s.DB.QueryRow(t.Context(), `SHOW default_transaction_read_only`).Scan(&is)
			if err == nil && is != want {
				err = fmt.Errorf("default_transaction_read_only is %s", is)
			}
			return err
		})
	}
	t.Cleanup(func() { set(`RESET default_transaction_read_only`) })
	set(`SET default_transaction_read_only = on`)
	awaitSetting("on")
	return func() {
		set(`RESET default_transaction_read_only`)
		awaitSetting("off")
	}
}

// requireReadsLive asserts that a buyer can look at everything.
func requireReadsLive(t *testing.T, c stack.Customer, eventID string) {
	t.Helper()
	_, err := c.Events(t.Context())
	require.NoError(t, err)
	_, _, err = c.Event(t.Context(), eventID)
	require.NoError(t, err)
	_, err = c.Seats(t.Context(), eventID)
	require.NoError(t, err)
	c.BookingIDs(t)
}
