package stripe

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// bundle is a running simulator and a client that knows nothing but HTTP.
type bundle struct {
	t   *testing.T
	sim *Server
	dir string
}

func setup(t *testing.T, change ...func(*Options)) *bundle {
	t.Helper()
	b := &bundle{t: t, dir: t.TempDir()}
	b.start(change...)
	return b
}

func (b *bundle) start(change ...func(*Options)) {
	b.t.Helper()
	o := Options{
		Dir: b.dir, Logger: slog.New(slog.DiscardHandler),
		AsyncDelay: 20 * time.Millisecond, RetryBase: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond,
	}
	for _, f := range change {
		f(&o)
	}
	sim, err := Start(b.t.Context(), o)
	require.NoError(b.t, err)
	b.sim = sim
	b.t.Cleanup(func() { require.NoError(b.t, sim.Stop()) })
}

// restart ends the simulator and starts another one on the same folder.
func (b *bundle) restart(change ...func(*Options)) {
	b.t.Helper()
	require.NoError(b.t, b.sim.Stop())
	b.start(change...)
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (r reply) str(path string) string { s, _ := r.at(path).(string); return s }
func (r reply) num(path string) int64  { f, _ := r.at(path).(float64); return int64(f) }

// at follows a path like error.code or data.0.id; nil if it leads nowhere.
func (r reply) at(path string) any { return at(r.body, path) }

func at(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (r reply) data() []any { d, _ := r.body["data"].([]any); return d }

func (b *bundle) get(path string) reply {
	b.t.Helper()
	return b.call(http.MethodGet, path, nil, nil)
}

func (b *bundle) post(path string, form url.Values, headers ...string) reply {
	b.t.Helper()
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return b.call(http.MethodPost, path, form, h)
}

func (b *bundle) call(method, path string, form url.Values, h http.Header) reply {
	b.t.Helper()
	r, err := b.try(method, path, form, h)
	require.NoError(b.t, err)
	return r
}

func (b *bundle) try(method, path string, form url.Values, h http.Header) (reply, error) {
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.sim.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer sk_test_boxoffice")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(req.Header, h)
	res, err := noRedirects.Do(req)
	if err != nil {
		return reply{}, err
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(raw, &r.body)
	}
	return r, joinClose(err, res.Body)
}

func joinClose(err error, c io.Closer) error {
	if e := c.Close(); err == nil {
		return e
	}
	return err
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// order is a good set of parameters for a session of two items, 25.00 + 2 × 10.50 dollars.
func order(pairs ...string) url.Values {
	form := url.Values{
		"mode":                 {"payment"},
		"success_url":          {"https://shop.example/done?session={CHECKOUT_SESSION_ID}"},
		"cancel_url":           {"https://shop.example/cart"},
		"client_reference_id":  {"attempt-1"},
		"metadata[booking_id]": {"b-1"},
		"payment_intent_data[metadata][booking_id]":     {"b-1"},
		"line_items[0][price_data][currency]":           {"USD"},
		"line_items[0][price_data][unit_amount]":        {"2500"},
		"line_items[0][price_data][product_data][name]": {"Stalls, row A, seat 1"},
		"line_items[0][quantity]":                       {"1"},
		"line_items[1][price_data][currency]":           {"usd"},
		"line_items[1][price_data][unit_amount]":        {"1050"},
		"line_items[1][price_data][product_data][name]": {"Circle, row B"},
		"line_items[1][quantity]":                       {"2"},
		"payment_method_types[]":                        {"card"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return form
}

const orderTotal = 4600

func (b *bundle) newSession(pairs ...string) reply {
	b.t.Helper()
	r := b.post("/v1/checkout/sessions", order(pairs...))
	require.Equal(b.t, http.StatusOK, r.status, r.raw)
	return r
}

func (b *bundle) payPage(id, card string) reply {
	b.t.Helper()
	return b.post("/c/pay/"+id, url.Values{"email": {"ann@example.com"}, "card_number": {card}})
}

// paidSession makes a session, pays it, and returns it.
func (b *bundle) paidSession(card string) reply {
	b.t.Helper()
	id := b.newSession().str("id")
	require.Equal(b.t, http.StatusSeeOther, b.payPage(id, card).status)
	return b.get("/v1/checkout/sessions/" + id + "?expand[]=payment_intent.latest_charge")
}

func (b *bundle) simPost(path string, body any) reply {
	b.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(b.t, err)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.sim.URL+path, strings.NewReader(string(raw)))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	r := reply{status: res.StatusCode, header: res.Header}
	require.NoError(b.t, joinClose(json.NewDecoder(res.Body).Decode(&r.body), res.Body))
	return r
}

func (b *bundle) advance(by time.Duration) {
	b.t.Helper()
	require.Equal(b.t, http.StatusOK, b.simPost("/_sim/clock", map[string]int64{"advance_seconds": int64(by.Seconds())}).status)
}

func (b *bundle) eventually(what string, ok func() bool) {
	b.t.Helper()
	require.Eventually(b.t, ok, patience, 2*time.Millisecond, what)
}

// received is a webhook as it came in.
type received struct {
	header http.Header
	raw    string
	event  map[string]any
}

// receiver is a shop's webhook endpoint. It answers with what answer says, 200 by default.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int, e received) int
	seen   chan struct{}
}

func newReceiver(t *testing.T, answer func(n int, e received) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer, seen: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, err := io.ReadAll(req.Body)
		e := received{header: req.Header, raw: string(raw)}
		if err != nil || json.Unmarshal(raw, &e.event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		r.got = append(r.got, e)
		n := len(r.got)
		r.mu.Unlock()
		if r.answer != nil {
			w.WriteHeader(r.answer(n, e))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

func (r *receiver) types() []string {
	got := r.all()
	types := make([]string, 0, len(got))
	for _, e := range got {
		kind, _ := e.event["type"].(string)
		types = append(types, kind)
	}
	return types
}

func (r *receiver) endpoint() Endpoint { return Endpoint{URL: r.URL, Secret: "whsec_first"} }

func with(endpoints ...Endpoint) func(*Options) { return func(o *Options) { o.Webhooks = endpoints } }

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
