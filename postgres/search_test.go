package postgres_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

const (
	claimLasts = time.Minute
	manyEvents = 100
)

// change notes that events changed, as whoever changes them does.
func (h *house) change(t testing.TB, events ...string) {
	t.Helper()
	h.exec(t, `INSERT INTO search_outbox (event_id) SELECT unnest($1::text[]::uuid[])`, events)
}

// waiting gives the events in the outbox, one a row.
func (h *house) waiting(t testing.TB) (events []string) {
	t.Helper()
	require.NoError(t, h.own.QueryRow(t.Context(), `SELECT coalesce(array_agg(event_id ORDER BY seq), '{}')::text[] FROM search_outbox`).Scan(&events))
	return events
}

func claimChanges(t testing.TB, s *postgres.Search) boxoffice.SearchClaim {
	t.Helper()
	claim, err := s.ClaimChanges(t.Context(), manyEvents, claimLasts)
	require.NoError(t, err)
	return claim
}

func claimed(claim boxoffice.SearchClaim) (events []string) {
	for _, e := range claim.Entries {
		events = append(events, e.Event.ID)
	}
	slices.Sort(events)
	return events
}

func TestClaimChanges_OK(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20)
	s := h.db.Search()
	h.exec(t, `UPDATE titles SET genre = 'Drama', director = 'Jerry Zucker', votes = 51125`)
	h.hold(t, h.addUser(t), h.tickets[:2]...)
	h.change(t, h.event, h.event)

	claim := claimChanges(t, s)
	require.Len(t, claim.Entries, 1)
	e := claim.Entries[0]
	require.True(t, e.Findable)
	require.Equal(t, "Ghost Drama Jerry Zucker", e.Title.Name+" "+e.Title.Genre+" "+e.Title.Director)
	require.Equal(t, 51125, e.Popularity)
	require.Equal(t, 18, e.Event.Available)
	require.Equal(t, "Chico", e.Event.Venue.City)
	require.Empty(t, claimChanges(t, s).Entries, "it is claimed")

	h.change(t, h.event) // while it is being written
	require.NoError(t, s.FinishChanges(t.Context(), claim, nil))
	require.Equal(t, []string{h.event}, h.waiting(t), "what came after it was read is written once more")
	require.NoError(t, s.FinishChanges(t.Context(), claimChanges(t, s), nil))
	require.Empty(t, h.waiting(t))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM search_claims`))
}

func TestClaimChanges_WhatIsNotToBeFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	gone := newID(t)
	events := map[string]string{"gone": gone}
	for name, set := range map[string]string{
		"draft": `status = 'draft'`, "cancelled": `status = 'cancelled'`, "past": `status = 'past'`,
		"over":         `starts_at = now() - interval '3 hours', ends_at = now() - interval '1 hour'`,
		"sales closed": `sales_close_at = now() - interval '1 second'`,
	} {
		events[name], _ = h.addEvent(t, 1)
		h.exec(t, `UPDATE events SET `+set+` WHERE id = $1`, events[name])
	}
	for name, event := range events {
		h.change(t, event)
		claim := claimChanges(t, s)
		require.Equal(t, []string{event}, claimed(claim), name)
		require.False(t, claim.Entries[0].Findable, name)
		require.NoError(t, s.FinishChanges(t.Context(), claim, nil))
	}
	events["to come"], _ = h.addEvent(t, 1)
	h.exec(t, `UPDATE events SET sales_open_at = now() + interval '1 day' WHERE id = $1`, events["to come"])
	h.change(t, events["to come"])
	require.True(t, claimChanges(t, s).Entries[0].Findable)
}

// What one relay holds keeps no other from what comes behind it.
func TestClaimChanges_PassesWhatIsHeld(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	second, _ := h.addEvent(t, 1)
	h.change(t, h.event, h.event, second)
	for _, want := range []string{h.event, second} {
		claim, err := s.ClaimChanges(t.Context(), 1, claimLasts)
		require.NoError(t, err)
		require.Equal(t, []string{want}, claimed(claim))
	}
}

// Two relays never hold the same event at once, whoever appended it and how often.
func TestClaimChanges_RelaysNeverShareAnEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	events := []string{h.event}
	for range 4 {
		event, _ := h.addEvent(t, 1)
		events = append(events, event)
	}
	const rounds = 30
	var mu sync.Mutex
	held := map[string]int{}
	hold := func(claim boxoffice.SearchClaim, by int) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range claim.Entries {
			if held[e.Event.ID] += by; held[e.Event.ID] > 1 {
				t.Errorf("two relays hold %s", e.Event.ID)
			}
		}
	}
	var relays sync.WaitGroup
	for range 4 {
		relays.Go(func() {
			for range rounds {
				h.change(t, events...)
				claim, err := s.ClaimChanges(t.Context(), 3, claimLasts)
				if err != nil {
					t.Error(err)
					return
				}
				hold(claim, 1)
				_, err = h.own.Exec(t.Context(), `SELECT count(*) FROM generate_series(1, 20000)`) // it takes its time
				hold(claim, -1)
				if err != nil {
					t.Error(err)
				}
				if err := s.FinishChanges(t.Context(), claim, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	relays.Wait()
	for claim := claimChanges(t, s); len(claim.Entries) > 0; claim = claimChanges(t, s) {
		require.NoError(t, s.FinishChanges(t.Context(), claim, nil))
	}
	require.Empty(t, h.waiting(t))
}

// A relay that dies keeps nothing for ever, and one that was only slow does not have the last word.
func TestClaimChanges_ARelayThatIsTooLate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	h.change(t, h.event)
	slow := claimChanges(t, s)
	h.clock.AdvanceClock(t, claimLasts+time.Second)
	h.exec(t, `UPDATE events SET name = 'Ghost, with a talk'`)
	next := claimChanges(t, s)
	require.Equal(t, []string{h.event}, claimed(next), "a claim runs out")
	require.Equal(t, "Ghost, with a talk", next.Entries[0].Event.Name)
	require.NoError(t, s.FinishChanges(t.Context(), next, nil))
	require.Empty(t, h.waiting(t))

	require.NoError(t, s.FinishChanges(t.Context(), slow, nil)) // it has written the old name over the new one
	require.Equal(t, []string{h.event}, h.waiting(t), "the event is written once more")
	h.change(t, h.event)
	require.NoError(t, s.Release(t.Context(), claimChanges(t, s)))
	require.Len(t, h.waiting(t), 2, "what is given back stays")
	require.Len(t, claimChanges(t, s).Entries, 1)
}

// One event that the server refuses holds nothing else up.
func TestFinishChanges_Refused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.db.Search()
	tired, _ := h.addEvent(t, 1)
	fine, _ := h.addEvent(t, 1)
	h.change(t, h.event, tired, fine)
	away := boxoffice.Errorf(boxoffice.CodeUnavailable, "busy")
	refused := map[string]error{h.event: boxoffice.Errorf(boxoffice.CodeInvalid, "Field `title` must be a string."), tired: away}
	require.NoError(t, s.FinishChanges(t.Context(), claimChanges(t, s), refused))
	require.Equal(t, []string{tired}, h.waiting(t))
	require.Contains(t, one[string](t, h, `SELECT reason FROM search_parked WHERE event_id = $1`, h.event), "must be a string")
	require.Empty(t, claimChanges(t, s).Entries, "it waits a while")

	tries := 1
	for ; len(h.waiting(t)) > 0; tries++ {
		h.clock.AdvanceClock(t, 20*time.Minute)
		claim := claimChanges(t, s)
		require.Equal(t, []string{tired}, claimed(claim))
		require.NoError(t, s.FinishChanges(t.Context(), claim, map[string]error{tired: away}))
		require.Less(t, tries, 20)
	}
	require.Equal(t, 8, tries)
	backlog, err := s.SearchBacklog(t.Context())
	require.NoError(t, err)
	require.Equal(t, boxoffice.SearchBacklog{Parked: 2}, backlog)

	h.change(t, h.event)
	h.clock.AdvanceClock(t, 3*time.Second)
	backlog, err = s.SearchBacklog(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, backlog.Events)
	require.GreaterOrEqual(t, backlog.Oldest, 3*time.Second)
	require.NoError(t, s.FinishChanges(t.Context(), claimChanges(t, s), nil))
	require.Equal(t, tired, one[string](t, h, `SELECT event_id FROM search_parked`), "mended, it is parked no longer")
}

// Seats are counted anew for events whose bookings changed, and a buyer's transaction writes nothing for it.
func TestSampleSeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 20)
	s := h.db.Search()
	other, tickets := h.addEvent(t, 5)
	sample := func() int {
		n, err := s.SampleSeats(t.Context())
		require.NoError(t, err)
		return n
	}
	require.Zero(t, sample())
	h.hold(t, h.addUser(t), h.tickets[:2]...)
	h.hold(t, h.addUser(t), h.tickets[2:4]...)
	require.Empty(t, h.waiting(t), "who buys writes nothing that others need")
	require.Equal(t, 1, sample())
	require.Equal(t, []string{h.event}, h.waiting(t))
	require.Zero(t, sample(), "a line of history counts once")
	require.Equal(t, 16, claimChanges(t, s).Entries[0].Event.Available)

	// A line that is committed after others with higher numbers is not overlooked.
	late, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	var booking string
	require.NoError(t, h.own.QueryRow(t.Context(), `SELECT id FROM bookings LIMIT 1`).Scan(&booking))
	_, err = late.Exec(t.Context(), `INSERT INTO booking_timeline (booking_id, what, actor) VALUES ($1, 'held', 'test')`, booking)
	require.NoError(t, err)
	h.hold(t, h.addUser(t), tickets[0])
	require.Equal(t, 1, sample())
	require.Equal(t, []string{h.event, other}, h.waiting(t))
	require.NoError(t, late.Commit(t.Context()))
	require.Equal(t, 1, sample())
	require.Equal(t, []string{h.event, other, h.event}, h.waiting(t))
	h.clock.AdvanceClock(t, time.Minute)
	require.Zero(t, sample())
	require.Equal(t, one[int64](t, h, `SELECT max(id) FROM booking_timeline`), one[int64](t, h, `SELECT line FROM search_sample`))
	require.Zero(t, one[int](t, h, `SELECT cardinality(recent) FROM search_sample`))
	h.hold(t, h.addUser(t), tickets[1])
	require.Equal(t, 1, sample())
}
