package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// told is a mail as its buyer reads it.
type told struct {
	kind   boxoffice.EmailKind
	amount int64 // of the refund that it tells of
	reason string
}

// told gives the mails of a booking in the order in which they were written; each must have been sent.
func (h *house) told(t *testing.T, bookingID string) []told {
	t.Helper()
	ids := one[[]string](t, h, `SELECT coalesce(array_agg(id::text ORDER BY created_at, id), '{}') FROM emails WHERE booking_id = $1`, bookingID)
	all := make([]told, len(ids))
	for i, id := range ids {
		job, err := h.store.EmailJob(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, boxoffice.EmailSent, job.Status)
		require.Equal(t, bookingID, job.Document.BookingID)
		all[i] = told{job.Kind, job.Refunded.Minor, job.Reason}
	}
	return all
}

// settlements are all ways in which a payment that buys nothing, or whose sale is undone, is settled.
var settlements = map[string]struct {
	stage     string
	meanwhile func(t *testing.T, h *house, s scene)
	end       boxoffice.BookingStatus
	told      []told
}{
	"wrong amount, then paid": {
		"open, wrong amount paid before", func(t *testing.T, h *house, s scene) { h.pay(t, s.attempt) }, boxoffice.BookingCompleted,
		[]told{
			{boxoffice.EmailTickets, 0, ""},
			{boxoffice.EmailReturned, seatPrice - 1, "The booking costs $14.50, and the payment was of $14.49."},
		},
	},
	"wrong amount, then abandoned": {
		"open, wrong amount paid before", func(t *testing.T, h *house, s scene) { h.passDeadline(t, s.ID) }, boxoffice.BookingExpired,
		[]told{{boxoffice.EmailReturned, seatPrice - 1, "The booking costs $14.50, and the payment was of $14.49."}},
	},
	"wrong amount, then cancelled": {
		"open, wrong amount paid before", func(t *testing.T, h *house, s scene) {
			_, _, err := h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
			require.NoError(t, err)
		}, boxoffice.BookingCancelled,
		[]told{
			{boxoffice.EmailCancelled, 0, "A payment that it could not use goes back to the card that it came from; another mail tells you of that."},
			{boxoffice.EmailReturned, seatPrice - 1, "The booking costs $14.50, and the payment was of $14.49."},
		},
	},
	"two tabs": {
		"open", func(t *testing.T, h *house, s scene) {
			h.receive(t, sessionEvent("evt_closed", sessionOf(s.attempt, boxoffice.SessionExpired)))
			open := h.checkout(t, s.Booking)
			h.pay(t, s.attempt)
			now := h.verify(t, s.ID)
			require.Equal(t, boxoffice.StepRequestRefund, now.Next())
			h.step(t, s.Booking, now)
			h.pay(t, open)
		}, boxoffice.BookingCompleted,
		[]told{
			{boxoffice.EmailTickets, 0, ""},
			{boxoffice.EmailReturned, seatPrice, "It was paid on another page than the one that was open for the booking."},
		},
	},
	"paid again after the sale": {
		"confirmed", func(t *testing.T, h *house, s scene) { h.lateMoney(t, s.Booking) }, boxoffice.BookingCompleted,
		[]told{{boxoffice.EmailTickets, 0, ""}, {boxoffice.EmailReturned, seatPrice, "The booking had been paid already."}},
	},
	"paid again after the tickets": {
		"completed", func(t *testing.T, h *house, s scene) { h.lateMoney(t, s.Booking) }, boxoffice.BookingCompleted,
		[]told{{boxoffice.EmailTickets, 0, ""}, {boxoffice.EmailReturned, seatPrice, "The booking had been paid already."}},
	},
	"paid again after the refund": {
		"refunded", func(t *testing.T, h *house, s scene) { h.lateMoney(t, s.Booking) }, boxoffice.BookingRefunded,
		[]told{
			{boxoffice.EmailRefunded, seatPrice, "Your tickets could not be made."},
			{boxoffice.EmailRefunded, seatPrice, "The booking had ended when the payment arrived."},
		},
	},
	"paid although cancelled": {
		"cancelled", func(t *testing.T, h *house, s scene) { h.lateMoney(t, s.Booking) }, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "The booking had been cancelled when the payment arrived."}},
	},
	"paid late, and the seats are gone": {
		"expired, paid late", func(t *testing.T, h *house, _ scene) { h.exec(t, `UPDATE tickets SET state = 'blocked'`) }, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "Your payment came after the hold had ended, and the seats are gone."}},
	},
	"paid late, and the event is cancelled": {
		"expired, paid late", func(t *testing.T, h *house, _ scene) { h.exec(t, `UPDATE events SET status = 'cancelled'`) }, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "Your payment came after the hold had ended, and the event is no longer on sale."}},
	},
	"paid in time, and the event is cancelled": {
		"paid", func(t *testing.T, h *house, _ scene) { h.exec(t, `UPDATE events SET status = 'cancelled'`) }, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "The event is no longer on sale."}},
	},
	"paid in time, and a seat is lost": {
		"paid", func(t *testing.T, h *house, _ scene) {
			h.exec(t, `UPDATE tickets SET state = 'blocked', booking_id = NULL, held_until = NULL`)
		}, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "The seats could no longer be sold to you."}},
	},
	"tickets that cannot be made": {
		"refunding", func(*testing.T, *house, scene) {}, boxoffice.BookingRefunded,
		[]told{{boxoffice.EmailRefunded, seatPrice, "Your tickets could not be made."}},
	},
}

