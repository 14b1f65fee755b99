package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// held holds every answer of a handler against openapi.yaml and against what all answers carry, whoever asks and however:
// a test cannot get one past it. It asserts and does not require, since a server's goroutine must not end a test.
func held(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	doc, router := spec(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tee := &teeWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(tee, r)
		a := answered{t: t, request: r, status: tee.status, header: w.Header(), body: tee.body.Bytes()}
		a.checkHeaders()
		if !isPage(r.URL.Path) {
			a.checkSpec(doc, router)
		}
	})
}

func isPage(path string) bool { return path == "/" || strings.HasPrefix(path, "/app") }

// teeWriter keeps what it passes on.
type teeWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *teeWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *teeWriter) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

// Flush is of a stream, which goes on for longer than what is kept of it matters.
func (w *teeWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (w *teeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answered is an answer and what it was given to.
type answered struct {
	t       testing.TB
	request *http.Request
	status  int
	header  http.Header
	body    []byte
}

func (a answered) name() string { return a.request.Method + " " + a.request.URL.Path }

// checkHeaders asserts what every answer carries, pages too.
func (a answered) checkHeaders() {
	assert.Equal(a.t, "nosniff", a.header.Get("X-Content-Type-Options"), a.name())
	assert.Equal(a.t, "same-origin", a.header.Get("Referrer-Policy"), a.name())
	for _, directive := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action "} {
		assert.Contains(a.t, a.header.Get("Content-Security-Policy"), directive, a.name())
	}
	assert.NotContains(a.t, a.header.Get("Content-Security-Policy"), "unsafe", a.name())
	assert.Equal(a.t, "same-origin", a.header.Get("Cross-Origin-Opener-Policy"), a.name())
	assert.Equal(a.t, "same-origin", a.header.Get("Cross-Origin-Resource-Policy"), a.name())
	for header := range a.header {
		assert.False(a.t, strings.HasPrefix(header, "Access-Control-"), "%s: %s opens the API to other sites", a.name(), header)
	}
	assert.Empty(a.t, a.header.Get("Server"), a.name())
	assert.NotEmpty(a.t, a.header.Get("Cache-Control"), a.name())
	assert.Regexp(a.t, `^[0-9a-f]{32}$`, a.header.Get("X-Request-ID"), a.name())
	if a.status >= http.StatusInternalServerError {
		assert.NotRegexp(a.t, `goroutine|\.go:\d|SQLSTATE|pgx|panic`, string(a.body), a.name())
	}
}

// checkSpec holds the answer against the document. What the document does not know must be a problem all the same.
func (a answered) checkSpec(doc *openapi3.T, router routers.Router) {
	if a.status >= http.StatusBadRequest {
		assert.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"), "%s: %s", a.name(), a.body)
		var value any
		if assert.NoError(a.t, json.Unmarshal(a.body, &value), "%s: %s", a.name(), a.body) {
			assert.NoError(a.t, doc.Components.Schemas["Problem"].Value.VisitJSON(value), "%s: %s", a.name(), a.body)
		}
	}
	asked := *a.request
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet // which it is answered as
	}
	found, params, err := router.FindRoute(&asked)
	if err != nil {
		assert.Contains(a.t, []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusTooManyRequests}, a.status, a.name())
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: &asked, PathParams: params, Route: found},
		Status:                 a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if kind := a.header.Get("Content-Type"); a.header.Get("Content-Encoding") == "gzip" || strings.HasPrefix(kind, "application/pdf") ||
		strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "text/calendar") ||
		kind == "text/event-stream" {
		input.Options.ExcludeResponseBody = true
	} else {
		input.SetBodyBytes(a.body)
	}
	assert.NoError(a.t, openapi3filter.ValidateResponse(asked.Context(), input), "%s: %s", a.name(), a.body)
}

var spec = func() func(t testing.TB) (*openapi3.T, routers.Router) {
	load := sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(Spec) })
	route := sync.OnceValues(func() (routers.Router, error) {
		doc, err := load()
		if err != nil {
			return nil, err
		}
		return gorillamux.NewRouter(doc)
	})
	return func(t testing.TB) (*openapi3.T, routers.Router) {
		t.Helper()
		doc, err := load()
		require.NoError(t, err)
		router, err := route()
		require.NoError(t, err)
		return doc, router
	}
}()
