package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/stretchr/testify/require"
)

// byStaff is an act of somebody who is logged in.
func byStaff(s scene, key string) boxoffice.SupportAct {
	return boxoffice.SupportAct{
		Key: key, Request: []byte(key), BookingID: s.ID, Actor: "anna", ActorID: "019ab333-0000-7000-8000-00000000000a", Verified: true, Reason: "The projector broke.",
	}
}

// Support gives back what its buyer no longer could: without a policy, after the start, on other terms, in parts.
func TestSupportCancel_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	h.exec(t, `UPDATE booking_tickets SET price_minor = price_minor - 50, fee_minor = 50`)
	h.clock.AdvanceClock(t, 10*24*time.Hour)
	_, err := h.store.CancelSale(t.Context(), cancellation(s))
	requireCode(t, boxoffice.CodeSaleFinal, err)

	terms := boxoffice.SupportTerms{TicketIDs: h.tickets[:1], KeepPercent: 33}
	quote, err := h.store.QuoteSupportCancel(t.Context(), s.ID, terms)
	require.NoError(t, err)
	require.Equal(t, boxoffice.CancellationQuote{Refund: usd(972), Kept: usd(478)}, quote, "67 % of 14.50 is 9.715")
	require.NoError(t, h.store.SupportCancel(t.Context(), byStaff(s, "1"), terms))
	require.NoError(t, h.store.SupportCancel(t.Context(), byStaff(s, "1"), terms), "under its key it is done once")
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireKept(t, s.ID, 478)

	require.NoError(t, h.store.SupportCancel(t.Context(), byStaff(s, "2"), boxoffice.SupportTerms{}))
	require.Equal(t, 3, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'available'`))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Equal(t, 972+2*seatPrice, one[int](t, h, `SELECT sum(amount_minor) FROM refunds WHERE state = 'succeeded'`), "with their fees")
	h.exec(t, `DELETE FROM emails WHERE status = 'withdrawn'`)
	require.Equal(t, []told{
		{boxoffice.EmailTickets, 0, ""},
		{boxoffice.EmailChanged, 972, "The box office cancelled Stalls, row C, seat 1. Of their price $4.78 is kept."},
		{boxoffice.EmailRefunded, 972, "The box office cancelled Stalls, row C, seat 1. Of their price $4.78 is kept."},
		{boxoffice.EmailRefunded, 2 * seatPrice, "The box office cancelled your booking."},
	}, h.told(t, s.ID))
	line := h.audited(t, "2")
	require.Equal(t, []any{"anna", "cancel", "booking " + s.ID, "The projector broke.", true}, []any{line.Actor, line.Action, line.Subject, line.Reason, line.Verified})
	require.Equal(t, []any{"completed", 2.0, 972.0}, []any{line.Before["status"], line.Before["seats"], line.Before["back_minor"]})
	require.Equal(t, []any{"refunding", 0.0, 972.0 + 2*seatPrice}, []any{line.After["status"], line.After["seats"], line.After["back_minor"]})
	h.requireClean(t, 1)
}

// While tickets are being made, support can end a sale that does not come to them; a run that is at it changes nothing then.
func TestSupportCancel_WhileTicketsAreMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.confirmed(t, h.addUser(t), h.tickets)
	_, err := h.store.IssueAdmissions(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	before := h.rows(t)
	requireCode(t, boxoffice.CodeNotReady, h.store.SupportCancel(t.Context(), byStaff(s, "part"), boxoffice.SupportTerms{TicketIDs: h.tickets[:1]}))
	require.Equal(t, before, h.rows(t))
	require.NoError(t, h.store.SupportCancel(t.Context(), byStaff(s, "all"), boxoffice.SupportTerms{}))
	now, err := h.store.CompleteBooking(t.Context(), s.ID, s.epoch, "tickets/"+s.ID+".pdf")
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingRefunding, now.Status)
	h.requireClean(t, 1)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
	h.requireClean(t, 1)
}

// A hold is let go; money that comes all the same goes back in full.
func TestSupportCancel_AHoldThatIsPaidMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	require.NoError(t, h.store.SupportCancel(t.Context(), byStaff(s, "1"), boxoffice.SupportTerms{}))
	require.Equal(t, boxoffice.BookingHeld, h.status(t, s.ID), "its page can still be paid")
	h.pay(t, s.attempt)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
	h.requireClean(t, 1)
}

// supportRefusals are what support cannot do either, with the code that says so.
var supportRefusals = map[string]struct {
	stage string
	code  boxoffice.Code
	terms boxoffice.SupportTerms
	given string
}{
	"nothing is kept of a hold":   {stage: "held", code: boxoffice.CodeInvalid, terms: boxoffice.SupportTerms{KeepPercent: 10}},
	"a ticket of a hold":          {stage: "held", code: boxoffice.CodeInvalid, terms: boxoffice.SupportTerms{TicketIDs: []string{"019ab333-0000-7000-8000-000000000001"}}},
	"all is kept":                 {stage: "completed", code: boxoffice.CodeInvalid, terms: boxoffice.SupportTerms{KeepPercent: 100}},
	"less than nothing is kept":   {stage: "completed", code: boxoffice.CodeInvalid, terms: boxoffice.SupportTerms{KeepPercent: -1}},
	"somebody went in":            {stage: "completed", code: boxoffice.CodeSaleFinal, given: `UPDATE admissions SET admitted_at = now()`},
	"another's ticket":            {stage: "completed", code: boxoffice.CodeNotFound, terms: boxoffice.SupportTerms{TicketIDs: []string{"019ab333-0000-7000-8000-000000000001"}}},
	"it expired":                  {stage: "expired", code: boxoffice.CodeBookingClosed},
	"its money is on its way":     {stage: "refunding", code: boxoffice.CodeBookingClosed},
	"its money is back":           {stage: "refunded", code: boxoffice.CodeBookingClosed},
	"the booking is of the actor": {stage: "completed", code: boxoffice.CodeForbidden, given: `INSERT INTO users (id, username, password_hash) VALUES ('019ab333-0000-7000-8000-00000000000a', 'anna', '$argon2id$x'); UPDATE bookings SET user_id = '019ab333-0000-7000-8000-00000000000a'`},
}

func TestSupportCancel_Refusals(t *testing.T) {
	t.Parallel()
	for name, c := range supportRefusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.stageNamed(t, c.stage)
			if c.given != "" {
				h.exec(t, c.given)
			}
			before := h.rows(t)
			requireCode(t, c.code, h.store.SupportCancel(t.Context(), byStaff(s, "1"), c.terms))
			if c.code != boxoffice.CodeForbidden {
				_, err := h.store.QuoteSupportCancel(t.Context(), s.ID, c.terms)
				requireCode(t, c.code, err)
			}
			require.Equal(t, before, h.rows(t))
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM audit_log`), "what is refused is no act")
		})
	}
}

