package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// allowReturns gives the house's event, which starts in nine days, a refund policy.
func (h *house) allowReturns(t testing.TB, hours, percent int) {
	t.Helper()
	h.exec(t, `UPDATE events SET refund_hours = $2, refund_percent = $3 WHERE id = $1`, h.event, hours, percent)
}

// giveBack cancels tickets of the scene's booking; without any, all that it has.
func (h *house) giveBack(t testing.TB, s scene, tickets ...string) boxoffice.Booking {
	t.Helper()
	b, err := h.store.CancelSale(t.Context(), cancellation(s, tickets...))
	require.NoError(t, err)
	return b
}

func cancellation(s scene, tickets ...string) boxoffice.Cancellation {
	return boxoffice.Cancellation{UserID: s.UserID, BookingID: s.ID, TicketIDs: tickets, Reason: "ill"}
}

// oneReturned is a sold booking one of whose tickets was given back with a share kept.
func (h *house) oneReturned(t testing.TB, user string, tickets []string) scene {
	t.Helper()
	s := h.soldBooking(t, user, tickets...)
	h.allowReturns(t, 24, 80)
	h.giveBack(t, s, tickets[0])
	return s
}

func usd(minor int64) boxoffice.Money { return boxoffice.Money{Minor: minor, Currency: "USD"} }

// requireKept asserts what of the booking's money is kept although its seats were given back.
func (h *house) requireKept(t testing.TB, bookingID string, kept int64) {
	t.Helper()
	require.Equal(t, kept, one[int64](t, h, `SELECT sum(kept_minor) FROM booking_tickets WHERE booking_id = $1`, bookingID))
}

