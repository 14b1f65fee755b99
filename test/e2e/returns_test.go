package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/stretchr/testify/require"
)

// returnable gives an event that takes tickets back until it starts, for 80 % of their price.
func returnable(t *testing.T, s *stack.System) string {
	t.Helper()
	eventID := s.Showing(t)
	_, err := s.DB.Exec(t.Context(), `UPDATE events SET refund_hours = 0, refund_percent = 80 WHERE id = $1`, eventID)
	require.NoError(t, err)
	return eventID
}

// back is what goes back of a price.
func back(priceMinor int64) int64 { return (priceMinor*80 + 50) / 100 }

// quote asks what giving the tickets back would come to.
func quote(t *testing.T, c stack.Customer, bookingID string, tickets ...string) (refund, fee int64) {
	t.Helper()
	body := map[string]any{}
	if len(tickets) > 0 {
		body = map[string]any{"ticket_ids": tickets}
	}
	said, err := c.Ask(t.Context(), http.MethodPost, "/bookings/"+bookingID+"/cancel?preview=true", "", body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, said.Status, string(said.Body))
	var quote struct {
		RefundMinor int64 `json:"refund_minor"`
		FeeMinor    int64 `json:"fee_minor"`
	}
	require.NoError(t, json.Unmarshal(said.Body, &quote))
	return quote.RefundMinor, quote.FeeMinor
}

// giveBack cancels tickets of a booking.
func giveBack(t *testing.T, c stack.Customer, bookingID string, tickets ...string) (b buyer.Booking) {
	t.Helper()
	body := map[string]any{}
	if len(tickets) > 0 {
		body = map[string]any{"ticket_ids": tickets, "reason": "We are ill."}
	}
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/bookings/"+bookingID+"/cancel", body, &b))
	return b
}

// A buyer of two tickets gives back one, then the other: what was previewed goes back, what remains is made and mailed anew,
// and what is void lets nobody in who asks the box office.
func TestReturn_OneTicketThenTheOther(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := signUp(t, s)
	event, seats := find(t, c, returnable(t, s))
	booking, _ := s.Paid(t, c, seats...)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	first, second := booking.Tickets[0], booking.Tickets[1]
	old, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	gone, stays := codeOnPage(t, old, 1), codeOnPage(t, old, 2)
	requireOnline(t, s, gone, true)

	refund, fee := quote(t, c, booking.ID, first.ID)
	require.Equal(t, back(first.PriceMinor), refund)
	require.Equal(t, first.PriceMinor-refund, fee)
	shown, err := c.Ask(t.Context(), http.MethodGet, "/bookings/"+booking.ID, "", nil)
	require.NoError(t, err)
	require.Contains(t, string(shown.Body), `"cancel":"/bookings/`+booking.ID+`/cancel"`)
	require.Contains(t, string(shown.Body), `"refundable_until"`)
	require.Equal(t, "completed", giveBack(t, c, booking.ID, first.ID).Status)
	states, err := c.Seats(t.Context(), event.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"available", "sold"}, []string{states[first.ID], states[second.ID]})
	said, err := c.Ask(t.Context(), http.MethodPost, "/bookings/"+booking.ID+"/cancel", "", map[string]any{"ticket_ids": []string{first.ID}})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, said.Status, "a second time")

	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.Contains(t, string(poppler(t, pdf, "pdfinfo", "-")), "Pages:           1\n")
	remaining := booking
	remaining.Tickets = booking.Tickets[1:]
	requireTicketPage(t, c, pdf, 1, event, remaining, second)
	require.Equal(t, stays, codeOnPage(t, pdf, 1), "what was printed stays good")
	requireOnline(t, s, gone, false)
	requireOnline(t, s, stays, true)
	requireAdmits(t, s, gone, event.ID, first)
	changed := s.AwaitMail(t, c, "Your tickets have changed: ")
	require.Len(t, changed.Attachments, 2)
	require.Contains(t, changed.Text, first.Seat)
	told := s.AwaitMail(t, c, "Refund of ")
	require.Contains(t, told.Text, "Your tickets for these stay valid:")
	require.Equal(t, stack.Money{Charges: 1, Refunds: 1}, s.MoneyOf(t, booking.ID))

	refund, _ = quote(t, c, booking.ID)
	require.Equal(t, back(second.PriceMinor), refund)
	require.Equal(t, "refunding", giveBack(t, c, booking.ID).Status)
	c.AwaitEnd(t, 20*time.Second, booking.ID, "refunded")
	requireReturned(t, s, booking, 2)
	requireOnline(t, s, stays, false)
	_, err = c.File(t.Context(), booking.ID, "tickets.pdf")
	stack.RequireProblem(t, err, http.StatusConflict, "not-ready")
}

