package postgres

import (
	"context"
	"sync"
	"time"
)

// lanePatience is how long one waits for a place in a lane. With the wait for a lock after it, a buyer has an answer within
// three seconds.
const lanePatience = 700 * time.Millisecond

// lanes keep an event whose rows somebody has locked from taking the whole pool: those who have to wait for locks of one
// event have so many connections between them, and wait for these without one.
type lanes struct {
	width int

	mu   sync.Mutex
	open map[string]*lane
}

type lane struct {
	places chan struct{}
	people int // in the lane and before it
}

func newLanes(width int) *lanes { return &lanes{width: max(1, width), open: map[string]*lane{}} }

// enter waits for a place in an event's lane, to be left when the work is done. CodeUnavailable when none comes free in time.
func (l *lanes) enter(ctx context.Context, eventID string) (leave func(), err error) {
	way := l.join(eventID)
	patience := time.NewTimer(lanePatience)
	defer patience.Stop()
	select {
	case way.places <- struct{}{}:
		return func() { <-way.places; l.quit(eventID) }, nil
	case <-ctx.Done():
		err = translate(ctx.Err())
	case <-patience.C:
		err = inDemand(context.DeadlineExceeded)
	}
	l.quit(eventID)
	return nil, err
}

func (l *lanes) join(eventID string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	way, ok := l.open[eventID]
	if !ok {
		way = &lane{places: make(chan struct{}, l.width)}
		l.open[eventID] = way
	}
	way.people++
	return way
}

func (l *lanes) quit(eventID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[eventID].people--; l.open[eventID].people == 0 {
		delete(l.open, eventID)
	}
}
