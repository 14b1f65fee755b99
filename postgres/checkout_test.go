package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// clocks gives the two clocks of a hold: the buyer's deadline, and the backstops of its seats, as distances from now.
func (h *house) clocks(t *testing.T, bookingID string) (deadline, backstop time.Duration) {
	t.Helper()
	require.NoError(t, h.own.QueryRow(t.Context(), `SELECT b.hold_expires_at - boxoffice_now(), min(t.held_until) - boxoffice_now()
		FROM bookings b JOIN tickets t ON t.booking_id = b.id WHERE b.id = $1
		GROUP BY b.id HAVING min(t.held_until) = max(t.held_until)`, bookingID).Scan(&deadline, &backstop), "all seats have one backstop")
	return deadline.Round(10 * time.Second), backstop.Round(10 * time.Second)
}

func TestOpenAttempt_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	req := checkoutOf(b)
	req.Email = "given@example.org"
	a, err := h.store.OpenAttempt(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, boxoffice.AttemptLive, a.State)
	require.Empty(t, a.SessionID)
	require.Equal(t, boxoffice.SessionParameters{
		AttemptID: a.ID, BookingID: b.ID, Reference: b.Reference, AmountMinor: 2 * seatPrice, Currency: "USD",
		Lines: []boxoffice.LineItem{
			{Name: "Ghost, Stalls, row C, seat 1", UnitMinor: seatPrice, Quantity: 1},
			{Name: "Ghost, Stalls, row C, seat 2", UnitMinor: seatPrice, Quantity: 1},
		},
		CustomerEmail: "given@example.org", SuccessURL: "https://here/ok", CancelURL: "https://here/no", ExpiresAt: a.ExpiresAt.UTC(),
	}, a.Parameters)
	require.Zero(t, a.ExpiresAt.Nanosecond(), "the provider counts in seconds")

	again, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	require.Equal(t, a, again, "the live attempt is given again, with the parameters of its time")
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, boxoffice.PaymentOpen, read.Payment)
	require.Equal(t, "given@example.org", read.Email)
	require.Empty(t, read.CheckoutURL, "its page is not known yet")
}

