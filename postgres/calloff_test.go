package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// organizer gives who owns the event of the house.
func (h *house) organizer(t testing.TB) boxoffice.By {
	t.Helper()
	return boxoffice.By{UserID: one[string](t, h, `SELECT owner_id::text FROM events WHERE id = $1`, h.event)}
}

func (h *house) callOff(t testing.TB) boxoffice.EventCancellation {
	t.Helper()
	c, err := h.db.Cancellations().CallOff(t.Context(), h.organizer(t), boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost", Reason: "The singer is ill."})
	require.NoError(t, err)
	return c
}

func (h *house) cancellation(t testing.TB) boxoffice.EventCancellation {
	t.Helper()
	c, err := h.db.Cancellations().EventCancellation(t.Context(), boxoffice.Overseer{By: h.organizer(t)}, h.event)
	require.NoError(t, err)
	p := c.Progress
	require.Equal(t, p.Total, p.Refunded+p.Released+p.Failed+p.Waiting, "each booking is counted once")
	return c
}

// pass gives back whatever a pass of the run finds, each booking twice.
func (h *house) pass(t testing.TB) (found []string) {
	t.Helper()
	store, after := h.db.Cancellations(), ""
	for {
		page, err := store.NextCallOffs(t.Context(), h.event, after)
		require.NoError(t, err)
		if len(page.Bookings) == 0 {
			return found
		}
		require.LessOrEqual(t, len(page.Bookings), page.PerSecond)
		for _, id := range page.Bookings {
			for range 2 {
				ref, err := store.GiveBack(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, id, ref.BookingID)
			}
			found, after = append(found, id), id
		}
	}
}

// calledOffEnds are what bookings come to whose event is called off; those that are not named stay what they are.
var calledOffEnds = map[string]boxoffice.BookingStatus{
	"held": boxoffice.BookingCancelled, "held, late": boxoffice.BookingCancelled, "open": boxoffice.BookingCancelled,
	"open, closing": boxoffice.BookingCancelled, "closing": boxoffice.BookingCancelled, "open, cancel wished": boxoffice.BookingCancelled,
	"paid": boxoffice.BookingRefunded, "paid, cancel wished": boxoffice.BookingRefunded,
	"open, wrong amount paid before": boxoffice.BookingCancelled, "confirmed": boxoffice.BookingRefunded, "completed": boxoffice.BookingRefunded,
	"expired": boxoffice.BookingExpired, "expired, paid late": boxoffice.BookingRefunded, "cancelled": boxoffice.BookingCancelled,
	"cancelled, paid": boxoffice.BookingRefunded, "refunding": boxoffice.BookingRefunded, "given back": boxoffice.BookingRefunded,
	"refunding, money back": boxoffice.BookingRefunded, "refunded": boxoffice.BookingRefunded,
}

// Whatever a booking is when its event is called off, nobody keeps a ticket and nobody's money stays: where the calling off
// finds it first, and where its run goes on first.
func TestCallOff_EachStage(t *testing.T) {
	t.Parallel()
	for _, stage := range stages {
		for _, first := range []string{"the calling off", "its run"} {
			t.Run(stage.name+", first "+first, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, 1)
				s := stage.build(t, h, h.addUser(t), h.tickets)
				h.callOff(t)
				if first == "its run" {
					h.bringToEnd(t, s.Booking)
				}
				h.pass(t)
				end := calledOffEnds[stage.name]
				if first == "its run" && end == boxoffice.BookingCancelled && h.status(t, s.ID) == boxoffice.BookingExpired {
					end = boxoffice.BookingExpired // its deadline came before the calling off found it
				}
				require.Equal(t, end, h.bringToEnd(t, s.Booking))
				require.Zero(t, one[int](t, h, `SELECT count(*) FROM tickets WHERE state <> 'available'`))
				kept := one[int64](t, h, `SELECT coalesce(sum(kept_minor), 0)::bigint FROM booking_tickets`)
				require.Equal(t, kept, one[int64](t, h, `SELECT (SELECT coalesce(sum(amount_minor), 0) FROM payments)::bigint
					- (SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE state = 'succeeded')::bigint`))
				h.clock.AdvanceClock(t, 11*time.Second)
				p, err := h.db.Cancellations().FinishCallOff(t.Context(), h.event, time.Minute)
				require.NoError(t, err)
				require.Equal(t, boxoffice.RefundsDone, p.State, "%+v", p)
				require.Equal(t, p, h.cancellation(t).Progress)
				h.requireClean(t, 1)
			})
		}
	}
}

