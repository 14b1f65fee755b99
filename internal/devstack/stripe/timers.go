package stripe

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timers is a queue of keys, each due at a time of the simulated clock. One goroutine waits in await; any number may add.
type timers struct {
	clock *clock
	wake  chan struct{}

	mu    sync.Mutex
	queue timerHeap
}

type timer struct {
	at  time.Time
	key string
}

func newTimers(c *clock) *timers {
	t := &timers{clock: c, wake: make(chan struct{}, 1)}
	c.onJump(t.poke)
	return t
}

func (t *timers) add(at time.Time, key string) {
	t.mu.Lock()
	heap.Push(&t.queue, &timer{at, key})
	first := t.queue[0].key == key
	t.mu.Unlock()
	if first {
		t.poke()
	}
}

// poke makes the waiter look at the queue again.
func (t *timers) poke() {
	select {
	case t.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// due takes the first key whose time has come; it is false if there is none.
func (t *timers) due() (string, bool) {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 || t.queue[0].at.After(now) {
		return "", false
	}
	first := t.queue[0]
	heap.Pop(&t.queue)
	return first.key, true
}

// left is how long until the first key is due; negative if the queue is empty.
func (t *timers) left() time.Duration {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return -1
	}
	return max(0, t.queue[0].at.Sub(now))
}

// await blocks until a key is due, and leaves it there. It is false once ctx is done.
func (t *timers) await(ctx context.Context) bool {
	for ctx.Err() == nil {
		left := t.left()
		if left == 0 {
			return true
		}
		if !t.sleep(ctx, left) {
			return false
		}
	}
	return false
}

// sleep waits for the duration (for ever if negative) or until poked. It is false once ctx is done.
func (t *timers) sleep(ctx context.Context, wait time.Duration) bool {
	var elapsed <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-t.wake:
		return true
	case <-elapsed:
		return true
	}
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any) {
	if t, ok := x.(*timer); ok { // always: only add pushes
		*h = append(*h, t)
	}
}

func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
