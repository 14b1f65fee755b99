package api

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The web client has most pages: see client.go. Those here work without any script: forms post to /app, and every post ends
// in a redirect or in an error page.

//go:embed pages
var pageFiles embed.FS

var pageTemplates = parsePages("account", "booking", "return", "error")

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

// mendable are the errors after which the form is shown again.
var mendable = []boxoffice.Code{
	boxoffice.CodeInvalid, boxoffice.CodeUnauthenticated, boxoffice.CodeUsernameTaken, boxoffice.CodeRateLimited,
	boxoffice.CodePromotionRefused,
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

func (s *Server) pageLogOut(c *gin.Context, _ boxoffice.User) error {
	s.setCookie(c, "", -1)
	if err := s.end(c); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/app")
	return nil
}
