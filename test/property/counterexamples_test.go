package property

import (
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

// The tests of this file are the counterexamples that shaped the protocol: each is the shortest story in which an earlier
// version of it, or one with a rule left out, sold a cancelled booking, let two people pay for one seat, kept money for
// nothing, or never came to an end.

// story is a world that is told what happens, word for word; the invariants are held after each.
type story struct {
	*world
	t *testing.T
}

func newStory(t *testing.T, seats int) story {
	t.Helper()
	t.Parallel()
	return storyIn(t, newTheatre(t), seats)
}

func storyIn(t *testing.T, th *theatre, seats int) story {
	t.Helper()
	w := newWorld(t.Context(), t, th, seats)
	t.Cleanup(w.close)
	return story{world: w, t: t}
}

// let lets a task run to its end, and gives the code of its error.
func (s story) let(k *task) boxoffice.Code {
	s.t.Helper()
	k.finish()
	s.ended(k)
	s.check()
	return activities.CodeOf(k.err)
}

// hold books seats for a buyer.
func (s story) hold(buyer int, seats ...int) booking {
	s.t.Helper()
	require.Empty(s.t, s.let(s.book(buyer, seats...)))
	all := s.rows().Bookings
	return all[len(all)-1]
}

// paid books seats, pays for them, and lets the webhook tell of it; the run is not woken.
func (s story) paid(buyer int, seats ...int) booking {
	s.t.Helper()
	b := s.hold(buyer, seats...)
	s.pay(b)
	s.heard(b)
	return b
}

// page opens the payment page of a booking.
func (s story) page(b booking) *session {
	s.t.Helper()
	require.Empty(s.t, s.let(s.checkout(b)))
	return s.sessions(b)[0]
}

func (s story) sessions(b booking) []*session {
	return pick(s.provider.sessions, func(p *session) bool { return p.booking == b.ID })
}

// pay opens the payment page and pays on it.
func (s story) pay(b booking) {
	s.t.Helper()
	page := s.page(b)
	s.provider.pay(page, page.Amount.Minor)
	s.check()
}

// heard delivers the webhook of the booking's payment, and loses the nudge.
func (s story) heard(b booking) {
	s.t.Helper()
	for i, e := range s.provider.events {
		if e.Session != nil && e.Session.Paid && e.ObjectID == s.sessions(b)[0].ID {
			s.upTo(s.webhook(i, e.ID), "temporal").kill()
		}
	}
	s.check()
}

// upTo lets a task go on until it stands before a call.
func (s story) upTo(k *task, call string) *task {
	s.t.Helper()
	for !strings.HasPrefix(k.at, call) {
		require.False(s.t, k.ended(), "%s came to its end before %s: %v", k.name, call, k.err)
		k.step(goOn)
	}
	return k
}

// leave takes the step under way out of the run's hands: a worker that stands still, and whose step another repeats.
func (s story) leave(r *run) *task {
	k := r.act
	r.act = nil
	return k
}

// end lets everything come to its end and holds how the booking did, and what was kept of its money.
func (s story) end(b booking, status boxoffice.BookingStatus, kept int64) {
	s.t.Helper()
	s.settle(s.play)
	all := s.rows()
	require.Equal(s.t, status, all.booking(b.ID).Status)
	var sum int64
	for _, p := range all.paymentsOf(b.ID) {
		sum += p.Amount - s.provider.back(p.Intent, boxoffice.RefundSucceeded)
	}
	require.Equal(s.t, kept, sum)
}

func TestCancelAfterTheWebhookMarkedTheAttemptPaid(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	require.Empty(t, s.let(s.cancel(b)))
	require.Equal(t, boxoffice.BookingHeld, s.rows().booking(b.ID).Status, "a paid attempt is not none")
	s.end(b, boxoffice.BookingRefunded, 0)
	require.Len(t, s.provider.refunds, 1)
}

func TestLateMoneyWithTheRunLost(t *testing.T) {
	for name, c := range map[string]struct {
		taken bool
		end   boxoffice.BookingStatus
		kept  int64
	}{
		"the seats are free": {false, boxoffice.BookingCompleted, ticketPrice},
		"a seat is taken":    {true, boxoffice.BookingRefunded, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, 1)
			b := s.hold(0, 0)
			page := s.page(b)
			s.pass(houseRules.CheckoutMinimum)
			s.play(s.wake(b))
			require.Equal(t, boxoffice.BookingExpired, s.check().booking(b.ID).Status)
			if c.taken {
				s.hold(1, 0)
			}
			s.provider.pay(page, page.Amount.Minor)
			require.True(t, page.rogue, "the provider said that this page cannot be paid")
			s.heard(b)
			r := s.wake(b)
			s.before(r, "store SellLate")
			r.drop()
			s.end(b, c.end, c.kept)
		})
	}
}

