package api

import (
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

var (
	usernameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,39}$`)
	locationShape = regexp.MustCompile(`^\pL[\pL\pM .'’-]{0,79}, [A-Z]{2}$`)
)

const maxEmail = 254 // RFC 5321, section 4.5.3.1.3, without the angle brackets

func (s *Server) signUp(c *gin.Context, _ boxoffice.User) error {
	var in SignUpRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	user, err := s.register(c, in)
	if err != nil {
		return err
	}
	return reply(c, http.StatusCreated, viewUser(user))
}

func (s *Server) logIn(c *gin.Context, _ boxoffice.User) error {
	var in LogInRequest
	if _, err := readJSON(c, &in); err != nil {
		return err
	}
	user, err := s.authenticate(c, in)
	if err != nil {
		return err
	}
	session, err := s.begin(c, user)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, session)
}

func (s *Server) logOut(c *gin.Context, _ boxoffice.User) error {
	s.setCookie(c, "", -1) // also where the store cannot be reached to revoke the session, which is then told
	if err := s.end(c); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *Server) me(c *gin.Context, user boxoffice.User) error {
	return reply(c, http.StatusOK, viewUser(user))
}

// register opens an account. CodeInvalid, CodeRateLimited, CodeUsernameTaken, CodeUnavailable.
func (s *Server) register(c *gin.Context, in SignUpRequest) (boxoffice.User, error) {
	if err := checkSignUp(in).err(); err != nil {
		return boxoffice.User{}, err
	}
	if err := s.takeByAddress(c, s.limits.signUpsByAddress); err != nil {
		return boxoffice.User{}, err
	}
	hash, err := s.passwords.hash(c.Request.Context(), in.Password)
	if err != nil {
		return boxoffice.User{}, err
	}
	return s.opts.Users.CreateUser(c.Request.Context(), boxoffice.User{
		Username: in.Username, PasswordHash: hash, Email: in.Email, Location: in.Location, Role: boxoffice.RoleBuyer,
	})
}

func checkSignUp(in SignUpRequest) fields {
	var wrong fields
	if !usernameShape.MatchString(in.Username) {
		wrong.add("username", "This must be 3 to 40 letters, digits, dots, hyphens or underscores; the first a letter or a digit.")
	}
	if message := checkPassword(in.Password, in.Username); message != "" {
		wrong.add("password", message)
	}
	if in.Email != "" && !isEmail(in.Email) {
		wrong.add("email", "This is not an e-mail address.")
	}
	if in.Location != "" && !locationShape.MatchString(in.Location) {
		wrong.add("location", `This must be city and state, like "Chico, CA".`)
	}
	return wrong
}

func checkLogIn(in LogInRequest) fields {
	var wrong fields
	if in.Username == "" || len(in.Username) > 256 {
		wrong.add("username", "This is required, and has at most 256 bytes.")
	}
	if in.Password == "" || len(in.Password) > maxPasswordBytes {
		wrong.add("password", "This is required, and has at most 1024 bytes.")
	}
	return wrong
}

// isEmail reports whether text is a bare address: no name, no comment, nothing that could end a mail header, and nothing
// that cannot be seen.
func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Name == "" && address.Address == text && len(text) <= maxEmail &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == '"' || !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}

// authenticate finds the user of a name and a password. CodeUnauthenticated, the same and after the same time whether the
// name or the password is wrong; CodeInvalid; CodeRateLimited by address and by account; CodeUnavailable.
func (s *Server) authenticate(c *gin.Context, in LogInRequest) (boxoffice.User, error) {
	if err := checkLogIn(in).err(); err != nil {
		return boxoffice.User{}, err
	}
	succeeded, err := s.takeLogin(c, strings.ToLower(in.Username))
	if err != nil {
		return boxoffice.User{}, err
	}
	var user boxoffice.User
	if usernameShape.MatchString(in.Username) {
		found, err := s.opts.Users.UserByUsername(c.Request.Context(), in.Username)
		if err != nil && boxoffice.CodeOf(err) != boxoffice.CodeNotFound {
			return boxoffice.User{}, err
		}
		user = found
	}
	matches, err := s.passwords.verify(c.Request.Context(), in.Password, user.PasswordHash)
	if err != nil {
		return boxoffice.User{}, err
	}
	if !matches || user.ID == "" {
		return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeUnauthenticated, "Username or password is wrong.")
	}
	succeeded()
	return user, nil
}
