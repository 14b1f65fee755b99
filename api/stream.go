package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/seatwatch"
)

const (
	pollSeats   = 250 * time.Millisecond
	pollsAtOnce = 2
	streamRetry = 2 * time.Second  // readers wait so long before they connect again
	streamsFull = 15 * time.Second // or so long where there were too many
)

// streamPatience are the times of a stream.
type streamPatience struct {
	silence    time.Duration // after this it gives a sign of life: gateways end connections that are silent for a minute, some for half
	slowReader time.Duration // a reader may leave what it is sent lying in the network for so long
}

// watchSeats makes the hub that reads seats for the streams.
func (s *Server) watchSeats() *seatwatch.Hub {
	return seatwatch.New(seatwatch.Options{
		Source: s.opts.Catalogue, Every: pollSeats, AtOnce: pollsAtOnce, Render: renderUpdate, Polled: s.metrics.polled, Logger: s.log,
	})
}

// renderUpdate writes an update as a server-sent event.
func renderUpdate(u seatwatch.Update) []byte {
	kind, view := "changes", any(SeatChanges{
		Available: u.Changes[boxoffice.SeatAvailable], Held: u.Changes[boxoffice.SeatHeld],
		Sold: u.Changes[boxoffice.SeatSold], Blocked: u.Changes[boxoffice.SeatBlocked],
	})
	if u.Changes == nil {
		kind, view = "seats", SeatStates{Layout: u.Layout, States: string(u.States)}
	}
	data, _ := json.Marshal(view) //nolint:errchkjson // strings and numbers always can be written
	return fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", u.ID, kind, data)
}

// streamSeats answers for as long as the client stays, but no longer than StreamLife: by then its session may be over.
func (s *Server) streamSeats(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	leave, err := s.streams.enter(s.streamsOf(c, user))
	if err != nil {
		return err
	}
	defer leave()
	viewer, err := s.seats.Watch(c.Request.Context(), id, c.GetHeader("Last-Event-ID"))
	if err != nil {
		return err
	}
	defer viewer.Leave()
	s.metrics.streams.Inc()
	defer s.metrics.streams.Dec()
	ctx, cancel := context.WithTimeout(clientContext(c), s.opts.StreamLife)
	defer cancel()
	if err := s.stream(ctx, c, viewer); errors.Is(err, os.ErrDeadlineExceeded) {
		s.metrics.dropped.Inc()
	}
	return nil
}

// stream writes updates until the context or the viewer ends. Its error is that of a write.
func (s *Server) stream(ctx context.Context, c *gin.Context, viewer *seatwatch.Viewer) error {
	w := http.NewResponseController(c.Writer)
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	send := func(frames ...[]byte) error {
		_ = w.SetWriteDeadline(time.Now().Add(s.slowReader)) // in the place of that of a whole answer
		for _, frame := range frames {
			if _, err := c.Writer.Write(frame); err != nil {
				return err
			}
		}
		return w.Flush()
	}
	if err := send(fmt.Appendf(nil, "retry: %d\n\n", streamRetry.Milliseconds())); err != nil {
		return err
	}
	for {
		updates, err := s.next(ctx, viewer)
		if err != nil {
			return nil //nolint:nilerr // the stream ends; its reader connects again
		}
		if err := send(framesOf(updates)...); err != nil {
			return err
		}
		s.metrics.told(updates)
	}
}

// next waits for updates, and gives none when it is time for a sign of life.
func (s *Server) next(ctx context.Context, viewer *seatwatch.Viewer) ([]seatwatch.Update, error) {
	silence, cancel := context.WithTimeout(ctx, s.silence)
	defer cancel()
	updates, err := viewer.Next(silence)
	if err != nil && silence.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return updates, err
}

// framesOf gives what is written of updates: of none, a comment.
func framesOf(updates []seatwatch.Update) [][]byte {
	if len(updates) == 0 {
		return [][]byte{[]byte(": still here\n\n")}
	}
	return mapped(updates, func(u seatwatch.Update) []byte { return u.Frame })
}

// streams counts those that are open, and with them the requests that wait.
type streams struct {
	limits Limits
	mu     sync.Mutex
	open   map[string]int
	total  int
}

func newStreams(l Limits) *streams { return &streams{limits: l, open: map[string]int{}} }

// streamKey is by whom streams are counted, and how many there may be; negative: any number.
type streamKey struct {
	name  string
	limit int
}

// streamsOf gives whom a stream counts for.
func (s *Server) streamsOf(c *gin.Context, user boxoffice.User) []streamKey {
	var keys []streamKey
	if !s.isUnlimited(c) {
		keys = append(keys, streamKey{"address " + clientAddress(c), s.opts.Limits.StreamsByAddress})
	}
	if user.ID != "" && !user.Role.IsStaff() {
		keys = append(keys, streamKey{"user " + user.ID, s.opts.Limits.StreamsByUser})
	}
	return keys
}

// enter counts a stream in; leave must be called when it ends. CodeRateLimited where one of the keys has as many as it may,
// CodeUnavailable where all together have.
func (s *streams) enter(keys []streamKey) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits.Streams >= 0 && s.total >= s.limits.Streams {
		e := boxoffice.Errorf(boxoffice.CodeUnavailable, "Too many people watch seats at this moment. The map itself works as ever.")
		e.RetryAfter = streamsFull
		return nil, e
	}
	for _, key := range keys {
		if key.limit >= 0 && s.open[key.name] >= key.limit {
			e := boxoffice.Errorf(boxoffice.CodeRateLimited, "You watch as many seat maps as you may at one time.")
			e.RetryAfter = streamsFull
			return nil, e
		}
	}
	s.count(keys, 1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count(keys, -1)
	}, nil
}

func (s *streams) count(keys []streamKey, more int) {
	s.total += more
	for _, key := range keys {
		if s.open[key.name] += more; s.open[key.name] == 0 {
			delete(s.open, key.name)
		}
	}
}
