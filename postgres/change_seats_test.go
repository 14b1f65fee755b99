package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func changeOf(b boxoffice.Booking, add, remove []string) boxoffice.SeatChange {
	return boxoffice.SeatChange{UserID: b.UserID, BookingID: b.ID, Add: add, Remove: remove}
}

// seatsOf gives the IDs of a booking's tickets, sorted.
func seatsOf(b boxoffice.Booking) (ids []string) {
	for _, t := range b.Tickets {
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestChangeSeats_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	h.exec(t, `UPDATE tickets SET price_minor = 2000 WHERE id = $1`, h.tickets[3])
	b := h.hold(t, h.addUser(t), h.tickets[0], h.tickets[1])
	until := one[time.Time](t, h, `SELECT held_until FROM tickets WHERE id = $1`, h.tickets[1])
	h.exec(t, `UPDATE tickets SET price_minor = 1 WHERE id = $1`, h.tickets[1])

	got, err := h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[2:4], h.tickets[:1]))
	require.NoError(t, err)
	require.Equal(t, h.tickets[1:4], seatsOf(got))
	require.EqualValues(t, 2*seatPrice+2000, got.Amount.Minor, "what stays keeps its price, what comes has that of now")
	require.Equal(t, b.HoldExpiresAt.UTC(), got.HoldExpiresAt.UTC(), "the deadline stays")
	for _, ticket := range got.Tickets {
		require.Equal(t, boxoffice.SeatHeld, ticket.State)
		require.Equal(t, until.UTC(), ticket.HeldUntil.UTC(), "and the backstop")
	}
	require.Equal(t, "available", one[string](t, h, `SELECT state::text FROM tickets WHERE id = $1`, h.tickets[0]))
	h.hold(t, h.addUser(t), h.tickets[0])

	before := h.rows(t)
	again, err := h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[2:4], h.tickets[:1]))
	require.NoError(t, err, "the same once more")
	require.Equal(t, got, again)
	require.Equal(t, before, h.rows(t))
}

// What comes has its fee, and a code that was put in is taken out: it was judged for other seats.
func TestChangeSeats_WithFeesAndACode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.chargeFee(t, fee)
	h.addPromotion(t, "TENTH")
	s := h.reduced(t, h.addUser(t), "TENTH", h.tickets[:2]...)
	got, err := h.store.ChangeSeats(t.Context(), changeOf(s.Booking, h.tickets[2:], nil))
	require.NoError(t, err)
	require.Equal(t, []int64{3*seatPrice + 3*fee, 3 * fee, 0}, finance(got))
	require.Empty(t, got.Promotion)
	h.requireClean(t, 1)
	got, err = h.applyCode(got, "TENTH")
	require.NoError(t, err)
	require.Equal(t, []int64{3*seatPrice + 3*fee - 435, 3 * fee, 435}, finance(got), "put in again, it counts for all of them")
	h.requireClean(t, 1)
}

