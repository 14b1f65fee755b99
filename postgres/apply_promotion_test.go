package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// addPromotion makes a code of the house's organizer, a tenth off, with what else the columns say: `uses, 10`.
func (h *house) addPromotion(t testing.TB, code string, columns ...string) (id string) {
	t.Helper()
	id = newID(t)
	names, values := "percent", "10"
	for _, column := range columns {
		name, value, _ := strings.Cut(column, " ")
		if name == "amount_minor" || name == "percent" {
			names, values = strings.Replace(names, "percent", name, 1), strings.Replace(values, "10", value, 1)
			continue
		}
		names, values = names+", "+name, values+", "+value
	}
	h.exec(t, `INSERT INTO promotions (id, owner_id, code, `+names+`) SELECT $1, owner_id, $2, `+values+` FROM events WHERE id = $3`, id, code, h.event)
	return id
}

func (h *house) applyCode(b boxoffice.Booking, code string) (boxoffice.Booking, error) {
	return h.store.ApplyPromotion(context.Background(), boxoffice.PromotionRequest{UserID: b.UserID, BookingID: b.ID, Code: code})
}

// reduced holds the seats and puts a code in.
func (h *house) reduced(t testing.TB, user, code string, tickets ...string) scene {
	t.Helper()
	s := h.held(t, user, tickets)
	b, err := h.applyCode(s.Booking, code)
	require.NoError(t, err)
	s.Booking = b
	return s
}

// finance of a booking: what it costs, the fees and the discount in it.
func finance(b boxoffice.Booking) []int64 {
	return []int64{b.Amount.Minor, b.Fee().Minor, b.Discount().Minor}
}

// TestApplyPromotion follows a code from the hold to the payment and back: what is left of the prices is what everything
// goes by. A third of 43.50 is 14.355.
func TestApplyPromotion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.chargeFee(t, fee)
	h.allowReturns(t, 24, 80)
	h.addPromotion(t, "THIRD", "percent 33")
	s := h.held(t, h.addUser(t), h.tickets)
	require.Equal(t, []int64{3*seatPrice + 3*fee, 3 * fee, 0}, finance(s.Booking))
	b, err := h.applyCode(s.Booking, " third ")
	require.NoError(t, err)
	require.Equal(t, "THIRD", b.Promotion)
	require.Equal(t, []int64{3*seatPrice + 3*fee - 1436, 3 * fee, 1436}, finance(b))
	again, err := h.applyCode(s.Booking, "THIRD")
	require.NoError(t, err)
	require.Equal(t, b, again, "it is not taken off twice")
	plain, err := h.store.RemovePromotion(t.Context(), s.UserID, s.ID, nil)
	require.NoError(t, err)
	require.Equal(t, s.Booking.Amount, plain.Amount)
	require.Empty(t, plain.Promotion)
	_, err = h.store.RemovePromotion(t.Context(), s.UserID, s.ID, nil)
	require.NoError(t, err, "that there is none is no error")
	h.addPromotion(t, "LESS", "amount_minor 1000", "currency 'USD'")
	_, err = h.applyCode(s.Booking, "LESS")
	require.NoError(t, err)
	b, err = h.applyCode(s.Booking, "THIRD")
	require.NoError(t, err)
	require.Equal(t, []int64{3*seatPrice + 3*fee - 1436, 3 * fee, 1436}, finance(b), "in place of the other code")

	a := h.checkout(t, s.Booking)
	require.Equal(t, b.Amount.Minor, a.Parameters.AmountMinor)
	s.payment = h.pay(t, a)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	quote, err := h.store.QuoteCancellation(t.Context(), cancellation(s, h.tickets[0]))
	require.NoError(t, err)
	require.Equal(t, int64(seatPrice-479+fee), quote.Refund.Minor+quote.Kept.Minor, "what was paid for it, no more")
	h.giveBack(t, s, h.tickets[0])
	h.requireClean(t, 1)
}

// TestApplyPromotion_ToNothing sells a booking that a code makes free of charge without the provider.
func TestApplyPromotion_ToNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.addPromotion(t, "GUEST", "percent 100")
	s := h.reduced(t, h.addUser(t), "guest", h.tickets...)
	require.Equal(t, []int64{0, 0, 2 * seatPrice}, finance(s.Booking))
	h.openFree(t, s)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireClean(t, 1)
}