// A third of 14.50 is 4.785: three seats one by one, in any grouping, come to as much as all at once, to the cent.
func TestCancelSale_InPartsAsAtOnce(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]int{"at once": {3}, "one by one": {1, 1, 1}, "one, then the rest": {1, 2}, "two, then the rest": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 3)
			h.allowReturns(t, 24, 33)
			s := h.soldBooking(t, h.addUser(t), h.tickets...)
			gone := 0
			for _, n := range parts {
				ids := h.tickets[gone : gone+n]
				gone += n
				if gone == 3 {
					ids = nil // all that it has
				}
				quote, err := h.store.QuoteCancellation(t.Context(), cancellation(s, ids...))
				require.NoError(t, err)
				require.Equal(t, boxoffice.CancellationQuote{Refund: usd(479 * int64(n)), Kept: usd(971 * int64(n))}, quote)
				b := h.giveBack(t, s, ids...)
				require.Equal(t, gone, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'available'`), "the seats are free at once")
				require.Equal(t, 3-gone, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
				h.requireKept(t, s.ID, 971*int64(gone))
				h.requireClean(t, 1)
				if gone < 3 {
					require.Equal(t, boxoffice.BookingCompleted, b.Status)
					h.finish(t, s.Booking, boxoffice.BookingCompleted)
				} else {
					require.Equal(t, boxoffice.BookingRefunding, b.Status)
				}
			}
			h.finish(t, s.Booking, boxoffice.BookingRefunded)
			require.Equal(t, 3*479, one[int](t, h, `SELECT sum(amount_minor) FROM refunds WHERE state = 'succeeded'`))
			require.Equal(t, len(parts), one[int](t, h, `SELECT count(*) FROM refunds`))
			h.requireClean(t, 1)
		})
	}
}

// The tickets that remain are another file, brought by another mail; what is gone is in neither.
func TestCancelSale_WhatRemains(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	before, key, err := h.store.TicketDocument(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.Len(t, before.Seats, 3)

	b := h.giveBack(t, s, h.tickets[1])
	require.Equal(t, usd(3*seatPrice), b.Amount, "what was bought stays")
	require.Empty(t, b.Tickets[1].BookingID)
	doc, anew, err := h.store.TicketDocument(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.NotEqual(t, key, anew)
	require.Equal(t, []boxoffice.TicketPage{before.Seats[0], before.Seats[2]}, doc.Seats, "what was printed stays valid")
	require.Equal(t, usd(2*seatPrice), doc.Paid)
	h.hold(t, h.addUser(t), h.tickets[1])

	now := h.verify(t, s.ID)
	job, err := h.store.EmailJob(t.Context(), one[string](t, h, `SELECT id FROM emails WHERE kind = 'changed'`))
	require.NoError(t, err)
	require.Equal(t, anew, job.BlobKey)
	require.Len(t, job.Document.Seats, 2)
	require.Len(t, job.LetGo, 1)
	require.Equal(t, h.tickets[1], job.LetGo[0].ID)
	require.Equal(t, []boxoffice.Money{usd(1160), usd(290)}, []boxoffice.Money{job.Refunded, job.Kept})

	for now.Next() != boxoffice.StepEnd {
		now = h.step(t, s.Booking, now)
	}
	require.Equal(t, []told{
		{boxoffice.EmailTickets, 0, ""},
		{boxoffice.EmailChanged, 1160, "You gave back Stalls, row C, seat 2. Of their price $2.90 is kept, as the event's terms say."},
		{boxoffice.EmailRefunded, 1160, "You gave back Stalls, row C, seat 2. Of their price $2.90 is kept, as the event's terms say."},
	}, h.told(t, s.ID))
	require.Contains(t, h.timeline(t, s.ID), "tickets given back")
	h.giveBack(t, s, h.tickets[0])
	_, third, err := h.store.TicketDocument(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.NotContains(t, []string{key, anew}, third)
}

// cancelRefusals are the reasons for which tickets are not given back, and nothing is written.
var cancelRefusals = map[string]struct {
	code  boxoffice.Code
	stage string // "completed" where empty
	given func(t *testing.T, h *house)
	ask   func(c *boxoffice.Cancellation)
	field string
}{
	"sales are final": {code: boxoffice.CodeSaleFinal, given: func(t *testing.T, h *house) {
		h.exec(t, `UPDATE events SET refund_hours = NULL, refund_percent = NULL`)
	}},
	"too late":            {code: boxoffice.CodeSaleFinal, given: func(t *testing.T, h *house) { h.clock.AdvanceClock(t, 8*24*time.Hour) }},
	"the event has begun": {code: boxoffice.CodeSaleFinal, given: func(t *testing.T, h *house) { h.allowReturns(t, 0, 100); h.clock.AdvanceClock(t, 9*24*time.Hour) }},
	"the event is cancelled": {code: boxoffice.CodeSaleFinal, given: func(t *testing.T, h *house) {
		h.exec(t, `UPDATE events SET status = 'cancelled'`)
	}},
	"somebody went in": {code: boxoffice.CodeSaleFinal, given: func(t *testing.T, h *house) { h.exec(t, `UPDATE admissions SET admitted_at = now()`) }},
	"held, by ticket":  {code: boxoffice.CodeInvalid, stage: "held", field: "ticket_ids", ask: func(*boxoffice.Cancellation) {}},
	"tickets are made": {code: boxoffice.CodeNotReady, stage: "confirmed"},
	"on its way back":  {code: boxoffice.CodeBookingClosed, stage: "refunding"},
	"refunded":         {code: boxoffice.CodeBookingClosed, stage: "refunded"},
	"expired":          {code: boxoffice.CodeBookingClosed, stage: "expired"},
	"another's ticket": {code: boxoffice.CodeNotFound, ask: func(c *boxoffice.Cancellation) { c.TicketIDs[0] = "019ab333-0000-7000-8000-000000000001" }},
	"no ticket": {code: boxoffice.CodeInvalid, field: "ticket_ids[1]", ask: func(c *boxoffice.Cancellation) {
		c.TicketIDs = append(c.TicketIDs, "A 12")
	}},
	"named twice": {code: boxoffice.CodeInvalid, field: "ticket_ids[1]", ask: func(c *boxoffice.Cancellation) {
		c.TicketIDs = append(c.TicketIDs, c.TicketIDs[0])
	}},
}

func TestCancelSale_Refusals(t *testing.T) {
	t.Parallel()
	for name, c := range cancelRefusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			h.allowReturns(t, 24, 80)
			if c.stage == "" {
				c.stage = "completed"
			}
			s := h.stageNamed(t, c.stage)
			if c.given != nil {
				c.given(t, h)
			}
			request := cancellation(s)
			if c.ask != nil {
				request = cancellation(s, h.tickets[0])
				c.ask(&request)
			}
			before := h.rows(t)
			_, err := h.store.CancelSale(t.Context(), request)
			refusal := requireCode(t, c.code, err)
			_, err = h.store.QuoteCancellation(t.Context(), request)
			require.Equal(t, refusal.Message, requireCode(t, c.code, err).Message, "the preview says the same")
			if c.field != "" {
				require.Equal(t, c.field, refusal.Fields[0].Field)
			}
			require.Equal(t, before, h.rows(t))
			b, err := h.store.Booking(t.Context(), s.UserID, s.ID)
			require.NoError(t, err)
			if c.code == boxoffice.CodeSaleFinal && name != "somebody went in" {
				require.Zero(t, b.RefundableUntil)
			}
		})
	}
}

func TestQuoteCancellation_ChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	held := h.held(t, h.addUser(t), h.tickets[1:])
	quote, err := h.store.QuoteCancellation(t.Context(), cancellation(held))
	require.NoError(t, err)
	require.Equal(t, boxoffice.CancellationQuote{Refund: usd(0), Kept: usd(0)}, quote)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	before := h.rows(t)
	quote, err = h.store.QuoteCancellation(t.Context(), cancellation(s))
	require.NoError(t, err)
	require.Equal(t, boxoffice.CancellationQuote{Refund: usd(1160), Kept: usd(290)}, quote)
	require.Equal(t, before, h.rows(t))
	b, err := h.store.Booking(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(8*24*time.Hour), b.RefundableUntil, time.Minute)
}

// Fees are kept, whatever the policy says of prices.
func TestCancelSale_KeepsFees(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 100)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	h.exec(t, `UPDATE booking_tickets SET price_minor = price_minor - 50, fee_minor = 50`)
	h.giveBack(t, s, h.tickets[0])
	require.Equal(t, seatPrice-50, one[int](t, h, `SELECT amount_minor FROM refunds`))
	h.requireKept(t, s.ID, 50)
	h.requireClean(t, 1)
}

// Where nothing goes back there is no refund, and the mail of the end tells of that.
func TestCancelSale_NothingGoesBack(t *testing.T) {
	t.Parallel()
	t.Run("free of charge", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		h.allowReturns(t, 24, 80)
		s := h.heldFree(t)
		h.openFree(t, s)
		h.finish(t, s.Booking, boxoffice.BookingCompleted)
		h.giveBack(t, s, h.tickets[0])
		h.finish(t, s.Booking, boxoffice.BookingCompleted)
		h.giveBack(t, s)
		h.finish(t, s.Booking, boxoffice.BookingRefunded)
		require.Zero(t, one[int](t, h, `SELECT count(*) FROM refunds`))
		require.Equal(t, []told{
			{boxoffice.EmailTickets, 0, ""}, {boxoffice.EmailChanged, 0, "You gave back Stalls, row C, seat 1."},
			{boxoffice.EmailRefunded, 0, "You gave your tickets back."},
		}, h.told(t, s.ID))
		h.requireClean(t, 1)
	})
	t.Run("all is kept", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		h.allowReturns(t, 24, 1)
		h.exec(t, `UPDATE tickets SET price_minor = 49`)
		s := h.soldBooking(t, h.addUser(t), h.tickets...)
		h.giveBack(t, s)
		h.finish(t, s.Booking, boxoffice.BookingRefunded)
		require.Equal(t, "withdrawn", one[string](t, h, `DELETE FROM emails WHERE kind = 'tickets' RETURNING status`),
			"a mail with tickets that are void was not sent yet, and is not any more")
		require.Equal(t, []told{{boxoffice.EmailRefunded, 0, "You gave your tickets back. Of their price $0.49 is kept, as the event's terms say."}}, h.told(t, s.ID))
		h.requireKept(t, s.ID, 49)
		h.requireClean(t, 1)
	})
}

func TestCancelSale_TwiceIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	request := cancellation(s, h.tickets[0])
	request.Key = &boxoffice.IdempotencyKey{UserID: s.UserID, Route: "POST /bookings/{id}/cancel", Key: "k", BodyHash: []byte("h")}
	first, err := h.store.CancelSale(t.Context(), request)
	require.NoError(t, err)
	before := h.rows(t)
	again, err := h.store.CancelSale(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, first.Status, again.Status, "under its key it is answered again")
	_, err = h.store.CancelSale(t.Context(), cancellation(s, h.tickets[0]))
	requireCode(t, boxoffice.CodeInvalid, err)
	require.Equal(t, before, h.rows(t))
}

func TestCancelSale_FiftyAtOnceGiveOneRefund(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	errs := make([]error, 50)
	atOnce(len(errs), func(i int) {
		c := cancellation(s, h.tickets[:1+i%2]...) // one, or both
		_, errs[i] = h.store.CancelSale(t.Context(), c)
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.Contains(t, []boxoffice.Code{boxoffice.CodeInvalid, boxoffice.CodeBookingClosed}, boxoffice.CodeOf(err), "%v", err)
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM refunds`))
	h.requireClean(t, 1)
	h.bringToEnd(t, s.Booking)
	h.requireClean(t, 1)
}

