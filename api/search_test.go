package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// fakeSearch finds the same event for everybody.
type fakeSearch struct {
	err   error
	asked boxoffice.SearchQuery
}

var _ boxoffice.Searcher = (*fakeSearch)(nil)

func (f *fakeSearch) Search(_ context.Context, q boxoffice.SearchQuery) (boxoffice.SearchResult, error) {
	f.asked = q
	return boxoffice.SearchResult{
		Events: []boxoffice.FoundEvent{{
			Event: someEvent(), Highlights: map[string]string{"title": "<mark>Ghost</mark> &lt;script&gt;"}, DistanceKm: 0,
		}},
		Found: 1, Took: 7 * time.Millisecond,
		Facets: boxoffice.SearchFacets{City: []boxoffice.FacetCount{{Value: "Chico, CA", Count: 1}}},
	}, f.err
}

func TestSearch_OK(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	var page SearchPage
	b.do(t, request{method: "GET", path: "/search?q=ghost&near=39.73,-121.84&page=2&per_page=7"}).json(&page)
	require.Equal(t, []int{1, 2, 7, 7}, []int{page.Found, page.Page, page.PerPage, page.TookMs})
	require.Equal(t, "2026-12-04T19:30:00-08:00", page.Events[0].Time.Format(time.RFC3339), "a time is the venue's")
	require.Equal(t, "<mark>Ghost</mark> &lt;script&gt;", page.Events[0].Highlights["title"])
	require.NotNil(t, page.Events[0].DistanceKm)
	require.Equal(t, FacetCount{Value: "Chico, CA", Count: 1}, page.Facets.City[0])
	require.Empty(t, page.Facets.Genre)

	got := b.do(t, request{method: "GET", path: "/search"})
	require.Equal(t, http.StatusOK, got.status)
	require.NotContains(t, string(got.body), "distance_km", "from nowhere there is no distance")
	require.Contains(t, string(got.body), `"genre":[]`)
	require.Equal(t, boxoffice.SearchQuery{Page: 1, PerPage: 20}, b.search.asked)
}

func TestSearch_ParametersReachIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	for path, want := range map[string]boxoffice.SearchQuery{
		"q=ghost+%26%26&city=Chico,+CA&type=film&genre=Drama&day=2026-12-01&price_band=10-20&max_price=12.5&available=true": {
			Text: "ghost &&", City: "Chico, CA", Type: "film", Genre: "Drama", Day: "2026-12-01", PriceBand: boxoffice.Price10to20,
			MaxPrice: 1250, Available: true,
		},
		"near=39.73,%20-121.84&radius_km=12.5&sort=distance": {
			Near: &boxoffice.Point{Lat: 39.73, Lon: -121.84}, RadiusKm: 12.5, Sort: boxoffice.SortDistance,
		},
		"from=2026-12-01&to=2026-12-03": {FromDay: "2026-12-01", ToDay: "2026-12-03"},
		"from=2026-12-01T20:00:00-08:00&to=2026-12-03": {
			From: time.Date(2026, 12, 2, 4, 0, 0, 0, time.UTC), ToDay: "2026-12-03",
		},
		"max_price=0&available=false": {MaxPrice: 1},
	} {
		require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: "/search?" + path}).status, path)
		want.Page, want.PerPage = 1, 20
		require.Equal(t, want, b.search.asked, path)
	}
}

func TestSearch_ErrInvalid(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	for path, field := range map[string]string{
		"q=" + strings.Repeat("x", 201): "q", "q=%ff": "q", "q=%00": "q", "q=a&q=b": "q", "page=0": "page", "page=-1": "page", "page=x": "page",
		"page=10001": "page", "per_page=0": "per_page", "per_page=101": "per_page", "sort=loud": "sort", "sort=distance": "near",
		"near=7": "near", "near=91,0": "near", "near=0,181": "near", "near=a,b": "near", "near=NaN,0": "near", "near=1,2,3": "near",
		"near=1,2&radius_km=0": "radius_km", "near=1,2&radius_km=-1": "radius_km", "near=1,2&radius_km=Inf": "radius_km",
		"near=1,2&radius_km=20001": "radius_km", "radius_km=5": "near", "day=2026-13-01": "day", "day=tomorrow": "day",
		"from=2026-02-30": "from", "from=soon": "from", "to=2026-1-1": "to", "from=2026-12-02&to=2026-12-02": "to",
		"from=2026-12-02T10:00:00Z&to=2026-12-02T09:00:00Z": "to", "max_price=-1": "max_price", "max_price=1.234": "max_price",
		"max_price=1e3": "max_price", "max_price=1000001": "max_price", "available=yes": "available", "price_band=cheap": "price_band",
		"type=" + strings.Repeat("x", 41): "type",
	} {
		p := b.do(t, request{method: "GET", path: "/search?" + path}).problem(http.StatusUnprocessableEntity, "invalid")
		require.Equal(t, []string{field}, fieldNames(p), path)
	}
	require.Zero(t, b.search.asked, "nobody is asked what cannot be")
}

func TestSearch_ErrAway(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	away := boxoffice.Errorf(boxoffice.CodeUnavailable, "Search is away at this moment.")
	away.RetryAfter = 2 * time.Second
	b.search.err = away
	got := b.do(t, request{method: "GET", path: "/search?q=ghost"})
	got.problem(http.StatusServiceUnavailable, "unavailable")
	require.Equal(t, "2", got.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: "/events"}).status)
}

func TestSearch_NeedsASessionUnlessBrowsingIsPublic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "GET", path: "/search"}).problem(http.StatusUnauthorized, "unauthenticated")
	require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: "/search", token: b.users.join("ada")}).status)
}
