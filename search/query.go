package search

import (
	"strings"
	"time"
	"unicode"

	"github.com/boxoffice/boxoffice"
	"github.com/typesense/typesense-go/v3/typesense/api"
	"github.com/typesense/typesense-go/v3/typesense/api/pointer"
)

// maxFacetValues is how many values of a facet are counted for an answer.
const maxFacetValues = 100

// facets are the fields by which results are counted. Days are given in their order, so that the next ones are among them.
var facets = []struct{ field, by string }{
	{"place", "place"}, {"type", "type"}, {"genre", "genre"}, {"day", "day(sort_by:_alpha:asc)"},
	{"price_band", "price_band"}, {"availability", "availability"},
}

// filter is one condition. That of a facet is left out where that facet is counted.
type filter struct {
	facet string // empty: it belongs to none
	by    string // in the server's syntax, complete in itself
}

// question is a query as the server is asked it.
type question struct {
	searches []api.MultiSearchCollectionParameters // the first one finds, the others count one facet each
	counts   []string                              // the facets of the others
}

// ask puts a query. All goes in the body of one call: that has no limit on its length, and one answer shows one state.
func ask(q boxoffice.SearchQuery, alias string, now time.Time) (question, error) {
	if err := check(q); err != nil {
		return question{}, err
	}
	filters, err := filtersOf(q, now)
	if err != nil {
		return question{}, err
	}
	main := base(q, alias, filters, "")
	main.Page, main.PerPage = pointer.Int(q.Page), pointer.Int(q.PerPage)
	main.SortBy = pointer.String(sortOf(q))
	main.HighlightFields = pointer.String("title,name,director,genre,venue,city")
	main.HighlightStartTag, main.HighlightEndTag = pointer.String(string(markStart)), pointer.String(string(markEnd))
	asked := question{searches: []api.MultiSearchCollectionParameters{main}}
	var together []string
	for _, f := range facets {
		if !narrowed(filters, f.field) {
			together = append(together, f.by)
			continue
		}
		alone := base(q, alias, filters, f.field)
		alone.PerPage, alone.FacetBy = pointer.Int(0), pointer.String(f.by)
		alone.HighlightFields = pointer.String("none")
		asked.searches, asked.counts = append(asked.searches, alone), append(asked.counts, f.field)
	}
	if len(together) > 0 {
		asked.searches[0].FacetBy = pointer.String(strings.Join(together, ","))
	}
	return asked, nil
}

// base is what all searches of a question have in common; the filter of one facet is left out.
func base(q boxoffice.SearchQuery, alias string, filters []filter, without string) api.MultiSearchCollectionParameters {
	p := api.MultiSearchCollectionParameters{
		Collection: pointer.String(alias), Q: pointer.String(wanted(q.Text)),
		FilterBy:       pointer.String(join(filters, without)),
		MaxFacetValues: pointer.Int(maxFacetValues), FacetStrategy: pointer.String("exhaustive"),
	}
	var fields, weights []string
	for _, s := range searched {
		fields, weights = append(fields, s.field), append(weights, number(s.weight))
	}
	p.QueryBy, p.QueryByWeights = pointer.String(strings.Join(fields, ",")), pointer.String(strings.Join(weights, ","))
	return p
}

// maxText is the longest text that is looked for: what follows would change nothing but the time that it takes.
const maxText = 200

// wanted is the text that is looked for; "*" finds all, and stands for a text without a letter or digit.
func wanted(text string) string {
	text = strings.TrimSpace(cut(text, maxText))
	if !strings.ContainsFunc(text, isWord) {
		return "*"
	}
	// "-word" would leave out what has the word, and quotes ask for a phrase. Nobody is told of that, and a title may begin so.
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '"' || r == '-' {
			return ' '
		}
		return r
	}, text))
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func sortOf(q boxoffice.SearchQuery) string {
	switch q.Sort {
	case boxoffice.SortTime:
		return "starts_at:asc"
	case boxoffice.SortPrice:
		return "price_from:asc,starts_at:asc"
	case boxoffice.SortDistance:
		return "location(" + degrees(q.Near.Lat) + ", " + degrees(q.Near.Lon) + "):asc,starts_at:asc"
	case boxoffice.SortRelevance:
	}
	if wanted(q.Text) == "*" {
		return "starts_at:asc"
	}
	return "_text_match:desc,popularity:desc,starts_at:asc"
}

