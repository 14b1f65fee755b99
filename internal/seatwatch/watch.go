package seatwatch

import (
	"bytes"
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
)

const (
	kept        = 128             // updates that a watch keeps for those who fall behind or come back
	mostChanges = 1000            // in one update; beyond it all states are shorter
	slowest     = 5 * time.Second // between polls that fail
)

// Update is what a viewer is told: all states, or which seats changed.
type Update struct {
	ID      string                        // for Watch, when the viewer comes back
	Layout  string                        // of all states: which seats they are of, as SeatMap.Layout
	States  []byte                        // of all states: as SeatMap.States
	Changes map[boxoffice.SeatState][]int // places, as indexes of SeatMap.States
	Since   time.Time                     // the earliest moment at which any of it can have changed
	Frame   []byte                        // what Options.Render made of it

	seq int
}

// watch is the watching of one event.
type watch struct {
	hub     *Hub
	eventID string
	name    string // tells it from the watches of other processes, and of other times
	stop    context.CancelFunc
	polled  chan struct{} // closed once there are states, or none will come
	viewers int           // under the hub's lock

	mu      sync.Mutex
	err     error         // why it has ended
	more    chan struct{} // closed when there is more to tell
	seats   *boxoffice.SeatPlaces
	layout  string
	states  []byte // in the order of the places
	seq     int    // of the last update; 0 before the first poll
	updates []Update
	all     *Update // all states as of seq, once somebody asked for them
}

func newWatch(h *Hub, eventID string, stop context.CancelFunc) *watch {
	return &watch{hub: h, eventID: eventID, name: rand.Text()[:12], stop: stop, polled: make(chan struct{}), more: make(chan struct{})}
}

// end tells the viewers why there will be nothing more, and ends the polling.
func (w *watch) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = why
		w.wake()
	}
	w.stop()
}

// place gives the number of an update by its ID; 0 where it is not one of this watch.
func (w *watch) place(id string) int {
	number, ok := strings.CutPrefix(id, w.name+".")
	seq, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return seq
}

// after gives what was published behind an update, or a channel that closes when there is something. Who saw nothing yet,
// or nothing that is still kept, gets all states.
func (w *watch) after(seq int) (updates []Update, more <-chan struct{}, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch behind := w.seq - seq; {
	case w.err != nil:
		return nil, nil, w.err
	case behind == 0:
		return nil, w.more, nil
	case seq > 0 && behind > 0 && behind <= len(w.updates):
		return w.updates[len(w.updates)-behind:], nil, nil
	}
	if w.all == nil {
		all := w.update(Update{Layout: w.layout, States: w.states, Since: time.Now()})
		w.all = &all
	}
	return []Update{*w.all}, nil, nil
}

// update finishes an update as of now.
func (w *watch) update(u Update) Update {
	u.seq, u.ID = w.seq, w.name+"."+strconv.Itoa(w.seq)
	u.Frame = w.hub.Render(u)
	return u
}

// poll reads the seats until the watch ends. A poll that fails is repeated ever more slowly; if it is the first, or there
// is no such event, the watch ends with it.
func (w *watch) poll(ctx context.Context) {
	since, pause := time.Now(), w.hub.Every
	for {
		began := time.Now()
		states, err := w.read(ctx)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && (w.seats == nil || boxoffice.CodeOf(err) == boxoffice.CodeNotFound):
			w.hub.drop(w)
			w.end(err)
			return
		case err != nil:
			w.hub.Logger.WarnContext(ctx, "the seats of a watched event cannot be read", "event", w.eventID, "error", err)
			pause = min(2*pause, slowest)
		default:
			w.take(states, since)
			since, pause = began, max(w.hub.Every, 5*took) // a fifth of the time at most is spent reading
		}
		next := time.NewTimer(max(0, pause-took))
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
		}
	}
}

// read polls once, when it is its turn.
func (w *watch) read(ctx context.Context) (states boxoffice.SeatStates, err error) {
	select {
	case w.hub.turns <- struct{}{}:
	case <-ctx.Done():
		return states, ctx.Err()
	}
	defer func() { <-w.hub.turns }()
	began := time.Now()
	states, err = w.hub.Source.SeatStates(ctx, w.eventID, w.layout)
	w.hub.Polled(time.Since(began), err)
	return states, err
}

// take publishes what is new.
func (w *watch) take(now boxoffice.SeatStates, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	others := now.Layout != w.layout
	w.layout = now.Layout
	if now.Seats != nil {
		w.seats = now.Seats
	}
	states := bytes.Repeat([]byte{boxoffice.NoSeat}, w.seats.Size)
	for i, letter := range now.Letters {
		if place := w.seats.Of[i]; place >= 0 {
			states[place] = letter
		}
	}
	if !others && bytes.Equal(states, w.states) {
		return
	}
	changes := Update{Since: since}
	if changed := differences(w.states, states); !others && len(changed) <= mostChanges {
		changes.Changes = byState(changed, states)
	} else {
		changes.Layout, changes.States = w.layout, states
	}
	w.states, w.all = states, nil
	w.seq++
	w.updates = append(w.updates, w.update(changes))
	if len(w.updates) > kept {
		w.updates = append([]Update(nil), w.updates[len(w.updates)-kept/2:]...)
	}
	w.wake()
}

// wake lets go of those who wait for more.
func (w *watch) wake() {
	select {
	case <-w.polled:
	default:
		close(w.polled)
	}
	close(w.more)
	w.more = make(chan struct{})
}

// differences gives the places at which the states differ.
func differences(before, after []byte) (places []int) {
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			places = append(places, i)
		}
	}
	return places
}

var letters = map[byte]boxoffice.SeatState{
	'a': boxoffice.SeatAvailable, 'h': boxoffice.SeatHeld, 's': boxoffice.SeatSold, 'b': boxoffice.SeatBlocked,
}

// byState sorts places by their state.
func byState(places []int, states []byte) map[boxoffice.SeatState][]int {
	sorted := map[boxoffice.SeatState][]int{}
	for _, place := range places {
		state := letters[states[place]]
		sorted[state] = append(sorted[state], place)
	}
	return sorted
}
