package failures

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// The tests of this file lose answers to COMMIT: the server has committed, and the program cannot know. They run one after
// the other.

// A buyer whose hold was committed unheard is asked to try again, and finds the one booking: under the same key as the
// answer itself, without a key as the reason why the seats are taken.
func TestCommitAnswerLost_TheHoldIsFound(t *testing.T) {
	s := stack.Of(t, far)
	pairs := s.Pairs(t, s.Showing(t), 2)
	for name, c := range map[string]struct {
		key    string
		seats  []string
		status int
	}{
		"with a key":    {"once", pairs[0], http.StatusCreated},
		"without a key": {"", pairs[1], http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			buyer, seats := s.Customer(t), c.seats
			s.Commits.LoseAnswers(t, "INSERT INTO bookings")
			unheard, err := buyer.Ask(t.Context(), http.MethodPost, "/book", c.key, seats)
			require.NoError(t, err)
			s.Commits.AwaitLost(t)
			stack.RequireTryAgain(t, unheard)
			again, err := buyer.Ask(t.Context(), http.MethodPost, "/book", c.key, seats)
			require.NoError(t, err)
			require.Equal(t, c.status, again.Status, string(again.Body))
			if c.status == http.StatusConflict {
				requireHeldByYou(t, again)
			}
			ids := buyer.BookingIDs(t)
			require.Len(t, ids, 1)
			s.AwaitWaiting(t, ids[0])
			buyer.PayFor(t, ids[0])
			s.RequireSoldOnce(t, buyer, buyer.AwaitEnd(t, 30*time.Second, ids[0], "completed"))
			s.RequireChargedOnce(t, ids[0])
		})
	}
}

// requireHeldByYou asserts that a refusal tells the buyer that the seats are the buyer's own.
func requireHeldByYou(t *testing.T, refusal buyer.Answer) {
	t.Helper()
	var problem buyer.Problem
	require.NoError(t, json.Unmarshal(refusal.Body, &problem))
	require.NotEmpty(t, problem.Conflicts)
	for _, conflict := range problem.Conflicts {
		require.Equal(t, "held_by_you", conflict.Reason)
	}
}

// Whatever of a sale is committed unheard, from the attempt to pay to the note that the mail is sent, is done once.
func TestCommitAnswerLost_OneSale(t *testing.T) {
	s := stack.Of(t, far)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	s.AwaitWaiting(t, booking.ID)
	for _, sql := range []string{"INSERT INTO payment_attempts", "UPDATE payment_attempts SET session_id"} {
		s.Commits.LoseAnswers(t, sql)
		_, err := c.Checkout(t.Context(), booking.ID)
		stack.RequireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
		s.Commits.AwaitLost(t)
	}
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Len(t, s.SessionsOf(t, booking.ID), 1)

	s.Commits.LoseAnswers(t, "INSERT INTO webhook_inbox", "SET state = 'sold'", "INSERT INTO admissions", "SET status = 'completed'", "UPDATE emails SET status")
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	require.NoError(t, err)
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	s.Commits.AwaitLost(t)
	s.EndedRun(t, booking.ID)
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
	require.Equal(t, "sent", s.MailOf(t, booking.ID)[0])
}

// Whatever of a refund is committed unheard, the money goes back once.
func TestCommitAnswerLost_OneRefund(t *testing.T) {
	s := stack.Of(t, far)
	c := s.Customer(t)
	eventID := s.Showing(t)
	booking := c.Hold(t, eventID, 2)
	s.CancelEvent(t, eventID)
	s.Commits.LoseAnswers(t, "SET status = 'refunding'", "UPDATE refunds r SET", "SET status = 'refunded'")
	c.PayFor(t, booking.ID)
	c.AwaitEnd(t, 60*time.Second, booking.ID, "refunded")
	s.Commits.AwaitLost(t)
	s.RequireRefundedOnce(t, c, booking)
}

// Whatever of a deadline's acts is committed unheard, the page is closed and the seats are free once.
func TestCommitAnswerLost_OneEnd(t *testing.T) {
	s := stack.Of(t, far)
	pair := s.Customers(t, 2)
	eventID := s.Showing(t)
	booking, page := s.Opened(t, pair[0], pair[0].FreeSeats(t, eventID, 2)...)
	s.AwaitWaiting(t, booking.ID)
	s.Commits.LoseAnswers(t, "epoch = epoch + 1", "SET closing_at = boxoffice_now()", "SET state = 'dead'", "SET state = 'available'")
	_, err := s.DB.Exec(t.Context(), `UPDATE bookings SET hold_expires_at = boxoffice_now(), next_check_at = boxoffice_now() WHERE id = $1`, booking.ID)
	require.NoError(t, err)
	pair[0].AwaitEnd(t, 60*time.Second, booking.ID, "expired")
	stack.RequireClosed(t, pair[0], page.URL)
	s.RequireFree(t, pair[1], booking, eventID)
}
