// Package search finds events. It is the one place that knows Typesense, whose Go client is its one dependency beside a
// circuit breaker: the schema of a collection, the documents in it, how a question is put, and what an answer means.
//
// An index is a collection of its own name. Searches go through the alias [Alias], which leads to the live one, so that an
// index is replaced without a gap. What a document says comes from Postgres and is written by the worker; nothing is decided
// on it.
package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/sony/gobreaker/v2"
	"github.com/typesense/typesense-go/v3/typesense"
	"github.com/typesense/typesense-go/v3/typesense/api"
)

// Alias is what searches ask unless Options name another; it leads to the live collection.
const Alias = "events"

// How long a call may take. Writes wait while a server that was restarted reads its log.
const (
	defaultTimeout = 800 * time.Millisecond // of a search
	writePatience  = 20 * time.Second
	adminPatience  = time.Minute
)

// WritePatience is the longest that one writing call takes: a claim on what is written must last longer than a few.
const WritePatience = writePatience

// The breaker. It opens after some searches in a row that got no answer, and lets one through now and then.
const (
	tripsAfter = 5
	staysOpen  = 2 * time.Second
)

// retryAfter is what those are told whom search cannot serve.
const retryAfter = 2 * time.Second

// Options are what a Client is made of. URL, APIKey and Logger are required.
type Options struct {
	URL          string // http://host:8108
	APIKey       string
	Timeout      time.Duration    // of a search; 800 ms if zero
	Alias        string           // the collections' names begin with it and a hyphen; Alias if empty
	SnapshotPath string           // a folder of the server's machine; /tmp/boxoffice-search-snapshot if empty
	Now          func() time.Time // what is over is judged by it; time.Now if nil
	Logger       *slog.Logger
}

// Client asks a Typesense server and fills it. It may be used from several goroutines.
type Client struct {
	opts    Options
	api     *api.ClientWithResponses
	server  *typesense.Client
	breaker *gobreaker.CircuitBreaker[*answer]
}

var (
	_ boxoffice.Searcher    = (*Client)(nil)
	_ boxoffice.SearchIndex = (*Client)(nil)
)

// New makes a client, and asks nobody: the server may be away at the start.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no http or https URL", o.URL)
	}
	if o.APIKey == "" {
		return nil, errors.New("the API key is missing")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Alias == "" {
		o.Alias = Alias
	}
	if o.SnapshotPath == "" {
		o.SnapshotPath = "/tmp/boxoffice-search-snapshot"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	// The client's own breaker would keep us out for a minute, its timeout is one for all calls, and its pool has two
	// connections: each call brings its own time here.
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute,
		ForceAttemptHTTP2: false,
	}
	httpClient := &http.Client{Transport: transport, Timeout: 2 * adminPatience}
	c := &Client{opts: o}
	if c.api, err = api.NewClientWithResponses(u.String(), api.WithAPIKey(o.APIKey), api.WithHTTPClient(httpClient)); err != nil {
		return nil, err
	}
	c.server = typesense.NewClient(typesense.WithAPIClient(c.api))
	c.breaker = gobreaker.NewCircuitBreaker[*answer](gobreaker.Settings{
		Name: "search", Timeout: staysOpen,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= tripsAfter },
		// A buyer who leaves, and a question that is refused, say nothing about the server.
		IsSuccessful: func(err error) bool {
			return err == nil || errors.Is(err, context.Canceled) || boxoffice.CodeOf(err) != boxoffice.CodeUnavailable
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			o.Logger.Warn("the search's circuit breaker moved", "from", from.String(), "to", to.String())
		},
	})
	return c, nil
}

// statusError is an answer that is none of success.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("typesense answers %d: %s", e.status, e.text)
}

// maxAnswer bounds what is read of an answer: a page of 100 documents with its facets is some 200 kB.
const maxAnswer = 16 << 20

// read gives the body of an answer of the wanted status, and closes it.
func read(response *http.Response, want int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != want {
		return nil, &statusError{response.StatusCode, messageOf(body)}
	}
	return body, nil
}

func messageOf(body []byte) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil && said.Message != "" {
		return said.Message
	}
	return string(body[:min(len(body), 200)])
}

// translate is the one place where the server's errors become the program's.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*boxoffice.Error](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	status := 0
	if e, ok := errors.AsType[*statusError](err); ok {
		status = e.status
	}
	if e, ok := errors.AsType[*typesense.HTTPError](err); ok {
		status, err = e.Status, &statusError{e.Status, messageOf(e.Body)}
	}
	switch status {
	case http.StatusNotFound:
		return boxoffice.WrapError(boxoffice.CodeNotFound, err, "There is no such search index.")
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict:
		return boxoffice.WrapError(boxoffice.CodeInternal, err, "The search server refused the request.")
	default: // a wrong key too: search is away until an operator mends it
		return unavailable(err)
	}
}

func unavailable(err error) error {
	e := boxoffice.WrapError(boxoffice.CodeUnavailable, err, "Search is away at this moment. Everything else works; please try again.")
	e.RetryAfter = retryAfter
	return e
}
