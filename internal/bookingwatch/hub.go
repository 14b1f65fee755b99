// Package bookingwatch lets requests wait until bookings go on. However many wait, one query at a time asks about all of
// their bookings, and none while nobody waits. It depends on the vocabulary and internal/pause alone.
package bookingwatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/pause"
)

const slowest = 5 * time.Second // between polls that fail

// Source reads how far bookings are; boxoffice.BookingService is one.
type Source interface {
	Progress(ctx context.Context, bookingIDs []string) (map[string]boxoffice.BookingProgress, error)
}

// Options are what a Hub is made of; all are required.
type Options struct {
	Source Source
	Every  time.Duration // from one poll to the next
	Logger *slog.Logger
}

// Hub polls the bookings that somebody waits for.
type Hub struct {
	Options
	running sync.WaitGroup // the polling

	mu      sync.Mutex
	closed  bool
	stop    context.CancelFunc // of the polling; nil while nobody waits
	waiters map[*waiter]struct{}
}

// waiter is one who waits for a booking to be otherwise than they saw it.
type waiter struct {
	bookingID string
	seen      boxoffice.BookingProgress
	over      chan struct{} // closed when there is nothing more to wait for
	err       error         // why, if the booking did not go on
}

// New makes a hub, which does nothing until somebody waits. Close ends it.
func New(o Options) *Hub { return &Hub{Options: o, waiters: map[*waiter]struct{}{}} }

// Wait returns nil once the booking is otherwise than it was seen, at most Every after that is so. The context's own error
// when that ends; CodeUnavailable after Close. Polls that fail are repeated.
func (h *Hub) Wait(ctx context.Context, bookingID string, seen boxoffice.BookingProgress) error {
	w := &waiter{bookingID: bookingID, seen: seen, over: make(chan struct{})}
	if err := h.join(ctx, w); err != nil {
		return err
	}
	select {
	case <-w.over:
		return w.err
	case <-ctx.Done():
		h.leave(w)
		return ctx.Err()
	}
}

// Close ends every waiting, and waits for the polling.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	if h.stop != nil {
		h.stop()
	}
	for w := range h.waiters {
		h.release(w, errClosed())
	}
	h.mu.Unlock()
	h.running.Wait()
}

func errClosed() error {
	return boxoffice.Errorf(boxoffice.CodeUnavailable, "This process is shutting down. Please ask again.")
}

// join lets somebody in. The first one begins the polling, which outlives their context.
func (h *Hub) join(ctx context.Context, w *waiter) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosed()
	}
	h.waiters[w] = struct{}{}
	if h.stop == nil {
		var polling context.Context
		polling, h.stop = context.WithCancel(context.WithoutCancel(ctx))
		h.running.Go(func() { h.poll(polling) })
	}
	return nil
}

func (h *Hub) leave(w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiters, w)
}

// release lets somebody go. The caller has the lock.
func (h *Hub) release(w *waiter, why error) {
	w.err = why
	close(w.over)
	delete(h.waiters, w)
}

// poll asks until nobody waits. One who has just come has just looked, so it begins with a pause.
func (h *Hub) poll(ctx context.Context) {
	for rest := h.Every; pause.For(ctx, rest); {
		ids := h.awaited()
		if ids == nil {
			return
		}
		progress, err := h.Source.Progress(ctx, ids)
		if ctx.Err() != nil {
			return
		}
		if err != nil { // told without the context, whose request is only that of the first who waits
			h.Logger.Warn("bookings that are waited for cannot be read", "bookings", len(ids), "error", err)
			rest = min(2*rest, slowest)
			continue
		}
		rest = h.Every
		h.tell(progress)
	}
}

// awaited lists the bookings that somebody waits for, each once; nil where nobody does, and with that the polling is over.
func (h *Hub) awaited() (ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	listed := make(map[string]bool, len(h.waiters))
	for w := range h.waiters {
		if !listed[w.bookingID] {
			listed[w.bookingID] = true
			ids = append(ids, w.bookingID)
		}
	}
	if ids == nil {
		h.stop()
		h.stop = nil
	}
	return ids
}

// tell lets those go whose booking was asked about and is otherwise.
func (h *Hub) tell(progress map[string]boxoffice.BookingProgress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waiters {
		if now, ok := progress[w.bookingID]; ok && now != w.seen {
			h.release(w, nil)
		}
	}
}
