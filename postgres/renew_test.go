package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// refundRow is a refund as it stands.
type refundRow struct {
	N       int
	Amount  int64
	State   boxoffice.RefundState
	Failure string
}

func (h *house) refundRows(t *testing.T) []refundRow {
	t.Helper()
	rows, err := h.own.Query(t.Context(), `SELECT n, amount_minor, state, coalesce(failure, '') FROM refunds ORDER BY payment_id, n`)
	require.NoError(t, err)
	defer rows.Close()
	var all []refundRow
	for rows.Next() {
		var r refundRow
		require.NoError(t, rows.Scan(&r.N, &r.Amount, &r.State, &r.Failure))
		all = append(all, r)
	}
	require.NoError(t, rows.Err())
	return all
}

// renewed is a refund whose first number the provider never made.
func (h *house) renewed(t *testing.T) scene {
	t.Helper()
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.clock.AdvanceClock(t, time.Minute+time.Second)
	now, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1)
	require.NoError(t, err)
	require.Equal(t, &boxoffice.RefundRef{PaymentID: s.payment, N: 2}, now.OpenRefund)
	require.False(t, now.StuckRefund, "the money is on its way")
	require.Equal(t, boxoffice.StepSendRefund, now.Next())
	require.Equal(t, time.Minute, h.nextCheck(t, s.ID))
	return s
}

func TestRenewRefund_ClosesOneAndOpensTheNext(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.renewed(t)
	require.Equal(t, []refundRow{
		{1, seatPrice, boxoffice.RefundFailed, "never made"}, {2, seatPrice, boxoffice.RefundPending, ""},
	}, h.refundRows(t))
	require.Equal(t, "Your tickets could not be made.", h.refund(t, s, 2).Reason)
	require.Contains(t, h.timeline(t, s.ID), "refund never made")
	h.requireClean(t, 1)

	before := h.rows(t)
	_, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1)
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t), "a late repeat opens no third one")
	_, err = h.store.RenewRefund(t.Context(), s.ID, s.epoch-1, s.payment, 2)
	requireCode(t, boxoffice.CodeFenced, err)

	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
	require.Equal(t, []told{{boxoffice.EmailRefunded, seatPrice, "Your tickets could not be made."}}, h.told(t, s.ID))
	h.requireClean(t, 1)
}

// TestRenewRefund_TakesItsTime keeps a provider that breaks at every key from getting one after the other.
func TestRenewRefund_TakesItsTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	for n := 1; n <= 4; n++ {
		wait := time.Duration(n*n) * time.Minute
		h.clock.AdvanceClock(t, wait-10*time.Second)
		before := h.rows(t)
		_, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, n)
		requireCode(t, boxoffice.CodeProviderUnknown, err)
		require.Equal(t, before, h.rows(t))
		h.clock.AdvanceClock(t, 11*time.Second)
		_, err = h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, n)
		require.NoError(t, err)
	}
	require.Len(t, h.refundRows(t), 5)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
}

// TestRenewRefund_OfAPartIsOfThatPart gives back no more than the refund in whose place it stands.
func TestRenewRefund_OfAPartIsOfThatPart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.exec(t, `UPDATE refunds SET amount_minor = 1000`)
	h.clock.AdvanceClock(t, time.Minute+time.Second)
	_, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1)
	require.NoError(t, err)
	require.Equal(t, refundRow{2, 1000, boxoffice.RefundPending, ""}, h.refundRows(t)[1])
}

func TestRenewRefund_LeavesWhatTheProviderHas(t *testing.T) {
	t.Parallel()
	for _, state := range []boxoffice.RefundState{boxoffice.RefundPending, boxoffice.RefundSucceeded, boxoffice.RefundFailed} {
		h := newHouse(t, 1)
		s := h.refunding(t, h.addUser(t), h.tickets)
		h.mark(t, s, state)
		h.clock.AdvanceClock(t, time.Hour)
		before := h.rows(t)
		_, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1)
		require.NoError(t, err)
		require.Equal(t, before, h.rows(t), state)
	}
}

func TestRenewRefund_AtOnceIsOneRefund(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.clock.AdvanceClock(t, time.Minute+time.Second)
	errs := make([]error, 8)
	atOnce(len(errs), func(i int) { _, errs[i] = h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1) })
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, h.refundRows(t), 2)
	require.Zero(t, h.deadlocks(t))
}