func TestOpenAttempt_AtOnceIsOneAttempt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	ids, errs := make([]string, 6), make([]error, 6)
	atOnce(len(ids), func(i int) {
		a, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
		ids[i], errs[i] = a.ID, err
	})
	for i := range ids {
		require.NoError(t, errs[i])
		require.Equal(t, ids[0], ids[i])
	}
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM payment_attempts`))
}

// TestTwoClocks follows deadline and backstop through a hold's life: the backstop is always behind what somebody could
// still pay for.
func TestTwoClocks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	at := func(wantDeadline, wantBackstop time.Duration) {
		t.Helper()
		deadline, backstop := h.clocks(t, b.ID)
		require.Equal(t, wantDeadline, deadline)
		require.Equal(t, wantBackstop, backstop)
	}
	at(8*time.Minute, 23*time.Minute) // deadline + grace
	_, err := h.store.Extend(t.Context(), b.UserID, b.ID, nil)
	require.NoError(t, err)
	at(10*time.Minute, 25*time.Minute)
	h.clock.AdvanceClock(t, 3*time.Minute)
	a := h.checkout(t, b)
	at(10*time.Minute, 40*time.Minute) // the first page gives ten minutes at least; 35 of the session and 5 behind it
	h.clock.AdvanceClock(t, time.Minute)
	_, err = h.store.Extend(t.Context(), b.UserID, b.ID, nil)
	require.NoError(t, err)
	at(11*time.Minute, 39*time.Minute) // the session's end stays the later one
	_, err = h.store.ReceivePaymentEvent(t.Context(), sessionEvent("evt_x", sessionOf(a, boxoffice.SessionExpired)))
	require.NoError(t, err)
	h.checkout(t, b)
	at(11*time.Minute, 40*time.Minute) // a further page moves the backstop, not the deadline
	h.pay(t, h.openAttempt(t, b))
	require.True(t, one[bool](t, h, `SELECT bool_and(held_until = 'infinity') FROM tickets`), "money has arrived")
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, 9999, read.Tickets[0].HeldUntil.Year())
	require.Equal(t, boxoffice.PaymentPaid, read.Payment)
}

// openAttempt gives the booking's live attempt.
func (h *house) openAttempt(t testing.TB, b boxoffice.Booking) boxoffice.PaymentAttempt {
	t.Helper()
	a, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	return a
}

// TestBuyersActs_RefusedWhenNoLongerOpen asks for a page and for more time in every stage in which there is none.
func TestBuyersActs_RefusedWhenNoLongerOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	open := map[string]bool{"held": true, "open": true, "open, wrong amount paid before": true}
	past := map[string]bool{"held, late": true, "closing": true, "open, closing": true}
	for i, stage := range stages {
		if open[stage.name] {
			continue
		}
		s, code := h.stage(t, i), boxoffice.CodeBookingClosed
		if past[stage.name] {
			code = boxoffice.CodeDeadlinePassed
		}
		before := h.rows(t)
		_, err := h.store.OpenAttempt(t.Context(), checkoutOf(s.Booking))
		require.Equal(t, code, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
		_, err = h.store.Extend(t.Context(), s.UserID, s.ID, nil)
		require.Equal(t, code, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
		require.Equal(t, before, h.rows(t), stage.name)
	}
}

func TestOpenAttempt_Key(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	req := checkoutOf(b)
	req.Key = keyOf(b.UserID, "k", "body")
	a, err := h.store.OpenAttempt(t.Context(), req)
	require.NoError(t, err)
	again, err := h.store.OpenAttempt(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, a, again)
	req.Key = keyOf(b.UserID, "k", "other body")
	_, err = h.store.OpenAttempt(t.Context(), req)
	requireCode(t, boxoffice.CodeKeyReused, err)
}

func TestStoreSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	a := h.openAttempt(t, b)
	session := sessionOf(a, boxoffice.SessionOpen)
	deadline, err := h.store.StoreSession(t.Context(), a.ID, session)
	require.NoError(t, err)
	require.Equal(t, one[time.Time](t, h, `SELECT hold_expires_at FROM bookings WHERE id = $1`, b.ID).UTC(), deadline)
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, session.URL, read.CheckoutURL)

	before := h.rows(t)
	_, err = h.store.StoreSession(t.Context(), a.ID, session)
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t), "once more changes nothing")

	for name, end := range map[string]func(s scene){
		"cancelled meanwhile": func(s scene) {
			_, settled, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
			require.NoError(t, err)
			require.False(t, settled, "a page may come to be")
		},
		"believed absent, then ended": func(s scene) { require.NoError(t, h.store.AbandonAttempt(t.Context(), s.attempt.ID)) },
		"paid meanwhile":              func(s scene) { h.pay(t, s.attempt) },
	} {
		h.exec(t, `UPDATE tickets SET state = 'available', booking_id = NULL, held_until = NULL WHERE id = $1`, h.tickets[1])
		s := h.held(t, h.addUser(t), h.tickets[1:2])
		s.attempt = h.openAttempt(t, s.Booking)
		end(s)
		session := sessionOf(s.attempt, boxoffice.SessionOpen)
		_, err = h.store.StoreSession(t.Context(), s.attempt.ID, session)
		require.Equal(t, boxoffice.CodeBookingClosed, boxoffice.CodeOf(err), name)
		kept, err := h.store.Attempt(t.Context(), s.attempt.ID)
		require.NoError(t, err)
		require.Equal(t, session.ID, kept.SessionID, "%s: the page can be closed", name)
		read, err := h.store.Booking(t.Context(), s.UserID, s.ID)
		require.NoError(t, err)
		require.Empty(t, read.CheckoutURL, "%s: nobody gets to it", name)
	}
	late := h.held(t, h.addUser(t), h.tickets[2:3])
	late.attempt = h.openAttempt(t, late.Booking)
	h.passDeadline(t, late.ID)
	_, err = h.store.StoreSession(t.Context(), late.attempt.ID, sessionOf(late.attempt, boxoffice.SessionOpen))
	requireCode(t, boxoffice.CodeDeadlinePassed, err)
}

func TestAbandonAttempt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	a := h.openAttempt(t, b)
	require.NoError(t, h.store.AbandonAttempt(t.Context(), a.ID))
	before := h.rows(t)
	require.NoError(t, h.store.AbandonAttempt(t.Context(), a.ID))
	require.Equal(t, before, h.rows(t), "once more changes nothing")
	next := h.openAttempt(t, b)
	require.NotEqual(t, a.ID, next.ID, "a new key comes with a new attempt")

	known := h.open(t, h.addUser(t), h.tickets[1:])
	before = h.rows(t)
	require.NoError(t, h.store.AbandonAttempt(t.Context(), known.attempt.ID))
	require.Equal(t, before, h.rows(t), "one whose page is known stays")
}

func TestExtend_UpToTheLongestHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	for want := b.HoldExpiresAt.Add(2 * time.Minute); want.Sub(b.CreatedAt) <= houseRules.Max; want = want.Add(2 * time.Minute) {
		got, err := h.store.Extend(t.Context(), b.UserID, b.ID, nil)
		require.NoError(t, err)
		require.True(t, want.Equal(got.HoldExpiresAt), "%s, not %s", want, got.HoldExpiresAt)
		require.Equal(t, houseRules.Grace, got.Tickets[0].HeldUntil.Sub(got.HoldExpiresAt))
	}
	before := h.rows(t)
	_, err := h.store.Extend(t.Context(), b.UserID, b.ID, nil)
	requireCode(t, boxoffice.CodeDeadlinePassed, err)
	require.Equal(t, before, h.rows(t))
}

func TestExtend_KeyPressesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	key := keyOf(b.UserID, "k", "")
	for range 2 {
		got, err := h.store.Extend(t.Context(), b.UserID, b.ID, key)
		require.NoError(t, err)
		require.Equal(t, houseRules.Duration+houseRules.Extension, got.HoldExpiresAt.Sub(b.CreatedAt))
	}
	_, err := h.store.Extend(t.Context(), b.UserID, b.ID, keyOf(b.UserID, "k", "other"))
	requireCode(t, boxoffice.CodeKeyReused, err)
}

// TestExtend_ErrSeatsLost has one of two seats taken over: neither a page opens nor time is added for the other.
func TestExtend_ErrSeatsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	h.exec(t, `UPDATE tickets SET held_until = boxoffice_now() WHERE id = $1`, h.tickets[1])
	h.hold(t, h.addUser(t), h.tickets[1])
	before := h.rows(t)
	_, err := h.store.Extend(t.Context(), b.UserID, b.ID, nil)
	requireCode(t, boxoffice.CodeSeatsLost, err)
	_, err = h.store.OpenAttempt(t.Context(), checkoutOf(b))
	requireCode(t, boxoffice.CodeSeatsLost, err)
	require.Equal(t, before, h.rows(t))
}

func TestRequestCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	type end struct {
		status  boxoffice.BookingStatus
		settled bool
	}
	ends := map[string]end{
		"held": {boxoffice.BookingCancelled, true}, "held, late": {boxoffice.BookingCancelled, true},
		"closing": {boxoffice.BookingCancelled, true}, "cancelled": {boxoffice.BookingCancelled, true},
		"cancelled, paid": {boxoffice.BookingCancelled, true},
		"open":            {boxoffice.BookingHeld, false}, "open, closing": {boxoffice.BookingHeld, false},
		"open, cancel wished": {boxoffice.BookingHeld, false}, "paid": {boxoffice.BookingHeld, false},
		"paid, cancel wished": {boxoffice.BookingHeld, false}, "open, wrong amount paid before": {boxoffice.BookingHeld, false},
	}
	for i, stage := range stages {
		s := h.stage(t, i)
		before := h.rows(t)
		b, settled, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
		want, open := ends[stage.name]
		if !open {
			require.Equal(t, boxoffice.CodeBookingClosed, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
			require.Equal(t, before, h.rows(t), stage.name)
			continue
		}
		require.NoError(t, err, stage.name)
		require.Equal(t, want, end{b.Status, settled}, stage.name)
		require.Equal(t, boxoffice.ClosingByCancel, b.ClosingReason)
		require.Empty(t, b.CheckoutURL)
		require.True(t, one[bool](t, h, `SELECT closing_at IS NOT NULL FROM bookings WHERE id = $1`, s.ID))
		require.Equal(t, !settled, one[bool](t, h, `SELECT state <> 'available' FROM tickets WHERE id = $1`, h.tickets[i]), stage.name)
		after := h.rows(t)
		again, settledAgain, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
		require.NoError(t, err, "%s: twice is no error", stage.name)
		require.Equal(t, end{b.Status, settled}, end{again.Status, settledAgain})
		require.Equal(t, after, h.rows(t), stage.name)
	}
}
