package postgres_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func supportOf(b boxoffice.Booking, key string) boxoffice.SupportAct {
	return boxoffice.SupportAct{Key: key, BookingID: b.ID, Actor: "anna", Reason: "The bank is slow."}
}

// audited is a line of the audit log.
type audited struct {
	Actor, Action, Subject, Reason string
	Verified                       bool
	Before, After                  map[string]any
}

func (h *house) audited(t testing.TB, key string) (line audited) {
	t.Helper()
	require.NoError(t, h.own.QueryRow(t.Context(), `SELECT actor, action, subject, reason, verified, before, after FROM audit_log WHERE key = $1`, key).
		Scan(&line.Actor, &line.Action, &line.Subject, &line.Reason, &line.Verified, &line.Before, &line.After))
	return line
}

func TestSupportExtend_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	b := h.hold(t, h.addUser(t), h.tickets...)
	act := supportOf(b, "once")
	require.NoError(t, h.store.SupportExtend(t.Context(), act, 20*time.Minute))
	require.NoError(t, h.store.SupportExtend(t.Context(), act, 20*time.Minute), "the same key twice is once")
	extended, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, b.HoldExpiresAt.Add(20*time.Minute), extended.HoldExpiresAt)
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE booking_id = $1 AND held_until = $2`,
		b.ID, extended.HoldExpiresAt.Add(houseRules.Grace)), "the backstop moves with the deadline")

	line := h.audited(t, "once")
	require.Equal(t, []any{"anna", "extend", "booking " + b.ID, "The bank is slow.", false},
		[]any{line.Actor, line.Action, line.Subject, line.Reason, line.Verified})
	require.NotEqual(t, line.Before["deadline"], line.After["deadline"])
	require.Equal(t, "support: extend", one[string](t, h, `SELECT what FROM booking_timeline WHERE booking_id = $1 ORDER BY id DESC LIMIT 1`, b.ID))

	require.NoError(t, h.store.SupportExtend(t.Context(), supportOf(b, "again"), 20*time.Minute))
	again, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, extended.HoldExpiresAt.Add(20*time.Minute), again.HoldExpiresAt, "past what buyers can have")
}

// A hold that outlasts its page could never be paid; the page is not made anew.
func TestSupportExtend_NotPastThePaymentPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	attempt := h.checkout(t, b)
	require.NoError(t, h.store.SupportExtend(t.Context(), supportOf(b, "1"), boxoffice.MaxSupportExtension))
	extended, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.WithinDuration(t, attempt.ExpiresAt, extended.HoldExpiresAt, 0)
	before := h.rows(t)
	requireCode(t, boxoffice.CodeDeadlinePassed, h.store.SupportExtend(t.Context(), supportOf(b, "2"), time.Minute))
	require.Equal(t, before, h.rows(t))
}

func TestSupportExtend_ErrInvalid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	for _, by := range []time.Duration{0, -time.Minute, boxoffice.MaxSupportExtension + 1} {
		e := requireCode(t, boxoffice.CodeInvalid, h.store.SupportExtend(t.Context(), supportOf(b, "1"), by))
		require.Equal(t, "minutes", e.Fields[0].Field)
	}
	requireCode(t, boxoffice.CodeNotFound, h.store.SupportExtend(t.Context(), boxoffice.SupportAct{Key: "1", BookingID: newID(t)}, time.Minute))
}

// In every stage of a booking, support can do what its buyer could, and what is refused leaves no trace.
func TestSupportActs_InEveryStage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	extends := map[string]bool{"held": true, "open": true, "open, wrong amount paid before": true}
	for i, stage := range stages {
		s := h.stage(t, i)
		b := boxoffice.Booking{ID: s.ID, UserID: s.UserID}
		before := h.rows(t)
		err := h.store.SupportExtend(t.Context(), supportOf(b, stage.name+" extend"), time.Minute)
		if extends[stage.name] {
			require.NoError(t, err, stage.name)
		} else {
			require.Error(t, err, stage.name)
			require.Equal(t, before, h.rows(t), stage.name)
		}
		before = h.rows(t)
		err = h.store.SupportRelease(t.Context(), supportOf(b, stage.name+" release"))
		status := one[boxoffice.BookingStatus](t, h, `SELECT status FROM bookings WHERE id = $1`, s.ID)
		if err != nil {
			requireCode(t, boxoffice.CodeBookingClosed, err)
			require.Equal(t, before, h.rows(t), stage.name)
			continue
		}
		require.Contains(t, []boxoffice.BookingStatus{boxoffice.BookingHeld, boxoffice.BookingCancelled}, status, stage.name)
		require.Equal(t, "cancel", one[string](t, h, `SELECT closing_reason FROM bookings WHERE id = $1`, s.ID), stage.name)
	}
}

func TestSupportRetry_IsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets...)
	require.NoError(t, h.store.SupportRetry(t.Context(), supportOf(b, "1"), "Make the tickets"))
	require.Equal(t, "retry: Make the tickets", h.audited(t, "1").Action)
}