func TestSettlement_TellsItsBuyer(t *testing.T) {
	t.Parallel()
	for name, c := range settlements {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.stageNamed(t, c.stage)
			c.meanwhile(t, h, s)
			h.bringToEnd(t, s.Booking)
			require.Equal(t, c.end, h.status(t, s.ID))
			require.Equal(t, c.told, h.told(t, s.ID))
			h.requireClean(t, 1)
		})
	}
}

// stageNamed builds a stage with the first seat.
func (h *house) stageNamed(t *testing.T, name string) scene {
	t.Helper()
	for _, stage := range stages {
		if stage.name == name {
			return stage.build(t, h, h.addUser(t), h.tickets[:1])
		}
	}
	require.Fail(t, "there is no such stage", name)
	return scene{}
}

// TestTold_ByTheWebhook is for the refund whose end the provider tells of, whatever its booking is doing by then.
func TestTold_ByTheWebhook(t *testing.T) {
	t.Parallel()
	for stage, kind := range map[string]boxoffice.EmailKind{
		"open, wrong amount paid before": boxoffice.EmailReturned, "confirmed": boxoffice.EmailReturned, "completed": boxoffice.EmailReturned,
		"cancelled, paid": boxoffice.EmailRefunded,
	} {
		h := newHouse(t, 1)
		s := h.stageNamed(t, stage)
		if stage == "confirmed" || stage == "completed" {
			s.payment = h.lateMoney(t, s.Booking)
		}
		_, err := h.store.RequestRefund(t.Context(), s.ID, s.epoch, s.payment)
		require.NoError(t, err)
		word := refundOf(s.payment, 1, boxoffice.RefundPending)
		h.receive(t, refundEvent("evt_r1", word))
		key := boxoffice.RefundKey(s.payment, 1)
		require.Zero(t, one[int](t, h, `SELECT count(*) FROM emails WHERE dedupe_key = $1`, key), "%s: nothing went through yet", stage)
		word.State = boxoffice.RefundSucceeded
		for _, event := range []string{"evt_r2", "evt_r3"} {
			h.receive(t, refundEvent(event, word))
			require.Equal(t, kind, one[boxoffice.EmailKind](t, h, `SELECT kind FROM emails WHERE dedupe_key = $1`, key), stage)
		}
	}
}

