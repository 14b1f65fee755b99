package postgres_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestBuild_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	events := []string{h.event}
	for range 4 {
		event, _ := h.addEvent(t, 1)
		events = append(events, event)
	}
	slices.Sort(events)
	h.exec(t, `UPDATE events SET status = 'draft' WHERE id = $1`, events[3])
	live, err := s.Live(t.Context())
	require.NoError(t, err)
	require.Empty(t, live)

	n, err := s.BeginBuild(t.Context(), "events-1")
	require.NoError(t, err)
	require.Equal(t, 4, n)
	h.change(t, events[1])
	relay := claimChanges(t, s)
	require.Equal(t, []string{"events-1"}, relay.Collections, "relays write to what is being built")

	claim, last, err := s.ClaimPage(t.Context(), "", 3, claimLasts)
	require.NoError(t, err)
	require.Equal(t, events[2], last)
	require.Equal(t, []string{events[0], events[2]}, claimed(claim), "what a relay holds is left to it")
	require.Equal(t, []string{events[1], events[1]}, h.waiting(t), "and to be written once more")
	refused := map[string]error{events[0]: boxoffice.Errorf(boxoffice.CodeInvalid, "no")}
	require.NoError(t, s.FinishPage(t.Context(), claim, refused))
	require.Equal(t, []string{events[1], events[1], events[0]}, h.waiting(t), "a relay judges what was refused")
	rows, end, err := s.Waiting(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 3, rows)
	h.change(t, events[2])
	rows, _, err = s.Waiting(t.Context(), end)
	require.NoError(t, err)
	require.Equal(t, 3, rows)

	claim, last, err = s.ClaimPage(t.Context(), last, 3, claimLasts)
	require.NoError(t, err)
	require.Equal(t, events[4], last)
	require.Equal(t, []string{events[4]}, claimed(claim))
	require.NoError(t, s.FinishPage(t.Context(), claim, nil))
	_, last, err = s.ClaimPage(t.Context(), last, 3, claimLasts)
	require.NoError(t, err)
	require.Empty(t, last)

	for range 2 {
		require.NoError(t, s.EndBuild(t.Context(), "events-1"))
		require.NoError(t, s.AbandonBuild(t.Context(), "events-1"), "what is live stays")
		live, err = s.Live(t.Context())
		require.NoError(t, err)
		require.Equal(t, "events-1", live)
	}
}

// A build that is over, or that another has replaced, changes nothing any more.
func TestBuild_AnotherReplacesIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	for _, collection := range []string{"events-1", "events-2", "events-2"} {
		_, err := s.BeginBuild(t.Context(), collection)
		require.NoError(t, err)
	}
	require.Equal(t, boxoffice.CodeFenced, boxoffice.CodeOf(s.EndBuild(t.Context(), "events-1")))
	require.NoError(t, s.AbandonBuild(t.Context(), "events-1"))
	require.NoError(t, s.EndBuild(t.Context(), "events-2"))
	_, err := s.BeginBuild(t.Context(), "events-3")
	require.NoError(t, err)
	h.change(t, h.event)
	relay := claimChanges(t, s)
	require.Equal(t, []string{"events-2", "events-3"}, relay.Collections)
	require.NoError(t, s.Release(t.Context(), relay))
	require.NoError(t, s.ForgetLive(t.Context()))
	require.Equal(t, []string{"events-3"}, claimChanges(t, s).Collections)
	require.NoError(t, s.AbandonBuild(t.Context(), "events-3"))
	require.Equal(t, boxoffice.CodeFenced, boxoffice.CodeOf(s.EndBuild(t.Context(), "events-3")))
}