// requireOnline asks the box office whether a code lets somebody in.
func requireOnline(t *testing.T, s *stack.System, token string, valid bool) {
	t.Helper()
	out, complaint, code := stack.RunProgram(t, []string{"TICKET_PUBLIC_KEYS=" + s.Env["TICKET_PUBLIC_KEYS"], "DATABASE_URL=" + s.Env["DATABASE_URL"]},
		"verify-ticket", "--online", token)
	if valid {
		require.Zero(t, code, complaint)
		require.Contains(t, out, `"valid":true`)
		return
	}
	require.Equal(t, 1, code)
	require.Contains(t, complaint, "void since")
	require.NotContains(t, out, "valid")
}

// requireReturned asserts that all tickets of a booking are back: the provider gave back so often, and in all the shares that
// the event does not keep; no seat and no ticket is left.
func requireReturned(t *testing.T, s *stack.System, booking buyer.Booking, refunds int) {
	t.Helper()
	require.Equal(t, stack.Money{Charges: 1, Refunds: refunds}, s.MoneyOf(t, booking.ID))
	var want, got, kept int64
	for _, ticket := range booking.Tickets {
		want += back(ticket.PriceMinor)
	}
	var left int
	require.NoError(t, s.DB.QueryRow(t.Context(), `
		SELECT (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.booking_id = $1 AND r.state = 'succeeded'),
			(SELECT sum(kept_minor) FROM booking_tickets WHERE booking_id = $1),
			(SELECT count(*) FROM tickets WHERE booking_id = $1) + (SELECT count(*) FROM admissions WHERE booking_id = $1 AND voided_at IS NULL)`,
		booking.ID).Scan(&got, &kept, &left))
	require.Equal(t, want, got)
	require.Equal(t, booking.AmountMinor, got+kept)
	require.Zero(t, left)
}

// A worker killed around the call that gives a part of the money back, or an API killed before it has woken anybody, gives it
// back once.
func TestReturn_KillsAroundTheRefund(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	eventID := returnable(t, s)
	points := []struct{ child, point string }{
		{"worker", worker.PointBefore("SendRefund")}, {"worker", stack.BeforeRefund}, {"worker", stack.AfterRefund},
		{"worker", worker.PointAfter("SendRefund")}, {"worker", worker.PointAfter("FinishRefund")}, {"api", "api-cancel-not-woken"},
	}
	pairs := s.Pairs(t, eventID, len(points))
	for i, at := range points {
		t.Run(at.point, func(t *testing.T) {
			c := s.Customer(t)
			booking, _ := s.Paid(t, c, pairs[i]...)
			booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			_, led := s.KillAt(t, at.child, at.point, func() error {
				return c.Call(t.Context(), http.MethodPost, "/bookings/"+booking.ID+"/cancel", map[string]any{}, nil)
			})
			if at.child == "api" {
				require.Error(t, led)
				s.AwaitReady(t)
			} else {
				require.NoError(t, led)
			}
			c.AwaitEnd(t, 90*time.Second, booking.ID, "refunded")
			requireReturned(t, s, booking, 1)
		})
	}
}