// A sale goes back whole, fees too, less what was given back before; the preview says so to the cent.
func TestCallOff_QuoteIsWhatGoesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 6)
	h.allowReturns(t, 24, 50)
	part := h.soldBooking(t, h.addUser(t), h.tickets[0], h.tickets[1])
	h.giveBack(t, part, h.tickets[0])
	whole := h.confirmed(t, h.addUser(t), h.tickets[2:4])
	h.held(t, h.addUser(t), h.tickets[4:5])
	by, store := h.organizer(t), h.db.Cancellations()
	before := h.rows(t)
	quote, err := store.QuoteCallOff(t.Context(), by, boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost"})
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t))
	require.Equal(t, boxoffice.CallOffQuote{Bookings: 2, Tickets: 3, Holds: 1, Refund: boxoffice.Money{Minor: 3 * seatPrice, Currency: "USD"}}, quote)
	pending := one[int64](t, h, `SELECT sum(amount_minor)::bigint FROM refunds`)
	h.callOff(t)
	require.Len(t, h.pass(t), 3)
	require.Equal(t, quote.Refund.Minor, one[int64](t, h, `SELECT sum(amount_minor)::bigint FROM refunds`)-pending)
	for _, s := range []scene{part, whole} {
		require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking))
	}
	p := h.cancellation(t).Progress
	require.Equal(t, []int{3, 2, 1, 0, 0}, []int{p.Total, p.Refunded, p.Released, p.Failed, p.Waiting})
}

// Each buyer gets one mail that tells of the calling off, before the money goes, and none that tells of the refund again.
func TestCallOff_TellsEachBuyerOnce(t *testing.T) {
	t.Parallel()
	why := "The singer is ill."
	for stage, want := range map[string][]told{
		"paid": {{boxoffice.EmailCalledOff, seatPrice, why}}, "confirmed": {{boxoffice.EmailCalledOff, seatPrice, why}},
		"completed": {{boxoffice.EmailCalledOff, seatPrice, why}}, "open": {{boxoffice.EmailCalledOff, 0, why}}, "held": {},
		"expired, paid late": {{boxoffice.EmailRefunded, seatPrice, "Your payment came after the hold had ended, and the event is no longer on sale."}},
		"cancelled, paid":    {{boxoffice.EmailRefunded, seatPrice, "The event had been called off when the payment arrived."}},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.stageNamed(t, stage)
			h.callOff(t)
			h.pass(t)
			h.bringToEnd(t, s.Booking)
			h.exec(t, `DELETE FROM emails WHERE status = 'withdrawn'`)
			require.Equal(t, want, h.told(t, s.ID))
			if stage == "completed" {
				b, err := h.store.Booking(t.Context(), s.UserID, s.ID)
				require.NoError(t, err)
				require.Equal(t, why, b.CalledOffReason)
				require.False(t, b.CalledOffAt.IsZero())
			}
		})
	}
}

func TestCallOff_OfAFreeBooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.exec(t, `UPDATE tickets SET price_minor = 0`)
	b := h.hold(t, h.addUser(t), h.tickets...)
	_, err := h.store.OpenAttempt(t.Context(), checkoutOf(b))
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingCompleted, h.bringToEnd(t, b))
	h.callOff(t)
	h.pass(t)
	require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, b))
	require.Equal(t, []told{{boxoffice.EmailTickets, 0, ""}, {boxoffice.EmailCalledOff, 0, "The singer is ill."}}, h.told(t, b.ID))
	require.Equal(t, 1, h.cancellation(t).Progress.Refunded)
}

func TestCallOff_NothingIsSoldAnyMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	held, open := h.held(t, h.addUser(t), h.tickets[:1]), h.open(t, h.addUser(t), h.tickets[1:2])
	c := h.callOff(t)
	require.Equal(t, boxoffice.EventCancellation{
		EventID: h.event, Reason: "The singer is ill.", CancelledAt: c.CancelledAt,
		Progress: boxoffice.RefundProgress{State: boxoffice.RefundsRunning, PerSecond: boxoffice.DefaultRefundRate, Total: 2, Waiting: 2},
	}, c)
	require.Equal(t, c, h.callOff(t), "twice is once")
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM audit_log WHERE action = 'call off' AND subject = 'event ' || $1`, h.event))
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM search_outbox WHERE event_id = $1`, h.event))
	require.Equal(t, "cancelled", one[string](t, h, `SELECT status::text FROM events WHERE id = $1`, h.event))

	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: h.tickets[2:]})
	requireCode(t, boxoffice.CodeNotOnSale, err)
	for _, b := range []boxoffice.Booking{held.Booking, open.Booking} {
		_, err = h.store.OpenAttempt(t.Context(), checkoutOf(b))
		requireCode(t, boxoffice.CodeBookingClosed, err)
		_, err = h.store.Extend(t.Context(), b.UserID, b.ID, nil)
		requireCode(t, boxoffice.CodeBookingClosed, err)
	}
}