// What a booking gave up before it was paid is not its own when it is sold, nor when it is paid late.
func TestChangeSeats_WhatIsSoldIsWhatIsLeft(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"in time": false, "late": true} {
		h := newHouse(t, 3)
		b := h.hold(t, h.addUser(t), h.tickets[:2]...)
		b, err := h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[2:], h.tickets[:1]))
		require.NoError(t, err)
		a := h.checkout(t, b)
		require.EqualValues(t, 2*seatPrice, a.Parameters.AmountMinor, name)
		require.Len(t, a.Parameters.Lines, 2)
		epoch := h.verify(t, b.ID).Epoch
		if late {
			h.letGo(t, b.ID)
			_, err := h.store.BeginClosing(t.Context(), b.ID, epoch)
			require.NoError(t, err)
			session := sessionOf(a, boxoffice.SessionExpired)
			_, err = h.store.ResolveAttempt(t.Context(), b.ID, epoch, boxoffice.AttemptEnd{AttemptID: a.ID, Session: &session})
			require.NoError(t, err)
			require.NoError(t, only(h.store.ReleaseSeats(t.Context(), b.ID, epoch)))
			require.NoError(t, only(h.store.SellLate(t.Context(), b.ID, epoch, h.pay(t, a))))
		} else {
			require.NoError(t, only(h.store.ConfirmSeats(t.Context(), b.ID, epoch, h.pay(t, a))))
		}
		require.Equal(t, boxoffice.BookingConfirmed, h.status(t, b.ID), name)
		require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'sold' AND booking_id = $1`, b.ID), name)
		require.Equal(t, "available", one[string](t, h, `SELECT state::text FROM tickets WHERE id = $1`, h.tickets[0]), name)
	}
}

func TestChangeSeats_Refuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 14)
	mine, other := h.addUser(t), h.addUser(t)
	b := h.hold(t, mine, h.tickets[:2]...)
	taken := h.hold(t, other, h.tickets[2])
	_, elsewhere := h.addEvent(t, 1)
	h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE id = $1`, h.tickets[3])
	before := h.rows(t)
	stranger := changeOf(b, h.tickets[4:5], nil)
	stranger.UserID = other
	for name, c := range map[string]struct {
		change boxoffice.SeatChange
		code   boxoffice.Code
	}{
		"nothing":             {changeOf(b, nil, nil), boxoffice.CodeInvalid},
		"no ID":               {changeOf(b, []string{"x"}, nil), boxoffice.CodeInvalid},
		"a seat twice":        {changeOf(b, h.tickets[4:5], h.tickets[4:5]), boxoffice.CodeInvalid},
		"too many":            {changeOf(b, h.tickets[4:13], nil), boxoffice.CodeInvalid},
		"far too many":        {changeOf(b, h.tickets[3:14], nil), boxoffice.CodeInvalid},
		"none left":           {changeOf(b, nil, h.tickets[:2]), boxoffice.CodeInvalid},
		"another event":       {changeOf(b, elsewhere, nil), boxoffice.CodeInvalid},
		"an unknown seat":     {changeOf(b, []string{newID(t)}, nil), boxoffice.CodeNotFound},
		"another's booking":   {stranger, boxoffice.CodeNotFound},
		"a seat that is held": {changeOf(b, h.tickets[2:3], h.tickets[:1]), boxoffice.CodeSeatsTaken},
		"one that is blocked": {changeOf(b, h.tickets[3:5], nil), boxoffice.CodeSeatsTaken},
	} {
		_, err := h.store.ChangeSeats(t.Context(), c.change)
		e := requireCode(t, c.code, err)
		if c.code == boxoffice.CodeSeatsTaken {
			require.Len(t, e.Conflicts, 1, name)
			require.Equal(t, c.change.Add[0], e.Conflicts[0].TicketID)
		}
		require.Equal(t, before, h.rows(t), name)
	}
	require.Equal(t, taken.ID, one[string](t, h, `SELECT booking_id::text FROM tickets WHERE id = $1`, h.tickets[2]))
	h.exec(t, `UPDATE events SET sales_close_at = now() - interval '1 hour' WHERE id = $1`, h.event)
	_, err := h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[4:5], nil))
	requireCode(t, boxoffice.CodeNotOnSale, err)
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, nil, h.tickets[:1]))
	require.NoError(t, err, "who holds seats may let go of some")
}

// From the first payment page on somebody may pay for the seats as they are.
func TestChangeSeats_IsRefusedInEveryOtherStage(t *testing.T) {
	t.Parallel()
	for _, stage := range stages {
		h := newHouse(t, 3)
		s := stage.build(t, h, h.addUser(t), h.tickets[:2])
		_, err := h.store.ChangeSeats(t.Context(), changeOf(s.Booking, h.tickets[2:], nil))
		if stage.name == "held" {
			require.NoError(t, err, stage.name)
			continue
		}
		require.Contains(t, []boxoffice.Code{boxoffice.CodeBookingClosed, boxoffice.CodeDeadlinePassed}, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
	}
}

// An exchange is for the seats that the booking has: who has an old picture of it would pay for those that were to go, too. What
// was done once can be asked for again, and to let go of a seat that is gone costs nothing.
func TestChangeSeats_OfAnOldPicture(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	toSecond, toThird := changeOf(b, h.tickets[1:2], h.tickets[:1]), changeOf(b, h.tickets[2:3], h.tickets[:1])
	toThird.Key = &boxoffice.IdempotencyKey{UserID: b.UserID, Route: "PATCH /bookings/{id}/seats", Key: "k", BodyHash: []byte("one")}
	require.NoError(t, second(h.store.ChangeSeats(t.Context(), toSecond)))
	h.hold(t, h.addUser(t), h.tickets[3])
	before := h.rows(t)
	requireStale := func(c boxoffice.SeatChange, field string) {
		t.Helper()
		requireField(t, field, second(h.store.ChangeSeats(t.Context(), c)), field)
		require.Equal(t, before, h.rows(t))
	}
	requireStale(toThird, "remove[0]")
	requireStale(toThird, "remove[0]") // its key keeps no refusal, so it is judged again
	requireStale(changeOf(b, h.tickets[2:3], []string{h.tickets[1], h.tickets[0]}), "remove[1]")
	requireStale(changeOf(b, h.tickets[1:3], h.tickets[:1]), "remove[0]")
	requireStale(changeOf(b, h.tickets[3:4], h.tickets[:1]), "remove[0]") // that the seat is taken does not matter yet

	require.NoError(t, second(h.store.ChangeSeats(t.Context(), toSecond)), "the same once more")
	require.NoError(t, second(h.store.ChangeSeats(t.Context(), changeOf(b, nil, h.tickets[:1]))))
	require.Equal(t, before, h.rows(t))
	require.NoError(t, second(h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[:1], nil))))
	got, err := h.store.ChangeSeats(t.Context(), toThird)
	require.NoError(t, err)
	require.Equal(t, h.tickets[1:3], seatsOf(got), "the booking has the seat again")
	again, err := h.store.ChangeSeats(t.Context(), toThird)
	require.NoError(t, err)
	require.Equal(t, seatsOf(got), seatsOf(again), "under its key it is answered as it was")
}

