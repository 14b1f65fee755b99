package property

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// TestAMailWhoseRunIsLostIsSentAfterAll hands a mail over to a run of its own, and loses that run: with Temporal's store,
// say. The sale stands all the while.
func TestAMailWhoseRunIsLostIsSentAfterAll(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	r := s.wake(b)
	s.before(r, "mail Send").step(loseCall)
	require.Equal(t, boxoffice.CodeUnavailable, s.let(r.act))
	r.settle(s.world)
	s.play(r)
	require.Len(t, s.mails, 1)
	require.Equal(t, boxoffice.EmailQueued, s.rows().Emails[0].Status)
	clear(s.mails)
	s.pass(2 * time.Minute)
	s.end(b, boxoffice.BookingCompleted, ticketPrice)
	require.Equal(t, map[string]int{s.rows().Emails[0].ID: 1}, s.mailed)
}
