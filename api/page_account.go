package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The pages that mails about accounts lead to. Opening a link changes nothing, since programs that read mail open links,
// too: a person presses a button.

// accountForm is what such a page shows: a form, or how it ended.
type accountForm struct {
	mistakes

	Title  string
	Action string
	Button string
	Token  string
	Email  string
	Said   string
	Done   string // what is said once it is done
	Spent  bool   // the link does not work: there is nothing to fill in
}

var (
	forgotForm = accountForm{
		Title: "Forgot your password?", Action: "/app/forgot", Button: "Mail me a link",
		Done: "If somebody has an account with this address, a link is on its way there.",
	}
	resetForm = accountForm{
		Title: "Set a new password", Action: "/app/reset", Button: "Set it", Done: "Your password is set. Log in with it.",
	}
	emailForm = accountForm{
		Title: "Confirm your address", Action: "/app/email", Button: "This is my address", Done: "Your address is confirmed.",
	}
)

func (s *Server) pageForgot(c *gin.Context, _ boxoffice.User) error {
	return s.showAccountForm(c, http.StatusOK, forgotForm)
}

// pageReset and pageEmail take the token from the link's query, which no log of ours holds.
func (s *Server) pageReset(c *gin.Context, _ boxoffice.User) error {
	return s.showTokenForm(c, resetForm)
}

func (s *Server) pageEmail(c *gin.Context, _ boxoffice.User) error {
	return s.showTokenForm(c, emailForm)
}

func (s *Server) showTokenForm(c *gin.Context, form accountForm) error {
	if form.Token = c.Query("token"); !tokenShape.MatchString(form.Token) {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "This link is incomplete. Please copy all of it.")
	}
	return s.showAccountForm(c, http.StatusOK, form)
}

func (s *Server) showAccountForm(c *gin.Context, status int, form accountForm) error {
	return s.render(c, status, "account", page{Title: form.Title, Content: form})
}

func (s *Server) pageForgotSent(c *gin.Context, _ boxoffice.User) error {
	return s.answerForm(c, forgotForm, func() error { return s.askReset(c, c.Request.PostForm.Get("email")) })
}

func (s *Server) pageResetSent(c *gin.Context, _ boxoffice.User) error {
	return s.answerForm(c, resetForm, func() error {
		return s.reset(c, c.Request.PostForm.Get("token"), c.Request.PostForm.Get("new_password"))
	})
}

func (s *Server) pageEmailSent(c *gin.Context, _ boxoffice.User) error {
	return s.answerForm(c, emailForm, func() error { return s.confirm(c, c.Request.PostForm.Get("token")) })
}

// answerForm reads a form, acts, and says that it is done or shows the form again with what can be mended.
func (s *Server) answerForm(c *gin.Context, form accountForm, act func() error) error {
	if err := readForm(c); err != nil {
		return err
	}
	form.Token, form.Email = c.Request.PostForm.Get("token"), c.Request.PostForm.Get("email")
	err := act()
	if err == nil {
		form.Said = form.Done
		return s.showAccountForm(c, http.StatusOK, form)
	}
	if !slices.Contains(mendable, boxoffice.CodeOf(err)) {
		return err
	}
	problem := s.refuse(c, err)
	form.mistakes = mistakesOf(problem, "email", "new_password")
	form.Spent = slices.ContainsFunc(problem.Errors, func(wrong FieldError) bool { return wrong.Field == "token" })
	return s.showAccountForm(c, problem.Status, form)
}
