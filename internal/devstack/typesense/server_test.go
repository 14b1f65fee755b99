package typesense_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

// start runs a server until the test ends.
func start(t *testing.T, o typesense.Options) *typesense.Server {
	t.Helper()
	if o.APIKey == "" {
		o.APIKey = "test"
	}
	server, err := typesense.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

type results struct {
	Found int
	Hits  []struct {
		Document struct{ ID, Title string }
	}
	Facets []struct {
		Counts []struct {
			Count              int
			Value, Highlighted string
		}
	} `json:"facet_counts"`
}

func (c client) search(collection string, parameters url.Values) results {
	c.Helper()
	var found results
	require.NoError(c, json.Unmarshal(c.get("/collections/"+collection+"/documents/search", parameters), &found))
	return found
}

// Nobody without the key learns or changes anything; whether a route is there is no secret.
func TestEveryRouteButHealthNeedsTheKey(t *testing.T) {
	t.Parallel()
	server := start(t, typesense.Options{APIKey: "secret"})
	for path, want := range map[string]int{
		"GET /health": 200, "GET /nothing": 404, "GET /debug": 401, "GET /collections": 401, "POST /collections": 401, "GET /aliases": 401,
		"PUT /aliases/a": 401, "POST /multi_search": 401, "POST /operations/snapshot": 401, "GET /stats.json": 401, "GET /metrics.json": 401,
		"GET /collections/c": 401, "PATCH /collections/c": 401, "DELETE /collections/c": 401, "GET /collections/c/documents/search": 401,
		"POST /collections/c/documents/import": 401, "GET /collections/c/documents/export": 401, "DELETE /collections/c/documents": 401,
		"GET /collections/c/documents/1": 401, "PUT /collections/c/synonyms/1": 401,
	} {
		method, path, _ := strings.Cut(path, " ")
		for _, key := range []string{"", "wrong", "secret "} {
			request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			require.NoError(t, err)
			if key != "" {
				request.Header.Set("X-Typesense-Api-Key", key)
			}
			recorder := newRecorder()
			server.Handler().ServeHTTP(recorder, request)
			if key == "secret " { // Go trims headers that come over the wire, not those set here
				require.Contains(t, []int{want, 401}, recorder.status, path)
				continue
			}
			require.Equal(t, want, recorder.status, path)
		}
	}
}

type recorder struct {
	bytes.Buffer
	header http.Header
	status int
}

func newRecorder() *recorder               { return &recorder{header: http.Header{}} }
func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }

// What is too large is refused, and the server goes on.
func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	c := client{t, start(t, typesense.Options{MaxBody: 3 << 20}).URL}
	c.create("events")
	line := []byte(`{"id":"` + strings.Repeat("x", 64<<10) + "\"}\n") // a few long ones, since each is answered
	for path, size := range map[string]int{
		"/collections": 2 << 20, "/multi_search": 2 << 20, "/collections/events/documents": 2 << 20, "/collections/events/documents/import": 4 << 20,
	} {
		status, answer, err := c.try(http.MethodPost, path, nil, bytes.Repeat(line, 1+size/len(line)))
		require.NoError(t, err)
		require.Equal(t, http.StatusRequestEntityTooLarge, status, "%s: %.200s", path, answer)
	}
	for parameters, want := range map[string]int{
		"q=" + strings.Repeat("x", 4000): 400, "q=*&per_page=251": 422, "q=*&limit=251": 422, "q=*&page=-1": 400, "q=*&page=9999999999999": 400,
		"q=*&page=2147483647&per_page=250": 200, "q=x": 400, "q=x&query_by=" + strings.Repeat("title,", 40): 400,
		"q=*&sort_by=price:asc,price:asc,price:asc,price:asc": 400, "q=*&facet_by=" + strings.Repeat("city,", 200): 400,
		"q=" + strings.Repeat("a+", 300) + "&query_by=title": 200,
	} {
		query, err := url.ParseQuery(parameters)
		require.NoError(t, err)
		status, answer, err := c.try(http.MethodGet, "/collections/events/documents/search", query, nil)
		require.NoError(t, err)
		require.Equal(t, want, status, "%.80s: %s", parameters, answer)
	}
	require.Equal(t, 0, found(t, c, "events"))
}

// A document is found as soon as its write is answered, and no longer once its deletion is.
func TestWritesAreVisibleAtOnce(t *testing.T) {
	t.Parallel()
	c := client{t, start(t, typesense.Options{}).URL}
	c.create("events")
	for n := range 50 {
		c.importLines("events", []byte(line(n, 1)))
		word := url.Values{"q": {fmt.Sprint(n)}, "query_by": {"title"}, "prefix": {"false"}, "num_typos": {"0"}}
		require.Equal(t, 1, c.search("events", word).Found)
		c.importLines("events", []byte(strings.Replace(line(n, 1), "Ghost", "Spook", 1)))
		require.Equal(t, n+1, c.search("events", url.Values{"q": {"spook"}, "query_by": {"title"}}).Found)
		require.Zero(t, c.search("events", url.Values{"q": {"ghost"}, "query_by": {"title"}, "num_typos": {"0"}}).Found)
	}
	c.call(http.MethodDelete, "/collections/events/documents/7", nil, nil)
	require.Zero(t, c.search("events", url.Values{"q": {"7"}, "query_by": {"title"}, "prefix": {"false"}}).Found)
	require.Equal(t, 49, found(t, c, "events"))
}

