package smtp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"strings"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { s.ok(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { s.ok(w) })
	mux.HandleFunc("GET /api/v1/messages", s.listMessages)
	mux.HandleFunc("PUT /api/v1/messages", s.setRead)
	mux.HandleFunc("DELETE /api/v1/messages", s.deleteMessages)
	mux.HandleFunc("GET /api/v1/search", s.search)
	mux.HandleFunc("DELETE /api/v1/search", s.deleteFound)
	mux.HandleFunc("GET /api/v1/message/{id}", s.getMessage)
	mux.HandleFunc("GET /api/v1/message/{id}/headers", s.getHeaders)
	mux.HandleFunc("GET /api/v1/message/{id}/raw", s.getRaw)
	mux.HandleFunc("GET /api/v1/message/{id}/part/{part}", s.getPart)
	mux.HandleFunc("GET /{$}", s.showInbox)
	mux.HandleFunc("GET /view/{id}", s.showMessage)
	mux.HandleFunc("POST /delete", s.deleteFromPage)
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.writeJSON(w, http.StatusOK, map[string]any{"faults": s.faults.list()})
	})
	mux.HandleFunc("POST /_sim/faults", s.addFault)
	mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.faults.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Server) ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain")
	s.write(w, []byte("ok"))
}

func (s *Server) write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil { //nolint:gosec // mail is shown with nosniff and a policy that runs nothing
		s.log.Debug("the client left before its answer", "error", err)
	}
}

func (s *Server) writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	s.write(w, append(raw, '\n'))
}

// fail answers an error the way Mailpit does: as text.
func (s *Server) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, errNoMessage) {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	s.log.Error("a request failed", "error", err)
	http.Error(w, "the message could not be read", http.StatusInternalServerError)
}

func (s *Server) badRequest(w http.ResponseWriter, message string) {
	http.Error(w, message, http.StatusBadRequest)
}

func (s *Server) listMessages(w http.ResponseWriter, r *http.Request) {
	start, limit := page(r)
	all := s.store.list()
	s.writeJSON(w, http.StatusOK, summarise(all, all, start, limit))
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("query"))
	if query == "" {
		s.badRequest(w, "Error: no search query")
		return
	}
	start, limit := page(r)
	all := s.store.list()
	s.writeJSON(w, http.StatusOK, summarise(all, s.store.search(all, query), start, limit))
}

// choice is the body of a change to several messages: none named is all.
type choice struct {
	IDs  []string
	Read bool
}

func readChoice(w http.ResponseWriter, r *http.Request) (c choice, err error) {
	err = json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&c)
	if errors.Is(err, io.EOF) {
		err = nil // no body is no choice
	}
	return c, err
}

func idsOf(list []*entry) []string {
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.id
	}
	return ids
}

func (s *Server) deleteMessages(w http.ResponseWriter, r *http.Request) {
	c, err := readChoice(w, r)
	if err != nil {
		s.badRequest(w, err.Error()) // stricter than Mailpit, which then deletes everything
		return
	}
	if len(c.IDs) == 0 {
		c.IDs = idsOf(s.store.list())
	}
	if err := s.store.delete(c.IDs); err != nil {
		s.fail(w, err)
		return
	}
	s.ok(w)
}

func (s *Server) deleteFound(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("query"))
	if query == "" {
		s.badRequest(w, "Error: no search query")
		return
	}
	if err := s.store.delete(idsOf(s.store.search(s.store.list(), query))); err != nil {
		s.fail(w, err)
		return
	}
	s.ok(w)
}

func (s *Server) setRead(w http.ResponseWriter, r *http.Request) {
	c, err := readChoice(w, r)
	if err != nil {
		s.badRequest(w, err.Error())
		return
	}
	if len(c.IDs) == 0 {
		c.IDs = idsOf(s.store.list())
	}
	if err := s.store.setRead(c.Read, c.IDs...); err != nil {
		s.fail(w, err)
		return
	}
	s.ok(w)
}

func (s *Server) open(id string) (*entry, parsed, error) {
	raw, e, err := s.store.raw(id)
	if err != nil {
		return nil, parsed{}, err
	}
	p, err := parse(bytes.NewReader(raw))
	if err != nil {
		s.log.Info("a message could not be understood", "id", e.id, "error", err)
	}
	return e, p, nil
}

// getMessage answers a message and marks it as read, as Mailpit does.
func (s *Server) getMessage(w http.ResponseWriter, r *http.Request) {
	e, p, err := s.open(r.PathValue("id"))
	if err == nil {
		err = s.store.setRead(true, e.id)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	s.writeJSON(w, http.StatusOK, p.details(e))
}

func (s *Server) getHeaders(w http.ResponseWriter, r *http.Request) {
	raw, _, err := s.store.raw(r.PathValue("id"))
	if err != nil {
		s.fail(w, err)
		return
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		s.badRequest(w, err.Error())
		return
	}
	s.writeJSON(w, http.StatusOK, m.Header)
}

func (s *Server) getRaw(w http.ResponseWriter, r *http.Request) {
	raw, e, err := s.store.raw(r.PathValue("id"))
	if err != nil {
		s.fail(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Query().Get("dl") == "1" {
		h.Set("Content-Disposition", `attachment; filename="`+e.id+`.eml"`)
	}
	s.write(w, raw)
}

// getPart answers an attachment. What a browser could run is only ever downloaded.
func (s *Server) getPart(w http.ResponseWriter, r *http.Request) {
	_, p, err := s.open(r.PathValue("id"))
	if err != nil {
		s.fail(w, err)
		return
	}
	for _, one := range p.parts {
		if one.id != r.PathValue("part") {
			continue
		}
		kind, disposition := one.contentType, "inline"
		if !harmless(kind) {
			disposition = "attachment"
		}
		if isMarkup(kind) {
			kind = "application/octet-stream"
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": one.fileName}))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		s.write(w, one.body)
		return
	}
	s.fail(w, errNoMessage)
}

func harmless(kind string) bool {
	return !isMarkup(kind) && (strings.HasPrefix(kind, "image/") || kind == "text/plain" || kind == "application/pdf")
}

func isMarkup(kind string) bool {
	return strings.Contains(kind, "html") || strings.Contains(kind, "xml") || strings.Contains(kind, "svg") || kind == "text/xsl"
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var in Fault
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	body.DisallowUnknownFields()
	err := body.Decode(&in)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		s.badRequest(w, err.Error())
		return
	}
	in.Hits = 0
	s.faults.add(in)
	s.writeJSON(w, http.StatusCreated, map[string]any{"faults": s.faults.list()})
}
