package search

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// filterOf is the filter of the search that finds.
func filterOf(t *testing.T, q boxoffice.SearchQuery) string {
	t.Helper()
	q.Page, q.PerPage = 1, 10
	asked, err := ask(q, Alias, noon)
	require.NoError(t, err)
	return *asked.searches[0].FilterBy
}

func TestAsk_FiltersAreCombined(t *testing.T) {
	t.Parallel()
	require.Equal(t, "(until:>1796126400)", filterOf(t, boxoffice.SearchQuery{}), "what is over never shows")
	require.Equal(t, "(until:>1796126400) && (place:=`chico, CA` || city:=`chico, CA`) && (type:=`film`) && (genre:=`Comedy`) && "+
		"(day:=`2026-12-02`) && (price_band:=`10-20`) && (availability:!=`none`) && (date:>=20261201) && (date:<20261203) && "+
		"(starts_at:>=1796126400) && (starts_at:<1796130000) && (price_from:<=1250) && (location:(39.73, -121.84, 12.5 km))",
		filterOf(t, boxoffice.SearchQuery{
			City: "chico, CA", Type: "film", Genre: "Comedy", Day: "2026-12-02", PriceBand: boxoffice.Price10to20, Available: true,
			FromDay: "2026-12-01", ToDay: "2026-12-03", From: noon, To: noon.Add(time.Hour), MaxPrice: 1250,
			Near: &boxoffice.Point{Lat: 39.73, Lon: -121.84}, RadiusKm: 12.5,
		}))
}

// hostile are values that a buyer may send in order to be more than a value.
var hostile = []string{
	"`", "``", "` || id:!=x", "x`) || (until:>0", "a && until:<0", "a || b", ":=x", "x:(", "a:(b", ")", "((", "[x", "{", "\\", "\\`", "*", "Chi*",
	"!=x", ">0", "\"", "'", "\x00", "\n", "🎭", "🎭`", strings.Repeat("`(&|", 2500), strings.Repeat("x", 10_000), "\ue000x\ue001", "$events(id:x)", "-", "",
	"id:=[a,b]", "x\xff",
}

// Whatever a buyer sends, a filter has the same shape: the same conditions in the same parentheses, and values in between
// backquotes.
func TestAsk_NoTextBecomesSyntax(t *testing.T) {
	t.Parallel()
	shape := func(filter string) string {
		var out strings.Builder
		for i, piece := range strings.Split(filter, "`") {
			if i%2 == 0 {
				out.WriteString(piece)
			} else {
				out.WriteString("V")
			}
		}
		return strings.ReplaceAll(out.String(), nothing, "FIELD:=V")
	}
	for _, value := range hostile {
		if value == "" {
			continue
		}
		for field, q := range map[string]boxoffice.SearchQuery{
			"genre": {Genre: value}, "type": {Type: value}, "day": {Day: value}, "price_band": {PriceBand: boxoffice.PriceBand(value)},
		} {
			filter := filterOf(t, q)
			require.Equal(t, "(until:>1796126400) && (FIELD:=V)", strings.ReplaceAll(shape(filter), field+":=", "FIELD:="), "%q in %q", value, filter)
			require.Zero(t, strings.Count(filter, "`")%2)
			require.Less(t, len(filter), 300)
		}
		inside := plain(value)
		require.NotContains(t, inside, "`")
		require.False(t, strings.ContainsAny(inside, "()[]:*\\&|"), "%q", inside)
	}
}

func TestAsk_TextIsOnlyText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "*", wanted(""))
	require.Equal(t, "*", wanted("`&&"))
	require.Equal(t, "*", wanted("🎭"))
	require.Equal(t, "ghost world", wanted(` "ghost world"`), "nobody is told that quotes mean something")
	require.Equal(t, "Spider Man", wanted("Spider-Man"))
	require.Equal(t, "drama", wanted("-drama"))
	require.LessOrEqual(t, len(wanted(strings.Repeat("é", 10_000))), maxText)
}

