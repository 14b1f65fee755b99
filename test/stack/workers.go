package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/stretchr/testify/require"
)

// Bare are the flags of a system without a worker but those that a test spawns.
var Bare = append(Seeded[:len(Seeded):len(Seeded)], "--no-worker")

// Points are the failpoints of a process: a folder.
type Points string

// Arm arms a failpoint, and forgets that it was ever reached.
func (p Points) Arm(t *testing.T, point string) {
	t.Helper()
	armed := filepath.Join(string(p), point)
	require.NoError(t, os.RemoveAll(armed+".reached"))
	require.NoError(t, os.WriteFile(armed, nil, 0o600))
	t.Cleanup(func() { _ = os.Remove(armed) })
}

// Disarm lets the process go on behind a failpoint.
func (p Points) Disarm(t *testing.T, point string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(string(p), point)))
}

// AwaitAt waits until the process has reached an armed failpoint.
func (p Points) AwaitAt(t *testing.T, point string) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		_, err := os.Stat(filepath.Join(string(p), point+".reached"))
		return err
	})
}

// Worker is a worker that a test spawned, with failpoints of its own.
type Worker struct {
	*proc.Process
	Points
	admin string
}

// SpawnWorker runs another worker until the test ends.
func (s *System) SpawnWorker(t *testing.T) *Worker {
	t.Helper()
	points := t.TempDir()
	port, err := proc.FreePort()
	require.NoError(t, err)
	admin := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	process := s.Spawn(t, "worker", failpoint.DirEnv+"="+points, "BOXOFFICE_ADMIN_ADDR="+admin)
	return &Worker{Process: process, Points: Points(points), admin: "http://" + admin}
}

// AwaitTold waits until the worker tells operators of something above 0: a metric, with these labels among its own.
func (w *Worker) AwaitTold(t *testing.T, name string, labels ...string) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		page, err := scrape(w.admin)
		for line := range strings.Lines(page) {
			series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			told := strings.HasPrefix(series, name) && value != "0"
			for _, label := range labels {
				told = told && strings.Contains(series, label)
			}
			if told {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("nothing is told of %s %q", name, labels))
	})
}

// Freeze stops the worker where it stands, as a machine does that is short of everything. Thaw lets it go on, and so does
// the test's end.
func (w *Worker) Freeze(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { _ = syscall.Kill(w.PID(), syscall.SIGCONT) })
	require.NoError(t, syscall.Kill(w.PID(), syscall.SIGSTOP))
}

// Thaw lets a frozen worker go on.
func (w *Worker) Thaw(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(w.PID(), syscall.SIGCONT))
}

// AwaitSettled waits until bookings have nothing left to do: no hold runs, no money is unsettled, no mail is due. Where
// none is named, no booking may have.
func (s *System) AwaitSettled(t *testing.T, patience time.Duration, bookingIDs ...string) {
	t.Helper()
	Eventually(t, patience, func() error {
		var open []string
		err := s.DB.QueryRow(t.Context(), `SELECT coalesce(array_agg(id || ' is ' || status), '{}') FROM bookings
			WHERE next_check_at IS NOT NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]::uuid[]))`, bookingIDs).Scan(&open)
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("unfinished: %q", open)
		}
		return err
	})
}

// AwaitPaid waits until the news of a booking's payment has come, whoever sleeps.
func (c Customer) AwaitPaid(t *testing.T, bookingID string) {
	t.Helper()
	Eventually(t, 20*time.Second, func() error {
		booking, err := c.Booking(t.Context(), bookingID)
		if err == nil && booking.Payment != "paid" {
			err = fmt.Errorf("the payment is %s", booking.Payment)
		}
		return err
	})
}

// Backstop gives the time at which each seat of a booking frees itself if nobody acts; money that has arrived makes it
// infinite.
func (s *System) Backstop(t *testing.T, bookingID string) (until time.Time, endless bool) {
	t.Helper()
	var least, most time.Time
	var seats, kept int
	err := s.DB.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE held_until = 'infinity'), coalesce(min(held_until) FILTER (WHERE isfinite(held_until)), 'epoch'),
			coalesce(max(held_until) FILTER (WHERE isfinite(held_until)), 'epoch')
		FROM tickets WHERE booking_id = $1 AND state = 'held'`, bookingID).Scan(&seats, &kept, &least, &most)
	require.NoError(t, err)
	require.NotZero(t, seats, "the booking holds nothing")
	require.Equal(t, least, most, "the seats of a booking free themselves together")
	require.Contains(t, []int{0, seats}, kept, "the seats of a booking are kept together")
	return most, kept == seats
}

// SetClockAhead makes the database tell a later time than the machine, until the test ends.
func (s *System) SetClockAhead(t *testing.T, by time.Duration) {
	t.Helper()
	set := func(by time.Duration) error {
		_, err := s.DB.Exec(context.WithoutCancel(t.Context()), fmt.Sprintf(`CREATE OR REPLACE FUNCTION boxoffice_now() RETURNS timestamptz
			LANGUAGE sql VOLATILE PARALLEL SAFE RETURN clock_timestamp() + interval '%d milliseconds'`, by.Milliseconds()))
		return err
	}
	t.Cleanup(func() { require.NoError(t, set(0)) })
	require.NoError(t, set(by))
}

// AwaitBookable waits until seats can be had, and has them: it gives the booking.
func (c Customer) AwaitBookable(t *testing.T, patience time.Duration, seats ...string) (bookingID string) {
	t.Helper()
	Eventually(t, patience, func() error {
		booking, err := c.Book(t.Context(), "", seats...)
		bookingID = booking.ID
		return err
	})
	return bookingID
}
