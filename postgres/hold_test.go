package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestHoldSeats_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	user := h.addUser(t)
	b, ref, fresh, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: []string{h.tickets[2], strings.ToUpper(h.tickets[0])}})
	require.NoError(t, err)
	require.True(t, fresh)
	require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{8}$`, b.Reference)
	require.Equal(t, boxoffice.Money{Minor: 2 * seatPrice, Currency: "USD"}, b.Amount)
	require.Equal(t, boxoffice.BookingHeld, b.Status)
	require.Equal(t, boxoffice.PaymentNone, b.Payment)
	require.Equal(t, houseRules.Duration, b.HoldExpiresAt.Sub(b.CreatedAt))
	require.Equal(t, boxoffice.BookingRef{
		BookingID: b.ID, Reference: b.Reference, Seats: []string{b.Tickets[0].Seat(), b.Tickets[1].Seat()},
		EventID: h.event, UserID: user, Status: boxoffice.BookingHeld, Summary: ref.Summary,
	}, ref)
	swept, err := h.store.BookingRef(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, ref, swept, "the sweep starts a run with the same")
	require.Regexp(t, `^2 seats · Ghost · Chico · \d+ \w+ \d\d:\d\d$`, ref.Summary)
	for i, want := range []string{h.tickets[0], h.tickets[2]} {
		seat := b.Tickets[i]
		require.Equal(t, want, seat.ID)
		require.Equal(t, boxoffice.SeatHeld, seat.State)
		require.Equal(t, b.ID, seat.BookingID)
		require.Equal(t, houseRules.Grace, seat.HeldUntil.Sub(b.HoldExpiresAt), "the backstop is behind the deadline")
	}
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'held' AND booking_id = $1`, b.ID))
	require.Equal(t, 2*time.Second, one[time.Duration](t, h, `SELECT next_check_at - created_at FROM bookings`))
	read, err := h.store.Booking(t.Context(), user, b.ID)
	require.NoError(t, err)
	require.Equal(t, asJSON(t, b), asJSON(t, read), "what the hold answers is what is read later")
	again, err := h.store.BookingRef(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, ref, again)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func TestHoldSeats_RefusesWhatIsWrongWithTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 11)
	user := h.addUser(t)
	_, elsewhere := h.addEvent(t, 1)
	unknown := newID(t)
	for name, c := range map[string]struct {
		tickets []string
		code    boxoffice.Code
		says    string
	}{
		"empty":          {nil, boxoffice.CodeInvalid, "at least one"},
		"too many":       {h.tickets, boxoffice.CodeInvalid, "At most 10"},
		"malformed":      {[]string{h.tickets[0], "C12"}, boxoffice.CodeInvalid, "not a ticket ID"},
		"twice the same": {[]string{h.tickets[0], h.tickets[1], strings.ToUpper(h.tickets[0])}, boxoffice.CodeInvalid, "twice"},
		"two events":     {[]string{h.tickets[0], elsewhere[0]}, boxoffice.CodeInvalid, "more than one event"},
		"unknown":        {[]string{h.tickets[0], unknown}, boxoffice.CodeNotFound, unknown},
		"only unknown":   {[]string{unknown}, boxoffice.CodeNotFound, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			e := refusedHold(t, h, boxoffice.HoldRequest{UserID: user, TicketIDs: c.tickets}, c.code)
			require.Contains(t, e.Message, c.says)
			if c.code == boxoffice.CodeInvalid {
				require.Len(t, e.Fields, 1)
				require.NotEmpty(t, e.Fields[0].Field)
			}
		})
	}
	refusedHold(t, h, boxoffice.HoldRequest{UserID: newID(t), TicketIDs: h.tickets[:1]}, boxoffice.CodeUnauthenticated)
}

// refusedHold asserts the code and that nothing was written, with and without a key.
func refusedHold(t *testing.T, h *house, req boxoffice.HoldRequest, code boxoffice.Code) *boxoffice.Error {
	t.Helper()
	before := h.rows(t)
	_, _, _, err := h.store.HoldSeats(t.Context(), req)
	e := requireCode(t, code, err)
	if code != boxoffice.CodeUnauthenticated { // a key belongs to a user that there is
		req.Key = keyOf(req.UserID, "refused", "body")
		_, _, _, err = h.store.HoldSeats(t.Context(), req)
		requireCode(t, code, err)
	}
	require.Equal(t, before, h.rows(t), "a refusal writes nothing")
	return e
}

