package api

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The bounds of a search.
const (
	defaultFound  = 20
	lastFoundPage = 10_000
	maxRadiusKm   = 20_000
)

func (s *Server) search(c *gin.Context, _ boxoffice.User) error {
	q, err := readSearch(newQuery(c))
	if err != nil {
		return err
	}
	found, err := s.opts.Search.Search(c.Request.Context(), q)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, SearchPage{
		Events: mapped(found.Events, func(e boxoffice.FoundEvent) FoundEvent { return viewFound(e, q.Near != nil) }),
		Found:  found.Found, Page: q.Page, PerPage: q.PerPage, Facets: viewFacets(found.Facets), TookMs: int(found.Took.Milliseconds()),
	})
}

// readSearch reads the parameters of a search. CodeInvalid with each that is wrong.
func readSearch(q *query) (boxoffice.SearchQuery, error) {
	s := boxoffice.SearchQuery{
		Text: q.text("q", 200), City: q.text("city", 100), Type: q.text("type", 40), Genre: q.text("genre", 100),
		Day: q.day("day"), PriceBand: oneOf(q, "price_band", boxoffice.PriceBands), MaxPrice: q.price("max_price"),
		Available: q.flag("available"), Near: q.near(), RadiusKm: q.radius(),
		Sort: oneOf(q, "sort", []boxoffice.SearchSort{boxoffice.SortRelevance, boxoffice.SortTime, boxoffice.SortPrice, boxoffice.SortDistance}),
		Page: q.number("page", 1, lastFoundPage), PerPage: q.number("per_page", defaultFound, maxPage),
	}
	s.FromDay, s.From = q.dayOrTime("from")
	s.ToDay, s.To = q.dayOrTime("to")
	switch {
	case s.FromDay != "" && s.ToDay != "" && s.FromDay >= s.ToDay, !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To):
		q.wrong.add("to", "This must be later than from.")
	case s.Near == nil && s.Sort == boxoffice.SortDistance:
		q.wrong.add("near", "A distance needs a place to be measured from.")
	case s.Near == nil && s.RadiusKm > 0:
		q.wrong.add("near", "A radius needs a place that it is around.")
	}
	return s, q.wrong.err()
}

// oneOf reads a parameter that has few values.
func oneOf[V ~string](q *query, name string, values []V) V {
	value := V(q.text(name, 40))
	if value != "" && !slices.Contains(values, value) {
		list := mapped(values, func(v V) string { return string(v) })
		q.wrong.add(name, "This must be one of "+strings.Join(list, ", ")+".")
	}
	return value
}

var dayShape = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// day reads a day of a calendar.
func (q *query) day(name string) string {
	text := q.text(name, 40)
	if text == "" {
		return ""
	}
	if t, err := time.Parse(time.DateOnly, text); err != nil || t.Year() < 1 {
		q.wrong.add(name, "This must be a day like 2026-12-01.")
	}
	return text
}

// dayOrTime reads a day, which is one of the venue's calendar, or a time.
func (q *query) dayOrTime(name string) (string, time.Time) {
	if dayShape.MatchString(q.values.Get(name)) {
		return q.day(name), time.Time{}
	}
	return "", q.time(name)
}

var priceShape = regexp.MustCompile(`^\d{1,7}(\.\d{1,2})?$`)

// price reads a price in whole units, and gives it in hundredths. Nothing is free of charge only: a limit of 0 finds no more
// than events below one hundredth.
func (q *query) price(name string) int64 {
	text := q.text(name, 40)
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !priceShape.MatchString(text) || value > 1_000_000 {
		q.wrong.add(name, "This must be a price like 12 or 12.50.")
		return 0
	}
	return max(int64(math.Round(value*100)), 1)
}

func (q *query) number(name string, standard, most int) int {
	text := q.text(name, 20)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		q.wrong.add(name, "This must be a number from 1 to "+strconv.Itoa(most)+".")
	}
	return n
}

// near reads a place: two numbers of degrees.
func (q *query) near() *boxoffice.Point {
	text := q.text("near", 60)
	if text == "" {
		return nil
	}
	lat, lon, _ := strings.Cut(text, ",")
	p := boxoffice.Point{Lat: degreesOf(lat), Lon: degreesOf(lon)}
	if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180) {
		q.wrong.add("near", "This must be a place like 39.73,-121.84: latitude and longitude in degrees.")
	}
	return &p
}

func degreesOf(text string) float64 {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return math.NaN()
	}
	return value
}

func (q *query) radius() float64 {
	text := q.text("radius_km", 20)
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value > 0 && value <= maxRadiusKm) {
		q.wrong.add("radius_km", "This must be a number above 0, and at most "+strconv.Itoa(maxRadiusKm)+".")
	}
	return value
}

func viewFound(f boxoffice.FoundEvent, measured bool) FoundEvent {
	e := viewEvent(f.Event)
	found := FoundEvent{
		ID: e.ID, OwnerID: e.OwnerID, Name: e.Name, TitleID: e.TitleID, Type: e.Type, Venue: e.Venue, Time: e.Time, EndsAt: e.EndsAt,
		Status: FoundEventStatus(e.Status), Currency: e.Currency, PriceFromMinor: e.PriceFromMinor, Available: e.Available, Total: e.Total,
		Highlights: f.Highlights,
	}
	if measured {
		found.DistanceKm = &f.DistanceKm
	}
	return found
}

func viewFacets(f boxoffice.SearchFacets) SearchFacets {
	view := func(counts []boxoffice.FacetCount) []FacetCount {
		return mapped(counts, func(c boxoffice.FacetCount) FacetCount { return FacetCount{Value: c.Value, Count: c.Count} })
	}
	return SearchFacets{
		City: view(f.City), Type: view(f.Type), Genre: view(f.Genre), Day: view(f.Day), PriceBand: view(f.PriceBand),
		Availability: view(f.Availability),
	}
}
