package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// supportCase is what these tests read of a case.
type supportCase struct {
	Booking struct{ ID, Reference, Status string }
	Waits   string `json:"waits_for"`
	Run     struct {
		Open          bool
		Says, Missing string
		Failing       *struct {
			Step      string
			Attempt   int
			LastError string `json:"last_error"`
		}
	}
	Money struct {
		Captured int64 `json:"captured_minor"`
		Refunded int64 `json:"refunded_minor"`
	}
	Audit []struct {
		Actor, Action, Reason string
		Verified              bool
	}
	Story []struct{ Source, What string }
}

func (c supportCase) tells(source string) string {
	var all []string
	for _, line := range c.Story {
		if line.Source == source {
			all = append(all, line.What)
		}
	}
	return strings.Join(all, "\n")
}

// staff signs up somebody who helps buyers. What they do to a booking at its end wakes another run, so runs are not counted.
func staff(t *testing.T, s *stack.System) stack.Customer {
	t.Helper()
	s.Disturb()
	anna := signUp(t, s)
	_, complaint, code := stack.RunProgram(t, []string{"DATABASE_URL=" + s.Env["DATABASE_URL"]}, "role", anna.Name, "support")
	require.Zero(t, code, complaint)
	return anna
}

// findAll gives the IDs of the bookings that support finds.
func findAll(t *testing.T, anna stack.Customer, query string) []string {
	t.Helper()
	var page struct{ Bookings []struct{ ID string } }
	call(t, anna, http.MethodGet, "/support/bookings?"+query, nil, &page)
	var ids []string
	for _, b := range page.Bookings {
		ids = append(ids, b.ID)
	}
	return ids
}

func caseOf(t *testing.T, anna stack.Customer, bookingID string) (c supportCase) {
	t.Helper()
	call(t, anna, http.MethodGet, "/support/bookings/"+bookingID, nil, &c)
	return c
}

// help has support act on a booking, twice under one key, and gives what it is told first.
func help(t *testing.T, anna stack.Customer, bookingID, action string, body thing) (done string) {
	t.Helper()
	body["reason"] = "The test wants it."
	key := fmt.Sprint(action, time.Now().UnixNano())
	for try := range 2 {
		said, err := anna.Ask(t.Context(), http.MethodPost, "/support/bookings/"+bookingID+"/"+action, key, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, said.Status, string(said.Body))
		var answer struct{ Done string }
		require.NoError(t, json.Unmarshal(said.Body, &answer))
		if try == 0 {
			done = answer.Done
		}
	}
	return done
}

// Support finds a sold booking, gives some of its money back, and then cancels it, although its event takes nothing back.
func TestSupport_CancelsASale(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	anna, c := staff(t, s), signUp(t, s)
	requireProblem(t, c.Call(t.Context(), http.MethodGet, "/support/bookings?q=x", nil, nil), http.StatusForbidden)
	event, seats := find(t, c, s.Showing(t))
	booking, page := s.Paid(t, c, seats...)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	code := codeOnPage(t, pdf, 1)
	requireOnline(t, s, code, true)
	for _, known := range []string{
		"q=" + booking.Reference, "q=" + c.Email, "q=" + c.Name, "q=" + page.ID,
		"q=" + strings.NewReplacer(" ", "%20", ",", "%2C").Replace(booking.Tickets[0].Seat) + "&event=" + event.ID,
	} {
		require.Equal(t, []string{booking.ID}, findAll(t, anna, known), known)
	}

	help(t, anna, booking.ID, "refund", thing{"amount_minor": 100})
	require.Contains(t, s.AwaitMail(t, c, "Refund of ").Text, "The box office gives you this back.")
	requireOnline(t, s, code, true)
	var quote struct {
		RefundMinor int64 `json:"refund_minor"`
	}
	call(t, anna, http.MethodPost, "/support/bookings/"+booking.ID+"/cancel?preview=true", thing{"reason": "A look."}, &quote)
	require.Equal(t, booking.AmountMinor-100, quote.RefundMinor)
	help(t, anna, booking.ID, "cancel", thing{})
	c.AwaitEnd(t, 20*time.Second, booking.ID, "refunded")
	require.Equal(t, stack.Money{Charges: 1, Refunds: 2}, s.MoneyOf(t, booking.ID))
	requireOnline(t, s, code, false)
	_, err = c.File(t.Context(), booking.ID, "tickets.pdf")
	stack.RequireProblem(t, err, http.StatusConflict, "not-ready")
	states, err := c.Seats(t.Context(), event.ID)
	require.NoError(t, err)
	for _, ticket := range booking.Tickets {
		require.Equal(t, "available", states[ticket.ID])
	}
	stack.Eventually(t, 20*time.Second, func() error {
		told := caseOf(t, anna, booking.ID)
		for source, line := range map[string]string{
			"booking": "All that was to go back is back.", "mail": "was sent", "webhook": "checkout.session.completed",
			"audit": ": cancel. The reason: The test wants it.", "run": "The run ended: completed.\nA run began.",
		} {
			if !strings.Contains(told.tells(source), line) {
				return fmt.Errorf("%s does not tell %q: %s", source, line, told.tells(source))
			}
		}
		require.Equal(t, []int64{booking.AmountMinor, booking.AmountMinor}, []int64{told.Money.Captured, told.Money.Refunded})
		require.Equal(t, "The booking is refunded. Nothing is left to do.", told.Waits)
		return nil
	})
}

// A run that is lost is started by support; what it waits for is told before and after.
func TestSupport_StartsALostRun(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	anna := staff(t, s)
	c, booking, _ := s.AboutToPay(t)
	s.AwaitWaiting(t, booking.ID)
	before := caseOf(t, anna, booking.ID)
	require.True(t, before.Run.Open)
	require.Contains(t, before.Waits, "The buyer's payment page is open.")
	require.Contains(t, before.Run.Says, "The seats are held until")
	require.NoError(t, s.Temporal.TerminateWorkflow(t.Context(), workflows.BookingWorkflowID(booking.ID), "", "the test wants it"))
	lost := caseOf(t, anna, booking.ID)
	require.False(t, lost.Run.Open)
	require.Contains(t, lost.tells("run"), "The run ended: terminated.")
	require.Equal(t, before.Waits, lost.Waits, "the rows know it without a run")

	require.Contains(t, help(t, anna, booking.ID, "retry", thing{}), "looks at the booking")
	s.AwaitWaiting(t, booking.ID)
	help(t, anna, booking.ID, "extend", thing{"minutes": 5})
	require.True(t, caseOf(t, anna, booking.ID).Run.Open)
	c.PayFor(t, booking.ID)
	c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	audit := caseOf(t, anna, booking.ID).Audit
	acts := 0
	for _, line := range audit {
		if line.Reason != "" {
			acts++
			require.Equal(t, anna.Name, line.Actor)
			require.True(t, line.Verified)
		}
	}
	require.Equal(t, 2, acts, "each act is written down once: %v", audit)
}