// TestApplyPromotion_Refusals: nothing changes, and what is told is the same for all that a stranger could ask for.
func TestApplyPromotion_Refusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		columns []string
		secret  bool
	}{
		"no such code":          {nil, true},
		"off":                   {[]string{"active false"}, true},
		"not yet":               {[]string{"valid_from now() + interval '1 hour'"}, true},
		"no longer":             {[]string{"valid_from now() - interval '2 hours'", "valid_until now() - interval '1 hour'"}, true},
		"another event's":       {[]string{"event_ids ARRAY[gen_random_uuid()]"}, true},
		"another currency":      {[]string{"amount_minor 100", "currency 'EUR'"}, true},
		"another organizer's":   {[]string{"active true"}, true},
		"too few tickets":       {[]string{"min_tickets 3"}, false},
		"too little to be paid": {[]string{"amount_minor 2860", "currency 'USD'"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			if name != "no such code" {
				h.addPromotion(t, "CODE", c.columns...)
			}
			if name == "another organizer's" {
				h.exec(t, `UPDATE promotions SET owner_id = $1`, h.addUser(t))
			}
			s := h.held(t, h.addUser(t), h.tickets)
			before := h.rows(t)
			_, err := h.applyCode(s.Booking, "CODE")
			e := requireCode(t, boxoffice.CodePromotionRefused, err)
			require.Equal(t, c.secret, e.Message == "There is no such code for this booking, or not at this time.", e.Message)
			require.Equal(t, before, h.rows(t))
		})
	}
}

// TestApplyPromotion_WhereThePriceStands refuses a code in every situation but an open hold without a payment page.
func TestApplyPromotion_WhereThePriceStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages)+2)
	h.addPromotion(t, "CODE")
	for i, stage := range stages {
		s := h.stage(t, i)
		before := h.rows(t)
		_, err := h.applyCode(s.Booking, "CODE")
		_, removeErr := h.store.RemovePromotion(t.Context(), s.UserID, s.ID, nil)
		if stage.name == "held" {
			require.NoError(t, err)
			require.NoError(t, removeErr)
			continue
		}
		for _, err := range []error{err, removeErr} {
			require.Contains(t, []boxoffice.Code{boxoffice.CodeBookingClosed, boxoffice.CodeDeadlinePassed}, boxoffice.CodeOf(err), stage.name)
		}
		require.Equal(t, before, h.rows(t), stage.name)
	}
	mine := h.hold(t, h.addUser(t), h.tickets[len(stages)])
	mine.UserID = h.addUser(t)
	_, err := h.applyCode(mine, "CODE")
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.applyCode(mine, "C\x00DE")
	requireCode(t, boxoffice.CodeInvalid, err)
}

// apply50 lets fifty buyers put the same code in at once, as often as they are told to come back, and counts whom it took.
func (h *house) apply50(t *testing.T, bookings []boxoffice.Booking) (taken, refused int) {
	t.Helper()
	errs := make([]error, len(bookings))
	atOnce(len(bookings), func(i int) {
		for {
			_, errs[i] = h.applyCode(bookings[i], "LAST")
			if boxoffice.CodeOf(errs[i]) != boxoffice.CodeUnavailable {
				return
			}
		}
	})
	for _, err := range errs {
		switch boxoffice.CodeOf(err) {
		case "":
			taken++
		case boxoffice.CodePromotionRefused:
			refused++
		default:
			t.Error(err)
		}
	}
	return taken, refused
}

// TestPromotionRace lets fifty buyers put a code in that has ten uses; a hold that ends gives its use to who comes next.
func TestPromotionRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 51)
	id := h.addPromotion(t, "LAST", "uses 10")
	var bookings []boxoffice.Booking
	for _, ticket := range h.tickets[:50] {
		bookings = append(bookings, h.hold(t, h.addUser(t), ticket))
	}
	taken, refused := h.apply50(t, bookings)
	require.Equal(t, []int{10, 40}, []int{taken, refused})
	require.Equal(t, 10, one[int](t, h, `SELECT count(*) FROM bookings WHERE promotion_id = $1`, id))
	require.Equal(t, 10*(seatPrice-145)+40*seatPrice, one[int](t, h, `SELECT sum(amount_minor) FROM bookings`))

	last := h.hold(t, h.addUser(t), h.tickets[50])
	_, err := h.applyCode(last, "LAST")
	require.Equal(t, "This code has been used up.", requireCode(t, boxoffice.CodePromotionRefused, err).Message)
	for _, b := range bookings {
		if one[bool](t, h, `SELECT promotion_id IS NOT NULL FROM bookings WHERE id = $1`, b.ID) {
			_, _, err := h.store.RequestCancel(t.Context(), b.UserID, b.ID, nil)
			require.NoError(t, err)
			break
		}
	}
	_, err = h.applyCode(last, "LAST")
	require.NoError(t, err)
	h.requireClean(t, 51)
}

// TestPromotionRace_WithoutTheLockItIsUsedTooOften runs the same race with the count before the lock: each has counted when
// the first writes.
func TestPromotionRace_WithoutTheLockItIsUsedTooOften(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20)
	id := h.addPromotion(t, "LAST", "uses 10")
	var counted sync.WaitGroup
	counted.Add(20)
	errs := make([]error, 20)
	bookings := make([]boxoffice.Booking, 20)
	for i, ticket := range h.tickets {
		bookings[i] = h.hold(t, h.addUser(t), ticket)
	}
	atOnce(20, func(i int) {
		var uses int
		err := h.own.QueryRow(t.Context(), `SELECT count(*) FROM bookings WHERE promotion_id = $1`, id).Scan(&uses)
		counted.Done()
		counted.Wait()
		if err == nil && uses < 10 {
			_, err = h.own.Exec(t.Context(), `UPDATE bookings SET promotion_id = $2 WHERE id = $1`, bookings[i].ID, id)
		}
		errs[i] = err
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 20, one[int](t, h, `SELECT count(*) FROM bookings WHERE promotion_id = $1`, id))
}