// TestRenewRefund_OfOneThatWasMadeAfterAll is the provider that finishes by hand what broke, and tells of it: that one
// counts, and the one in its place is not asked for any more.
func TestRenewRefund_OfOneThatWasMadeAfterAll(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]func(t *testing.T, h *house, s scene, word boxoffice.ProviderRefund){
		"the webhook tells": func(t *testing.T, h *house, _ scene, word boxoffice.ProviderRefund) {
			h.receive(t, refundEvent("evt_late", word))
		},
		"a run that was slow tells": func(t *testing.T, h *house, s scene, word boxoffice.ProviderRefund) {
			_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, word)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.renewed(t)
			told(t, h, s, refundOf(s.payment, 1, boxoffice.RefundSucceeded))
			require.Equal(t, []refundRow{
				{1, seatPrice, boxoffice.RefundSucceeded, ""}, {2, seatPrice, boxoffice.RefundFailed, "never made"},
			}, h.refundRows(t))
			require.NotContains(t, h.finish(t, s.Booking, boxoffice.BookingRefunded), boxoffice.StepSendRefund)
			h.requireBalanced(t, s.ID, 0)
			h.requireClean(t, 1)
			require.Len(t, h.emailsOf(t, s.ID), 1, "told once")
		})
	}
	t.Run("while it is pending at the bank", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.renewed(t)
		now := h.mark(t, s, boxoffice.RefundPending)
		require.Equal(t, &boxoffice.RefundRef{PaymentID: s.payment, N: 1, Asked: true}, now.OpenRefund)
		require.Equal(t, refundRow{2, seatPrice, boxoffice.RefundFailed, "never made"}, h.refundRows(t)[1])
		now = h.mark(t, s, boxoffice.RefundFailed)
		require.True(t, now.StuckRefund, "that one failed at the bank, and nobody asks for the other")
	})
	t.Run("once the other has been made, it stays closed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.renewed(t)
		_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 2, boxoffice.RefundPending))
		require.NoError(t, err)
		h.receive(t, refundEvent("evt_late", refundOf(s.payment, 1, boxoffice.RefundSucceeded)))
		require.Equal(t, boxoffice.RefundFailed, h.refundRows(t)[0].State, "more would go back than came in")
		require.Equal(t, boxoffice.RefundPending, h.refundRows(t)[1].State)
	})
	t.Run("another part of the payment goes back beside it", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.refunding(t, h.addUser(t), h.tickets)
		h.exec(t, `UPDATE refunds SET amount_minor = 1000`)
		h.clock.AdvanceClock(t, time.Minute+time.Second)
		_, err := h.store.RenewRefund(t.Context(), s.ID, s.epoch, s.payment, 1)
		require.NoError(t, err)
		h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, 3, 450, 'USD', 'the other seat')`, s.payment)
		h.receive(t, refundEvent("evt_late", refundOf(s.payment, 1, boxoffice.RefundSucceeded)))
		require.Equal(t, []refundRow{
			{1, 1000, boxoffice.RefundSucceeded, ""}, {2, 1000, boxoffice.RefundFailed, "never made"}, {3, 450, boxoffice.RefundPending, ""},
		}, h.refundRows(t))
	})
	t.Run("and where it failed, it stays closed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.renewed(t)
		h.receive(t, refundEvent("evt_late", refundOf(s.payment, 1, boxoffice.RefundFailed)))
		require.Equal(t, boxoffice.RefundPending, h.refundRows(t)[1].State)
		h.finish(t, s.Booking, boxoffice.BookingRefunded)
	})
	t.Run("only then: what the provider refused is not taken up", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.refunding(t, h.addUser(t), h.tickets)
		_, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch,
			boxoffice.ProviderRefund{PaymentID: s.payment, N: 1, State: boxoffice.RefundFailed, Failure: "refused by the provider"})
		require.NoError(t, err)
		h.mark(t, s, boxoffice.RefundSucceeded)
		require.Equal(t, boxoffice.RefundFailed, h.refundRows(t)[0].State)
	})
}

func (h *house) emailsOf(t *testing.T, bookingID string) []string {
	t.Helper()
	return one[[]string](t, h, `SELECT coalesce(array_agg(dedupe_key ORDER BY created_at, id), '{}') FROM emails WHERE booking_id = $1`, bookingID)
}

// TestRenewRefund_OfOneThatWasMadeInVain is the provider that makes by hand what went back otherwise, and whose bank then
// returns the other one: the first counts, although nobody tells of it again.
func TestRenewRefund_OfOneThatWasMadeInVain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.renewed(t)
	h.receive(t, refundEvent("evt_second", refundOf(s.payment, 2, boxoffice.RefundSucceeded)))
	h.receive(t, refundEvent("evt_first", refundOf(s.payment, 1, boxoffice.RefundPending)))
	require.Equal(t, []refundRow{
		{1, seatPrice, boxoffice.RefundFailed, "never made"}, {2, seatPrice, boxoffice.RefundSucceeded, ""},
	}, h.refundRows(t), "there is no room for both")
	h.receive(t, refundEvent("evt_returned", refundOf(s.payment, 2, boxoffice.RefundFailed)))
	require.Equal(t, boxoffice.RefundPending, h.refundRows(t)[0].State)
	require.Equal(t, boxoffice.RefundFailed, h.refundRows(t)[1].State)
	h.requireClean(t, 1)
	h.receive(t, refundEvent("evt_first_returned", refundOf(s.payment, 1, boxoffice.RefundFailed)))
	require.Equal(t, boxoffice.RefundFailed, h.refundRows(t)[0].State, "what failed in earnest is not taken up again")
	require.NotEqual(t, "never made", h.refundRows(t)[0].Failure)
}
