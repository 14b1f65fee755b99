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
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// bundle is a server over fakes of what it serves. Every answer that it gives goes through openapi.yaml: see held.
type bundle struct {
	*Server
	users      *fakeUsers
	accounts   *fakeAccounts
	search     *fakeSearch
	catalogue  *fakeCatalogue
	bookings   *fakeBookings
	organizers *fakeOrganizers
	callOffs   *fakeCallOffs
	support    *fakeSupport
	logs       *safeBuffer
}

func setup(t *testing.T, changes ...func(*Options)) *bundle {
	t.Helper()
	b := &bundle{users: newFakeUsers(), accounts: &fakeAccounts{}, search: &fakeSearch{}, catalogue: &fakeCatalogue{}, bookings: &fakeBookings{}, logs: &safeBuffer{}}
	b.organizers, b.callOffs, b.support = &fakeOrganizers{}, &fakeCallOffs{}, &fakeSupport{}
	o := Options{
		Users: b.users, Accounts: b.accounts, Search: b.search, Catalogue: b.catalogue, Bookings: b.bookings,
		Organizers: b.organizers, Cancellations: b.callOffs, Support: b.support, Posters: fakeFiles{boxoffice.PosterKey(planHash)},
		Client: builtClient(), BaseURL: "http://box.test",
		StreamLife: 10 * time.Millisecond, // an answer is read to its end
		Logger:     slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&o)
	}
	server, err := New(o)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	server.handler = held(t, server.handler)
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
	t      testing.TB
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
	return result{t: t, status: response.StatusCode, header: response.Header, body: body}
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