func TestCallOff_Refused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	store, by := h.db.Cancellations(), h.organizer(t)
	before := h.rows(t)
	for name, c := range map[string]struct {
		by     boxoffice.By
		req    boxoffice.CallOffRequest
		status string
		code   boxoffice.Code
	}{
		"another's":    {boxoffice.By{UserID: h.addUser(t)}, boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost"}, "on_sale", boxoffice.CodeNotFound},
		"unknown":      {by, boxoffice.CallOffRequest{EventID: newID(t), Name: "Ghost"}, "on_sale", boxoffice.CodeNotFound},
		"no ID":        {by, boxoffice.CallOffRequest{EventID: "x", Name: "Ghost"}, "on_sale", boxoffice.CodeNotFound},
		"another name": {by, boxoffice.CallOffRequest{EventID: h.event, Name: "ghost"}, "on_sale", boxoffice.CodeInvalid},
		"a draft":      {by, boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost"}, "draft", boxoffice.CodeEventState},
		"over":         {by, boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost"}, "past", boxoffice.CodeEventState},
	} {
		h.exec(t, `UPDATE events SET status = $2::text::event_status WHERE id = $1`, h.event, c.status)
		_, err := store.CallOff(t.Context(), c.by, c.req)
		requireCode(t, c.code, err)
		_, err = store.QuoteCallOff(t.Context(), c.by, c.req)
		require.Equal(t, c.code, requireCode(t, c.code, err).Code, name)
	}
	require.Equal(t, before, h.rows(t))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM event_cancellations`))
}

// Sales are committed while the event is being called off: each ends with its money, none with a ticket.
func TestCallOff_AmidSales(t *testing.T) {
	t.Parallel()
	const buyers = 12
	h := newHouse(t, buyers)
	scenes := make([]scene, buyers)
	for i := range scenes {
		scenes[i] = h.paid(t, h.addUser(t), h.tickets[i:i+1])
	}
	errs := make([]error, buyers+1)
	atOnce(buyers+1, func(i int) {
		if i == buyers {
			_, errs[i] = h.db.Cancellations().CallOff(t.Context(), h.organizer(t), boxoffice.CallOffRequest{EventID: h.event, Name: "Ghost"})
			return
		}
		_, err := h.store.ConfirmSeats(t.Context(), scenes[i].ID, scenes[i].epoch, scenes[i].payment)
		if boxoffice.CodeOf(err) != boxoffice.CodeSeatsLost {
			errs[i] = err
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	p, err := h.db.Cancellations().FinishCallOff(t.Context(), h.event, time.Minute)
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundsRunning, p.State, "a sale may still be under way")
	require.Len(t, h.pass(t), buyers)
	require.Empty(t, h.pass(t), "what was given back is not found again")
	for _, s := range scenes {
		require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking))
	}
	require.Equal(t, buyers, h.cancellation(t).Progress.Refunded)
	require.Equal(t, buyers, one[int](t, h, `SELECT count(*) FROM refunds`))
	h.requireClean(t, buyers)
}

func steering(pause *bool, rate *int) boxoffice.RefundSteering {
	return boxoffice.RefundSteering{Pause: pause, PerSecond: rate}
}

func TestCallOff_PauseResumeThrottle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.confirmed(t, h.addUser(t), h.tickets[:1])
	h.confirmed(t, h.addUser(t), h.tickets[1:])
	h.callOff(t)
	store, who := h.db.Cancellations(), boxoffice.Overseer{By: boxoffice.By{UserID: h.addUser(t)}, Staff: true}
	yes, no, rate := true, false, 1
	c, err := store.SteerRefunds(t.Context(), who, h.event, steering(&yes, &rate))
	require.NoError(t, err)
	require.Equal(t, []any{boxoffice.RefundsPaused, boxoffice.PausedByHand, 1}, []any{c.Progress.State, c.Progress.PausedReason, c.Progress.PerSecond})
	require.Empty(t, h.pass(t))
	_, err = store.SteerRefunds(t.Context(), who, h.event, steering(&no, nil))
	require.NoError(t, err)
	require.Len(t, h.pass(t), 2)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM audit_log WHERE action = 'steer refunds' AND actor = $1`, who.UserID))
	fast, own := boxoffice.OrganizerRefundRate+1, boxoffice.Overseer{By: h.organizer(t)}
	_, err = store.SteerRefunds(t.Context(), own, h.event, steering(nil, &fast))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = store.SteerRefunds(t.Context(), who, h.event, steering(nil, &fast))
	require.NoError(t, err)
	who.Staff = false
	_, err = store.SteerRefunds(t.Context(), who, h.event, steering(&yes, nil))
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = store.EventCancellation(t.Context(), who, h.event)
	requireCode(t, boxoffice.CodeNotFound, err)
}

