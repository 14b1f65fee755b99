package smtp

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/mail"
	"strings"
	"time"
)

//go:embed inbox.html message.html style.css
var sources embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"who": who, "whos": whos, "when": when, "short": short, "size": size,
	"style": func() (template.CSS, error) {
		css, err := sources.ReadFile("style.css")
		return template.CSS(css), err //nolint:gosec // our own file
	},
}).ParseFS(sources, "*.html"))

// who names a correspondent the way a mail program does.
func who(a *mail.Address) string {
	switch {
	case a == nil || (a.Name == "" && a.Address == ""):
		return "nobody"
	case a.Name == "":
		return a.Address
	case a.Address == "":
		return a.Name
	}
	return a.Name + " <" + a.Address + ">"
}

func whos(list []*mail.Address) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = who(a)
	}
	return strings.Join(names, ", ")
}

func when(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// short leaves out what a list has no room for.
func short(at time.Time) string { return at.UTC().Format("2 Jan, 15:04 UTC") }

func size(bytes any) string {
	n := float64(0)
	switch b := bytes.(type) {
	case int:
		n = float64(b)
	case int64:
		n = float64(b)
	}
	switch {
	case n < 1000:
		return fmt.Sprintf("%.0f B", n)
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", n/1e3)
	}
	return fmt.Sprintf("%.1f MB", n/1e6)
}

// perPage is how many messages the inbox page shows at once.
const perPage = 50

func (s *Server) showInbox(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	start, _ := page(r)
	all := s.store.list()
	found := all
	if query != "" {
		found = s.store.search(all, query)
	}
	shown := summarise(all, found, start, perPage)
	s.writePage(w, http.StatusOK, "inbox.html", map[string]any{
		"List": shown, "Query": query, "First": start + 1, "Last": start + shown.Count,
		"Newer": max(0, start-perPage), "Older": start + perPage, "SMTP": strings.TrimPrefix(s.SMTPURL, "smtp://"),
	})
}

// showMessage is GET /view/{id}, and, as in Mailpit, the bare parts at /view/{id}.html and /view/{id}.txt.
func (s *Server) showMessage(w http.ResponseWriter, r *http.Request) {
	id, form, _ := strings.Cut(r.PathValue("id"), ".")
	e, p, err := s.open(id)
	if err == nil {
		err = s.store.setRead(true, e.id)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	h := w.Header()
	switch form {
	case "txt":
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		s.write(w, []byte(p.text))
	case "html":
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		s.write(w, []byte(p.embedded()))
	case "":
		s.writePage(w, http.StatusOK, "message.html", map[string]any{"Mail": p.details(e), "HTML": p.embedded(), "Received": e.envelope.Received})
	default:
		s.fail(w, errNoMessage)
	}
}

// embedded is the HTML with its inline pictures in it, since the frame that shows it may load nothing.
func (p parsed) embedded() string {
	const largest = 2 << 20
	html := p.html
	for _, one := range p.parts {
		if one.contentID == "" || len(one.body) > largest || !strings.HasPrefix(one.contentType, "image/") {
			continue
		}
		data := "data:" + one.contentType + ";base64," + base64.StdEncoding.EncodeToString(one.body)
		html = strings.ReplaceAll(html, "cid:"+one.contentID, data)
	}
	return html
}

func (s *Server) deleteFromPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
	if err := r.ParseForm(); err != nil {
		s.badRequest(w, "the form could not be read")
		return
	}
	ids := r.PostForm["id"]
	if r.PostForm.Get("all") == "yes" {
		ids = idsOf(s.store.list())
	}
	if err := s.store.delete(ids); err != nil {
		s.fail(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) writePage(w http.ResponseWriter, status int, name string, data any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		s.fail(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// The frame with the HTML of a mail inherits this: no scripts, no requests, pictures only from within the mail.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	s.write(w, body.Bytes())
}
