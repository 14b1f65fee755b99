package typesense

import (
	"compress/gzip"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is one request: what was matched of its path, and its parameters.
type call struct {
	*http.Request
	path       map[string]string
	parameters url.Values
}

// reply is what a call is answered.
type reply struct {
	status int
	body   any    // sent as JSON
	lines  []byte // sent as they are, in place of body
}

func ok(body any) (reply, error)      { return reply{status: http.StatusOK, body: body}, nil }
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }

type handler func(c call) (reply, error)

type route struct {
	method, path string
	open         bool // needs no key
	handle       handler
}

// table lists every route.
func (s *Server) table() []route {
	return []route{
		{"GET", "/health", true, s.health},
		{"GET", "/debug", false, s.debug},
		{"GET", "/stats.json", false, s.stats},
		{"GET", "/metrics.json", false, s.metrics},
		{"POST", "/operations/snapshot", false, s.snapshot},

		{"GET", "/collections", false, s.listCollections},
		{"POST", "/collections", false, s.createCollection},
		{"GET", "/collections/{collection}", false, s.getCollection},
		{"PATCH", "/collections/{collection}", false, s.alterCollection},
		{"DELETE", "/collections/{collection}", false, s.dropCollection},

		{"GET", "/aliases", false, s.listAliases},
		{"GET", "/aliases/{alias}", false, s.getAlias},
		{"PUT", "/aliases/{alias}", false, s.putAlias},
		{"DELETE", "/aliases/{alias}", false, s.dropAlias},

		{"GET", "/collections/{collection}/synonyms", false, s.listSynonyms},
		{"GET", "/collections/{collection}/synonyms/{id}", false, s.getSynonym},
		{"PUT", "/collections/{collection}/synonyms/{id}", false, s.putSynonym},
		{"DELETE", "/collections/{collection}/synonyms/{id}", false, s.dropSynonym},

		{"GET", "/collections/{collection}/documents/search", false, s.search},
		{"GET", "/collections/{collection}/documents/export", false, s.export},
		{"POST", "/collections/{collection}/documents/import", false, s.importDocuments},
		{"POST", "/collections/{collection}/documents", false, s.createDocument},
		{"PATCH", "/collections/{collection}/documents", false, s.patchDocuments},
		{"DELETE", "/collections/{collection}/documents", false, s.deleteDocuments},
		{"GET", "/collections/{collection}/documents/{id}", false, s.getDocument},
		{"PATCH", "/collections/{collection}/documents/{id}", false, s.patchDocument},
		{"DELETE", "/collections/{collection}/documents/{id}", false, s.deleteDocument},

		{"POST", "/multi_search", false, s.multiSearch},
	}
}

// routes answers by the table. What is in none of its lines is not found, before any key is asked for.
func (s *Server) routes() http.Handler {
	table := s.table()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Headers") != "" {
			preflight(w, r)
			return
		}
		answer, err := s.answer(table, w, r)
		if err != nil {
			known := asAPIError(err)
			if known.status == http.StatusInternalServerError && !errors.Is(err, known) {
				s.log.Error("a call failed", "method", r.Method, "path", r.URL.Path, "error", err)
			}
			answer = reply{status: known.status, body: map[string]string{"message": known.message}}
		}
		if err := send(w, r, answer); err != nil {
			s.log.Debug("an answer was not taken", "path", r.URL.Path, "error", err)
		}
	})
}

func (s *Server) answer(table []route, w http.ResponseWriter, r *http.Request) (reply, error) {
	segments := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for _, route := range table {
		if route.method != r.Method {
			continue
		}
		path, ok := route.match(segments)
		if !ok {
			continue
		}
		parameters := r.URL.Query()
		if !route.open && !s.admits(r, parameters) {
			return reply{}, errForbidden
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.options.MaxBody)
		return route.handle(call{r, path, parameters})
	}
	return reply{}, errNotFound
}

// match holds the segments of a path against the route's.
func (r route) match(segments []string) (map[string]string, bool) {
	pattern := strings.Split(r.path[1:], "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	found := map[string]string{}
	for i, want := range pattern {
		segment, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, false
		}
		if name, isName := strings.CutPrefix(want, "{"); isName {
			found[strings.TrimSuffix(name, "}")] = segment
		} else if segment != want {
			return nil, false
		}
	}
	return found, true
}

const keyHeader = "X-Typesense-Api-Key"

// admits tells whether a request carries the key.
func (s *Server) admits(r *http.Request, parameters url.Values) bool {
	key := r.Header.Get(keyHeader)
	if key == "" {
		key = parameters.Get(strings.ToLower(keyHeader))
	}
	return subtle.ConstantTimeCompare([]byte(key), []byte(s.options.APIKey)) == 1
}

func preflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "POST, GET, DELETE, PUT, PATCH, OPTIONS")
	w.Header().Set("Access-Control-Allow-Headers", strings.ToLower(r.Header.Get("Access-Control-Request-Headers")))
	w.Header().Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusOK)
}

// smallBody bounds what is not an import.
const smallBody = 1 << 20

// body reads a body that is no import.
func (c call) body() ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(nil, c.Body, smallBody))
}

const zipFrom = 1 << 10 // bytes; shorter answers are sent as they are

func send(w http.ResponseWriter, r *http.Request, a reply) error {
	content := a.lines
	kind := "text/plain; charset=utf-8"
	if a.lines == nil {
		var err error
		if content, err = encode(a.body); err != nil {
			return err
		}
		kind = "application/json; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	if len(content) < zipFrom || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(a.status)
		_, err := w.Write(content)
		return err
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(a.status)
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := zip.Write(content); err != nil {
		return err
	}
	return zip.Close()
}
