package typesense_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

const (
	benchDocuments = 30_000
	benchPerCall   = 1000
	benchRate      = 100 // searches a second
)

// A season of 30,000 showings of about 1 kB: they are imported, then 100 searches a second are asked for, each with two
// exhaustive facets, while an import of ten goes on every second.
func BenchmarkSeason(b *testing.B) {
	server, err := typesense.Start(b.Context(), typesense.Options{APIKey: "test", Dir: b.TempDir()})
	require.NoError(b, err)
	defer func() { require.NoError(b, server.Stop()) }()
	c := client{b, server.URL}
	c.create("events")
	random := rand.New(rand.NewPCG(1, 2))
	words := inventWords(random, 8000)
	var importing time.Duration
	for from := 0; from < benchDocuments; from += benchPerCall {
		lines := season(random, words, from, benchPerCall)
		began := time.Now()
		c.importLines("events", lines)
		importing += time.Since(began)
	}
	for b.Loop() {
		took := searchSteadily(c, random, words, 10*time.Second)
		slices.Sort(took)
		b.ReportMetric(benchDocuments/importing.Seconds(), "imported/s")
		b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(took[len(took)*95/100].Seconds()*1000, "p95-ms")
		b.ReportMetric(took[len(took)-1].Seconds()*1000, "max-ms")
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapAlloc>>20), "heap-MiB")
	}
}

func searchSteadily(c client, random *rand.Rand, words []string, length time.Duration) []time.Duration {
	var mu sync.Mutex
	var took []time.Duration
	var calls sync.WaitGroup
	tick := time.NewTicker(time.Second / benchRate)
	defer tick.Stop()
	for n := range int(length.Seconds() * benchRate) {
		<-tick.C
		parameters := benchSearch(random, words, n)
		if n%benchRate == 0 {
			lines := season(random, words, random.IntN(benchDocuments-10), 10)
			calls.Go(func() { c.importLines("events", lines) })
		}
		calls.Go(func() {
			began := time.Now()
			c.get("/collections/events/documents/search", parameters)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
		})
	}
	calls.Wait()
	return took
}

// benchSearch mixes what visitors ask: a word half typed, a word with a typo, two words, a city and a time, a place.
func benchSearch(random *rand.Rand, words []string, n int) url.Values {
	p := url.Values{
		"query_by": {"title,venue,city,description"}, "facet_by": {"city,genres"}, "facet_strategy": {"exhaustive"},
		"per_page": {"20"}, "filter_by": {fmt.Sprintf("starts_at:>%d", 1_800_000_000+random.IntN(1_000_000))},
	}
	word := words[random.IntN(len(words))]
	switch n % 5 {
	case 0:
		p.Set("q", word[:min(3, len(word))])
	case 1:
		p.Set("q", word[:len(word)-2]+"x"+word[len(word)-1:])
	case 2:
		p.Set("q", "the "+word)
	case 3:
		p.Set("q", "*")
		p.Set("filter_by", "city:=`City 7` && "+p.Get("filter_by"))
	case 4:
		p.Set("q", "*")
		p.Set("sort_by", "location(40.1,-100.5):asc")
	}
	return p
}

func inventWords(random *rand.Rand, count int) []string {
	syllables := strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu an er in or un st th ch")
	words := make([]string, count)
	for i := range words {
		var word strings.Builder
		for range 2 + random.IntN(3) {
			word.WriteString(syllables[random.IntN(len(syllables))])
		}
		words[i] = word.String()
	}
	return words
}

// season makes showings as import lines. Some words are frequent and most are rare, as in a language.
func season(random *rand.Rand, words []string, from, count int) []byte {
	some := func(n int) string {
		picked := make([]string, n)
		for i := range picked {
			picked[i] = words[int(float64(len(words))*random.Float64()*random.Float64()*random.Float64())]
		}
		return strings.Join(picked, " ")
	}
	var lines bytes.Buffer
	for i := from; i < from+count; i++ {
		line, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("01a20b99-0000-7000-8000-%012d", i), "title": "The " + some(1+random.IntN(4)), "description": some(110),
			"city": fmt.Sprintf("City %d", random.IntN(60)), "venue": some(2), "genres": []string{words[random.IntN(20)], words[random.IntN(20)]},
			"starts_at": 1_800_000_000 + random.IntN(2_000_000), "price": float64(random.IntN(200)) / 4, "available": random.IntN(5) > 0,
			"location": []float64{25 + 20*random.Float64(), -120 + 40*random.Float64()},
		})
		if err != nil {
			panic(err)
		}
		lines.Write(append(line, '\n'))
	}
	return lines.Bytes()
}

// client asks a server and fails the test where it does not answer 200 or 201.
type client struct {
	testing.TB
	url string
}

func (c client) call(method, path string, parameters url.Values, body []byte) []byte {
	c.Helper()
	status, answer, err := c.try(method, path, parameters, body)
	require.NoError(c, err)
	require.Less(c, status, 300, "%s %s: %s", method, path, answer)
	return answer
}

func (c client) try(method, path string, parameters url.Values, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, c.url+path+"?"+parameters.Encode(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("X-Typesense-Api-Key", "test")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

func (c client) get(path string, parameters url.Values) []byte {
	c.Helper()
	return c.call(http.MethodGet, path, parameters, nil)
}

func (c client) create(name string) {
	c.Helper()
	c.call(http.MethodPost, "/collections", nil, []byte(`{"name":"`+name+`","default_sorting_field":"starts_at","token_separators":["-"],"fields":[
		{"name":"title","type":"string"},{"name":"description","type":"string","optional":true},{"name":"city","type":"string","facet":true},
		{"name":"venue","type":"string"},{"name":"genres","type":"string[]","facet":true},{"name":"starts_at","type":"int64"},
		{"name":"price","type":"float","facet":true},{"name":"available","type":"bool","facet":true},{"name":"location","type":"geopoint"}]}`))
}

func (c client) importLines(collection string, lines []byte) {
	c.Helper()
	answer := c.call(http.MethodPost, "/collections/"+collection+"/documents/import", url.Values{"action": {"upsert"}}, lines)
	require.NotContains(c, string(answer), "false")
}