func narrowed(filters []filter, facet string) bool {
	for _, f := range filters {
		if f.facet == facet {
			return true
		}
	}
	return false
}

// join makes one filter. && and || bind equally and from the left, so every condition stands in parentheses.
func join(filters []filter, without string) string {
	var parts []string
	for _, f := range filters {
		if f.facet == "" || f.facet != without {
			parts = append(parts, "("+f.by+")")
		}
	}
	return strings.Join(parts, " && ")
}

func filtersOf(q boxoffice.SearchQuery, now time.Time) ([]filter, error) {
	filters := []filter{{by: "until:>" + number(now.Unix())}}
	add := func(facet, by string) { filters = append(filters, filter{facet, by}) }
	if q.City != "" {
		add("place", equal("place", q.City)+" || "+equal("city", q.City))
	}
	for _, choice := range []struct{ field, value string }{
		{"type", q.Type}, {"genre", q.Genre}, {"day", q.Day}, {"price_band", string(q.PriceBand)},
	} {
		if choice.value != "" {
			add(choice.field, equal(choice.field, choice.value))
		}
	}
	if q.Available {
		add("availability", "availability:!="+quote(string(boxoffice.AvailabilityNone)))
	}
	for _, bound := range []struct{ text, by string }{{q.FromDay, "date:>="}, {q.ToDay, "date:<"}} {
		if bound.text == "" {
			continue
		}
		day, err := parseDay(bound.text)
		if err != nil {
			return nil, boxoffice.InvalidField("from", "A day looks like 2026-12-01.")
		}
		add("", bound.by+number(day))
	}
	if !q.From.IsZero() {
		add("", "starts_at:>="+number(q.From.Unix()))
	}
	if !q.To.IsZero() {
		add("", "starts_at:<"+number(q.To.Unix()))
	}
	if q.MaxPrice > 0 {
		add("", "price_from:<="+number(q.MaxPrice))
	}
	if q.Near != nil && q.RadiusKm > 0 {
		add("", "location:("+degrees(q.Near.Lat)+", "+degrees(q.Near.Lon)+", "+degrees(q.RadiusKm)+" km)")
	}
	return filters, nil
}

// nothing is a condition that no event meets.
const nothing = "id:=none"

// equal is the condition that a field has this value, in whatever case. A value of which nothing is left is nowhere.
func equal(field, value string) string {
	value = plain(value)
	if !strings.ContainsFunc(value, isWord) {
		return nothing
	}
	return field + ":=" + quote(value)
}

// quote puts a value between backquotes, within which commas and operators are letters like others.
func quote(value string) string { return "`" + value + "`" }

// maxValue is the longest value of a filter, in bytes.
const maxValue = 200

// plain leaves out of a value what could be more than a letter. A backquote cannot be escaped and would end the value; a
// bracket behind a colon is read as the begin of a place even between backquotes; a star at the end asks for a beginning.
// The index drops all these characters from its words, too, so that nothing is found less by it.
func plain(value string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune("`\\()[]{}<>=:!&|*\"$~@", r) {
			return -1
		}
		return r
	}, cut(value, maxValue)))
}

// The largest page and radius.
const (
	maxPage    = 10_000
	maxPerPage = 100
	maxRadius  = 20_000
)

// check refuses what cannot be asked. The API has checked it before, by the names of its parameters.
func check(q boxoffice.SearchQuery) error {
	switch q.Sort {
	case boxoffice.SortRelevance, boxoffice.SortTime, boxoffice.SortPrice, "":
	case boxoffice.SortDistance:
		if q.Near == nil {
			return boxoffice.InvalidField("sort", "A distance needs a place to be measured from: name it with near.")
		}
	default:
		return boxoffice.InvalidField("sort", "There is no such order.")
	}
	if q.Page < 1 || q.Page > maxPage {
		return boxoffice.InvalidField("page", "A page is a number from 1 to %d.", maxPage)
	}
	if q.PerPage < 1 || q.PerPage > maxPerPage {
		return boxoffice.InvalidField("per_page", "A page has between 1 and %d events.", maxPerPage)
	}
	if p := q.Near; p != nil && !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
		return boxoffice.InvalidField("near", "There is no such place on earth.")
	}
	if !(q.RadiusKm >= 0 && q.RadiusKm <= maxRadius) {
		return boxoffice.InvalidField("radius_km", "A radius is a number from 0 to %d.", maxRadius)
	}
	return nil
}
