package api

import (
	"context"
	_ "embed"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// Spec is openapi.yaml.
//
//go:embed openapi.yaml
var Spec []byte

var specETag = etagOf(Spec)

func (s *Server) getSpec(c *gin.Context, _ boxoffice.User) error {
	c.Header("Cache-Control", "no-cache")
	c.Header("ETag", specETag)
	if matchesETag(c.GetHeader("If-None-Match"), specETag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Data(http.StatusOK, "application/yaml", Spec)
	return nil
}

// getHealth says that the process answers; it asks nobody else, so that a lost database restarts no process.
func (s *Server) getHealth(c *gin.Context, _ boxoffice.User) error {
	return reply(c, http.StatusOK, Health{Status: HealthStatusOk})
}

func (s *Server) getReadiness(c *gin.Context, _ boxoffice.User) error {
	if s.draining.Load() {
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "This process is shutting down.")
	}
	if err := s.readiness.check(c.Request.Context()); err != nil {
		return err
	}
	return reply(c, http.StatusOK, Health{Status: HealthStatusOk})
}

const (
	readyTimeout = 2 * time.Second        // for each dependency
	readyTTL     = 500 * time.Millisecond // anybody may ask: the dependencies hear of it no oftener than so
)

// readiness asks what a process depends on.
type readiness struct {
	checks map[string]func(context.Context) error
	log    *slog.Logger

	mu      sync.Mutex
	expires time.Time
	result  error
}

// check asks all at once; CodeUnavailable names those that fail, and why is logged. Simultaneous callers share an answer.
func (r *readiness) check(ctx context.Context) error {
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
	var down fields
	for i, name := range names {
		if failures[i] != nil {
			r.log.WarnContext(ctx, "dependency does not answer", "name", name, "err", failures[i])
			down.add(name, "This does not answer.")
		}
	}
	r.result, r.expires = nil, time.Now().Add(readyTTL)
	if len(down) > 0 {
		r.result = &boxoffice.Error{Code: boxoffice.CodeUnavailable, Message: "A dependency does not answer.", Fields: down}
	}
	return r.result
}