// Everything that can touch a sold booking happens at once: its tickets are given back, money comes that it cannot use, the
// provider tells of a refund, a run acts. Whatever comes first, nothing is lost and nothing goes back twice.
func TestCancelSale_AgainstEverythingAtOnce(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		h := newHouse(t, 3)
		h.allowReturns(t, 24, 80)
		s := h.soldBooking(t, h.addUser(t), h.tickets...)
		h.giveBack(t, s, h.tickets[0])
		surplus := h.deadAttempt(t, s.Booking)
		acts := []func() error{
			func() error { return second(h.store.CancelSale(t.Context(), cancellation(s, h.tickets[1]))) },
			func() error { return second(h.store.CancelSale(t.Context(), cancellation(s, h.tickets[2]))) },
			func() error { return second(h.store.CancelSale(t.Context(), cancellation(s))) },
			func() error {
				return second(h.store.ReceivePaymentEvent(t.Context(), sessionEvent("evt_s", sessionOf(surplus, boxoffice.SessionComplete))))
			},
			func() error {
				return second(h.store.ReceivePaymentEvent(t.Context(), refundEvent("evt_r", refundOf(s.payment, 1, boxoffice.RefundSucceeded))))
			},
			func() error { return second(h.store.FinishRefund(t.Context(), s.ID, s.epoch)) },
			func() error { return second(h.store.VerifyHold(t.Context(), s.ID)) },
		}
		errs := make([]error, len(acts))
		atOnce(len(acts), func(i int) { errs[i] = acts[i]() })
		for i, err := range errs {
			if err != nil {
				require.Contains(t, []boxoffice.Code{boxoffice.CodeInvalid, boxoffice.CodeBookingClosed, boxoffice.CodeFenced}, boxoffice.CodeOf(err), "act %d: %v", i, err)
			}
		}
		h.requireClean(t, 1)
		require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking), "round %d", round)
		h.requireKept(t, s.ID, 3*290)
		require.Equal(t, 3*1160, one[int](t, h, `SELECT sum(amount_minor) FROM refunds WHERE payment_id = $1`, s.payment))
		require.Equal(t, 2*3*seatPrice-3*290, one[int](t, h, `SELECT sum(amount_minor) FROM refunds WHERE state = 'succeeded'`))
		h.requireClean(t, 1)
	}
}

// deadAttempt is a page of an earlier time, on which money may still come.
func (h *house) deadAttempt(t testing.TB, b boxoffice.Booking) boxoffice.PaymentAttempt {
	t.Helper()
	id := newID(t)
	h.exec(t, `INSERT INTO payment_attempts (id, booking_id, state, parameters, amount_minor, currency, session_id, expires_at)
		SELECT $2::uuid, id, 'dead', jsonb_build_object('amount_minor', amount_minor, 'currency', currency), amount_minor, currency,
			'cs_' || $2::uuid, boxoffice_now() FROM bookings WHERE id = $1`, b.ID, id)
	a, err := h.store.Attempt(t.Context(), id)
	require.NoError(t, err)
	return a
}