// TestTold_OfAFailureNothing lets the bank send the money back: before its mail was queued, before it was sent, and after.
func TestTold_OfAFailureNothing(t *testing.T) {
	t.Parallel()
	t.Run("it never went through", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.stageNamed(t, "refunding")
		h.mark(t, s, boxoffice.RefundPending)
		h.mark(t, s, boxoffice.RefundFailed)
		h.mark(t, s, boxoffice.RefundSucceeded) // an older word that comes later
		require.Zero(t, one[int](t, h, `SELECT count(*) FROM emails`))
	})
	t.Run("the mail was not sent yet", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.stageNamed(t, "refunded")
		mail := h.verify(t, s.ID).MailDue
		require.NotEmpty(t, mail)
		failed := refundOf(s.payment, 1, boxoffice.RefundFailed)
		h.receive(t, refundEvent("evt_f", failed))
		now := h.verify(t, s.ID)
		require.Empty(t, now.MailDue, "the buyer must not be told that it is done")
		require.True(t, now.StuckRefund)
		job, err := h.store.EmailJob(t.Context(), mail)
		require.NoError(t, err)
		require.Equal(t, boxoffice.EmailWithdrawn, job.Status, "its own workflow, if it has one, sends it no more")
		before := h.rows(t)
		h.markEmail(t, mail, nil, false)
		require.Equal(t, before, h.rows(t))
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed), "what support has to mend")
		h.requireClean(t, 1)

		// Support has it sent once more.
		h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, 2, $2, 'USD', 'again')`, s.payment, seatPrice)
		h.finish(t, s.Booking, boxoffice.BookingRefunded)
		require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM emails WHERE status = 'sent'`), "the second refund is told of itself")
		h.requireClean(t, 1)
	})
	t.Run("the mail was sent", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.stageNamed(t, "refunded")
		h.finish(t, s.Booking, boxoffice.BookingRefunded)
		h.receive(t, refundEvent("evt_f", refundOf(s.payment, 1, boxoffice.RefundFailed)))
		require.Equal(t, boxoffice.EmailSent, one[boxoffice.EmailStatus](t, h, `SELECT status FROM emails`), "what is sent is sent")
	})
}

// TestTold_OnlyWithAnAddress says in the timeline that nobody could be told, once for each mail.
func TestTold_OnlyWithAnAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.stageNamed(t, "refunding")
	h.exec(t, `UPDATE users SET email = NULL`)
	h.exec(t, `UPDATE bookings SET email = NULL`)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM emails`))
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM booking_timeline WHERE what = 'no mail: no address'`))
	h.requireClean(t, 1)
}

// TestTold_Once leaves a mail alone that is there already, and does not take that for a buyer without an address.
func TestTold_Once(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.stageNamed(t, "refunding")
	h.exec(t, `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient) VALUES ($1, $2, 'refunded', $3, 'x')`,
		newID(t), s.ID, boxoffice.RefundKey(s.payment, 1))
	h.mark(t, s, boxoffice.RefundSucceeded)
	require.Equal(t, []string{boxoffice.RefundKey(s.payment, 1)}, h.emailsOf(t, s.ID))
	require.NotContains(t, h.timeline(t, s.ID), "no mail: no address")
}

// TestNextCheck_AMailThatIsDueDoesNotWaitForTheBank loses the run between a refund that went through and its mail, while
// another refund of the booking waits for the bank.
func TestNextCheck_AMailThatIsDueDoesNotWaitForTheBank(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets...)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	waiting, back := h.lateMoney(t, s.Booking), h.lateMoney(t, s.Booking)
	epoch := h.verify(t, s.ID).Epoch
	for payment, state := range map[string]boxoffice.RefundState{waiting: boxoffice.RefundPending, back: boxoffice.RefundSucceeded} {
		_, err := h.store.RequestRefund(t.Context(), s.ID, epoch, payment)
		require.NoError(t, err)
		_, err = h.store.MarkRefund(t.Context(), s.ID, epoch, refundOf(payment, 1, state))
		require.NoError(t, err)
	}
	now, err := h.store.Look(t.Context(), s.ID, epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.StepSendMail, now.Next())
	require.Equal(t, time.Minute, h.nextCheck(t, s.ID))
	h.markEmail(t, now.MailDue, nil, false)
	require.Equal(t, time.Hour, h.nextCheck(t, s.ID), "and then the bank's time is long")
}

func refundEvent(id string, r boxoffice.ProviderRefund) boxoffice.PaymentEvent {
	return boxoffice.PaymentEvent{ID: id, Type: "charge.refund.updated", ObjectID: r.ID, Payload: []byte(`{}`), Refund: &r}
}
