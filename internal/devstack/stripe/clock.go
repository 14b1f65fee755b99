package stripe

import (
	"sync"
	"time"
)

// clock is the simulator's time: the injected time plus an offset that only grows, so that a test can jump over an expiry.
type clock struct {
	now func() time.Time

	mu     sync.RWMutex
	offset time.Duration
	wakers []func()
}

func newClock(now func() time.Time) *clock {
	if now == nil {
		now = time.Now
	}
	return &clock{now: now}
}

// Now is the simulated time.
func (c *clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now().Add(c.offset)
}

// unix is the simulated time in seconds, the unit of every timestamp in Stripe's objects.
func (c *clock) unix() int64 { return c.Now().Unix() }

// Offset is how far the simulated time is ahead of the injected one.
func (c *clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}

// setOffset moves the clock and wakes everything that waits for a time.
func (c *clock) setOffset(d time.Duration) {
	c.mu.Lock()
	c.offset = d
	wakers := c.wakers
	c.mu.Unlock()
	for _, wake := range wakers {
		wake()
	}
}

// onJump registers a function to call after each jump. It must not block.
func (c *clock) onJump(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakers = append(c.wakers, wake)
}
