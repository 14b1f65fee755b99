package failures

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The tests of this file take the room away that Postgres has for its files, by the limit of a file's size. To the server
// that is a full disk: it ignores the signal that goes with it. Only Linux can take room away from a process that runs.

// The table that every hold and every payment writes to cannot grow: changes are refused for the moment, all can be read,
// nothing is half done, and when there is room again all goes on by itself.
func TestPostgresDiskFull_ChangesAreRefusedAndReadsLive(t *testing.T) {
	s := stack.Of(t, durable)
	s.Disturb()
	c, booking, page := s.AboutToPay(t)
	eventID := s.Showing(t)
	other := s.Customer(t)
	seats := other.FreeSeats(t, eventID, 2)
	longAgo(t, s, other)
	refused := s.Metric(t, refusedWebhooks)
	free := fillTimeline(t, s, booking.ID)

	answer, err := other.Ask(t.Context(), http.MethodPost, "/book", "", seats)
	require.NoError(t, err)
	stack.RequireTryAgain(t, answer)
	requireReadsLive(t, other, eventID)
	require.Empty(t, other.BookingIDs(t))
	_, err = c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	s.AwaitMetric(t, refusedWebhooks, refused+1)

	free()
	began := time.Now()
	booked, err := other.Book(t.Context(), "", seats...)
	require.NoError(t, err, "none of the seats was taken by what was refused")
	require.Len(t, booked.Tickets, 2)
	booking = awaitCompleted(t, c, booking.ID)
	t.Logf("sold %s after there was room again", time.Since(began).Round(time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
}

// fillTimeline lets the table of timelines grow beyond the size of a WAL segment, which must not meet the limit, and then
// no further.
func fillTimeline(t *testing.T, s *stack.System, bookingID string) (free func()) {
	t.Helper()
	lines := func(n, length int) error {
		_, err := s.DB.Exec(t.Context(), `INSERT INTO booking_timeline (booking_id, what, actor)
			SELECT $1, repeat('x', $3::int), 'nobody' FROM generate_series(1, $2::int)`, bookingID, n, length)
		return err
	}
	require.NoError(t, lines(80_000, 200))
	t.Cleanup(func() {
		_, err := s.DB.Exec(context.WithoutCancel(t.Context()), `DELETE FROM booking_timeline WHERE actor = 'nobody'`)
		require.NoError(t, err)
	})
	var size uint64
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT pg_relation_size('booking_timeline')`).Scan(&size))
	require.Greater(t, size, uint64(16<<20))
	free = limitFiles(t, s, size)
	for _, n := range []int{100, 10, 1} { // there is room left within the file, down to the shortest line
		tries := 0
		for lines(n, 1) == nil {
			tries++
			require.Less(t, tries, 1000, "the table still grows")
		}
	}
	return free
}

// The log of changes cannot be written: Postgres ends itself, again and again for as long as there is no room, buyers are
// asked to try again, and when there is room all goes on by itself, with all that was acknowledged before.
func TestPostgresLogFull_ItComesBackByItself(t *testing.T) {
	s := stack.Of(t, durable)
	s.Disturb()
	c, booking, page := s.AboutToPay(t)
	other := s.Customer(t)
	seats := other.FreeSeats(t, s.Showing(t), 2)
	pid, err := s.PID("postgres")
	require.NoError(t, err)
	limitFiles(t, s, 1<<20)

	answer, err := other.Ask(t.Context(), http.MethodPost, "/book", "once", seats)
	require.NoError(t, err)
	stack.RequireTryAgain(t, answer)
	_, err = c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	s.AwaitRestart(t, "postgres", pid) // it could not even recover; the next one has room
	back := time.Now()
	stack.Eventually(t, 30*time.Second, func() error {
		_, err := other.Book(t.Context(), "once", seats...)
		return err
	})
	t.Logf("booked %s after there was room again", time.Since(back).Round(time.Millisecond))
	require.Len(t, other.BookingIDs(t), 1)
	booking = awaitCompleted(t, c, booking.ID)
	s.RequireSoldOnce(t, c, booking)
}

// limitFiles lets no file of dev's Postgres be written beyond a size, in bytes, until free is called or the test ends. A
// server that is started anew has no limit.
func limitFiles(t *testing.T, s *stack.System, size uint64) (free func()) {
	t.Helper()
	server, err := s.PID("postgres")
	require.NoError(t, err)
	set := func(limit uint64) {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", server)) // new ones inherit it
		if err != nil {
			return // it has ended, and its limit with it
		}
		for _, process := range append([]string{strconv.Itoa(server)}, strings.Fields(string(children))...) {
			if err := limitFilesOf(process, limit); !errors.Is(err, unix.ESRCH) && !errors.Is(err, os.ErrNotExist) {
				require.NoError(t, err)
			}
		}
	}
	free = func() { set(math.MaxUint64) }
	t.Cleanup(free)
	set(size)
	return free
}

// limitFilesOf sets the limit on a thread that has the process's user, and throws the thread away: a process is limited by
// its owner, or by a root with a capability that containers do not have.
func limitFilesOf(process string, size uint64) error {
	info, err := os.Stat("/proc/" + process)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	pid, err := strconv.Atoi(process)
	if err != nil || !ok {
		return fmt.Errorf("process %s: %w", process, err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this function
		user, group := uintptr(owner.Uid), uintptr(owner.Gid)
		if _, _, failed := unix.RawSyscall(unix.SYS_SETRESGID, group, group, group); failed != 0 {
			done <- failed
			return
		}
		if _, _, failed := unix.RawSyscall(unix.SYS_SETRESUID, user, user, user); failed != 0 {
			done <- failed
			return
		}
		done <- unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: math.MaxUint64}, nil)
	}()
	return <-done
}
