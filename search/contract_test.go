package search

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// These tests are the contract with a search server. They run against the local one, and with TYPESENSE_URL and
// TYPESENSE_API_KEY against whatever is there; what they make there has names of its own and is removed.

// indexed is an index of a test.
type indexed struct {
	*Client
	collection string
}

// newIndex makes an index with these events and lets searches use it.
func newIndex(t testing.TB, entries ...boxoffice.SearchEntry) *indexed {
	t.Helper()
	url, key := os.Getenv("TYPESENSE_URL"), os.Getenv("TYPESENSE_API_KEY")
	if url == "" {
		ctx, cancel := context.WithCancel(context.Background())
		key = "contract"
		server, err := typesense.Start(ctx, typesense.Options{APIKey: key, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		url = server.URL
		t.Cleanup(func() {
			cancel()
			require.NoError(t, server.Wait())
		})
	}
	c, err := New(Options{
		URL: url, APIKey: key, Alias: "test" + strings.ReplaceAll(uuid.NewString(), "-", ""), Timeout: 5 * time.Second, Now: func() time.Time { return noon.Add(-time.Hour) }, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	x := &indexed{Client: c, collection: c.opts.Alias + "-1"}
	t.Cleanup(func() {
		ctx := context.Background()
		require.NoError(t, c.DropAllBut(ctx))
		_, _ = c.server.Alias(c.opts.Alias).Delete(ctx)
	})
	require.NoError(t, c.Create(t.Context(), x.collection))
	require.NoError(t, c.GoLive(t.Context(), x.collection))
	x.write(t, entries...)
	return x
}

func (x *indexed) write(t testing.TB, entries ...boxoffice.SearchEntry) {
	t.Helper()
	for some := range slices.Chunk(entries, 500) {
		refused, err := x.Write(t.Context(), x.collection, some)
		require.NoError(t, err)
		require.Empty(t, refused)
	}
}

func (x *indexed) search(t testing.TB, q boxoffice.SearchQuery) boxoffice.SearchResult {
	t.Helper()
	if q.Page == 0 {
		q.Page, q.PerPage = 1, 100
	}
	found, err := x.Search(t.Context(), q)
	require.NoError(t, err)
	return found
}

// names gives what was found, each name once, in its order.
func names(found boxoffice.SearchResult) (list []string) {
	for _, e := range found.Events {
		if !slices.Contains(list, e.Event.Name) {
			list = append(list, e.Event.Name)
		}
	}
	return list
}

// showing is an event: hours after noon, so many whole dollars, free seats of 200.
func showing(n int, title, genre, director, city, state string, hours int, dollars int64, free int) boxoffice.SearchEntry {
	e := entry()
	e.Event.ID = fmt.Sprintf("019a0000-0000-7000-8000-%012d", n)
	e.Title = boxoffice.Title{ID: e.Event.TitleID, Name: title, Genre: genre, Director: director}
	e.Event.Name, e.Event.Venue.City, e.Event.Venue.State = title, city, state
	e.Event.StartsAt = noon.Add(time.Duration(hours) * time.Hour)
	e.Event.EndsAt, e.Event.SalesCloseAt = e.Event.StartsAt.Add(2*time.Hour), e.Event.StartsAt.Add(15*time.Minute)
	e.Event.PriceFromMinor, e.Event.Available = dollars*100, free
	e.Popularity = 100
	switch city {
	case "Springfield":
		e.Event.Venue.Lat, e.Event.Venue.Lon, e.Event.Venue.TimeZone, e.Event.Venue.Name = 39.80172, -89.64371, "America/Chicago", "Virginia"
	case "Reno":
		e.Event.Venue.Lat, e.Event.Venue.Lon, e.Event.Venue.Name = 39.52963, -119.8138, "Grand Sierra"
	case "Boston":
		e.Event.Venue.Lat, e.Event.Venue.Lon, e.Event.Venue.TimeZone, e.Event.Venue.Name = 42.35843, -71.05977, "America/New_York", "Orpheum"
	}
	return e
}

func programme() []boxoffice.SearchEntry {
	play := showing(9, "A Doll's House", "Drama", "", "Boston", "MA", 9, 45, 200)
	play.Event.Type = "play"
	return []boxoffice.SearchEntry{
		showing(1, "Ghost", "Drama", "Jerry Zucker", "Chico", "CA", 1, 9, 200),
		showing(2, "Ghost", "Drama", "Jerry Zucker", "Reno", "NV", 2, 12, 20),
		showing(3, "Ghost World", "Comedy", "Terry Zwigoff", "Chico", "CA", 3, 12, 0),
		showing(4, "Ghostbusters", "Comedy", "Ivan Reitman", "Boston", "MA", 4, 25, 150),
		showing(5, "Spider-Man", "Action", "Sam Raimi", "Reno", "NV", 5, 19, 100),
		showing(6, "Amélie", "Romantic Comedy", "Jean-Pierre Jeunet", "Boston", "MA", 40, 11, 10),
		showing(7, "Face/Off", "Action", "John Woo", "Chico", "CA", 7, 8, 200),
		showing(8, "Alien", "Horror", "Ridley Scott", "Springfield", "IL", 8, 80, 200),
		play,
	}
}

func TestContract_Words(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	for text, want := range map[string]string{
		"ghost": "Ghost", "GHÓST": "Ghost", "ghost!?": "Ghost", "Ghots": "Ghost", "ghostbuster": "Ghostbusters", "ghostbsuters": "Ghostbusters",
		"spider man": "Spider-Man", "spider-man": "Spider-Man", "spiderman": "Spider-Man", "amelie": "Amélie", "AMELI": "Amélie", "face off": "Face/Off",
		"zwigoff": "Ghost World", "terry zwigof": "Ghost World", "horror": "Alien", "springfield": "Alien", "illinois": "Alien",
		"dolls house": "A Doll's House", "ghost reno": "Ghost", "romcom": "Amélie", "-alien": "Alien", `"alien`: "Alien",
	} {
		found := names(x.search(t, boxoffice.SearchQuery{Text: text}))
		require.NotEmpty(t, found, text)
		require.Equal(t, want, found[0], "%q finds %v", text, found)
	}
	found := x.search(t, boxoffice.SearchQuery{Text: "ghost reno"})
	require.Equal(t, "Reno", found.Events[0].Event.Venue.City, "the words may stand in several fields")
	require.Empty(t, names(x.search(t, boxoffice.SearchQuery{Text: "zzqqyy"})))
	require.Equal(t, len(programme()), x.search(t, boxoffice.SearchQuery{Text: " && "}).Found)
}

func TestContract_FiltersAreCombined(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	near := &boxoffice.Point{Lat: 39.73, Lon: -121.84}
	for _, test := range []struct {
		what string
		q    boxoffice.SearchQuery
		want []string
	}{
		{"city", boxoffice.SearchQuery{City: "chico"}, []string{"Ghost", "Ghost World", "Face/Off"}},
		{"city with its state", boxoffice.SearchQuery{City: "Springfield, il"}, []string{"Alien"}},
		{"the same city in another state", boxoffice.SearchQuery{City: "Springfield, MO"}, nil},
		{"type", boxoffice.SearchQuery{Type: "play"}, []string{"A Doll's House"}},
		{"a whole genre", boxoffice.SearchQuery{Genre: "comedy"}, []string{"Ghost World", "Ghostbusters"}},
		{"day", boxoffice.SearchQuery{Day: "2026-12-02"}, []string{"Amélie"}},
		{"days", boxoffice.SearchQuery{FromDay: "2026-12-02", ToDay: "2026-12-03"}, []string{"Amélie"}},
		{"times", boxoffice.SearchQuery{From: noon.Add(7 * time.Hour), To: noon.Add(9 * time.Hour)}, []string{"Face/Off", "Alien"}},
		{"band", boxoffice.SearchQuery{PriceBand: boxoffice.PriceUnder10}, []string{"Ghost", "Face/Off"}},
		{"price", boxoffice.SearchQuery{MaxPrice: 900}, []string{"Ghost", "Face/Off"}},
		{"free seats", boxoffice.SearchQuery{City: "Chico", Available: true}, []string{"Ghost", "Face/Off"}},
		{"around", boxoffice.SearchQuery{Near: near, RadiusKm: 20}, []string{"Ghost", "Ghost World", "Face/Off"}},
		{"further around", boxoffice.SearchQuery{Near: near, RadiusKm: 300, Genre: "Action", MaxPrice: 1900}, []string{"Spider-Man", "Face/Off"}},
		{"words, city and price", boxoffice.SearchQuery{Text: "ghost", City: "Chico", MaxPrice: 1000, Available: true}, []string{"Ghost"}},
		{"nothing", boxoffice.SearchQuery{City: "Chico", Type: "play"}, nil},
	} {
		found := x.search(t, test.q)
		require.Equal(t, test.want, names(found), test.what)
		require.GreaterOrEqual(t, found.Found, len(found.Events))
	}
}

// What a buyer sends is a value and nothing else, whatever characters it has.
func TestContract_NoTextBecomesSyntax(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	for _, text := range hostile {
		if text == "" {
			continue
		}
		for what, q := range map[string]boxoffice.SearchQuery{
			"city": {City: text}, "genre": {Genre: text}, "type": {Type: text}, "day": {Day: text}, "band": {PriceBand: boxoffice.PriceBand(text)},
		} {
			require.Zero(t, x.search(t, q).Found, "%.40q as %s finds what it should not", text, what)
		}
		x.search(t, boxoffice.SearchQuery{Text: text, City: text})
		require.Equal(t, 1, x.search(t, boxoffice.SearchQuery{City: "Springfield", Genre: "Horror"}).Found)
	}
}

func TestContract_Facets(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	all := x.search(t, boxoffice.SearchQuery{}).Facets
	require.Equal(t, []boxoffice.FacetCount{{Value: "Boston, MA", Count: 3}, {Value: "Chico, CA", Count: 3}, {Value: "Reno, NV", Count: 2}, {Value: "Springfield, IL", Count: 1}}, all.City)
	require.Equal(t, []boxoffice.FacetCount{{Value: "film", Count: 8}, {Value: "play", Count: 1}}, all.Type)
	require.Equal(t, []boxoffice.FacetCount{{Value: "2026-12-01", Count: 8}, {Value: "2026-12-02", Count: 1}}, all.Day)
	require.Equal(t, []boxoffice.FacetCount{{Value: "under-10", Count: 2}, {Value: "10-20", Count: 4}, {Value: "20-40", Count: 1}, {Value: "40-80", Count: 1}, {Value: "from-80", Count: 1}}, all.PriceBand)
	require.Equal(t, []boxoffice.FacetCount{{Value: "plenty", Count: 6}, {Value: "few", Count: 2}, {Value: "none", Count: 1}}, all.Availability)
	require.Equal(t, boxoffice.FacetCount{Value: "Drama", Count: 3}, all.Genre[0])

	some := x.search(t, boxoffice.SearchQuery{City: "Chico", Genre: "Comedy"})
	require.Equal(t, 1, some.Found)
	require.Equal(t, []boxoffice.FacetCount{{Value: "Boston, MA", Count: 1}, {Value: "Chico, CA", Count: 1}}, some.Facets.City, "the other cities that have comedies")
	require.Equal(t, []boxoffice.FacetCount{{Value: "Action", Count: 1}, {Value: "Comedy", Count: 1}, {Value: "Drama", Count: 1}}, some.Facets.Genre, "the other genres in Chico")
	require.Equal(t, []boxoffice.FacetCount{{Value: "none", Count: 1}}, some.Facets.Availability)
}

// Facets count all that was found, however many values there are.
func TestContract_FacetsCountAll(t *testing.T) {
	t.Parallel()
	var entries []boxoffice.SearchEntry
	for n := range 400 {
		entries = append(entries, showing(n, "Ghost", "Drama", "", fmt.Sprintf("City%d", n%130), "CA", 24*(n%200)+1, int64(n%90), n%200))
	}
	x := newIndex(t, entries...)
	found := x.search(t, boxoffice.SearchQuery{Text: "ghost"})
	require.Equal(t, 400, found.Found)
	sum := func(counts []boxoffice.FacetCount) (n int) {
		for _, c := range counts {
			n += c.Count
		}
		return n
	}
	require.Equal(t, 400, sum(found.Facets.PriceBand))
	require.Equal(t, 400, sum(found.Facets.Availability))
	require.Len(t, found.Facets.City, maxFacetValues)
	require.Len(t, found.Facets.Day, maxFacetValues)
	require.Equal(t, "2026-12-01", found.Facets.Day[0].Value, "the next days are among them")
	require.Equal(t, 2, found.Facets.Day[0].Count)
}

func TestContract_OrdersAndPages(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	near := &boxoffice.Point{Lat: 39.73, Lon: -121.84}
	cheapest := x.search(t, boxoffice.SearchQuery{Sort: boxoffice.SortPrice})
	require.Equal(t, []string{"Face/Off", "Ghost", "Amélie", "Ghost World"}, names(cheapest)[:4])
	nearest := x.search(t, boxoffice.SearchQuery{Sort: boxoffice.SortDistance, Near: near})
	require.Equal(t, []string{"Ghost", "Ghost World", "Face/Off", "Spider-Man"}, names(nearest)[:4])
	require.InDelta(t, 175, nearest.Events[3].DistanceKm, 3)
	require.Equal(t, "Amélie", names(x.search(t, boxoffice.SearchQuery{Sort: boxoffice.SortTime}))[7])

	var paged []string
	for page := 1; page <= 6; page++ {
		found := x.search(t, boxoffice.SearchQuery{Page: page, PerPage: 2})
		require.Equal(t, len(programme()), found.Found)
		for _, e := range found.Events {
			paged = append(paged, e.Event.ID)
		}
	}
	require.Len(t, paged, len(programme()))
	slices.Sort(paged)
	require.Len(t, slices.Compact(paged), len(programme()), "no event is on two pages")

	famous := programme()[2]
	famous.Popularity = 1_000_000
	x.write(t, famous)
	require.Equal(t, "Ghost World", names(x.search(t, boxoffice.SearchQuery{Text: "gho"}))[0], "of equal matches the best known comes first")
	require.Equal(t, "Ghost", names(x.search(t, boxoffice.SearchQuery{Text: "ghost"}))[0], "and behind an exact one")
}

func TestContract_Highlights(t *testing.T) {
	t.Parallel()
	x := newIndex(t, showing(1, `Ghost <script>alert("&")</script>`, "Drama", "Jerry Zucker", "Chico", "CA", 1, 9, 200))
	found := x.search(t, boxoffice.SearchQuery{Text: "ghots zucker chico"}).Events[0].Highlights
	require.Contains(t, found["title"], "<mark>Ghost</mark> &lt;script&gt;")
	require.NotContains(t, found["title"], "<script>")
	require.Equal(t, "Jerry <mark>Zucker</mark>", found["director"])
	require.Equal(t, "<mark>Chico</mark>", found["city"])
	require.NotContains(t, found, "venue")
	require.Empty(t, x.search(t, boxoffice.SearchQuery{}).Events[0].Highlights)
}

// What is over does not show, also while the index still has it; what is not to be found is taken out.
func TestContract_WhatIsOverNeverShows(t *testing.T) {
	t.Parallel()
	over := showing(1, "Ghost", "Drama", "", "Chico", "CA", -3, 9, 200)
	closed := showing(2, "Ghost Closed", "Drama", "", "Chico", "CA", 5, 9, 200)
	closed.Event.SalesCloseAt = noon.Add(-2 * time.Hour)
	x := newIndex(t, over, closed, showing(3, "Ghost World", "Comedy", "", "Chico", "CA", 3, 9, 200))
	found := x.search(t, boxoffice.SearchQuery{Text: "ghost"})
	require.Equal(t, []string{"Ghost World"}, names(found))
	require.Equal(t, 1, found.Facets.City[0].Count)
	size, err := x.Size(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, size)
	dropped, err := x.DropPast(t.Context(), x.collection, noon.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, dropped)
	gone := showing(3, "Ghost World", "Comedy", "", "Chico", "CA", 3, 9, 200)
	gone.Findable = false
	x.write(t, gone, gone)
	require.Empty(t, names(x.search(t, boxoffice.SearchQuery{})))
}

func TestContract_ManyAreTakenOutAtOnce(t *testing.T) {
	t.Parallel()
	var there, gone []boxoffice.SearchEntry
	for n := range 130 {
		there = append(there, showing(n, "Ghost", "Drama", "", "Chico", "CA", 1, 9, 200))
		gone = append(gone, boxoffice.SearchEntry{Event: boxoffice.Event{ID: there[n].Event.ID}})
	}
	x := newIndex(t, there...)
	x.write(t, gone[:129]...)
	require.Equal(t, 1, x.search(t, boxoffice.SearchQuery{}).Found)
}

// One document that the server refuses keeps no other out.
func TestContract_ADocumentThatIsRefused(t *testing.T) {
	t.Parallel()
	x := newIndex(t)
	bad := showing(2, "", "", "", "Chico", "CA", 1, 9, 200)
	bad.Event.ID = ""
	refused, err := x.Write(t.Context(), x.collection, []boxoffice.SearchEntry{
		showing(1, "Ghost", "Drama", "", "Chico", "CA", 1, 9, 200), bad, showing(3, "Alien", "Horror", "", "Chico", "CA", 1, 9, 200),
	})
	require.NoError(t, err)
	require.Len(t, refused, 1)
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(refused[""]))
	require.Equal(t, 2, x.search(t, boxoffice.SearchQuery{}).Found)
}

// An index is replaced without a gap: searches see the old one or the new one, and all of it.
func TestContract_AnIndexIsReplaced(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	next := x.opts.Alias + "-2"
	for range 2 { // harmless to repeat
		require.NoError(t, x.Create(t.Context(), next))
	}
	refused, err := x.Write(t.Context(), next, programme()[:4])
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Equal(t, len(programme()), x.search(t, boxoffice.SearchQuery{}).Found)
	stop := make(chan struct{})
	seen := make(chan map[int]int, 1)
	go func() {
		counts := map[int]int{}
		for {
			select {
			case <-stop:
				seen <- counts
				return
			default:
				found, err := x.Search(context.Background(), boxoffice.SearchQuery{Page: 1, PerPage: 1})
				if err != nil {
					counts[-1]++
				} else {
					counts[found.Found]++
				}
			}
		}
	}()
	for range 10 {
		require.NoError(t, x.GoLive(t.Context(), next))
		require.NoError(t, x.GoLive(t.Context(), x.collection))
	}
	require.NoError(t, x.GoLive(t.Context(), next))
	require.NoError(t, x.Snapshot(t.Context()))
	require.NoError(t, x.DropAllBut(t.Context(), next))
	close(stop)
	counts := <-seen
	require.Positive(t, counts[len(programme())]+counts[4])
	delete(counts, len(programme()))
	delete(counts, 4)
	require.Empty(t, counts)
	require.Equal(t, 4, x.search(t, boxoffice.SearchQuery{}).Found)
	_, err = x.Write(t.Context(), x.collection, programme()[:1])
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
	_, err = x.DropPast(t.Context(), x.collection, noon)
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
}

// An index that is not there is no empty one: searches are told to come again.
func TestContract_NoIndex(t *testing.T) {
	t.Parallel()
	x := newIndex(t, programme()...)
	require.NoError(t, x.DropAllBut(t.Context()))
	_, err := x.Search(t.Context(), boxoffice.SearchQuery{Page: 1, PerPage: 1})
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
	_, err = x.Size(t.Context())
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
}

func TestContract_AWrongKey(t *testing.T) {
	t.Parallel()
	x := newIndex(t)
	wrong, err := New(Options{URL: x.opts.URL, APIKey: "wrong", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = wrong.Search(t.Context(), boxoffice.SearchQuery{Page: 1, PerPage: 1})
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
	_, err = wrong.Write(t.Context(), x.collection, programme()[:1])
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
}
