package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// bundle is a server over fakes of what it serves. Every answer that a test asks for goes through openapi.yaml.
type bundle struct {
	*Server
	users     *fakeUsers
	catalogue *fakeCatalogue
	bookings  *fakeBookings
	logs      *safeBuffer
}

func setup(t *testing.T, changes ...func(*Options)) *bundle {
	t.Helper()
	b := &bundle{users: newFakeUsers(), catalogue: &fakeCatalogue{}, bookings: &fakeBookings{}, logs: &safeBuffer{}}
	o := Options{
		Users: b.users, Catalogue: b.catalogue, Bookings: b.bookings, BaseURL: "http://box.test",
		Logger: slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&o)
	}
	server, err := New(o)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	b.Server = server
	return b
}

// request is one request of a test; header names and values alternate.
type request struct {
	method, path, body string
	token              string // sent as Bearer
	headers            []string
}

// result is an answer.
type result struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (b *bundle) do(t *testing.T, in request) result {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), in.method, "http://box.test"+in.path, strings.NewReader(in.body))
	r.RemoteAddr = "192.0.2.1:1234"
	if in.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if in.token != "" {
		r.Header.Set("Authorization", "Bearer "+in.token)
	}
	for i := 0; i+1 < len(in.headers); i += 2 {
		r.Header.Set(in.headers[i], in.headers[i+1])
	}
	recorder := httptest.NewRecorder()
	b.Handler().ServeHTTP(recorder, r)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	got := result{t: t, status: response.StatusCode, header: response.Header, body: body}
	got.checkHeaders()
	if !strings.HasPrefix(r.URL.Path, "/app") && r.URL.Path != "/" {
		got.checkSpec(r)
	}
	return got
}

// checkHeaders asserts what every answer carries.
func (r result) checkHeaders() {
	r.t.Helper()
	require.Equal(r.t, "nosniff", r.header.Get("X-Content-Type-Options"))
	require.Equal(r.t, "same-origin", r.header.Get("Referrer-Policy"))
	require.Contains(r.t, r.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(r.t, r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.NotEmpty(r.t, r.header.Get("Cache-Control"))
	require.Regexp(r.t, `^[0-9a-f]{32}$`, r.header.Get("X-Request-ID"))
}

// checkSpec holds the answer against the document. What the document does not know must be a problem all the same.
func (r result) checkSpec(request *http.Request) {
	r.t.Helper()
	doc, router := spec(r.t)
	if r.status >= 400 {
		require.Equal(r.t, "application/problem+json", r.header.Get("Content-Type"), string(r.body))
		r.checkSchema(doc.Components.Schemas["Problem"].Value)
	}
	found, params, err := router.FindRoute(request)
	if err != nil {
		require.Contains(r.t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, r.status)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: found},
		Status:                 r.status, Header: r.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/pdf") || r.header.Get("Content-Encoding") == "gzip" ||
		strings.HasPrefix(r.header.Get("Content-Type"), "image/") || strings.HasPrefix(r.header.Get("Content-Type"), "text/calendar") {
		input.Options.ExcludeResponseBody = true
	} else {
		input.SetBodyBytes(r.body)
	}
	require.NoError(r.t, openapi3filter.ValidateResponse(r.t.Context(), input), string(r.body))
}

func (r result) checkSchema(schema *openapi3.Schema) {
	r.t.Helper()
	var value any
	require.NoError(r.t, json.Unmarshal(r.body, &value))
	require.NoError(r.t, schema.VisitJSON(value))
}

// json reads the body.
func (r result) json(dst any) {
	r.t.Helper()
	require.NoError(r.t, json.Unmarshal(r.body, dst), string(r.body))
}

// problem asserts an error of this status and code, and gives it.
func (r result) problem(status int, code string) Problem {
	r.t.Helper()
	var p Problem
	r.json(&p)
	require.Equal(r.t, status, r.status, string(r.body))
	require.Equal(r.t, "/problems/"+code, p.Type, string(r.body))
	require.Equal(r.t, status, p.Status)
	require.Equal(r.t, r.header.Get("X-Request-ID"), p.RequestID)
	return p
}

// fieldNames lists the fields that a problem complains about.
func fieldNames(p Problem) []string {
	return mapped(p.Errors, func(f FieldError) string { return f.Field })
}

var spec = func() func(t *testing.T) (*openapi3.T, routers.Router) {
	load := sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(Spec) })
	route := sync.OnceValues(func() (routers.Router, error) {
		doc, err := load()
		if err != nil {
			return nil, err
		}
		return gorillamux.NewRouter(doc)
	})
	return func(t *testing.T) (*openapi3.T, routers.Router) {
		t.Helper()
		doc, err := load()
		require.NoError(t, err)
		router, err := route()
		require.NoError(t, err)
		return doc, router
	}
}()

// safeBuffer is a buffer that several goroutines may log into.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
