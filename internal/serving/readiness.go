package serving

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice"
)

const (
	readyTimeout = 2 * time.Second        // for each dependency
	readyTTL     = 500 * time.Millisecond // anybody may ask: the dependencies hear of it no oftener than so
)

// Readiness says whether a process can do its work.
type Readiness struct {
	checks   map[string]func(context.Context) error
	log      *slog.Logger
	draining atomic.Bool

	mu      sync.Mutex
	expires time.Time
	result  error
}

// NewReadiness makes the readiness of a process that depends on what the checks ask, by name.
func NewReadiness(checks map[string]func(context.Context) error, log *slog.Logger) *Readiness {
	return &Readiness{checks: checks, log: log}
}

// Drain makes the process not ready for good: it is shutting down.
func (r *Readiness) Drain() { r.draining.Store(true) }

// Check asks all dependencies at once. CodeUnavailable: its fields name those that do not answer, and why is logged.
// Simultaneous callers share an answer.
func (r *Readiness) Check(ctx context.Context) error {
	if r.draining.Load() {
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "This process is shutting down.")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.expires) {
		return r.result
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	names := slices.Sorted(maps.Keys(r.checks))
	failures := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { failures[i] = r.checks[name](ctx) })
	}
	group.Wait()
	var down []boxoffice.FieldError
	for i, name := range names {
		if failures[i] != nil {
			r.log.WarnContext(ctx, "dependency does not answer", "name", name, "err", failures[i])
			down = append(down, boxoffice.FieldError{Field: name, Message: "This does not answer."})
		}
	}
	r.result, r.expires = nil, time.Now().Add(readyTTL)
	if len(down) > 0 {
		r.result = &boxoffice.Error{Code: boxoffice.CodeUnavailable, Message: "A dependency does not answer.", Fields: down}
	}
	return r.result
}
