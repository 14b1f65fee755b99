package boxoffice_test

import (
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestBookingStatusesAreAll(t *testing.T) {
	t.Parallel()
	require.Equal(t, constantsOf(t, "booking.go", "BookingStatus"), texts(boxoffice.BookingStatuses))
}

func TestTransitionsNameKnownStatusesOnce(t *testing.T) {
	t.Parallel()
	seen := map[[2]boxoffice.BookingStatus]bool{}
	for _, tr := range boxoffice.Transitions {
		require.Contains(t, boxoffice.BookingStatuses, tr.From)
		require.Contains(t, boxoffice.BookingStatuses, tr.To)
		require.NotEqual(t, tr.From, tr.To)
		require.NotEmpty(t, tr.Act)
		pair := [2]boxoffice.BookingStatus{tr.From, tr.To}
		require.False(t, seen[pair], "%v stands twice", pair)
		seen[pair] = true
	}
	for _, from := range boxoffice.BookingStatuses {
		for _, to := range boxoffice.BookingStatuses {
			require.Equal(t, seen[[2]boxoffice.BookingStatus{from, to}], from.CanFollow(to), "%s → %s", from, to)
		}
	}
}

// reachable gives the statuses that can follow, directly or later.
func reachable(from boxoffice.BookingStatus) map[boxoffice.BookingStatus]bool {
	found := map[boxoffice.BookingStatus]bool{}
	for next := []boxoffice.BookingStatus{from}; len(next) > 0; next = next[1:] {
		for _, s := range boxoffice.BookingStatuses {
			if next[0].CanFollow(s) && !found[s] {
				found[s] = true
				next = append(next, s)
			}
		}
	}
	return found
}

func TestEveryBookingCanComeToAnEnd(t *testing.T) {
	t.Parallel()
	for _, s := range boxoffice.BookingStatuses {
		ends := false
		for to := range reachable(s) {
			ends = ends || to.Final()
		}
		require.True(t, ends, "%s leads nowhere", s)
	}
	fromHeld := reachable(boxoffice.BookingHeld)
	require.Len(t, fromHeld, len(boxoffice.BookingStatuses)-1, "every status but held itself follows from held")
	require.False(t, fromHeld[boxoffice.BookingHeld], "a booking is held once: only POST /book takes seats")
}

func TestMoneyThatIsBackNeverBuysTickets(t *testing.T) {
	t.Parallel()
	for _, s := range []boxoffice.BookingStatus{boxoffice.BookingCancelled, boxoffice.BookingRefunding, boxoffice.BookingRefunded} {
		after := reachable(s)
		require.False(t, after[boxoffice.BookingConfirmed] || after[boxoffice.BookingCompleted], "%s must not lead to a sale", s)
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	final := map[boxoffice.BookingStatus]bool{
		boxoffice.BookingCompleted: true, boxoffice.BookingExpired: true, boxoffice.BookingCancelled: true, boxoffice.BookingRefunded: true,
	}
	for _, s := range boxoffice.BookingStatuses {
		require.Equal(t, final[s], s.Final(), s)
	}
	require.False(t, boxoffice.BookingStatus("unheard of").Final())
}