// Goodwill goes back beside tickets that stay; what is kept is its bound, and what is given back later is less by it.
func TestSupportRefund_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 500))
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 500), "under its key it is done once")
	other := byStaff(s, "1")
	other.Request = []byte("600")
	requireCode(t, boxoffice.CodeKeyReused, h.store.SupportRefund(t.Context(), other, 600))
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireClean(t, 1)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
	require.Equal(t, []told{{boxoffice.EmailTickets, 0, ""}, {boxoffice.EmailRefunded, 500, "The box office gives you this back."}}, h.told(t, s.ID))

	before := h.rows(t)
	e := requireCode(t, boxoffice.CodeInvalid, h.store.SupportRefund(t.Context(), byStaff(s, "2"), 2*seatPrice-499))
	require.Contains(t, e.Message, "$24.00")
	require.Equal(t, before, h.rows(t))
	h.giveBack(t, s, h.tickets[0])
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "3"), 1000))
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	h.requireClean(t, 1)

	quote, err := h.store.QuoteSupportCancel(t.Context(), s.ID, boxoffice.SupportTerms{})
	require.NoError(t, err)
	require.Equal(t, usd(2*seatPrice-500-1160-1000), quote.Refund, "the share that was kept is goodwill by now")
	h.giveBack(t, s)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireClean(t, 1)
	requireCode(t, boxoffice.CodeInvalid, h.store.SupportRefund(t.Context(), byStaff(s, "4"), 1))
}

// What was kept of tickets that are gone can be given back, too: then the booking is refunding until it is back.
func TestSupportRefund_OfWhatWasKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.allowReturns(t, 24, 80)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	h.giveBack(t, s)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 290))
	require.Equal(t, boxoffice.BookingRefunding, h.status(t, s.ID))
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Equal(t, seatPrice, one[int](t, h, `SELECT sum(amount_minor) FROM refunds WHERE state = 'succeeded'`))
	h.requireClean(t, 1)
}

func TestSupportRefund_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	requireCode(t, boxoffice.CodeInvalid, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 0))
	requireCode(t, boxoffice.CodeInvalid, h.store.SupportRefund(t.Context(), byStaff(s, "1"), -5))
	held := h.held(t, h.addUser(t), h.tickets[1:2])
	requireCode(t, boxoffice.CodeBookingClosed, h.store.SupportRefund(t.Context(), byStaff(held, "1"), 5))
	require.NoError(t, h.store.SupportRefund(t.Context(), byStaff(s, "1"), 5))
	_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundFailed))
	require.NoError(t, err)
	requireCode(t, boxoffice.CodeNotReady, h.store.SupportRefund(t.Context(), byStaff(s, "2"), 5))
}

