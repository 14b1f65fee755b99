package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func (h *house) settleByHand(t testing.TB, s scene, key string, n int, tickets ...string) error {
	t.Helper()
	return h.store.SettleByHand(t.Context(), supportOf(s.Booking, key), boxoffice.RefundRef{PaymentID: s.payment, N: n}, tickets)
}

func TestSettleByHand_AsGoodwill(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.partByHand(t, h.addUser(t), h.tickets)
	require.NoError(t, h.settleByHand(t, s, "decide", 1))
	require.NoError(t, h.settleByHand(t, s, "decide", 1), "the same key twice is once")
	requireCode(t, boxoffice.CodeInvalid, h.settleByHand(t, s, "again", 1))
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundByHand))
	require.Equal(t, []string{"anna", "The bank is slow."}, one[[]string](t, h, `SELECT ARRAY[closed_by, resolution] FROM support_tasks`))
	line := h.audited(t, "decide")
	require.Equal(t, []any{"anna", "settle refund 1 as goodwill", "booking " + s.ID}, []any{line.Actor, line.Action, line.Subject})
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID))
	h.requireClean(t, 1)

	// What went back as goodwill is not paid again with the tickets: of 29.00 no more than 19.00 is left.
	quote, err := h.store.QuoteCancellation(t.Context(), cancellation(s))
	require.NoError(t, err)
	require.Equal(t, usd(1900), quote.Refund)
	h.giveBack(t, s)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Equal(t, refundRow{2, 1900, boxoffice.RefundSucceeded, ""}, h.refundRows(t)[1])
	h.requireClean(t, 1)
}

func TestSettleByHand_ForTickets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		minor    int64
		tickets  int
		kept     int64
		goodwill int64
	}{
		"exactly":            {seatPrice, 1, 0, 0},
		"less than it cost":  {1000, 1, 450, 0},
		"more than it cost":  {2000, 1, 0, 550},
		"all of the tickets": {2000, 2, 900, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := h.sold(t, h.addUser(t), h.tickets)
			h.refundByHand(t, s, "re_hand", c.minor)
			require.NoError(t, h.settleByHand(t, s, "decide", 1, h.tickets[:c.tickets]...))
			h.requireKept(t, s.ID, c.kept)
			require.Equal(t, c.goodwill, h.goodwill(t, s))
			require.Equal(t, c.tickets, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'available'`))
			require.Equal(t, 2-c.tickets, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
			require.Len(t, h.refundRows(t), 1, "no further money moves")
			require.Zero(t, h.openTasks(t, boxoffice.TaskRefundByHand))
			h.requireClean(t, 1)
			end := boxoffice.BookingCompleted
			if c.tickets == 2 {
				end = boxoffice.BookingRefunded
			}
			h.finish(t, s.Booking, end)
			h.requireClean(t, 1)
		})
	}
}

func TestSettleByHand_Refuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.partByHand(t, h.addUser(t), h.tickets)
	before := h.rows(t)
	requireCode(t, boxoffice.CodeNotFound, h.settleByHand(t, s, "1", 2))
	requireCode(t, boxoffice.CodeNotFound, h.settleByHand(t, s, "2", 1, newID(t)))
	requireCode(t, boxoffice.CodeInvalid, h.settleByHand(t, s, "3", 1, "seat one"))
	requireCode(t, boxoffice.CodeInvalid, h.settleByHand(t, s, "4", 1, h.tickets[0], h.tickets[0]))
	other := s
	other.payment = newID(t)
	requireCode(t, boxoffice.CodeNotFound, h.settleByHand(t, other, "5", 1))
	other.payment = "no ID"
	requireCode(t, boxoffice.CodeNotFound, h.settleByHand(t, other, "6", 1))
	h.exec(t, `UPDATE admissions SET admitted_at = boxoffice_now() WHERE ticket_id = $1`, h.tickets[0])
	requireCode(t, boxoffice.CodeSaleFinal, h.settleByHand(t, s, "7", 1, h.tickets[0]))
	h.exec(t, `UPDATE admissions SET admitted_at = NULL`)
	require.Equal(t, before, h.rows(t))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM audit_log`), "what was not done is not in the log")
}

