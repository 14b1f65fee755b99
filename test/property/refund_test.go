package property

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

// brokenRefund is a booking whose tickets could not be made, and whose refund broke within the provider at its first call.
func brokenRefund(t *testing.T) (story, booking, *run) {
	t.Helper()
	s := newStory(t, 1)
	b := s.paid(0, 0)
	s.spoilt[b.ID] = true
	r := s.wake(b)
	s.breakRefund(r)
	require.Equal(t, "provider-unknown", string(s.let(s.again(r))), "the next call proves that it was not made, but it is young")
	s.pass(time.Minute)
	return s, b, r
}

// again begins the step of a run once more.
func (s story) again(r *run) *task {
	s.t.Helper()
	require.True(s.t, r.advance(s.world))
	k := r.act
	r.act = nil
	return k
}

// refundStates gives our refund rows by their numbers.
func (s story) refundStates() map[int]boxoffice.RefundState {
	states := map[int]boxoffice.RefundState{}
	for _, f := range s.rows().Refunds {
		states[f.N] = f.State
	}
	return states
}

func TestARefundWhoseFailureIsStoredIsAskedForUnderAnotherKey(t *testing.T) {
	s, b, _ := brokenRefund(t)
	s.end(b, boxoffice.BookingRefunded, 0)
	require.Equal(t, map[int]boxoffice.RefundState{1: boxoffice.RefundFailed, 2: boxoffice.RefundSucceeded}, s.refundStates())
	require.Len(t, s.provider.refunds, 1)
}

// TestARefundThatBrokeAfterItWasMadeIsFound makes the refund, and answers with the same stored failure.
func TestARefundThatBrokeAfterItWasMadeIsFound(t *testing.T) {
	s := newStory(t, 1)
	b := s.paid(0, 0)
	s.spoilt[b.ID] = true
	r := s.wake(b)
	s.before(r, "provider Refund").step(breaksLate)
	s.let(r.act)
	r.settle(s.world)
	s.end(b, boxoffice.BookingRefunded, 0)
	require.Equal(t, map[int]boxoffice.RefundState{1: boxoffice.RefundSucceeded}, s.refundStates())
}

// TestARefundThatIsFinishedByHandIsTheOneThatCounts lets the provider's people finish what broke, once we have closed it:
// before the one in its place is asked for, while that stands before the provider, and when that was refused already.
func TestARefundThatIsFinishedByHandIsTheOneThatCounts(t *testing.T) {
	for name, told := range map[string]func(s story, r *run, tell func()){
		"before the other is asked for": func(_ story, _ *run, tell func()) { tell() },
		"while the other is asked for": func(s story, r *run, tell func()) {
			s.before(r, "provider Refund")
			k := s.leave(r)
			tell()
			require.Empty(s.t, s.let(k), "refused, and written down")
		},
		"after the other was refused": func(s story, r *run, tell func()) {
			s.play(r)
			require.Equal(s.t, map[int]boxoffice.RefundState{1: boxoffice.RefundSucceeded, 2: boxoffice.RefundFailed}, s.refundStates(),
				"a refusal is looked into")
			tell()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, b, r := brokenRefund(t)
			require.Empty(t, activities.CodeOf(s.renew(r)))
			require.Equal(t, map[int]boxoffice.RefundState{1: boxoffice.RefundFailed, 2: boxoffice.RefundPending}, s.refundStates())
			left := s.provider.left()
			require.Len(t, left, 1)
			s.provider.refund(left[0]).byHand = true
			last := len(s.provider.events) - 1
			told(s, r, func() { s.upTo(s.webhook(last, "evt_by_hand"), "temporal").kill() })
			s.end(b, boxoffice.BookingRefunded, 0)
			require.Equal(t, map[int]boxoffice.RefundState{1: boxoffice.RefundSucceeded, 2: boxoffice.RefundFailed}, s.refundStates())
			require.Len(t, s.provider.refunds, 1)
		})
	}
}

// renew lets a run close the refund that was never made.
func (s story) renew(r *run) error {
	s.t.Helper()
	require.True(s.t, r.advance(s.world))
	k := r.act
	s.let(k)
	r.settle(s.world)
	return k.err
}
