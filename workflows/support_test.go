package workflows_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

var _ boxoffice.SupportStore = (*rows)(nil)

// helped finds the booking of an act of support and keeps the act, once for each key.
func (r *rows) helped(act boxoffice.SupportAct, call string, do func(b *booking) error) error {
	b, err := r.byID(act.BookingID)
	if err != nil {
		return err
	}
	if err := b.meet(call); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.support == nil {
		b.support = map[string]boxoffice.SupportAct{}
	}
	if _, done := b.support[act.Key]; done {
		return nil
	}
	if err := do(b); err != nil {
		return err
	}
	b.support[act.Key] = act
	return nil
}

func (r *rows) SupportExtend(_ context.Context, act boxoffice.SupportAct, by time.Duration) error {
	return r.helped(act, "SupportExtend", func(b *booking) error {
		if b.status != boxoffice.BookingHeld || b.closing {
			return boxoffice.Errorf(boxoffice.CodeBookingClosed, "The booking is %s.", b.status)
		}
		b.deadline = b.deadline.Add(by)
		return nil
	})
}

func (r *rows) SupportRelease(_ context.Context, act boxoffice.SupportAct) error {
	return r.helped(act, "SupportRelease", func(b *booking) error {
		b.reason, b.closing = boxoffice.ClosingByCancel, true
		b.releaseIfUnpaid()
		return nil
	})
}

func (r *rows) SupportRetry(_ context.Context, act boxoffice.SupportAct, _ string) error {
	return r.helped(act, "SupportRetry", func(*booking) error { return nil })
}

// answer is how an update ended.
type answer struct {
	t    *testing.T
	said any
	err  error
	done bool
}

func (a *answer) Accept()          {}
func (a *answer) Reject(err error) { a.err, a.done = err, true }
func (a *answer) Complete(said any, err error) {
	a.said, a.err, a.done = said, err, true
}

// update sends an update at a time of the run.
func (r *run) update(at time.Duration, name string, in workflows.SupportRequest) *answer {
	a := &answer{t: r.t}
	r.after(at, func() { r.UpdateWorkflow(name, fmt.Sprintf("%s at %s", name, at), a, in) })
	return a
}

func anna(minutes int) workflows.SupportRequest {
	return workflows.SupportRequest{Actor: "anna", Reason: "The buyer's bank takes its time.", Minutes: minutes}
}

func TestSupportExtendsTheHold(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	extended := r.update(hold-time.Minute, workflows.UpdateExtend, anna(5))
	r.after(hold+4*time.Minute, func() { require.Equal(t, boxoffice.BookingHeld, r.b.seen().Status) })

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.NoError(t, extended.err)
	require.Equal(t, "The hold is up to 5 minutes longer. The current details say until when.", extended.said)
	require.Equal(t, []string{"HoldSeats", "SupportExtend", "Look", "CloseCheckout"}, r.steps)
	require.GreaterOrEqual(t, r.duration(), hold+5*time.Minute)
	require.Len(t, r.b.support, 1)
	for _, act := range r.b.support {
		require.Equal(t, "anna", act.Actor)
		require.False(t, act.Verified, "Temporal's UI does not know who asks")
		require.NotEmpty(t, act.Reason)
	}
}

func TestSupportLetsTheSeatsGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *booking)
		steps  []string
	}{
		"no page is open": {func(*booking) {}, []string{"HoldSeats", "SupportRelease", "Look"}},
		"a page is open":  {func(b *booking) { b.checkout(checkoutMinimum) }, []string{"HoldSeats", "SupportRelease", "Look", "CloseCheckout", "SendTickets"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.after(time.Minute, func() { c.before(r.b) })
			released := r.update(2*time.Minute, workflows.UpdateRelease, anna(0))

			require.Equal(t, boxoffice.BookingCancelled, r.end())
			require.NoError(t, released.err)
			require.Equal(t, c.steps, r.steps)
		})
	}
}

// A step that is tried again ever more slowly is tried at once, and goes on being tried if that does not help.
func TestSupportHasTheFailingStepTriedAtOnce(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	mended := false
	r.b.faults["ConfirmSeats"] = func(int) error {
		if mended {
			return nil
		}
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "as the test wants it")
	}
	r.after(3*time.Minute+10*time.Second, func() { r.b.set(func() { mended = true }) })
	retried := r.update(3*time.Minute+11*time.Second, workflows.UpdateRetry, anna(0))

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.NoError(t, retried.err)
	require.Equal(t, "“Sell the held seats” is being tried now.", retried.said)
	require.Less(t, r.duration(), 3*time.Minute+20*time.Second, "the next try of its own would have come later")
}

// An act that /support has written down is passed on under the key that it has there.
func TestSupportPassesAnActOnUnderItsKey(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["ConfirmSeats"] = always(boxoffice.CodeUnavailable)
	asked := anna(0)
	asked.Key = "support:anna:1"
	passedOn := r.update(3*time.Minute+10*time.Second, workflows.UpdateRetry, asked)
	r.after(3*time.Minute+20*time.Second, func() { r.b.set(func() { delete(r.b.faults, "ConfirmSeats") }) })
	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.NoError(t, passedOn.err)
	require.True(t, passedOn.done)
	require.Equal(t, []string{"support:anna:1"}, slices.Collect(maps.Keys(r.b.support)))
}

func TestSupportIsRefusedWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["Put"] = first(8, boxoffice.CodeUnavailable)
	held, sold := 30*time.Second, time.Minute+2*time.Second
	refused := map[string]*answer{
		"actor":                     r.update(held, workflows.UpdateRelease, workflows.SupportRequest{Reason: "why"}),
		"reason":                    r.update(held+1, workflows.UpdateRelease, workflows.SupportRequest{Actor: "anna"}),
		"actor must say":            r.update(held+4, workflows.UpdateRelease, workflows.SupportRequest{Actor: "an\x00na", Reason: "why"}),
		"reason must say":           r.update(held+5, workflows.UpdateRelease, workflows.SupportRequest{Actor: "anna", Reason: "why\nanna: extend"}),
		"reason must say why":       r.update(held+6, workflows.UpdateRelease, workflows.SupportRequest{Actor: "anna", Reason: "  "}),
		"minutes must be 1 to 30":   r.update(held+2, workflows.UpdateExtend, anna(31)),
		"no step is failing":        r.update(held+3, workflows.UpdateRetry, anna(0)),
		"not on hold any more":      r.update(sold, workflows.UpdateExtend, anna(5)),
		"not on hold any more ever": r.update(sold+1, workflows.UpdateRelease, anna(0)),
	}
	require.Equal(t, boxoffice.BookingCompleted, r.end())
	for why, a := range refused {
		require.ErrorContains(t, a.err, why[:min(len(why), len("not on hold any more"))])
	}
	require.Empty(t, r.b.support)
}

// What the rows refuse is told to who asked, and the booking goes its way.
func TestSupportIsToldWhatTheRowsRefuse(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.faults["SupportExtend"] = always(boxoffice.CodeDeadlinePassed)
	extended := r.update(time.Minute, workflows.UpdateExtend, anna(5))

	require.Equal(t, boxoffice.BookingExpired, r.end())
	require.ErrorContains(t, extended.err, "does not work")
	require.Equal(t, []string{"HoldSeats", "SupportExtend", "CloseCheckout"}, r.steps)
}