// Buyers may have their tickets mailed once a minute. Support, which is asked where that did not help, need not wait.
func TestSupportResend_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	first, err := h.store.SupportResend(t.Context(), byStaff(s, "1"), "other@example.org")
	require.NoError(t, err)
	require.Equal(t, "other@example.org", one[string](t, h, `SELECT recipient FROM emails WHERE id = $1`, first))
	again, err := h.store.SupportResend(t.Context(), byStaff(s, "1"), "other@example.org")
	require.NoError(t, err)
	require.Empty(t, again)
	second, err := h.store.SupportResend(t.Context(), byStaff(s, "2"), "")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Equal(t, 3, one[int](t, h, `SELECT count(*) FROM emails`))
	held := h.held(t, h.addUser(t), h.tickets[1:])
	_, err = h.store.SupportResend(t.Context(), byStaff(held, "3"), "")
	requireCode(t, boxoffice.CodeNotReady, err)
}

// In every stage of a booking each act is done or refused, and either way no promise is broken, then or at the end.
func TestSupportMoney_InEveryStage(t *testing.T) {
	t.Parallel()
	acts := map[string]func(h *house, s scene) error{
		"cancel": func(h *house, s scene) error {
			return h.store.SupportCancel(t.Context(), byStaff(s, "cancel"), boxoffice.SupportTerms{})
		},
		"refund": func(h *house, s scene) error { return h.store.SupportRefund(t.Context(), byStaff(s, "refund"), 100) },
		"resend": func(h *house, s scene) error {
			return second(h.store.SupportResend(t.Context(), byStaff(s, "resend"), ""))
		},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range stages {
				h := newHouse(t, len(stages))
				s := h.stage(t, i)
				before := h.rows(t)
				err := act(h, s)
				if err != nil {
					require.Equal(t, before, h.rows(t), stages[i].name)
				}
				after := h.rows(t)
				require.Equal(t, boxoffice.CodeOf(err), boxoffice.CodeOf(act(h, s)), stages[i].name)
				require.Equal(t, after, h.rows(t), "%s: twice is once", stages[i].name)
				require.Empty(t, h.audit(t, postgres.AuditOptions{}).Violations, stages[i].name)
				h.bringToEnd(t, s.Booking)
				require.Empty(t, h.audit(t, postgres.AuditOptions{}).Violations, stages[i].name)
			}
		})
	}
}

// Support, its twin and the buyer act at once on one sale. Whatever comes first, no more goes back than came in, and what is
// left is worth what was kept.
func TestSupportMoney_AtOnceWithTheBuyer(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		h := newHouse(t, 3)
		h.allowReturns(t, 24, 80)
		s := h.soldBooking(t, h.addUser(t), h.tickets...)
		var acts []func() error
		for twin := range 4 { // each act under its key four times
			acts = append(acts,
				func() error {
					return h.store.SupportCancel(t.Context(), byStaff(s, "one"), boxoffice.SupportTerms{TicketIDs: h.tickets[:1]})
				},
				func() error { return h.store.SupportRefund(t.Context(), byStaff(s, "goodwill"), 700) },
				func() error { return second(h.store.CancelSale(t.Context(), cancellation(s, h.tickets[1]))) },
				func() error {
					return h.store.SupportRefund(t.Context(), byStaff(s, fmt.Sprint("much", twin)), 2*seatPrice)
				},
				func() error { return second(h.store.VerifyHold(t.Context(), s.ID)) },
			)
		}
		errs := make([]error, len(acts))
		atOnce(len(acts), func(i int) { errs[i] = acts[i]() })
		for i, err := range errs {
			if err != nil {
				require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "act %d: %v", i, err)
			}
		}
		require.Empty(t, h.audit(t, postgres.AuditOptions{}).Violations)
		require.LessOrEqual(t, one[int](t, h, `SELECT count(*) FROM audit_log WHERE key IN ('one', 'goodwill')`), 2)
		h.bringToEnd(t, s.Booking)
		h.requireClean(t, 1)
		left := one[int64](t, h, `SELECT amount_minor - payment_owes(p) FROM payments p`)
		require.Equal(t, left, 3*seatPrice-one[int64](t, h, `SELECT sum(amount_minor) FROM refunds WHERE state = 'succeeded'`), "round %d", round)
	}
}
