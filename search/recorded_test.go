package search

import (
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// Answers of a Typesense 29.0, as they came over the wire.
//
//go:embed testdata/recorded.json
var recordedJSON []byte

type recording struct {
	Name         string          `json:"name"`
	Status       int             `json:"status"`
	ContentType  string          `json:"content_type"`
	Body         json.RawMessage `json:"response_body"`
	Text         string          `json:"response_text"`
	RequestLines int             `json:"request_lines"`
}

// recorded is a client of a server that gives a recorded answer to whatever it is asked.
func recorded(t *testing.T, name string) (*Client, recording) {
	t.Helper()
	var all []recording
	require.NoError(t, json.Unmarshal(recordedJSON, &all))
	for _, r := range all {
		if r.Name != name {
			continue
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", r.ContentType)
			w.WriteHeader(r.Status)
			if r.Text != "" {
				_, _ = w.Write([]byte(r.Text))
			} else {
				_, _ = w.Write(r.Body)
			}
		}))
		t.Cleanup(server.Close)
		return clientOf(t, server.URL), r
	}
	require.Fail(t, "nothing is recorded under this name", name)
	return nil, recording{}
}

func clientOf(t *testing.T, url string) *Client {
	t.Helper()
	c, err := New(Options{URL: url, APIKey: "test", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return c
}

func anyPage() boxoffice.SearchQuery {
	return boxoffice.SearchQuery{Text: "ghost", Page: 1, PerPage: 1, Genre: "Drama"} // two searches
}

func TestRecorded_ASearchIsRead(t *testing.T) {
	t.Parallel()
	c, r := recorded(t, "two")
	found, err := readAnswer(r.Body, 2)
	require.NoError(t, err)
	result := found.result(question{counts: []string{"genres"}}, &boxoffice.Point{Lat: 39.52963, Lon: -119.8138})
	require.Equal(t, 32, result.Found)
	require.Len(t, result.Events, 1)
	e := result.Events[0].Event
	require.Equal(t, []string{"1003", "Ghost", "Drive-In 7", "Reno"}, []string{e.ID, e.Name, e.Venue.Name, e.Venue.City})
	require.Equal(t, time.Unix(1798858800, 0).UTC(), e.StartsAt)
	require.Equal(t, "Ghost", e.Name)
	require.InDelta(t, 0, result.Events[0].DistanceKm, 1e-9)
	counts := found.Results[1].counts()["genres"]
	require.Equal(t, boxoffice.FacetCount{Value: "Comedy", Count: 10}, counts[0])
	require.Equal(t, "Classic", counts[2].Value, "equal counts stand by the alphabet")
	_, err = c.Search(t.Context(), boxoffice.SearchQuery{Page: 1, PerPage: 1})
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), "two answers to one search")
}

func TestRecorded_OneOfSeveralSearchesFails(t *testing.T) {
	t.Parallel()
	_, r := recorded(t, "one fails")
	_, err := readAnswer(r.Body, 4)
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "the call says 200, and its parts do not")
}

func TestRecorded_AWrongKeyIsNoFaultOfTheBuyer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bad key", "empty"} {
		c, _ := recorded(t, name)
		_, err := c.Search(t.Context(), anyPage())
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), name)
	}
}

func TestRecorded_EachLineOfAnImportIsRead(t *testing.T) {
	t.Parallel()
	entries := func(n int) []boxoffice.SearchEntry {
		list := make([]boxoffice.SearchEntry, n)
		for i := range list {
			list[i] = boxoffice.SearchEntry{Event: boxoffice.Event{ID: number(i)}, Findable: true}
		}
		return list
	}
	c, r := recorded(t, "import upsert with bad documents")
	lines := strings.Count(r.Text, "\n") + 1
	refused, err := c.Write(t.Context(), "x", entries(lines))
	require.NoError(t, err)
	require.Equal(t, strings.Count(r.Text, `"success":false`), len(refused))
	require.NotContains(t, refused, "0")
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(refused["1"]), "nothing helps a document of the wrong shape")
	require.ErrorContains(t, refused["1"], "Field `year` must be an int32.")

	_, err = c.Write(t.Context(), "x", entries(lines+1))
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), "a document without an answer may not have landed")
	_, err = c.Write(t.Context(), "x", entries(lines-1))
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))

	c, _ = recorded(t, "import create duplicate")
	refused, err = c.Write(t.Context(), "x", entries(2))
	require.NoError(t, err)
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(refused["0"]), "only what cannot be is given up")

	c, r = recorded(t, "import again")
	refused, err = c.Write(t.Context(), "x", entries(r.RequestLines))
	require.NoError(t, err)
	require.Empty(t, refused)

	c, _ = recorded(t, "import absent collection")
	_, err = c.Write(t.Context(), "x", entries(1))
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
}

func TestRecorded_WhatIsNotThereIsDroppedAllTheSame(t *testing.T) {
	t.Parallel()
	c, _ := recorded(t, "delete by filter, nothing matches")
	n, err := c.DropPast(t.Context(), "x", time.Now())
	require.NoError(t, err)
	require.Zero(t, n)
	c, _ = recorded(t, "snapshot")
	require.NoError(t, c.Snapshot(t.Context()))
}

func TestRecorded_HighlightsAreEscaped(t *testing.T) {
	t.Parallel()
	_, r := recorded(t, "snippet with markup")
	var body part
	require.NoError(t, json.Unmarshal(r.Body, &body))
	// As the server gives it, but with the marks that we ask for.
	for i, h := range body.Hits {
		for field, raw := range h.Highlight {
			text := strings.NewReplacer("<mark>", string(markStart), "</mark>", string(markEnd)).Replace(string(raw))
			body.Hits[i].Highlight[field] = json.RawMessage(text)
		}
	}
	var marked string
	for _, h := range body.Hits {
		if h.Document.ID == "1" {
			marked = highlights(h.Highlight)["t"]
		}
	}
	require.Equal(t, "&lt;script&gt;alert(1)&lt;/script&gt; <mark>ghost</mark> &amp; &#34;co&#34; &lt;b&gt;x&lt;/b&gt;", marked)
	_, r = recorded(t, "array")
	body = part{}
	require.NoError(t, json.Unmarshal(r.Body, &body))
	require.Empty(t, highlights(body.Hits[0].Highlight), "a list is not shown, and breaks nothing")
}

// A server that takes connections and never answers costs a search less than a second, and after some in a row nothing.
func TestSearch_AServerThatHangs(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	c := clientOf(t, "http://"+listener.Addr().String())
	for range tripsAfter {
		began := time.Now()
		_, err := c.Search(t.Context(), anyPage())
		require.Less(t, time.Since(began), time.Second)
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
	}
	began := time.Now()
	_, err = c.Search(t.Context(), anyPage())
	require.Less(t, time.Since(began), defaultTimeout/2, "the breaker is open: nobody waits")
	var e *boxoffice.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, boxoffice.CodeUnavailable, e.Code)
	require.Positive(t, e.RetryAfter)
}

// Buyers who leave, and questions that cannot be, open no breaker.
func TestSearch_TheBreakerCountsTheServerAlone(t *testing.T) {
	t.Parallel()
	c, _ := recorded(t, "one fails")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range tripsAfter + 1 {
		_, err := c.Search(ctx, anyPage())
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, "closed", c.breaker.State().String())
}