// A facet's counts are not narrowed by its own filter: it is counted by a search of its own, without it.
func TestAsk_FacetsAreCountedWithoutTheirOwnFilter(t *testing.T) {
	t.Parallel()
	asked, err := ask(boxoffice.SearchQuery{City: "Chico", Genre: "Drama", Page: 1, PerPage: 10}, Alias, noon)
	require.NoError(t, err)
	require.Equal(t, []string{"place", "genre"}, asked.counts)
	require.Len(t, asked.searches, 3)
	require.Equal(t, "type,day(sort_by:_alpha:asc),price_band,availability", *asked.searches[0].FacetBy)
	require.Equal(t, "(until:>1796126400) && (genre:=`Drama`)", *asked.searches[1].FilterBy)
	require.Equal(t, "(until:>1796126400) && (place:=`Chico` || city:=`Chico`)", *asked.searches[2].FilterBy)
	for _, s := range asked.searches {
		require.Equal(t, "exhaustive", *s.FacetStrategy)
	}
}

func TestAsk_Orders(t *testing.T) {
	t.Parallel()
	near := &boxoffice.Point{Lat: 1, Lon: -2.5}
	for _, test := range []struct {
		q    boxoffice.SearchQuery
		want string
	}{
		{boxoffice.SearchQuery{}, "starts_at:asc"},
		{boxoffice.SearchQuery{Text: "ghost"}, "_text_match:desc,popularity:desc,starts_at:asc"},
		{boxoffice.SearchQuery{Text: "ghost", Sort: boxoffice.SortTime}, "starts_at:asc"},
		{boxoffice.SearchQuery{Sort: boxoffice.SortPrice}, "price_from:asc,starts_at:asc"},
		{boxoffice.SearchQuery{Sort: boxoffice.SortDistance, Near: near}, "location(1, -2.5):asc,starts_at:asc"},
	} {
		require.Equal(t, test.want, sortOf(test.q))
	}
}

func TestAsk_ErrInvalid(t *testing.T) {
	t.Parallel()
	for field, q := range map[string]boxoffice.SearchQuery{
		"sort": {Sort: "loud", Page: 1, PerPage: 1}, "page": {PerPage: 1}, "per_page": {Page: 1, PerPage: 101},
		"near":      {Page: 1, PerPage: 1, Near: &boxoffice.Point{Lat: 91}},
		"radius_km": {Page: 1, PerPage: 1, RadiusKm: -1},
		"from":      {Page: 1, PerPage: 1, FromDay: "tomorrow"},
	} {
		_, err := ask(q, Alias, noon)
		var e *boxoffice.Error
		require.ErrorAs(t, err, &e, field)
		require.Equal(t, field, e.Fields[0].Field)
	}
	_, err := ask(boxoffice.SearchQuery{Sort: boxoffice.SortDistance, Page: 1, PerPage: 1}, Alias, noon)
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "a distance from nowhere")
}

func entry() boxoffice.SearchEntry {
	return boxoffice.SearchEntry{
		Event: boxoffice.Event{
			ID: "019a0000-0000-7000-8000-000000000001", OwnerID: "019a0000-0000-7000-8000-000000000002", TitleID: "019a0000-0000-7000-8000-000000000003",
			Name: "Ghost", Type: "film", StartsAt: noon, EndsAt: noon.Add(2 * time.Hour), SalesOpenAt: noon.Add(-time.Hour), SalesCloseAt: noon.Add(time.Minute),
			Status: boxoffice.EventOnSale, Currency: "USD", PriceFromMinor: 1250, Total: 200, Available: 150,
			Venue: boxoffice.Venue{ID: "019a0000-0000-7000-8000-000000000004", Name: "El Rey", City: "Chico", State: "CA",
				TimeZone: "America/Los_Angeles", Lat: 39.73, Lon: -121.84},
		},
		Title: boxoffice.Title{ID: "019a0000-0000-7000-8000-000000000003", Name: "Ghost", Genre: "Drama", Director: "Jerry Zucker"}, Popularity: 51125, Findable: true,
	}
}