// TestRetryRefund_FiftyAtOnce asks fifty times, each under a key of its own.
func TestRetryRefund_FiftyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.moneyStuck(t, h.addUser(t), h.tickets)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
	errs := make([]error, 50)
	atOnce(len(errs), func(i int) {
		act := supportOf(s.Booking, fmt.Sprintf("retry %d", i))
		for errs[i] = h.store.RetryRefund(t.Context(), act, s.payment); boxoffice.CodeOf(errs[i]) == boxoffice.CodeUnavailable; {
			errs[i] = h.store.RetryRefund(t.Context(), act, s.payment)
		}
	})
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else {
			requireCode(t, boxoffice.CodeInvalid, err)
		}
	}
	require.Equal(t, 1, done)
	require.Len(t, h.refundRows(t), 2)
	require.Equal(t, refundRow{2, 2 * seatPrice, boxoffice.RefundPending, ""}, h.refundRows(t)[1])
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.requireUndone(t, s)
}

// TestRetryRefund_FailsAgain has a task for each failure, one open at a time.
func TestRetryRefund_FailsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.moneyStuck(t, h.addUser(t), h.tickets)
	require.NoError(t, h.store.RetryRefund(t.Context(), supportOf(s.Booking, "retry"), s.payment))
	_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, boxoffice.ProviderRefund{
		PaymentID: s.payment, N: 2, State: boxoffice.RefundFailed, Failure: boxoffice.RefusedByProvider,
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"Refund 1 failed (failed at the provider): $29.00 of the payment is owed and not on its way.",
		"Refund 2 failed (refused by the provider): $29.00 of the payment is owed and not on its way.",
	}, one[[]string](t, h, `SELECT array_agg(summary ORDER BY key) FROM support_tasks`))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.exec(t, `UPDATE support_tasks SET closed_at = boxoffice_now(), closed_by = 'anna', resolution = 'done, I hope'`)
	h.verify(t, s.ID)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed), "it is owed, whoever closed its task")
	h.requireClean(t, 1)
}

func TestRefundedOtherwise(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.moneyStuck(t, h.addUser(t), h.tickets)
	act := supportOf(s.Booking, "paid")
	for _, reference := range []string{"", "  ", "two\nlines", strings.Repeat("x", boxoffice.MaxReference+1)} {
		requireCode(t, boxoffice.CodeInvalid, h.store.RefundedOtherwise(t.Context(), act, s.payment, reference))
	}
	require.NoError(t, h.store.RefundedOtherwise(t.Context(), act, s.payment, "wire 4711"))
	require.NoError(t, h.store.RefundedOtherwise(t.Context(), act, s.payment, "wire 4711"), "the same key twice is once")
	requireCode(t, boxoffice.CodeInvalid, h.store.RefundedOtherwise(t.Context(), supportOf(s.Booking, "again"), s.payment, "wire 4712"))
	requireCode(t, boxoffice.CodeInvalid, h.store.RetryRefund(t.Context(), supportOf(s.Booking, "retry"), s.payment))
	requireCode(t, boxoffice.CodeNotFound, h.store.RetryRefund(t.Context(), supportOf(s.Booking, "other"), newID(t)))
	h.requireUndone(t, s)
	require.Equal(t, []told{{boxoffice.EmailRefunded, 2 * seatPrice, "It was paid to you in another way: wire 4711"}}, h.told(t, s.ID))
	require.Equal(t, boxoffice.RefundedElsewhere, h.refund(t, s, 2).Origin)
}

// TestRetryRefund_OfADisputedPaymentWaits writes it down, and nobody asks.
func TestRetryRefund_OfADisputedPaymentWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.moneyStuck(t, h.addUser(t), h.tickets)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeOpen)
	require.NoError(t, h.store.RetryRefund(t.Context(), supportOf(s.Booking, "retry"), s.payment))
	require.Equal(t, boxoffice.StepEnd, h.verify(t, s.ID).Next())
	h.requireClean(t, 1)
}
