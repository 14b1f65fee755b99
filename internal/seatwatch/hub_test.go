package seatwatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/seatwatch"
)

// hall is a source with one event, whose stored order is the other way round than that of its plan.
type hall struct {
	mu      sync.Mutex
	known   string
	letters []byte // of its places; those without a ticket have NoSeat
	reads   int
	busy    time.Duration // that a read takes
	err     error
}

func newHall(seats int) *hall {
	return &hall{known: "first", letters: []byte(strings.Repeat("a", seats))}
}

func (h *hall) SeatStates(ctx context.Context, event, layout string) (boxoffice.SeatStates, error) {
	defer passes(h.busy) // what it tells was so when it began
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads++
	if event != "ghost" {
		return boxoffice.SeatStates{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	states := boxoffice.SeatStates{Layout: h.known}
	places := &boxoffice.SeatPlaces{Size: len(h.letters)}
	for place, letter := range slices.Backward(h.letters) {
		if letter != boxoffice.NoSeat {
			states.Letters, places.Of = append(states.Letters, letter), append(places.Of, place)
		}
	}
	states.Letters, places.Of = append(states.Letters, 's'), append(places.Of, -1) // a ticket that the plan does not have
	if layout != h.known {
		states.Seats = places
	}
	return states, h.err
}

func (h *hall) set(change func(h *hall)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *hall) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reads
}

const every = 250 * time.Millisecond

// newHub makes a hub whose frames are "layout: states" or "state place,place; …". synctest waits for its goroutines at the end: a test
// in which one outlives Close fails.
func newHub(t *testing.T, source seatwatch.Source) *seatwatch.Hub {
	t.Helper()
	hub := seatwatch.New(seatwatch.Options{
		Source: source, Every: every, AtOnce: 2, Logger: slog.New(slog.DiscardHandler), Polled: func(time.Duration, error) {},
		Render: func(u seatwatch.Update) []byte {
			if u.Changes == nil {
				return []byte(u.Layout + ": " + string(u.States))
			}
			var words []string
			for _, state := range []boxoffice.SeatState{boxoffice.SeatAvailable, boxoffice.SeatHeld, boxoffice.SeatSold, boxoffice.SeatBlocked} {
				if places := u.Changes[state]; len(places) > 0 {
					words = append(words, fmt.Sprint(state, " ", places))
				}
			}
			return []byte(strings.Join(words, "; "))
		},
	})
	t.Cleanup(hub.Close)
	return hub
}

func watch(t *testing.T, hub *seatwatch.Hub, after string) *seatwatch.Viewer {
	t.Helper()
	viewer, err := hub.Watch(t.Context(), "ghost", after)
	require.NoError(t, err)
	return viewer
}

// frames gives what a viewer is told next.
func frames(t *testing.T, v *seatwatch.Viewer) (told []string, last string) {
	t.Helper()
	updates, err := v.Next(t.Context())
	require.NoError(t, err)
	for _, u := range updates {
		told, last = append(told, string(u.Frame)), u.ID
	}
	return told, last
}

func TestHub_TellsAllFirstAndThenWhatChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(4)
		viewer := watch(t, newHub(t, h), "")
		told, _ := frames(t, viewer)
		require.Equal(t, []string{"first: aaaa"}, told)
		h.set(func(h *hall) { copy(h.letters, "hahs") })
		began := time.Now()
		told, _ = frames(t, viewer)
		require.Equal(t, []string{"held [0 2]; sold [3]"}, told)
		require.LessOrEqual(t, time.Since(began), every)
		h.set(func(h *hall) { copy(h.letters, "aabs") })
		told, _ = frames(t, viewer)
		require.Equal(t, []string{"available [0]; blocked [2]"}, told)
	})
}

// However many watch, there is one poll; without anybody there is none.
func TestHub_PollsOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(2)
		hub := newHub(t, h)
		viewers := make([]*seatwatch.Viewer, 100)
		for i := range viewers {
			viewers[i] = watch(t, hub, "")
		}
		passes(10 * every)
		require.InDelta(t, 11, h.count(), 1)
		for _, v := range viewers[1:] {
			v.Leave()
		}
		before := h.count()
		passes(4 * every)
		require.Greater(t, h.count(), before, "one is there still")
		viewers[0].Leave()
		synctest.Wait()
		before = h.count()
		passes(40 * every)
		require.Equal(t, before, h.count())
		watch(t, hub, "")
		require.Greater(t, h.count(), before, "somebody is there again")
	})
}

// passes lets time pass, which costs none in a bubble.
func passes(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

func TestHub_WhoComesBackIsToldWhatCameSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(2)
		hub := newHub(t, h)
		stays, leaves := watch(t, hub, ""), watch(t, hub, "")
		_, _ = frames(t, stays)
		_, last := frames(t, leaves)
		leaves.Leave()
		for _, states := range []string{"ha", "hs"} {
			h.set(func(h *hall) { copy(h.letters, states) })
			passes(2 * every)
		}
		back := watch(t, hub, last)
		told, last := frames(t, back)
		require.Equal(t, []string{"held [0]", "sold [1]"}, told)
		for name, id := range map[string]string{"nothing": "", "another watch": "x.1", "the future": strings.Replace(last, ".3", ".9", 1), "no ID": "<script>"} {
			told, _ = frames(t, watch(t, hub, id))
			require.Equal(t, []string{"first: hs"}, told, name)
		}
		up := watch(t, hub, last)
		ctx, cancel := context.WithTimeout(t.Context(), 3*every)
		defer cancel()
		_, err := up.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "who has seen all is told nothing")
	})
}