// A balance that does not suffice pauses the refunds and asks a person for money; nothing counts as failed by it.
func TestCallOff_BalanceShort(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	store, who, no := h.db.Cancellations(), boxoffice.Overseer{By: h.organizer(t)}, false
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	h.callOff(t)
	h.pass(t)
	tasks := func() []int {
		return []int{
			one[int](t, h, `SELECT count(*) FROM support_tasks WHERE kind = 'refunds-paused' AND event_id = $1 AND closed_at IS NULL`, h.event),
			one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NOT NULL`),
		}
	}
	for round := range 2 {
		now := h.verify(t, s.ID)
		for now.Next() == boxoffice.StepSendMail {
			now = h.step(t, s.Booking, now)
		}
		require.Equal(t, boxoffice.StepSendRefund, now.Next())
		now, err := h.store.MarkRefundShort(t.Context(), s.ID, now.Epoch, s.payment, 1)
		require.NoError(t, err)
		require.Equal(t, boxoffice.StepEnd, now.Next(), "no run waits for the money")
		outcome, err := store.CallOffOutcome(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, boxoffice.CallOffShort, outcome)
		p := h.cancellation(t).Progress
		require.Equal(t, []any{boxoffice.RefundsPaused, boxoffice.PausedByBalance, 1, 0}, []any{p.State, p.PausedReason, p.Waiting, p.Failed})
		require.Equal(t, []int{1, round}, tasks())
		require.EqualValues(t, 1, h.backlog(t).ShortRefunds)
		h.requireClean(t, 1)
		if round == 0 {
			_, err = store.SteerRefunds(t.Context(), who, h.event, steering(&no, nil))
			require.NoError(t, err)
			require.Equal(t, []int{0, 1}, tasks())
			require.Zero(t, h.backlog(t).ShortRefunds)
			overdue, err := h.store.ClaimOverdue(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, overdue, 1, "it is asked for at once")
		}
	}
	h.clock.AdvanceClock(t, 16*time.Minute)
	overdue, err := h.store.ClaimOverdue(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, overdue, 1, "also where nobody resumes")
	require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking))
}

// A refund that was refused counts as failed, keeps nobody waiting, and a person is asked.
func TestCallOff_RefundRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	h.callOff(t)
	h.pass(t)
	_, err := h.store.MarkRefund(t.Context(), s.ID, h.verify(t, s.ID).Epoch, refundOf(s.payment, 1, boxoffice.RefundFailed))
	require.NoError(t, err)
	h.clock.AdvanceClock(t, 11*time.Second)
	p, err := h.db.Cancellations().FinishCallOff(t.Context(), h.event, time.Minute)
	require.NoError(t, err)
	require.Equal(t, []any{boxoffice.RefundsDone, 1, 0}, []any{p.State, p.Failed, p.Waiting})
	no := false
	_, err = h.db.Cancellations().SteerRefunds(t.Context(), boxoffice.Overseer{By: h.organizer(t)}, h.event, steering(&no, nil))
	requireCode(t, boxoffice.CodeEventState, err)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.requireClean(t, 1)
}

// A run that is lost is missed within a minute and a half, by one sweeper.
func TestCallOff_IsClaimedWhereItsRunIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	store := h.db.Cancellations()
	claim := func() []string {
		ids, err := store.ClaimCallOffs(t.Context(), 10)
		require.NoError(t, err)
		return ids
	}
	h.callOff(t)
	require.Empty(t, claim(), "it is being started")
	h.clock.AdvanceClock(t, 3*time.Second)
	require.Equal(t, []string{h.event}, claim())
	require.Empty(t, claim())
	h.pass(t)
	h.clock.AdvanceClock(t, 59*time.Second)
	require.Empty(t, claim(), "its run looked a moment ago")
	h.clock.AdvanceClock(t, 2*time.Second)
	require.Equal(t, []string{h.event}, claim())
	_, err := store.FinishCallOff(t.Context(), h.event, time.Minute)
	require.NoError(t, err)
	h.clock.AdvanceClock(t, time.Hour)
	require.Empty(t, claim(), "it is done")
}
