package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// setReadOnly makes transactions of new sessions read-only, as on a primary that was failed over, or writable again.
func (h *house) setReadOnly(t testing.TB, readOnly bool) {
	t.Helper()
	name := one[string](t, h, `SELECT quote_ident(current_database())`)
	if readOnly {
		h.exec(t, `ALTER DATABASE `+name+` SET default_transaction_read_only = on`)
		return
	}
	h.exec(t, `BEGIN READ WRITE; ALTER DATABASE `+name+` RESET default_transaction_read_only; COMMIT`)
}

// TestReadOnly_IsLeft meets a server that takes no changes: holds are refused, and the next ones go to whoever is the
// primary then, on connections of their own.
func TestReadOnly_IsLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	request := boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: h.tickets}
	h.setReadOnly(t, true)
	for range 2 { // the second time in a row the connections stay: see renewEvery
		_, _, _, err := h.store.HoldSeats(t.Context(), request)
		require.Positive(t, requireCode(t, boxoffice.CodeUnavailable, err).RetryAfter)
	}
	h.setReadOnly(t, false)
	_, _, _, err := h.store.HoldSeats(t.Context(), request)
	requireCode(t, boxoffice.CodeUnavailable, err)
	began := time.Now()
	eventually(t, "the store finds the primary", func(ctx context.Context) bool {
		_, _, _, err := h.store.HoldSeats(ctx, request)
		return err == nil
	})
	require.Less(t, time.Since(began), 7*time.Second)
}

// TestReadOnly_SessionsLive uses a session whose note is due: its user is not sent away for want of a note.
func TestReadOnly_SessionsLive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	user := createUser(t, h.db, "alice")
	_, err := h.db.Users().CreateSession(t.Context(), sessionOfUser(user.ID, "token"), time.Hour)
	require.NoError(t, err)
	h.clock.AdvanceClock(t, 2*time.Minute)
	h.setReadOnly(t, true)
	later, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{})
	require.NoError(t, err)
	defer later.Close()
	found, err := later.Users().UserBySession(t.Context(), tokenHash("token"), time.Hour)
	require.NoError(t, err)
	require.Equal(t, user.ID, found.ID)
	require.False(t, one[bool](t, h, `SELECT last_seen > created_at + interval '1 minute' FROM sessions`), "the note was taken: nothing was read-only")
}