// changesOf are the acts that change the seats or the price of a booking.
func (h *house) changesOf(ctx context.Context, b boxoffice.Booking) map[string]func() error {
	return map[string]func() error{
		"seats":  func() error { return second(h.store.ChangeSeats(ctx, changeOf(b, h.tickets[1:], nil))) },
		"code":   func() error { return second(h.applyCode(b, "CODE")) },
		"remove": func() error { return second(h.store.RemovePromotion(ctx, b.UserID, b.ID, nil)) },
	}
}

// Whoever comes back from a payment page, open or closed, finds the booking as it was priced: the provider may take money for
// either.
func TestBooking_StandsFromItsFirstPaymentPageOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.addPromotion(t, "CODE")
	b := h.hold(t, h.addUser(t), h.tickets[0])
	a := h.checkout(t, b)
	requireStands := func(stage string) {
		t.Helper()
		before := h.rows(t)
		for name, change := range h.changesOf(t.Context(), b) {
			requireCode(t, boxoffice.CodeBookingClosed, change())
			require.Equal(t, before, h.rows(t), "%s, %s", stage, name)
		}
		read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
		require.NoError(t, err)
		require.True(t, read.Fixed, stage)
	}
	requireStands("open")
	_, err := h.store.ReceivePaymentEvent(t.Context(), sessionEvent("evt_expired", sessionOf(a, boxoffice.SessionExpired)))
	require.NoError(t, err)
	requireStands("closed")

	_, err = h.store.Extend(t.Context(), b.UserID, b.ID, nil)
	require.NoError(t, err, "there is time to pay")
	other, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	require.NotEqual(t, a.ID, other.ID)
	require.NoError(t, h.store.AbandonAttempt(t.Context(), other.ID))
	h.pay(t, a) // the provider takes it though it said that the page was closed
	_, err = h.store.VerifyHold(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, b.Amount.Minor, one[int64](t, h, `SELECT amount_minor FROM payments WHERE settled_as IS NULL`), "what is paid is what it costs")
	require.Equal(t, b.Amount.Minor, one[int64](t, h, `SELECT amount_minor FROM bookings WHERE id = $1`, b.ID))
}

func TestBooking_CanBeChangedAfterAPageThatNeverWas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.addPromotion(t, "CODE")
	b := h.hold(t, h.addUser(t), h.tickets[0])
	a, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	for _, change := range h.changesOf(t.Context(), b) {
		requireCode(t, boxoffice.CodeBookingClosed, change())
	}
	require.NoError(t, h.store.AbandonAttempt(t.Context(), a.ID))
	for name, change := range h.changesOf(t.Context(), b) {
		require.NoError(t, change(), "%s: the provider proved that nobody can pay it", name)
	}
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.False(t, read.Fixed)
}

