package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/test/stack"
)

// promoted gives an event whose tickets have a fee, with a code of its organizer that takes a part of the prices off.
func promoted(t *testing.T, s *stack.System, fee, percent int) (eventID, code string) {
	t.Helper()
	eventID, code = s.Showing(t), strings.ToUpper(uuid.NewString()[:13])
	_, err := s.DB.Exec(t.Context(), `UPDATE events SET booking_fee_minor = $2 WHERE id = $1`, eventID, fee)
	require.NoError(t, err)
	_, err = s.DB.Exec(t.Context(), `INSERT INTO promotions (id, owner_id, code, percent) SELECT gen_random_uuid(), owner_id, $2, $3 FROM events WHERE id = $1`,
		eventID, code, percent)
	require.NoError(t, err)
	return eventID, code
}

// sums are what a booking says of its money.
type sums struct {
	AmountMinor   int64 `json:"amount_minor"`
	FeeMinor      int64 `json:"fee_minor"`
	DiscountMinor int64 `json:"discount_minor"`
}

// putIn puts a code into a booking.
func putIn(t *testing.T, c stack.Customer, bookingID, code string) (after sums) {
	t.Helper()
	said, err := c.Ask(t.Context(), http.MethodPost, "/bookings/"+bookingID+"/promotion", "", map[string]string{"code": strings.ToLower(code)})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, said.Status, string(said.Body))
	require.NoError(t, json.Unmarshal(said.Body, &after))
	return after
}

// Two tickets with a fee, a quarter off their prices: what the page said is what is charged, mailed and reported.
func TestPromotion_IsPaidFor(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := signUp(t, s)
	eventID, code := promoted(t, s, 150, 25)
	_, seats := find(t, c, eventID)
	booking, err := c.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	full := booking.Tickets[0].PriceMinor + booking.Tickets[1].PriceMinor
	off := (full*25 + 50) / 100
	require.Equal(t, sums{full - off + 300, 300, off}, putIn(t, c, booking.ID, code))
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	_, history := s.EndedRun(t, booking.ID)
	require.LessOrEqual(t, len(history), 16, "history events of a sold booking")
	var charged int64
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT amount_minor FROM payments WHERE booking_id = $1`, booking.ID).Scan(&charged))
	require.Equal(t, full-off+300, charged)
	require.Equal(t, stack.Money{Charges: 1}, s.MoneyOf(t, booking.ID))
	require.Contains(t, s.AwaitMail(t, c, "Your tickets: ").Text, "with booking fees of $3.00")
	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.Contains(t, string(poppler(t, pdf, "pdftotext", "-", "-")), ", with a fee of $1.50")
	_, err = c.Checkout(t.Context(), booking.ID)
	stack.RequireProblem(t, err, http.StatusConflict, "booking-closed")
}

// A code for all of the prices leaves nothing to pay: the provider never hears of the booking.
func TestPromotion_ToNothing(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := signUp(t, s)
	eventID, code := promoted(t, s, 0, 100)
	booking := c.Hold(t, eventID, 2)
	require.Zero(t, putIn(t, c, booking.ID, code).AmountMinor)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(page.URL, "/app/bookings/"+booking.ID), page.URL)
	c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	require.Empty(t, s.SessionsOf(t, booking.ID))
	require.NotEmpty(t, s.AwaitMail(t, c, "Your tickets: ").Attachments)
}
