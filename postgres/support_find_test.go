package postgres_test

import (
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

var anna = boxoffice.User{ID: "019ab333-0000-7000-8000-00000000000a", Username: "anna", Role: boxoffice.RoleSupport}

func (h *house) find(t testing.TB, q boxoffice.BookingQuery) []string {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	page, err := h.store.FindBookings(t.Context(), anna, q)
	require.NoError(t, err)
	var ids []string
	for _, b := range page.Bookings {
		ids = append(ids, b.ID)
	}
	return ids
}

// TestFindBookings_OK finds one booking by all that anybody may know of it, and no other.
func TestFindBookings_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	s := h.soldBooking(t, h.addUser(t), h.tickets[:2]...)
	h.soldBooking(t, h.addUser(t), h.tickets[2])
	h.allowReturns(t, 24, 80)
	h.giveBack(t, s, h.tickets[1])
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	_, err := h.store.SupportResend(t.Context(), byStaff(s, "1"), "Grandma@example.net")
	require.NoError(t, err)
	h.exec(t, `UPDATE bookings SET email = 'Elsewhere@example.net' WHERE id = $1`, s.ID)
	h.exec(t, `UPDATE users SET email = 'Ada@Example.org' WHERE id = $1`, s.UserID)
	username := one[string](t, h, `SELECT username FROM users WHERE id = $1`, s.UserID)
	for _, known := range []string{
		s.Reference, strings.ToLower(s.Reference), s.ID, strings.ToUpper(s.ID), " " + s.Reference + " ", username, strings.ToUpper(username),
		"ada@example.org", "elsewhere@example.net", "grandma@example.net", "pi_" + s.attempt.ID, "cs_" + s.attempt.ID, "re_" + s.payment + "_1",
		h.event + " Stalls C 1", h.event + "/Stalls/C/1", h.event + " Stalls, row C, seat 1",
	} {
		require.Equal(t, []string{s.ID}, h.find(t, boxoffice.BookingQuery{Text: known}), known)
	}
	for _, seat := range []string{"Stalls C 1", "stalls c 1", "Stalls, row C, seat 1", "Stalls/C/1", "Stalls row C seat 1", "Stalls C 2"} {
		require.Equal(t, []string{s.ID}, h.find(t, boxoffice.BookingQuery{Text: seat, EventID: h.event}), seat)
	}
	for _, unknown := range []string{"ZZZZZZZZ", newID(t), "ada", "ada@example.or", "pi_1", h.event + " Stalls C 99", newID(t) + " Stalls C 1", "%", "' OR true --"} {
		require.Empty(t, h.find(t, boxoffice.BookingQuery{Text: unknown}), unknown)
	}
	require.Equal(t, "bookings by e-mail address", one[string](t, h, `SELECT subject FROM audit_log WHERE action = 'find' AND subject LIKE '%mail%' LIMIT 1`))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM audit_log WHERE action = 'find' AND audit_log::text ILIKE '%example%'`), "the log holds no address")
}

// A seat has many bookings in its time; a section may have two words, and places of a standing area no row.
func TestFindBookings_BySeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	first := h.expired(t, h.addUser(t), h.tickets[:1])
	second := h.held(t, h.addUser(t), h.tickets[:1])
	require.Equal(t, []string{second.ID, first.ID}, h.find(t, boxoffice.BookingQuery{Text: "Stalls C 1", EventID: h.event}), "the newest first")
	h.exec(t, `UPDATE tickets SET section = 'Dress Circle' WHERE id = $1`, h.tickets[0])
	require.Len(t, h.find(t, boxoffice.BookingQuery{Text: "dress circle C 1", EventID: h.event}), 2)
	h.exec(t, `UPDATE tickets SET row = '' WHERE id = $1`, h.tickets[0])
	require.Len(t, h.find(t, boxoffice.BookingQuery{Text: "Dress Circle 1", EventID: h.event}), 2)
	require.Len(t, h.find(t, boxoffice.BookingQuery{Text: "Dress Circle, place 1", EventID: h.event}), 2)
	for _, wrong := range []string{"Stalls", "12", "Stalls C twelve", "Stalls, C, 12, 13", "Stalls C 99999999999", "Stalls, C 12"} {
		_, err := h.store.FindBookings(t.Context(), anna, boxoffice.BookingQuery{Text: wrong, EventID: h.event, Limit: 5})
		require.Equal(t, "q", requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field, wrong)
	}
}

func TestFindBookings_Pages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	user := h.addUser(t)
	var all []string
	for i := range h.tickets {
		all = append([]string{h.soldBooking(t, user, h.tickets[i]).ID}, all...)
	}
	username := one[string](t, h, `SELECT username FROM users WHERE id = $1`, user)
	var seen []string
	cursor := ""
	for range 3 {
		page, err := h.store.FindBookings(t.Context(), anna, boxoffice.BookingQuery{Text: username, Cursor: cursor, Limit: 2})
		require.NoError(t, err)
		for _, b := range page.Bookings {
			seen = append(seen, b.ID)
			require.Equal(t, []any{"Ghost", "Pageant", username}, []any{b.Event.Name, b.Event.Venue.Name, b.Buyer.Username})
		}
		cursor = page.Next
	}
	require.Equal(t, all, seen)
	require.Empty(t, cursor)
	_, err := h.store.FindBookings(t.Context(), anna, boxoffice.BookingQuery{Text: username, Cursor: "x", Limit: 2})
	requireCode(t, boxoffice.CodeInvalid, err)
}