func TestHoldSeats_ErrNotOnSale(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := h.addUser(t)
	for name, change := range map[string]string{
		"draft":        `status = 'draft'`,
		"cancelled":    `status = 'cancelled'`,
		"past":         `status = 'past'`,
		"not yet open": `sales_open_at = now() + interval '1 minute'`,
		"sale closed":  `sales_close_at = now() - interval '1 minute'`,
	} {
		t.Run(name, func(t *testing.T) {
			h.exec(t, `UPDATE events SET status = 'on_sale', sales_open_at = now() - interval '1 day', sales_close_at = now() + interval '1 day'`)
			h.exec(t, `UPDATE events SET `+change)
			refusedHold(t, h, boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets}, boxoffice.CodeNotOnSale)
		})
	}
	h.exec(t, `UPDATE events SET status = 'on_sale', sales_open_at = now() - interval '1 day', sales_close_at = now() + interval '1 day'`)
	h.hold(t, user, h.tickets[0])
}

func TestHoldSeats_SalesWindowIsByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := h.addUser(t)
	h.clock.AdvanceClock(t, 8*24*time.Hour+time.Minute) // one minute behind the end of the sale
	refusedHold(t, h, boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets}, boxoffice.CodeNotOnSale)
	h.clock.AdvanceClock(t, -2*time.Minute)
	h.hold(t, user, h.tickets[0])
}