func TestChangeSeats_Key(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	c := changeOf(b, h.tickets[1:2], nil)
	c.Key = &boxoffice.IdempotencyKey{UserID: b.UserID, Route: "PATCH /bookings/{id}/seats", Key: "k", BodyHash: []byte("one")}
	first, err := h.store.ChangeSeats(t.Context(), c)
	require.NoError(t, err)
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, nil, h.tickets[1:2]))
	require.NoError(t, err)
	again, err := h.store.ChangeSeats(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, seatsOf(first), seatsOf(again), "the answer of that time")
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM tickets WHERE booking_id = $1`, b.ID), "and nothing is done again")
	c.Key.BodyHash = []byte("two")
	_, err = h.store.ChangeSeats(t.Context(), c)
	requireCode(t, boxoffice.CodeKeyReused, err)
}

// TestChangeSeatsRace lets forty holders want each other's seats and the free ones, while others book: every seat has one
// holder at the end, bookings and seats say the same, and nobody waits in a circle.
func TestChangeSeatsRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 60)
	held := make([]boxoffice.Booking, 40)
	for i := range held {
		held[i] = h.hold(t, h.addUser(t), h.tickets[i])
	}
	late := make([]string, 10)
	for i := range late {
		late[i] = h.addUser(t)
	}
	errs := make([]error, 2*len(held)+len(late))
	atOnce(len(errs), func(i int) {
		switch {
		case i < len(held):
			_, errs[i] = h.store.ChangeSeats(t.Context(), changeOf(held[i], []string{h.tickets[(i*7+3)%60], h.tickets[(i*11+5)%60]}, h.tickets[i:i+1]))
		case i < 2*len(held):
			b := held[i-len(held)]
			_, errs[i] = h.store.ChangeSeats(t.Context(), changeOf(b, []string{h.tickets[(i*13+1)%60]}, nil))
		default:
			n := i - 2*len(held)
			_, _, _, errs[i] = h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: late[n], TicketIDs: []string{h.tickets[59-n], h.tickets[40+n]}})
		}
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.Contains(t, []boxoffice.Code{boxoffice.CodeSeatsTaken, boxoffice.CodeInvalid, boxoffice.CodeUnavailable}, boxoffice.CodeOf(err), "%v", err)
	}
	require.Positive(t, won)
	require.Empty(t, oversold(t, h))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM booking_tickets bt FULL JOIN tickets t ON t.id = bt.ticket_id AND t.booking_id = bt.booking_id
		WHERE (bt.ticket_id IS NULL AND t.booking_id IS NOT NULL) OR t.id IS NULL`), "a booking's seats are those that say so")
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM bookings b WHERE amount_minor <> (SELECT sum(price_minor) FROM booking_tickets WHERE booking_id = b.id)`))
	require.Zero(t, h.deadlocks(t))
}

// A checkout and a change at once: the page is for the seats that the booking has.
func TestChangeSeats_RacesWithTheCheckout(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, 3)
		b := h.hold(t, h.addUser(t), h.tickets[:2]...)
		var attempt boxoffice.PaymentAttempt
		var opened, changed, cancelled error
		atOnce(3, func(i int) {
			switch i {
			case 0:
				attempt, opened = h.store.OpenAttempt(t.Context(), checkoutOf(b))
			case 1:
				_, changed = h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[2:], nil))
			case 2:
				if b.ID[len(b.ID)-1]%2 == 0 {
					_, _, cancelled = h.store.RequestCancel(t.Context(), b.UserID, b.ID, nil)
				}
			}
		})
		require.NoError(t, cancelled)
		for _, err := range []error{opened, changed} {
			if err != nil {
				requireCode(t, boxoffice.CodeBookingClosed, err)
			}
		}
		if opened == nil {
			require.Equal(t, one[int64](t, h, `SELECT sum(price_minor) FROM booking_tickets WHERE booking_id = $1`, b.ID), attempt.Parameters.AmountMinor)
		}
		h.db.Close()
	}
}

// A change waits for a seat that somebody has locked, and then judges it as it is.
func TestChangeSeats_WaitsForALock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	rival := h.addUser(t)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets WHERE id = $1 FOR NO KEY UPDATE`, h.tickets[1])
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := h.store.ChangeSeats(t.Context(), changeOf(b, h.tickets[1:], nil))
		done <- err
	}()
	h.waitUntilBlocked(t)
	_, err = tx.Exec(t.Context(), `WITH other AS (INSERT INTO bookings (id, reference, user_id, event_id, amount_minor, currency, hold_expires_at, next_check_at)
		VALUES ($1, 'RIVAL000', $2, $3, 1, 'USD', now() + interval '8 minutes', now()) RETURNING id)
		INSERT INTO booking_tickets (booking_id, ticket_id, price_minor) SELECT id, $4, 1 FROM other`, newID(t), rival, h.event, h.tickets[1])
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE tickets t SET state = 'held', held_until = now() + interval '8 minutes', booking_id = bt.booking_id
		FROM booking_tickets bt WHERE bt.ticket_id = t.id AND t.id = $1`, h.tickets[1])
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	e := requireCode(t, boxoffice.CodeSeatsTaken, <-done)
	require.Equal(t, boxoffice.ConflictHeld, e.Conflicts[0].Reason)
}