// Nothing is queued for who falls behind: of a thousand changes they are told what they come to.
func TestHub_WhoFallsBehindIsToldAllStates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(2)
		slow := watch(t, newHub(t, h), "")
		_, _ = frames(t, slow)
		for i := range 1000 {
			h.set(func(h *hall) { h.letters[0] = "ah"[i%2] })
			passes(2 * every)
		}
		told, _ := frames(t, slow)
		require.Equal(t, []string{"first: ha"}, told)
	})
}

func TestHub_OtherSeatsAreToldAsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(2)
		viewer := watch(t, newHub(t, h), "")
		_, _ = frames(t, viewer)
		h.set(func(h *hall) { h.known, h.letters = "second", []byte("a-b") })
		told, _ := frames(t, viewer)
		require.Equal(t, []string{"second: a-b"}, told, "a place without a ticket is one all the same")
		h.set(func(h *hall) { h.letters[2] = 'a' })
		told, _ = frames(t, viewer)
		require.Equal(t, []string{"available [2]"}, told)
	})
}

func TestHub_ManyChangesAreToldAsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(1001)
		viewer := watch(t, newHub(t, h), "")
		_, _ = frames(t, viewer)
		h.set(func(h *hall) { copy(h.letters, strings.Repeat("s", 1001)) })
		told, _ := frames(t, viewer)
		require.Equal(t, []string{"first: " + strings.Repeat("s", 1001)}, told)
	})
}

// A change is as old as the poll that did not see it yet, at most.
func TestHub_SaysSinceWhenAChangeCanBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(1)
		h.busy = 10 * time.Millisecond
		viewer := watch(t, newHub(t, h), "")
		_, _ = frames(t, viewer)
		passes(every - 5*time.Millisecond) // in the middle of a poll
		changed := time.Now()
		h.set(func(h *hall) { h.letters[0] = 'h' })
		updates, err := viewer.Next(t.Context())
		require.NoError(t, err)
		require.False(t, updates[0].Since.After(changed))
		require.Equal(t, 5*time.Millisecond, changed.Sub(updates[0].Since))
	})
}

// A poll that takes long is repeated less often, so that the database has time for others.
func TestHub_ReadsAFifthOfTheTimeAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(1)
		h.busy = time.Second
		watch(t, newHub(t, h), "")
		before := h.count()
		passes(50 * time.Second)
		require.InDelta(t, 10, h.count()-before, 1)
	})
}

func TestHub_ReadsOfDifferentEventsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &crowded{enter: make(chan struct{}), leave: make(chan struct{})}
		hub := newHub(t, source)
		for _, event := range []string{"a", "b", "c"} {
			go func() { _, _ = hub.Watch(t.Context(), event, "") }()
		}
		<-source.enter
		<-source.enter
		synctest.Wait()
		select {
		case <-source.enter:
			t.Error("three polls at one time")
		default:
		}
		source.leave <- struct{}{}
		<-source.enter
		close(source.leave)
	})
}

// crowded is a source whose reads announce themselves and wait.
type crowded struct{ enter, leave chan struct{} }

func (c *crowded) SeatStates(ctx context.Context, _, _ string) (boxoffice.SeatStates, error) {
	select {
	case c.enter <- struct{}{}:
	case <-ctx.Done():
	}
	select {
	case <-c.leave:
	case <-ctx.Done():
	}
	return boxoffice.SeatStates{Seats: &boxoffice.SeatPlaces{}}, ctx.Err()
}

func TestHub_Errors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(1)
		hub := newHub(t, h)
		_, err := hub.Watch(t.Context(), "alien", "")
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))

		away := boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away.")
		h.set(func(h *hall) { h.err = away })
		_, err = hub.Watch(t.Context(), "ghost", "")
		require.ErrorIs(t, err, away, "nothing is known yet")

		h.set(func(h *hall) { h.err = nil })
		viewer := watch(t, hub, "")
		_, _ = frames(t, viewer)
		h.set(func(h *hall) { h.err = away; h.letters[0] = 's' })
		passes(time.Minute)
		h.set(func(h *hall) { h.err = nil })
		told, _ := frames(t, viewer)
		require.Equal(t, []string{"sold [0]"}, told, "an outage ends nothing")

		h.set(func(h *hall) { h.err = boxoffice.Errorf(boxoffice.CodeNotFound, "The draft was deleted.") })
		_, err = viewer.Next(t.Context())
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
		viewer.Leave()
	})
}

func TestHub_CloseEndsAllViewers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, newHall(1))
		viewer := watch(t, hub, "")
		_, _ = frames(t, viewer)
		ended := make(chan error, 1)
		go func() {
			_, err := viewer.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		hub.Close()
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(<-ended))
		viewer.Leave()
		_, err := hub.Watch(t.Context(), "ghost", "")
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
		hub.Close()
	})
}
