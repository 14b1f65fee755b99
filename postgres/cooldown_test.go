package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// Seats that one buyer holds over and over without paying are out of everybody's reach: after some such holds the next
// must wait. What was paid does not count, nor what is long ago, nor what others do, nor staff.
func TestHoldSeats_ErrRateLimited_AfterManyHoldsThatEndedUnpaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 8)
	rules := houseRules
	rules.MaxUnpaid, rules.UnpaidWindow = 3, 2*time.Hour
	store := h.db.Bookings(rules)
	bot, other, staff := h.addUser(t), h.addUser(t), h.addUser(t)
	h.exec(t, `UPDATE users SET role = 'support' WHERE id = $1`, staff)
	hold := func(user, seat string) error {
		_, _, _, err := store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: []string{seat}})
		return err
	}
	end := func(user, change string) {
		h.exec(t, `UPDATE tickets t SET state = 'available', booking_id = NULL, held_until = NULL FROM bookings b
			WHERE b.id = t.booking_id AND b.user_id = $1 AND t.state = 'held'`, user)
		h.exec(t, `UPDATE bookings SET `+change+` WHERE user_id = $1 AND status = 'held'`, user)
	}
	paid := h.hold(t, bot, h.tickets[7])
	h.pay(t, h.checkout(t, paid))
	situation := h.verify(t, paid.ID)
	_, err := h.store.ConfirmSeats(t.Context(), paid.ID, situation.Epoch, situation.Unsettled)
	require.NoError(t, err)

	for _, change := range []string{`status = 'expired'`, `status = 'cancelled'`, `hold_expires_at = boxoffice_now()`} {
		for _, user := range []string{bot, staff} {
			require.NoError(t, hold(user, h.tickets[0]), change)
			end(user, change)
		}
		h.clock.AdvanceClock(t, 10*time.Minute)
	}
	refused := requireCode(t, boxoffice.CodeRateLimited, hold(bot, h.tickets[0]))
	require.InDelta(t, 90*time.Minute, refused.RetryAfter, float64(5*time.Second), "the first of the three was half an hour ago")
	require.Contains(t, refused.Message, "3 bookings")
	require.NoError(t, hold(other, h.tickets[0]))
	require.NoError(t, hold(staff, h.tickets[1]))

	h.clock.AdvanceClock(t, refused.RetryAfter)
	require.NoError(t, hold(bot, h.tickets[2]))
	end(bot, `status = 'expired'`)
	requireCode(t, boxoffice.CodeRateLimited, hold(bot, h.tickets[2]))
}

// A repeat under the key of a hold that stands is answered, however many others ended since.
func TestHoldSeats_TheCoolDownRefusesNoReplay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	rules := houseRules
	rules.MaxUnpaid, rules.UnpaidWindow = 1, time.Hour
	store := h.db.Bookings(rules)
	user := h.addUser(t)
	request := boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[:1], Key: &boxoffice.IdempotencyKey{
		UserID: user, Route: "POST /book", Key: "k", BodyHash: []byte("hash"),
	}}
	first, _, _, err := store.HoldSeats(t.Context(), request)
	require.NoError(t, err)
	h.letGo(t, first.ID)
	again, _, fresh, err := store.HoldSeats(t.Context(), request)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, first.ID, again.ID)
	request.Key = nil
	_, _, _, err = store.HoldSeats(t.Context(), request)
	requireCode(t, boxoffice.CodeRateLimited, err)
}
