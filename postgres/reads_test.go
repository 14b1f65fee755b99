package postgres_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestBookings_NewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	user := h.addUser(t)
	var want []string
	for _, ticket := range h.tickets {
		b := h.hold(t, user, ticket)
		want = append([]string{b.ID}, want...)
		h.letGo(t, b.ID)
	}
	h.exec(t, `UPDATE bookings SET created_at = (SELECT max(created_at) FROM bookings)`) // the ID decides among equals
	h.hold(t, h.addUser(t), h.tickets[0])                                                // somebody else's

	var got []string
	cursor, pages := "", 0
	for {
		page, err := h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: user, Cursor: cursor, Limit: 2})
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Bookings), 2)
		for _, b := range page.Bookings {
			require.Len(t, b.Tickets, 1, "each with its own seats")
			got = append(got, b.ID)
		}
		pages++
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, 3, pages)
	page, err := h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: user, EventID: h.event, Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Bookings, 2)
	require.NotEmpty(t, page.Next)
	other, seats := h.addEvent(t, 1)
	there := h.hold(t, user, seats...)
	page, err = h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: user, EventID: other, Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Bookings, 1)
	require.Equal(t, there.ID, page.Bookings[0].ID)
	require.Empty(t, page.Next)
	for _, wrong := range []string{"!", "eA", base64.RawURLEncoding.EncodeToString([]byte("2024-01-01T00:00:00Z 12"))} {
		_, err := h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: user, Cursor: wrong, Limit: 2})
		requireCode(t, boxoffice.CodeInvalid, err)
	}
}

func TestTicketDocument_ErrNotReady(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i, stage := range stages {
		s := h.stage(t, i)
		_, _, err := h.store.TicketDocument(t.Context(), s.UserID, s.ID)
		if stage.name == "completed" {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, boxoffice.CodeNotReady, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
	}
}

func TestIssueAdmissions_OnceForEachSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	s := h.confirmed(t, h.addUser(t), h.tickets)
	docs, errs := make([]boxoffice.TicketDocument, 4), make([]error, 4)
	atOnce(len(docs), func(i int) { docs[i], errs[i] = h.store.IssueAdmissions(t.Context(), s.ID, s.epoch) })
	for i := range docs {
		require.NoError(t, errs[i])
		require.Len(t, docs[i].Seats, 3)
		require.Equal(t, docs[0], docs[i], "the same admissions, whoever asks")
	}
	require.Equal(t, 3, one[int](t, h, `SELECT count(*) FROM admissions`))
}

// TestBookingRef_SummaryIsBounded names an event longer than staff's list has room for, in letters of several bytes.
func TestBookingRef_SummaryIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.exec(t, `UPDATE events SET name = $1, starts_at = '2026-07-04 02:30+00', ends_at = '2026-07-04 04:30+00'`, strings.Repeat("é", 300))
	h.exec(t, `UPDATE venues SET city = 'Chico'`)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	ref, err := h.store.BookingRef(t.Context(), b.ID)
	require.NoError(t, err)
	require.LessOrEqual(t, len(ref.Summary), 200)
	require.Greater(t, len(ref.Summary), 190)
	require.True(t, utf8.ValidString(ref.Summary))
	require.True(t, strings.HasPrefix(ref.Summary, "1 seat · é"))
	require.True(t, strings.HasSuffix(ref.Summary, "é · Chico · 3 Jul 19:30"), "by the venue's clock: %s", ref.Summary)
}

func TestTimes_AreInUTC(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	b := h.hold(t, h.addUser(t), h.tickets[0])
	s := h.verify(t, b.ID)
	require.Equal(t, time.UTC, s.Deadline.Location())
	require.InDelta(t, houseRules.Duration.Seconds(), s.Remaining.Seconds(), 5)
}