func TestExtendAfterTheOldBackstopPassed(t *testing.T) {
	s := newStory(t, 1)
	b := s.hold(0, 0)
	for s.let(s.extend(b)) == "" {
		continue // until the longest hold
	}
	s.pass(houseRules.Duration + houseRules.Grace + time.Minute)
	require.Equal(t, boxoffice.CodeSeatsTaken, s.let(s.book(1, 0)), "the backstop has to move with the deadline")
	s.pay(b)
	s.end(b, boxoffice.BookingCompleted, ticketPrice)
}

func TestASecondPageAfterTheFirstWasPaid(t *testing.T) {
	s := newStory(t, 1)
	b := s.hold(0, 0)
	s.pay(b)
	require.Empty(t, s.let(s.checkout(b)), "we have not heard of the payment: a second tab gets the same page")
	s.heard(b)
	require.Equal(t, boxoffice.CodeBookingClosed, s.let(s.checkout(b)))
	require.Len(t, s.sessions(b), 1)
	s.end(b, boxoffice.BookingCompleted, ticketPrice)
}

// TestACrashInsideCompensation kills the worker, and with it the run, before each call that a run makes whose booking
// cannot end in tickets: one that is held, and one whose seats are sold already.
func TestACrashInsideCompensation(t *testing.T) {
	for name, spoil := range map[string]func(s story, b booking){
		"held": func(s story, _ booking) { s.exec(`UPDATE events SET status = 'cancelled' WHERE id = $1`, s.event) },
		"sold": func(s story, b booking) { s.spoilt[b.ID] = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newTheatre(t)
			for calls, killed := 0, true; killed; calls++ {
				s := storyIn(t, th, 2)
				b := s.paid(0, 0, 1)
				spoil(s, b)
				r := s.wake(b)
				killed = s.killAfter(r, calls)
				s.end(b, boxoffice.BookingRefunded, 0)
				require.Len(t, s.provider.refunds, 1)
				require.True(t, killed || calls > 15, "all of it fits into %d calls", calls)
			}
		})
	}
}

// killAfter lets a run make some calls, and then kills its worker and loses the run. It reports whether it was in time.
func (s story) killAfter(r *run, calls int) bool {
	s.t.Helper()
	for r.advance(s.world) {
		for k := r.act; !k.ended(); calls-- {
			if calls == 0 {
				r.drop()
				s.check()
				return true
			}
			k.step(goOn)
		}
		r.settle(s.world)
	}
	return false
}

func TestAStaleWorkerRaisesTheEpoch(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	r := s.wake(b)
	s.before(r, "store VerifyHold")
	stale := s.leave(r)
	s.before(r, "store ConfirmSeats")
	require.Empty(t, s.let(stale))
	r.act.finish()
	require.Equal(t, boxoffice.CodeFenced, activities.CodeOf(r.act.err))
	r.settle(s.world)
	require.True(t, r.open, "a run that is refused takes its first step again")
	s.play(r)
	require.EqualValues(t, 3, s.check().booking(b.ID).Epoch)
	s.end(b, boxoffice.BookingCompleted, ticketPrice)
}

func TestALateRepeatAfterCompensation(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	r := s.wake(b)
	var stale []*task
	for _, call := range []string{"store ConfirmSeats", "store IssueAdmissions", "store CompleteBooking"} {
		s.before(r, call)
		stale = append(stale, s.leave(r))
	}
	r.undo = "Your tickets could not be made."
	s.play(r)
	require.Equal(t, boxoffice.BookingRefunded, s.check().booking(b.ID).Status)
	other := s.paid(1, 0)
	s.play(s.wake(other))
	for _, k := range stale {
		s.let(k)
	}
	s.end(b, boxoffice.BookingRefunded, 0)
	s.end(other, boxoffice.BookingCompleted, ticketPrice)
}

func TestCancelBetweenLookAndConfirm(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	r := s.wake(b)
	s.before(r, "store ConfirmSeats")
	require.Empty(t, s.let(s.cancel(b)))
	require.True(t, s.cancelled[b.ID])
	require.Empty(t, s.let(r.act))
	s.end(b, boxoffice.BookingRefunded, 0)
}
