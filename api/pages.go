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
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The web client has most pages: see client.go. Those here work without any script: their forms post to /app.

//go:embed pages
var pageFiles embed.FS

var pageTemplates = parsePages("account", "error")

// parsePages joins each page with the layout. The files are part of the program: a broken one shows at the first start.
func parsePages(names ...string) map[string]*template.Template {
	functions := template.FuncMap{
		"said": func(field string, wrong map[string]string) FieldError {
			return FieldError{Field: field, Message: wrong[field]}
		},
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
			s.failPage(c, err)
		}
	}
}

// failPage is fail for what people see.
func (s *Server) failPage(c *gin.Context, err error) {
	problem := s.refuse(c, err)
	if c.Writer.Written() {
		return
	}
	shown := page{Title: problem.Title, Content: gin.H{"Problem": problem}}
	if err := s.render(c, problem.Status, "error", shown); err != nil {
		s.fail(c, err)
	}
}

// render answers with a page. Its policy lets forms lead to us alone.
func (s *Server) render(c *gin.Context, status int, name string, p page) error {
	p.Site = s.opts.Name
	var out bytes.Buffer
	if err := pageTemplates[name].Execute(&out, p); err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'self'")
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
