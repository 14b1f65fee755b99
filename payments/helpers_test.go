package payments_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

const (
	testKey    = "sk_test_verysecretkey"
	testSecret = "whsec_current"
	buyer      = "ann@example.com"
)

// logs is a log that tests read while it is written.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newClient(t *testing.T, base string, change ...func(*payments.Options)) (*payments.Client, *logs) {
	t.Helper()
	var out logs
	o := payments.Options{
		APIKey: testKey, APIBase: base, WebhookSecrets: []string{testSecret}, Timeout: 5 * time.Second,
		Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	c, err := payments.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c, &out
}

// order is what a session of two seats is created with, 35 minutes before its expiry.
func order(attempt string) boxoffice.SessionParameters {
	return boxoffice.SessionParameters{
		AttemptID: attempt, BookingID: "booking-1", Reference: "K7Q2M9", AmountMinor: 3550, Currency: "USD",
		Lines: []boxoffice.LineItem{
			{Name: "Ghost, Stalls A 1", UnitMinor: 2500, Quantity: 1}, {Name: "Ghost, Circle B 2", UnitMinor: 1050, Quantity: 1},
		},
		CustomerEmail: buyer, SuccessURL: "https://tickets.example/done?s={CHECKOUT_SESSION_ID}", CancelURL: "https://tickets.example/back",
		ExpiresAt: time.Now().Add(35 * time.Minute),
	}
}

// answer is what a canned Stripe says.
type answer struct {
	status int
	header map[string]string
	body   string
	hang   bool // until the client leaves
	cut    bool // the connection, without an answer
}

// asked is a request as it came in.
type asked struct {
	method, path, query, key, version, auth, body string
}

// canned answers as Stripe does in situations that a simulator cannot be brought into. The answers of one method and path
// are given in order, the last one again and again.
type canned struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]answer
	got     []asked
}

func newCanned(t *testing.T, answers map[string][]answer) *canned {
	t.Helper()
	s := &canned{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *canned) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	next := s.next(r, string(body))
	switch {
	case err != nil, next.cut:
		panic(http.ErrAbortHandler)
	case next.hang:
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_canned")
	for name, value := range next.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(next.status)
	if _, err := io.WriteString(w, next.body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *canned) next(r *http.Request, body string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, asked{
		method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, key: r.Header.Get("Idempotency-Key"),
		version: r.Header.Get("Stripe-Version"), auth: r.Header.Get("Authorization"), body: body,
	})
	route := r.Method + " " + r.URL.Path
	left := s.answers[route]
	if len(left) == 0 {
		return answer{status: 404, body: problem("invalid_request_error", "", "")}
	}
	if len(left) > 1 {
		s.answers[route] = left[1:]
	}
	return left[0]
}

func (s *canned) requests(method string) []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	var some []asked
	for _, r := range s.got {
		if r.method == method {
			some = append(some, r)
		}
	}
	return some
}

// private is what Stripe's messages may quote and ours must not.
const private = "Invalid email address: " + buyer + ", key " + testKey + ", card 4242424242424242"

// problem is an error as Stripe tells it.
func problem(kind, code, param string) string {
	return `{"error":{"type":"` + kind + `","code":"` + code + `","param":"` + param + `","message":"` + private + `"}}`
}

func requireNothingPrivate(t *testing.T, text string) {
	t.Helper()
	for _, word := range []string{buyer, testKey, "verysecretkey", "4242424242424242", testSecret} {
		require.NotContains(t, text, word)
	}
}

func codeOf(t *testing.T, err error) boxoffice.Code {
	t.Helper()
	if err != nil {
		requireNothingPrivate(t, err.Error())
	}
	return boxoffice.CodeOf(err)
}
