package api

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The pages work without any script. Forms post to /app, and every post ends in a redirect or in an error page.

//go:embed pages
var pageFiles embed.FS

var pageTemplates = parsePages("home", "login", "account", "booking", "return", "error")

// parsePages joins each page with the layout. The files are part of the program: a broken one shows at the first start.
func parsePages(names ...string) map[string]*template.Template {
	functions := template.FuncMap{
		"money": func(minor int64, currency string) string {
			return boxoffice.Money{Minor: minor, Currency: currency}.String()
		},
		"full": func(t Ticket) int64 { return t.TotalMinor + t.DiscountMinor },
		"said": func(field string, wrong map[string]string) FieldError {
			return FieldError{Field: field, Message: wrong[field]}
		},
		"clock": func(t time.Time) string { return t.Format("Monday 2 January 2006, 15:04 MST") },
	}
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		pages[name] = template.Must(template.New("layout.html").Funcs(functions).
			ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	}
	return pages
}

// page is what the layout needs, with what the page itself shows.
type page struct {
	Site    string
	Title   string
	User    boxoffice.User // zero: nobody is logged in
	Refresh int            // seconds until the browser asks again; 0: never
	Content any
}

// servePage is serve for what people see: an error is a page, too.
func (s *Server) servePage(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(routeKey, r.path)
		user, err := s.admit(c, r.access)
		if err == nil {
			err = r.handle(c, user)
		}
		if err != nil {
			s.failPage(c, user, err)
		}
	}
}

// failPage is fail for what people see.
func (s *Server) failPage(c *gin.Context, user boxoffice.User, err error) {
	problem := s.refuse(c, err)
	if c.Writer.Written() {
		return
	}
	back := "/app"
	if bookingOf(c) != "" && problem.Status == http.StatusConflict {
		back = pagePath(bookingOf(c))
	}
	shown := page{Title: problem.Title, User: user, Content: gin.H{"Problem": problem, "Back": back}}
	if err := s.render(c, problem.Status, "error", shown); err != nil {
		s.fail(c, err)
	}
}

// render answers with a page. Its policy lets forms lead to us and, by redirect, to the payment page.
func (s *Server) render(c *gin.Context, status int, name string, p page) error {
	p.Site = s.opts.Name
	var out bytes.Buffer
	if err := pageTemplates[name].Execute(&out, p); err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'self' "+strings.Join(s.opts.PaymentOrigins, " "))
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
	return nil
}

func (s *Server) pageRoot(c *gin.Context, _ boxoffice.User) error {
	c.Redirect(http.StatusFound, "/app")
	return nil
}

func (s *Server) pageStyle(c *gin.Context, _ boxoffice.User) error {
	content, err := fs.ReadFile(pageFiles, "pages/style.css")
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "text/css; charset=utf-8", content)
	return nil
}

// homeLength is how many bookings and events the first page shows.
const homeLength = 20

func (s *Server) pageIndex(c *gin.Context, user boxoffice.User) error {
	if user.ID == "" {
		return s.askLogIn(c, http.StatusOK, logInForm{Next: "/app"})
	}
	mine, err := s.opts.Bookings.Bookings(c.Request.Context(), user.ID, "", homeLength)
	if err != nil {
		return err
	}
	coming, err := s.opts.Catalogue.Events(c.Request.Context(), boxoffice.EventFilter{Limit: homeLength})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "home", page{Title: "Your bookings", User: user, Content: gin.H{
		"Bookings": mapped(mine.Bookings, viewBooking), "Events": mapped(coming.Events, viewEvent),
	}})
}

// logInForm is what the pages to log in and to sign up show, again after a mistake.
type logInForm struct {
	mistakes

	SignUp   bool
	Username string
	Email    string
	Next     string // where to go afterwards
}

// mistakes are what a form shows again with: what is wrong with it all, and what with its fields, by name.
type mistakes struct {
	Mistake string
	Wrong   map[string]string
}

