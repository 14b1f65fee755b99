package smtp

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one client's connection. It takes any sender, recipient and password.
type session struct {
	ctx      context.Context
	server   *Server
	username string
	from     string
	to       []string
}

var _ smtp.AuthSession = (*session)(nil)

// AuthMechanisms is what EHLO offers.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth takes any user and password.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, username, _ string) error {
		s.username = username
		return nil
	}), nil
}

// Mail begins a message.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data stores the message. A client that gets no error can rely on finding it in the inbox, unless a fault was ordered.
func (s *session) Data(r io.Reader) error {
	fault, struck := s.server.faults.strike(s.to)
	if struck && fault.Kind == faultReject {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		return fault.reply()
	}
	if struck && fault.Kind == faultDelay {
		fault.wait(s.ctx)
	}
	if struck && fault.Kind == faultDrop {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	err := s.server.store.add(envelope{From: s.from, To: slices.Clone(s.to), Username: s.username}, r)
	var known *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known // too large, for one
	}
	s.server.log.Error("a message was not stored", "from", s.from, "error", err)
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The message could not be stored; try again later"}
}

// Reset forgets the message that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout has nothing to free.
func (s *session) Logout() error { return nil }