// TestPromotionRace_OfOneUser lets a user put a code into bookings of several events at once that each may use once.
func TestPromotionRace_OfOneUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.addPromotion(t, "LAST", "uses_per_user 1")
	user := h.addUser(t)
	bookings := []boxoffice.Booking{h.hold(t, user, h.tickets[0])}
	for range 9 {
		event, tickets := h.addEvent(t, 1)
		h.exec(t, `UPDATE events SET owner_id = (SELECT owner_id FROM promotions) WHERE id = $1`, event)
		bookings = append(bookings, h.hold(t, user, tickets[0]))
	}
	taken, refused := h.apply50(t, bookings)
	require.Equal(t, []int{1, 9}, []int{taken, refused})
}

// TestPromotion_OfALatePayment keeps the price that was promised: the payment of a hold that ran out buys at it, although the
// code's last use went to somebody else meanwhile.
func TestPromotion_OfALatePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.addPromotion(t, "LAST", "uses 1")
	s := h.reduced(t, h.addUser(t), "LAST", h.tickets[0])
	h.passDeadline(t, s.ID)
	h.finish(t, s.Booking, boxoffice.BookingExpired)
	other := h.reduced(t, h.addUser(t), "LAST", h.tickets[1])
	h.lateMoney(t, s.Booking)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	require.Equal(t, seatPrice-145, one[int](t, h, `SELECT sum(amount_minor) FROM payments WHERE settled_as = 'sale'`))
	again, err := h.applyCode(other.Booking, "LAST")
	requireCode(t, boxoffice.CodePromotionRefused, err)
	require.Empty(t, again.ID)
	h.requireClean(t, 2)
}

// TestHoldSeats_WaitsForNoPromotion holds seats while somebody sits on the promotion's row: it is on no way to a seat.
func TestHoldSeats_WaitsForNoPromotion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.addPromotion(t, "LAST", "uses 1")
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM promotions FOR UPDATE`)
	require.NoError(t, err)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	require.NotEmpty(t, s.ID)
}

func TestApplyPromotion_IsDoneOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.addPromotion(t, "CODE")
	b := h.hold(t, h.addUser(t), h.tickets[0])
	key := &boxoffice.IdempotencyKey{UserID: b.UserID, Route: "r", Key: "k", BodyHash: []byte("h")}
	first, err := h.store.ApplyPromotion(t.Context(), boxoffice.PromotionRequest{UserID: b.UserID, BookingID: b.ID, Code: "CODE", Key: key})
	require.NoError(t, err)
	h.exec(t, `UPDATE promotions SET active = false`)
	second, err := h.store.ApplyPromotion(t.Context(), boxoffice.PromotionRequest{UserID: b.UserID, BookingID: b.ID, Code: "CODE", Key: key})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(first), fmt.Sprint(second))
	require.WithinDuration(t, first.HoldExpiresAt, second.HoldExpiresAt, time.Microsecond)
}

// TestApplyPromotion_LeavesThePoolToOthers locks a promotion while more buyers put its code in than the pool has connections:
// they wait in a lane, and who wants seats does not wait for them.
func TestApplyPromotion_LeavesThePoolToOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 9)
	h.addPromotion(t, "LAST")
	small, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{MaxConns: 4, LockTimeout: 3 * time.Second})
	require.NoError(t, err)
	defer small.Close()
	store := small.Bookings(houseRules)
	var bookings []boxoffice.Booking
	for _, ticket := range h.tickets[:8] {
		bookings = append(bookings, h.hold(t, h.addUser(t), ticket))
	}
	user := h.addUser(t)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM promotions FOR UPDATE`)
	require.NoError(t, err)
	var waiting sync.WaitGroup
	refused := make([]error, len(bookings))
	for i, b := range bookings {
		waiting.Go(func() {
			_, refused[i] = store.ApplyPromotion(t.Context(), boxoffice.PromotionRequest{UserID: b.UserID, BookingID: b.ID, Code: "last"})
		})
	}
	h.waitUntilBlocked(t)
	blocked := h.blocked(t)
	_, _, _, err = store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: h.tickets[8:]})
	require.NoError(t, err)
	require.Equal(t, blocked, h.blocked(t), "who wants seats waited for those that put a code in")
	waiting.Wait()
	for _, err := range refused {
		require.Positive(t, requireCode(t, boxoffice.CodeUnavailable, err).RetryAfter)
	}
}