// mistakesOf tells what a problem says of a form that has these fields.
func mistakesOf(problem Problem, formFields ...string) mistakes {
	m := mistakes{Wrong: map[string]string{}}
	for _, wrong := range problem.Errors {
		if slices.Contains(formFields, wrong.Field) {
			m.Wrong[wrong.Field] = wrong.Message
		} else {
			m.Mistake = wrong.Message
		}
	}
	switch {
	case m.Mistake != "":
	case len(m.Wrong) > 0:
		m.Mistake = "Something is not right yet. Please see below."
	default:
		m.Mistake = problem.Detail
	}
	return m
}

func (s *Server) askLogIn(c *gin.Context, status int, form logInForm) error {
	title := "Log in"
	if form.SignUp {
		title = "Sign up"
	}
	return s.render(c, status, "login", page{Title: title, Content: form})
}

func (s *Server) pageSignUpForm(c *gin.Context, _ boxoffice.User) error {
	return s.askLogIn(c, http.StatusOK, logInForm{SignUp: true, Next: nextOf(c.Query("next"))})
}

func (s *Server) pageLogIn(c *gin.Context, _ boxoffice.User) error {
	form, password, err := readLogInForm(c)
	if err != nil {
		return err
	}
	return s.enterByForm(c, form, password)
}

func (s *Server) pageSignUp(c *gin.Context, _ boxoffice.User) error {
	form, password, err := readLogInForm(c)
	if err != nil {
		return err
	}
	form.SignUp = true
	if _, err := s.register(c, SignUpRequest{Username: form.Username, Password: password, Email: form.Email}); err != nil {
		return s.showMistake(c, form, err)
	}
	return s.enterByForm(c, form, password)
}

// enterByForm logs in and leads on.
func (s *Server) enterByForm(c *gin.Context, form logInForm, password string) error {
	user, err := s.authenticate(c, LogInRequest{Username: form.Username, Password: password})
	if err != nil {
		return s.showMistake(c, form, err)
	}
	if _, err := s.begin(c, user); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, form.Next)
	return nil
}

// mendable are the errors after which the form is shown again.
var mendable = []boxoffice.Code{
	boxoffice.CodeInvalid, boxoffice.CodeUnauthenticated, boxoffice.CodeUsernameTaken, boxoffice.CodeRateLimited,
	boxoffice.CodePromotionRefused,
}

// showMistake shows the form again with what the person can mend; other errors are passed on.
func (s *Server) showMistake(c *gin.Context, form logInForm, err error) error {
	if !slices.Contains(mendable, boxoffice.CodeOf(err)) {
		return err
	}
	problem := s.refuse(c, err)
	form.mistakes = mistakesOf(problem, "username", "email", "password")
	return s.askLogIn(c, problem.Status, form)
}

var nextShape = regexp.MustCompile(`^/app(/[A-Za-z0-9-]+)*$`)

// nextOf gives a page of ours to go to, whatever was asked for.
func nextOf(asked string) string {
	if nextShape.MatchString(asked) {
		return asked
	}
	return "/app"
}

// readForm reads the form that a page of ours posts, as strictly as JSON: a password that was set here must work there, too.
// CodeUnsupportedMedia, CodeTooLarge, CodeMalformed.
func readForm(c *gin.Context) error {
	if err := checkMediaType(c.Request.Header, "application/x-www-form-urlencoded"); err != nil {
		return err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	err := c.Request.ParseForm()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return boxoffice.Errorf(boxoffice.CodeTooLarge, "The form may have at most %d bytes.", maxBody)
	}
	if err != nil {
		return boxoffice.WrapError(boxoffice.CodeMalformed, err, "The form cannot be read.")
	}
	for _, values := range c.Request.PostForm {
		if len(values) > 1 || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return boxoffice.Errorf(boxoffice.CodeMalformed, "The form has a field twice, or one that is no text.")
		}
	}
	return nil
}

// readLogInForm reads username, address, password, and where to go afterwards: a page of ours and nothing else.
func readLogInForm(c *gin.Context) (logInForm, string, error) {
	if err := readForm(c); err != nil {
		return logInForm{}, "", err
	}
	posted := c.Request.PostForm
	form := logInForm{Username: posted.Get("username"), Email: posted.Get("email"), Next: nextOf(posted.Get("next"))}
	return form, posted.Get("password"), nil
}

func (s *Server) pageLogOut(c *gin.Context, _ boxoffice.User) error {
	s.setCookie(c, "", -1)
	if err := s.end(c); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/app")
	return nil
}