func TestDocument_OKThereAndBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Ghost", "Ghost, with the director"} {
		e := entry()
		e.Event.Name = name
		raw, err := json.Marshal(newDocument(e))
		require.NoError(t, err)
		var d document
		require.NoError(t, json.Unmarshal(raw, &d))
		want := e.Event
		want.SalesOpenAt, want.SalesCloseAt = time.Time{}, time.Time{} // not shown
		require.Equal(t, want, d.event())
		require.Less(t, len(raw), 800)
	}
}

// The longest that a document can be, in the widest letters, is 1 kB.
func TestDocument_IsSmall(t *testing.T) {
	t.Parallel()
	e := entry()
	wide := strings.Repeat("é", 500)
	e.Title.Name, e.Event.Name, e.Title.Director, e.Title.Genre = wide, "x"+wide, wide, wide
	e.Event.Venue.Name, e.Event.Venue.City, e.Event.Type, e.Event.Venue.State = wide, wide, wide, "DC"
	e.Event.Venue.TimeZone, e.Event.Venue.Lon = "America/North_Dakota/New_Salem", -121.8374812345678
	e.Event.Venue.Lat = 39.72849123456789
	e.Event.PriceFromMinor, e.Event.Total, e.Event.Available, e.Popularity = 1<<31-1, 100_000, 100_000, 1<<31-1
	raw, err := json.Marshal(newDocument(e))
	require.NoError(t, err)
	require.LessOrEqual(t, len(raw), 1024, string(raw))
}

func TestDocument_TheDayIsTheVenues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ zone, starts, day string }{
		{"America/Los_Angeles", "2026-12-02T07:59:59Z", "2026-12-01"}, {"America/Los_Angeles", "2026-12-02T08:00:00Z", "2026-12-02"},
		{"Pacific/Honolulu", "2026-12-02T09:59:00Z", "2026-12-01"}, {"America/New_York", "2026-12-02T05:00:00Z", "2026-12-02"},
		{"America/New_York", "2026-12-02T04:59:59Z", "2026-12-01"}, {"Nowhere/Land", "2026-12-02T00:00:00Z", "2026-12-02"},
	} {
		e := entry()
		e.Event.Venue.TimeZone = test.zone
		var err error
		e.Event.StartsAt, err = time.Parse(time.RFC3339, test.starts)
		require.NoError(t, err)
		d := newDocument(e)
		require.Equal(t, test.day, d.Day, "%s in %s", test.starts, test.zone)
		n, err := parseDay(test.day)
		require.NoError(t, err)
		require.Equal(t, n, d.DayNumber)
	}
}

func TestDocument_BandsAndAvailability(t *testing.T) {
	t.Parallel()
	require.Equal(t, []boxoffice.PriceBand{"under-10", "10-20", "10-20", "20-40", "40-80", "from-80"}, []boxoffice.PriceBand{
		priceBand(999), priceBand(1000), priceBand(1999), priceBand(2000), priceBand(4000), priceBand(8000)})
	require.Equal(t, []boxoffice.Availability{"none", "few", "few", "plenty"}, []boxoffice.Availability{
		availability(0, 200), availability(1, 200), availability(20, 200), availability(21, 200)})
	e := entry()
	e.Event.Currency, e.Event.PriceFromMinor = "JPY", 1500
	require.EqualValues(t, 150_000, newDocument(e).Price, "1500 yen are no 15 dollars")
}

func TestDocument_BringsNoMarks(t *testing.T) {
	t.Parallel()
	e := entry()
	e.Title.Name, e.Event.Name = "G\ue000ho\ue001st", "Ghost\xff"
	d := newDocument(e)
	require.Equal(t, "Ghost", d.Title)
	require.Equal(t, "Ghost", d.Name)
}
