package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) changePassword(c *gin.Context, user boxoffice.User) error {
	var in PasswordRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	if err := checkNewPassword(in.NewPassword, user.Username); err != nil {
		return err
	}
	if err := s.verifyPassword(c, user, "current_password", in.CurrentPassword); err != nil {
		return err
	}
	hash, err := s.passwords.hash(c.Request.Context(), in.NewPassword)
	if err != nil {
		return err
	}
	change := boxoffice.PasswordChange{
		UserID: user.ID, OldHash: user.PasswordHash, NewHash: hash, Keep: boxoffice.HashToken(s.tokenOf(c.Request)),
	}
	return done(c, http.StatusNoContent, s.opts.Accounts.ChangePassword(c.Request.Context(), change))
}

func (s *Server) requestEmail(c *gin.Context, user boxoffice.User) error {
	var in EmailRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	if err := checkNewEmail(in.Email, user.Email); err != nil {
		return err
	}
	if err := s.verifyPassword(c, user, "password", in.Password); err != nil {
		return err
	}
	if err := s.takeMail(c, user.ID, in.Email); err != nil {
		return err
	}
	return done(c, http.StatusAccepted, s.opts.Accounts.RequestEmail(c.Request.Context(), user.ID, in.Email))
}

func (s *Server) requestReset(c *gin.Context, _ boxoffice.User) error {
	var in ResetRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	return done(c, http.StatusAccepted, s.askReset(c, in.Email))
}

// askReset has a link mailed to the owners of an address. It is the same act whether there are any. CodeInvalid,
// CodeRateLimited, CodeUnavailable.
func (s *Server) askReset(c *gin.Context, email string) error {
	if !isEmail(email) {
		return boxoffice.InvalidField("email", "This is not an e-mail address.")
	}
	if err := s.takeMail(c, email); err != nil {
		return err
	}
	return s.opts.Accounts.RequestReset(c.Request.Context(), email)
}

func (s *Server) resetPassword(c *gin.Context, _ boxoffice.User) error {
	var in ResetConfirmRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	return done(c, http.StatusNoContent, s.reset(c, in.Token, in.NewPassword))
}

// reset sets the new password that a mailed token is for. The token is looked at before a password is hashed, which costs,
// and used up after that. CodeInvalid, CodeRateLimited, CodeUnavailable.
func (s *Server) reset(c *gin.Context, token, password string) error {
	if err := s.takeByAddress(c, s.limits.mailsByAddress); err != nil {
		return err
	}
	user, err := s.opts.Accounts.UserByResetToken(c.Request.Context(), boxoffice.HashToken(token))
	if err != nil {
		return err
	}
	if err := checkNewPassword(password, user.Username); err != nil {
		return err
	}
	hash, err := s.passwords.hash(c.Request.Context(), password)
	if err != nil {
		return err
	}
	return s.opts.Accounts.ResetPassword(c.Request.Context(), boxoffice.HashToken(token), hash)
}

func (s *Server) confirmEmail(c *gin.Context, _ boxoffice.User) error {
	var in EmailConfirmRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	return done(c, http.StatusNoContent, s.confirm(c, in.Token))
}

// confirm makes the address that a token was mailed to the account's. CodeInvalid, CodeRateLimited, CodeUnavailable.
func (s *Server) confirm(c *gin.Context, token string) error {
	if err := s.takeByAddress(c, s.limits.mailsByAddress); err != nil {
		return err
	}
	return s.opts.Accounts.ConfirmEmail(c.Request.Context(), boxoffice.HashToken(token))
}

// done answers an act without content, or gives its error back.
func done(c *gin.Context, status int, err error) error {
	if err == nil {
		c.Status(status)
	}
	return err
}

func checkNewPassword(password, username string) error {
	if message := checkPassword(password, username); message != "" {
		return boxoffice.InvalidField("new_password", "%s", message)
	}
	return nil
}

func checkNewEmail(email, old string) error {
	switch {
	case !isEmail(email):
		return boxoffice.InvalidField("email", "This is not an e-mail address.")
	case strings.EqualFold(email, old):
		return boxoffice.InvalidField("email", "This is your address already.")
	}
	return nil
}

// verifyPassword asks a user who has a session for the password once more: a session alone must not be enough to take an
// account over. Tries count as logins. CodeInvalid, CodeRateLimited, CodeUnavailable.
func (s *Server) verifyPassword(c *gin.Context, user boxoffice.User, field, password string) error {
	if len(password) > maxPasswordBytes {
		return boxoffice.InvalidField(field, "This is not your password.")
	}
	succeeded, err := s.takeLogin(c, strings.ToLower(user.Username))
	if err != nil {
		return err
	}
	matches, err := s.passwords.verify(c.Request.Context(), password, user.PasswordHash)
	if err != nil {
		return err
	}
	if !matches {
		return boxoffice.InvalidField(field, "This is not your password.")
	}
	succeeded()
	return nil
}

// takeMail lets a mail be sent: neither a client, nor a user, nor an address gets many. CodeRateLimited.
func (s *Server) takeMail(c *gin.Context, accounts ...string) error {
	if err := s.takeByAddress(c, s.limits.mailsByAddress); err != nil {
		return err
	}
	for _, account := range accounts {
		if err := s.limits.mailsByAccount.take(strings.ToLower(account)); err != nil {
			return err
		}
	}
	return nil
}
