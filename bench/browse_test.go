package bench

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestBrowseStep_Judge(t *testing.T) {
	t.Parallel()
	fast, slow := Percentiles{Count: 9, P95: 50}, Percentiles{Count: 9, P95: 50.01}
	for name, c := range map[string]struct {
		step         BrowseStep
		kept, failed bool
	}{
		"just fast enough":       {BrowseStep{Search: fast, Event: fast, SeatMap: fast}, true, false},
		"slow searches":          {BrowseStep{Search: slow, Event: fast, SeatMap: fast}, false, false},
		"slow event pages":       {BrowseStep{Search: fast, Event: slow, SeatMap: fast}, false, false},
		"slow seat maps":         {BrowseStep{Search: fast, Event: fast, SeatMap: slow}, false, false},
		"what was not asked":     {BrowseStep{Search: fast, Event: fast, SeatMap: fast, Shed: 1}, false, true},
		"an answer of 500":       {BrowseStep{Search: fast, Event: fast, SeatMap: fast, HTTP5xx: 1}, false, true},
		"an error":               {BrowseStep{Search: fast, Event: fast, SeatMap: fast, Errors: map[string]int{"search: no answer in time": 1}}, false, true},
		"nothing that was asked": {BrowseStep{}, false, true},
		"nothing that was found": {BrowseStep{Search: fast}, false, true},
		"few event pages":        {BrowseStep{Search: fast, Event: Percentiles{Count: 4}, SeatMap: fast}, false, true},
		"few seat maps":          {BrowseStep{Search: fast, Event: fast, SeatMap: Percentiles{Count: 4}}, false, true},
	} {
		c.step.judge(50 * time.Millisecond)
		require.Equal(t, c.kept, c.step.Kept, name)
		require.Equal(t, c.failed, c.step.failed(), name)
		require.Equal(t, c.kept, (&BrowseReport{Steps: []BrowseStep{c.step}}).Verdict() == nil, name)
	}
	late := BrowseReport{MostMs: 50, Steps: []BrowseStep{{Search: slow, Event: fast, SeatMap: fast}}}
	require.ErrorContains(t, late.Verdict(), "the 95th percentile is 50.0 ms, and 50.0 is the most")
	require.Error(t, (&BrowseReport{}).Verdict())
}

// A system in which searches find nothing has nothing to be measured by.
func TestBrowse_NothingFound(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/search", "/search":
			fmt.Fprint(w, `{"found":0}`)
		default:
			fmt.Fprint(w, `{"events":[{"id":"e","title_id":"t"}]}`)
		}
	}))
	defer server.Close()
	_, err := Browse(t.Context(), BrowseOptions{
		URL: server.URL, Tokens: []string{"t"}, Users: 1, Pause: time.Second, Lasts: time.Second, Step: time.Second, Most: 1,
		Progress: func(time.Duration, string) {},
	})
	require.ErrorContains(t, err, "finds nothing")
}

// Strangers come at the rate, and two of three within the mean: of an even rate it would be none or all.
func TestGap(t *testing.T) {
	t.Parallel()
	c, sum, short := crowd{random: newArrivals()}, time.Duration(0), 0
	const n = 10_000
	for range n {
		gap := c.gap(100)
		sum += gap
		if gap < 10*time.Millisecond {
			short++
		}
	}
	require.InDelta(t, 100, sum.Seconds(), 5)
	require.InDelta(t, n*(1-1/math.E), short, n/20)
}

// The report names the last rate that was borne, and who was busiest then: what follows it is no longer of interest.
func TestBrowseReport_Table(t *testing.T) {
	t.Parallel()
	r := BrowseReport{Users: 10, Events: 20, Processors: 2, MostMs: 50, Steps: []BrowseStep{
		{SearchesPerSecond: 83.3, Kept: true, Search: Percentiles{Count: 7, P50: 1, P95: 2, P99: 3}},
		{SearchesPerSecond: 104.2, RequestsPerSecond: 416.8, Unchanged: 0.25, Kept: true, CPUShare: map[string]float64{"api": 0.3, "search": 0.41}},
		{SearchesPerSecond: 130.2, Errors: map[string]int{"search: 503 unavailable": 4}},
	}}
	var text bytes.Buffer
	require.NoError(t, r.WriteTable(&text))
	require.Contains(t, text.String(), "Borne: 104.2 searches and 416.8 requests a second. Of 2 processors: search 41 %, api 30 %\n")
	require.Regexp(t, `104\.2 +416\.8 .* 25 %`, text.String())
	require.Contains(t, text.String(), "at 130.2 searches/s, error, 4 times: search: 503 unavailable")
	require.Regexp(t, `search +7 +1\.0 +2\.0 +3\.0`, text.String())
	require.Equal(t, "No rate was borne.", (&BrowseReport{Steps: []BrowseStep{{}}}).conclusion())
}

func TestBrowseStep_ShareOfProcessors(t *testing.T) {
	t.Parallel()
	step := BrowseStep{record: newRecord()}
	step.record.unchanged = 1
	step.record.steps[stepMap] = make([]sample, 4)
	step.sum(10, 2*time.Second, map[string]time.Duration{"simulators": 3 * time.Second}, map[string]time.Duration{"simulators": 2 * time.Second})
	require.Contains(t, step.CPUShare, "search", "of the simulators only this is asked anything")
	require.Positive(t, step.CPUShare["search"])
	require.InDelta(t, 0.25, step.Unchanged, 0)
	require.InDelta(t, 2, step.RequestsPerSecond, 0)
}

func TestParameters(t *testing.T) {
	t.Parallel()
	q := boxoffice.SearchQuery{
		Text: "ghost & co", City: "Chico, CA", Genre: "Drama", FromDay: "2026-12-01", MaxPrice: 2050, Sort: boxoffice.SortPrice,
		Near: &boxoffice.Point{Lat: 39.5, Lon: -121.25}, RadiusKm: 50, Page: 1, PerPage: 20,
	}
	require.Equal(t, "city=Chico%2C+CA&from=2026-12-01&genre=Drama&max_price=20.50&near=39.500000%2C-121.250000&page=1&per_page=20"+
		"&q=ghost+%26+co&radius_km=50&sort=price", parameters(q).Encode())
	require.Equal(t, "page=1&per_page=20", parameters(boxoffice.SearchQuery{Page: 1, PerPage: 20}).Encode())
}