// Searches, imports, deletions, altered and dropped collections and swapped aliases go on side by side. A search through the
// alias always sees one whole collection.
func TestSearchesWhileEverythingChanges(t *testing.T) {
	t.Parallel()
	c := client{t, start(t, typesense.Options{Dir: t.TempDir()}).URL}
	fill := func(name string) {
		c.create(name)
		lines := make([]string, 100)
		for i := range lines {
			lines[i] = line(i, 1)
		}
		c.importLines(name, []byte(strings.Join(lines, "\n")))
	}
	point := func(name string) {
		c.call(http.MethodPut, "/aliases/shows", nil, []byte(`{"collection_name":"`+name+`"}`))
	}
	fill("v0")
	point("v0")
	done := make(chan struct{})
	var searches sync.WaitGroup
	for range 3 {
		searches.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				status, answer, err := c.try(http.MethodGet, "/collections/shows/documents/search",
					url.Values{"q": {"ghost"}, "query_by": {"title"}, "facet_by": {"city"}, "sort_by": {"price:asc"}}, nil)
				var found results
				if err != nil || status != 200 || json.Unmarshal(answer, &found) != nil || found.Found != 100 || found.Facets[0].Counts[0].Count != 100 {
					t.Errorf("%v %d: %.200s", err, status, answer)
					return
				}
			}
		})
	}
	for n := 1; n <= 8; n++ {
		name, old := fmt.Sprintf("v%d", n), fmt.Sprintf("v%d", n-1)
		fill(name)
		point(name)
		c.importLines(name, []byte(line(5, 3)))
		c.call(http.MethodPatch, "/collections/"+name, nil, []byte(`{"fields":[{"name":"extra","type":"string","optional":true}]}`))
		c.call(http.MethodPost, "/operations/snapshot", nil, nil)
		c.call(http.MethodDelete, "/collections/"+old+"/documents", url.Values{"filter_by": {"price:>=0"}}, nil)
		c.call(http.MethodDelete, "/collections/"+old, nil, nil)
	}
	close(done)
	searches.Wait()
}

// A server that has stopped leaves no goroutine, and without a folder no file.
func TestStopLeavesNothing(t *testing.T) { // alone, since it counts goroutines
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	before := runtime.NumGoroutine()
	for range 3 {
		server, err := typesense.Start(t.Context(), typesense.Options{APIKey: "test"})
		require.NoError(t, err)
		c := client{t, server.URL}
		c.create("events")
		c.create("more")
		c.importLines("events", []byte(line(1, 1)))
		require.Equal(t, 1, found(t, c, "events"))
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, server.Stop())
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			all := make([]byte, 1<<20)
			t.Fatalf("goroutines are left:\n%s", all[:runtime.Stack(all, true)])
		}
	}
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Empty(t, left)
}

// What the recordings do not show of a ticket search.
func TestSearches(t *testing.T) {
	t.Parallel()
	c := client{t, start(t, typesense.Options{}).URL}
	c.create("events")
	for i, title := range []string{"Ghost", "The Ghost and the Darkness", "Amélie", "La La Land", "Lala", "Blade Runner 2049", "Ghost Town"} {
		c.importLines("events", []byte(strings.Replace(line(i, float64(i)), fmt.Sprintf("Ghost %d", i), title, 1)))
	}
	for q, want := range map[string]string{
		"amelie":           "Amélie",
		"AMÉLI":            "Amélie",
		"bladerunner":      "Blade Runner 2049",
		"la la":            "La La Land",
		"runner blade":     "Blade Runner 2049",
		"balde runner":     "Blade Runner 2049",
		"ghost -town -the": "Ghost",
		`"ghost town"`:     "Ghost Town",
		"ghost darknes":    "The Ghost and the Darkness",
		"darkness ghost":   "The Ghost and the Darkness",
		"runner ghost zz":  "Blade Runner 2049",
		"20":               "Blade Runner 2049",
	} {
		found := c.search("events", url.Values{"q": {q}, "query_by": {"title"}})
		require.NotZero(t, found.Found, q)
		require.Equal(t, want, found.Hits[0].Document.Title, q)
	}
	require.Zero(t, c.search("events", url.Values{"q": {"gxx"}, "query_by": {"title"}}).Found)
	bucketed := c.search("events", url.Values{"q": {"ghost"}, "query_by": {"title"}, "sort_by": {"_text_match(buckets: 1):desc,price:desc"}})
	require.Equal(t, "Ghost Town", bucketed.Hits[0].Document.Title)
	facets := c.search("events", url.Values{"q": {"*"}, "facet_by": {"city"}, "facet_query": {"city:chcio"}}).Facets
	require.Equal(t, "<mark>Chico</mark>", facets[0].Counts[0].Highlighted, "a facet is found in spite of a typo")
	require.Empty(t, c.search("events", url.Values{"q": {"*"}, "facet_by": {"city"}, "facet_query": {"city:reno"}}).Facets[0].Counts)
}
