// Package seatwatch tells viewers of events which seats changed. However many look at an event, its seats are read by one
// poll at a time, and what changed is rendered once. It depends on the standard library and the vocabulary alone.
//
// A viewer is no more than a place in what an event's watch has published: nothing is queued for anybody. Who falls behind
// what the watch keeps is told all states anew, as who comes in is.
package seatwatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
)

// Source reads the states of seats; boxoffice.Catalogue is one.
type Source interface {
	SeatStates(ctx context.Context, eventID, layout string) (boxoffice.SeatStates, error)
}

// Options are what a Hub is made of; all are required but Polled.
type Options struct {
	Source Source
	Every  time.Duration // from one poll of an event to its next; longer where the poll itself takes long
	AtOnce int           // polls of different events at one time, so that buyers have the database for themselves
	Render func(Update) []byte
	Polled func(took time.Duration, err error) // called after each poll
	Logger *slog.Logger
}

// Hub watches the events that have viewers.
type Hub struct {
	Options
	turns   chan struct{}
	running sync.WaitGroup // the polling of watches

	mu      sync.Mutex
	closed  bool
	watches map[string]*watch
}

// New makes a hub, which does nothing until somebody watches. Close ends it.
func New(o Options) *Hub {
	return &Hub{Options: o, turns: make(chan struct{}, o.AtOnce), watches: map[string]*watch{}}
}

// Close ends every watch and waits for its polling: each viewer gets CodeUnavailable, as does who comes afterwards.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for id, w := range h.watches {
		w.end(errClosed())
		delete(h.watches, id)
	}
	h.mu.Unlock()
	h.running.Wait()
}

func errClosed() error {
	return boxoffice.Errorf(boxoffice.CodeUnavailable, "This process is shutting down. Please connect again.")
}

// Watch lets somebody in who watches an event, once its seats were read. After is the Update.ID that they saw last, "" if
// none; where that is not known here any more, they are told all states. Leave must be called where there is no error.
// CodeNotFound; CodeUnavailable where the event cannot be read, or after Close; the context's own error when that ends.
func (h *Hub) Watch(ctx context.Context, eventID, after string) (*Viewer, error) {
	w, err := h.join(ctx, eventID)
	if err != nil {
		return nil, err
	}
	select {
	case <-w.polled:
		_, _, err = w.after(0)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		h.leave(w)
		return nil, err
	}
	return &Viewer{watch: w, seen: w.place(after)}, nil
}

// join counts a viewer in. The first one begins the watch, which outlives the viewer's context.
func (h *Hub) join(ctx context.Context, eventID string) (*watch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed()
	}
	w, ok := h.watches[eventID]
	if !ok {
		polling, cancel := context.WithCancel(context.WithoutCancel(ctx))
		w = newWatch(h, eventID, cancel)
		h.watches[eventID] = w
		h.running.Go(func() { w.poll(polling) })
	}
	w.viewers++
	return w, nil
}

// leave counts a viewer out. The last one ends the watch.
func (h *Hub) leave(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.viewers--; w.viewers == 0 {
		w.end(errClosed())
		h.forget(w)
	}
}

// drop takes a watch out that has ended by itself, so that who comes next begins another.
func (h *Hub) drop(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(w)
}

func (h *Hub) forget(w *watch) {
	if h.watches[w.eventID] == w {
		delete(h.watches, w.eventID)
	}
}

// Viewer is one who watches an event. It is for one goroutine.
type Viewer struct {
	watch *watch
	seen  int
}

// Next waits for what the viewer has not seen, and gives all of it, oldest first. CodeNotFound where the event is gone,
// CodeUnavailable after Close; the context's own error when that ends.
func (v *Viewer) Next(ctx context.Context) ([]Update, error) {
	for {
		updates, more, err := v.watch.after(v.seen)
		if err != nil {
			return nil, err
		}
		if len(updates) > 0 {
			v.seen = updates[len(updates)-1].seq
			return updates, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Leave ends the viewer.
func (v *Viewer) Leave() { v.watch.hub.leave(v.watch) }
