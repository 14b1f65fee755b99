package api

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

var tokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`) // of boxoffice.NewToken

// tokenOf finds the session token of a request; "" without one. A request that has an Authorization header is judged by
// that alone.
func (s *Server) tokenOf(r *http.Request) string {
	var token string
	if header := r.Header.Values("Authorization"); len(header) == 1 {
		if scheme, credentials, _ := strings.Cut(header[0], " "); strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(credentials)
		}
	} else if len(header) == 0 {
		if cookie, err := r.Cookie(s.cookieName()); err == nil {
			token = cookie.Value
		}
	}
	if !tokenShape.MatchString(token) {
		return ""
	}
	return token
}

// userOf finds the user of a request's session. CodeUnauthenticated, CodeUnavailable.
func (s *Server) userOf(c *gin.Context) (boxoffice.User, error) {
	token := s.tokenOf(c.Request)
	if token == "" {
		return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeUnauthenticated, "This needs a session: log in first.")
	}
	return s.opts.Users.UserBySession(c.Request.Context(), boxoffice.HashToken(token), s.opts.SessionIdle)
}

// begin opens a session of a user whose password was just verified: it always has a new token; and sets its cookie. One
// that the request came with ends. CodeUnauthenticated, CodeUnavailable.
func (s *Server) begin(c *gin.Context, user boxoffice.User) (Session, error) {
	if err := s.end(c); err != nil {
		return Session{}, err
	}
	token := boxoffice.NewToken()
	expires, err := s.opts.Users.CreateSession(c.Request.Context(), boxoffice.Session{
		UserID: user.ID, TokenHash: boxoffice.HashToken(token), Device: deviceOf(c.Request.UserAgent()), PasswordHash: user.PasswordHash,
	}, s.opts.SessionTTL)
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound { // the password was changed, or the user disabled, since it was verified
		err = boxoffice.WrapError(boxoffice.CodeUnauthenticated, err, "Username or password is wrong.")
	}
	if err != nil {
		return Session{}, err
	}
	s.setCookie(c, token, int(s.opts.SessionTTL.Seconds()))
	return Session{Token: token, ExpiresAt: expires.UTC(), User: viewUser(user)}, nil
}

// end revokes the session that the request came with, if any.
func (s *Server) end(c *gin.Context) error {
	token := s.tokenOf(c.Request)
	if token == "" {
		return nil
	}
	return s.opts.Users.DeleteSession(c.Request.Context(), boxoffice.HashToken(token))
}

// listSessions shows where the user is logged in.
func (s *Server) listSessions(c *gin.Context, user boxoffice.User) error {
	sessions, err := s.opts.Users.Sessions(c.Request.Context(), user.ID, s.opts.SessionIdle)
	if err != nil {
		return err
	}
	current := boxoffice.HashToken(s.tokenOf(c.Request))
	return reply(c, http.StatusOK, OpenSessions{Sessions: mapped(sessions, func(x boxoffice.Session) OpenSession {
		return OpenSession{
			ID: x.ID, Device: x.Device, CreatedAt: x.CreatedAt.UTC(), LastSeen: x.LastSeen.UTC(), ExpiresAt: x.ExpiresAt.UTC(),
			Current: bytes.Equal(x.TokenHash, current),
		}
	})})
}

func (s *Server) endSession(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := s.opts.Users.DeleteSessionByID(c.Request.Context(), user.ID, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *Server) endOtherSessions(c *gin.Context, user boxoffice.User) error {
	keep := boxoffice.HashToken(s.tokenOf(c.Request))
	if err := s.opts.Users.DeleteOtherSessions(c.Request.Context(), user.ID, keep); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// cookieName has the prefix __Host- under TLS: browsers then let no other host or path set or shadow the cookie.
func (s *Server) cookieName() string {
	if s.tls {
		return "__Host-boxoffice"
	}
	return "boxoffice"
}

// setCookie gives the browser its token; a maxAge below zero takes it away.
func (s *Server) setCookie(c *gin.Context, token string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure under TLS; a development server has none
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.tls, SameSite: http.SameSiteLaxMode,
	})
}