func TestHoldSeats_ErrSeatsTakenNamesEachConflict(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 6)
	user, other := h.addUser(t), h.addUser(t)
	h.soldBooking(t, other, h.tickets[0])
	h.hold(t, other, h.tickets[1])
	h.hold(t, user, h.tickets[2])
	h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE id = $1`, h.tickets[3])
	e := refusedHold(t, h, boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[:5]}, boxoffice.CodeSeatsTaken)
	require.Equal(t, []boxoffice.Conflict{
		{TicketID: h.tickets[0], Seat: "Stalls, row C, seat 1", Reason: boxoffice.ConflictSold},
		{TicketID: h.tickets[1], Seat: "Stalls, row C, seat 2", Reason: boxoffice.ConflictHeld},
		{TicketID: h.tickets[2], Seat: "Stalls, row C, seat 3", Reason: boxoffice.ConflictHeldByYou},
		{TicketID: h.tickets[3], Seat: "Stalls, row C, seat 4", Reason: boxoffice.ConflictBlocked},
	}, e.Conflicts, "the free seat is not named")
}

func TestHoldSeats_ErrOpenBookingExists(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	user := h.addUser(t)
	open := h.hold(t, user, h.tickets[0])
	e := refusedHold(t, h, boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[1:2]}, boxoffice.CodeOpenBookingExists)
	require.Equal(t, open.ID, e.Link)

	_, elsewhere := h.addEvent(t, 1)
	h.hold(t, user, elsewhere[0]) // the limit is an event's
	h.clock.AdvanceClock(t, houseRules.Duration)
	h.hold(t, user, h.tickets[1]) // a hold whose deadline has passed is not open
}

// TestHoldSeats_OpenBookingLimitHoldsForTwinsAtOnce sends one user's requests together: the user's row lock makes them
// queue, so that the limit is not only checked but kept.
func TestHoldSeats_OpenBookingLimitHoldsForTwinsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 8)
	user := h.addUser(t)
	errs := make([]error, len(h.tickets))
	atOnce(len(h.tickets), func(i int) {
		_, _, _, errs[i] = h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[i : i+1]})
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		requireCode(t, boxoffice.CodeOpenBookingExists, err)
	}
	require.Equal(t, 1, won)
}

func keyOf(user, key, body string) *boxoffice.IdempotencyKey {
	hash := sha256.Sum256([]byte(body))
	return &boxoffice.IdempotencyKey{UserID: user, Route: "POST /book", Key: key, BodyHash: hash[:]}
}

func TestHoldSeats_SameKeySameBodyIsOneBooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	user := h.addUser(t)
	req := boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[:1], Key: keyOf(user, "k", "body")}
	const twins = 8
	answers, fresh := make([]boxoffice.Booking, twins), make([]bool, twins)
	errs := make([]error, twins)
	atOnce(twins, func(i int) { answers[i], _, fresh[i], errs[i] = h.store.HoldSeats(t.Context(), req) })
	made := 0
	for i := range twins {
		require.NoError(t, errs[i])
		require.Equal(t, answers[0].ID, answers[i].ID)
		if fresh[i] {
			made++
		}
	}
	require.Equal(t, 1, made, "one twin made the booking, the others waited for it")

	before := h.rows(t)
	later, ref, again, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)
	require.False(t, again)
	require.JSONEq(t, asJSON(t, answers[0]), asJSON(t, later))
	require.Equal(t, later.ID, ref.BookingID)
	require.Equal(t, before, h.rows(t))
}

func TestHoldSeats_ErrKeyReused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	user, other := h.addUser(t), h.addUser(t)
	req := boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[:1], Key: keyOf(user, "k", "body")}
	first, _, _, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)

	before := h.rows(t)
	_, _, _, err = h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[1:], Key: keyOf(user, "k", "other body")})
	requireCode(t, boxoffice.CodeKeyReused, err)
	require.Equal(t, before, h.rows(t))

	// Another user's key of the same name is another key.
	theirs, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: other, TicketIDs: h.tickets[1:], Key: keyOf(other, "k", "other body")})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, theirs.ID)
}

func TestHoldSeats_KeyIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := h.addUser(t)
	req := boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets, Key: keyOf(user, "k", "body")}
	first, _, _, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)

	h.clock.AdvanceClock(t, 24*time.Hour-time.Minute)
	same, _, fresh, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, first.ID, same.ID)

	h.clock.AdvanceClock(t, 2*time.Minute)
	req.Key = keyOf(user, "k", "other body") // as long forgotten as its answer
	second, _, fresh, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)
	require.True(t, fresh)
	require.NotEqual(t, first.ID, second.ID)
}

func TestHoldSeats_FailedTryLeavesTheKeyFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user, other := h.addUser(t), h.addUser(t)
	theirs := h.hold(t, other, h.tickets[0])
	req := boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets, Key: keyOf(user, "k", "body")}
	_, _, _, err := h.store.HoldSeats(t.Context(), req)
	requireCode(t, boxoffice.CodeSeatsTaken, err)
	_, settled, err := h.store.RequestCancel(t.Context(), other, theirs.ID, nil)
	require.NoError(t, err)
	require.True(t, settled)
	_, _, fresh, err := h.store.HoldSeats(t.Context(), req)
	require.NoError(t, err)
	require.True(t, fresh, "only success is remembered")
}

// TestHoldSeats_PastHoldIsTakenOver lets the backstop pass without anybody closing the booking: the seat is anybody's, and
// the first booking's payment finds it gone.
func TestHoldSeats_PastHoldIsTakenOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	user, other := h.addUser(t), h.addUser(t)
	old := h.hold(t, user, h.tickets...)
	want := boxoffice.HoldRequest{UserID: other, TicketIDs: h.tickets[:1]}

	h.clock.AdvanceClock(t, houseRules.Duration+houseRules.Grace-time.Minute)
	refusedHold(t, h, want, boxoffice.CodeSeatsTaken)
	h.clock.AdvanceClock(t, 2*time.Minute)
	taken := h.hold(t, other, h.tickets[0])

	payment := h.lateMoney(t, old)
	s := h.verify(t, old.ID)
	before := h.rows(t)
	_, err := h.store.ConfirmSeats(t.Context(), old.ID, s.Epoch, payment)
	requireCode(t, boxoffice.CodeSeatsLost, err)
	require.Equal(t, before, h.rows(t), "all or none: the seat that is still there is not sold either")
	_, err = h.store.Compensate(t.Context(), old.ID, s.Epoch, "gone")
	require.NoError(t, err)
	require.Equal(t, taken.ID, one[string](t, h, `SELECT booking_id::text FROM tickets WHERE id = $1`, h.tickets[0]), "the new holder keeps it")
	require.Equal(t, boxoffice.SeatAvailable, one[boxoffice.SeatState](t, h, `SELECT state FROM tickets WHERE id = $1`, h.tickets[1]))
}

// TestHoldSeats_TwinReferenceIsTriedAgain makes the table refuse the first reference, as a rare twin would.
func TestHoldSeats_TwinReferenceIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	first := h.hold(t, h.addUser(t), h.tickets[0])
	h.exec(t, `CREATE SEQUENCE tries`) // a sequence goes on over a rollback
	h.exec(t, `CREATE FUNCTION twin() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('tries') = 1 THEN NEW.reference := '`+first.Reference+`'; END IF; RETURN NEW; END $$`)
	h.exec(t, `CREATE TRIGGER twin BEFORE INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION twin()`)
	second := h.hold(t, h.addUser(t), h.tickets[1])
	require.NotEqual(t, first.Reference, second.Reference)
	require.Equal(t, int64(2), one[int64](t, h, `SELECT last_value FROM tries`))
}

func TestHoldSeats_CancelledCallerWritesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	before := h.rows(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _, err := h.store.HoldSeats(ctx, boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: h.tickets})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, h.rows(t))
}
