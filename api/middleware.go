package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// What the middlewares and handlers leave in gin's context for each other.
const (
	requestIDKey = "request_id"
	routeKey     = "route" // the path as openapi.yaml writes it
	userIDKey    = "user_id"
	bookingKey   = "booking" // the ID of one that the request made
	clientKey    = "client"  // a context that ends when the client leaves
	waitedKey    = "waited"  // for how long the client had it wait
)

// observe names the request, and when it is answered counts and logs it: never a path, a query string, a header or a body,
// in which a client may have put anything. A request ID from outside is not taken over, since anybody could forge one.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	c.Set(requestIDKey, hex.EncodeToString(id[:]))
	c.Header("X-Request-ID", c.GetString(requestIDKey))
	c.Request = c.Request.WithContext(withRequestID(c.Request.Context(), c.GetString(requestIDKey)))
	c.Next()
	route := c.GetString(routeKey)
	if route == "" {
		route = "unmatched"
	}
	took := time.Since(start) - c.GetDuration(waitedKey)
	s.metrics.observe(c.Request.Method, route, c.Writer.Status(), took)
	level := slog.LevelInfo
	if route == "/healthz" || route == "/readyz" {
		level = slog.LevelDebug
	}
	s.log.LogAttrs(c.Request.Context(), level, "request",
		slog.String("method", methodOf(c.Request.Method)), slog.String("route", route), slog.String("booking", bookingOf(c)),
		slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", took),
		slog.String("client", c.ClientIP()), slog.String("user_id", c.GetString(userIDKey)))
}

// recoverPanics turns a panic into an internal error.
func (s *Server) recoverPanics(c *gin.Context) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause) // net/http's own way to break off a connection
		default:
			s.fail(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	c.Next()
}

// apiPolicy is the content policy of what is no document.
const apiPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer carries; a handler may loosen Cache-Control. The referrer policy is not
// no-referrer: under that browsers hide the origin of a form from us, too, and the cross-origin check could not see it.
func (s *Server) secure(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", apiPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if s.tls {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	c.Next()
}

// bound gives the request its own deadline in place of the client's patience: a buyer who closes the tab must not break
// off a transaction, and with it a database connection.
func (s *Server) bound(c *gin.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), s.opts.RequestTimeout)
	defer cancel()
	c.Set(clientKey, c.Request.Context())
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// clientContext gives a context that ends when the client leaves, and not with RequestTimeout: for what is streamed.
func clientContext(c *gin.Context) context.Context {
	if ctx, ok := c.Value(clientKey).(context.Context); ok {
		return ctx
	}
	return c.Request.Context()
}

// admit checks where a write comes from, how much is asked for, and who asks. CodeCrossOrigin, CodeRateLimited,
// CodeUnauthenticated, CodeUnavailable.
func (s *Server) admit(c *gin.Context, who access) (boxoffice.User, error) {
	if who == machine {
		return boxoffice.User{}, nil
	}
	if err := s.checkOrigin(c.Request); err != nil {
		return boxoffice.User{}, err
	}
	if err := s.takeByAddress(c, s.limits.requestsByAddress); err != nil {
		return boxoffice.User{}, err
	}
	if who == anyone || who == visitor && s.opts.PublicBrowsing {
		return boxoffice.User{}, nil
	}
	user, err := s.userOf(c)
	c.Set(userIDKey, user.ID)
	if err == nil && !user.Role.IsStaff() {
		err = s.limits.requestsByUser.take(user.ID)
	}
	if err == nil && (who == organizer && !user.Role.IsOrganizer() || who == overseer && !user.Role.IsOrganizer() && !user.Role.IsStaff()) {
		err = boxoffice.Errorf(boxoffice.CodeForbidden, "Only organizers may do this.")
	}
	if err == nil && who == staff && !user.Role.IsStaff() {
		err = boxoffice.Errorf(boxoffice.CodeForbidden, "Only the box office's staff may do this.")
	}
	return user, err
}

// checkOrigin refuses a write that another site made a browser send. A bearer token is none that a browser adds by itself.
func (s *Server) checkOrigin(r *http.Request) error {
	if r.Header.Get("Authorization") != "" {
		return nil
	}
	if err := s.origins.Check(r); err != nil {
		return boxoffice.WrapError(boxoffice.CodeCrossOrigin, err, "Writes from another site are refused.")
	}
	return nil
}
