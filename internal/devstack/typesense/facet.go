package typesense

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// facetOptions are the parameters that hold for all facets of a search.
type facetOptions struct {
	maxValues  int
	exhaustive bool
	query      string // field:words
	typos      int    // in it
}

// facet is one of facet_by: the field, and ranges to count instead of values.
type facet struct {
	field      string
	ranges     []facetRange
	alphabetic string // asc, desc, or "" for the most frequent first
}

// facetRange holds the numbers from low up to, and without, high.
type facetRange struct {
	name      string
	low, high float64
}

// facetCount is one value of a facet.
type facetCount struct {
	Count       int    `json:"count"`
	Highlighted string `json:"highlighted"`
	Value       string `json:"value"`

	number float64
}

// facetResult is what a search answers of one facet.
type facetResult struct {
	Counts  []facetCount       `json:"counts"`
	Field   string             `json:"field_name"`
	Sampled bool               `json:"sampled"`
	Stats   map[string]float64 `json:"stats"`
}

const maxFacets = 100

// parseFacets reads facet_by.
func (st *state) parseFacets(text string) ([]facet, error) {
	var facets []facet
	for _, part := range splitList(text) {
		name, argument, hasArgument := strings.Cut(part, "(")
		name = strings.TrimSpace(name)
		if prefix, wild := strings.CutSuffix(name, "*"); wild {
			for _, f := range st.schema.Fields {
				if f.Facet && strings.HasPrefix(f.Name, prefix) {
					facets = append(facets, facet{field: f.Name})
				}
			}
			continue
		}
		f, ok := st.schema.field(name)
		if !ok || !f.Facet || !f.Index {
			return nil, refuse(404, "Could not find a facet field named `%s` in the schema.", name)
		}
		next := facet{field: name}
		if hasArgument {
			argument, closed := strings.CutSuffix(argument, ")")
			if err := next.read(argument); err != nil || !closed {
				return nil, badRequest("Facet range value is not valid.")
			}
		}
		facets = append(facets, next)
	}
	if len(facets) > maxFacets {
		return nil, badRequest("Only upto %d facets are allowed.", maxFacets)
	}
	return facets, nil
}

// read reads what stands in a facet's parentheses: name:[low, high], …, or sort_by:_alpha:asc.
func (f *facet) read(argument string) error {
	for rest := strings.TrimSpace(argument); rest != ""; {
		if direction, ok := strings.CutPrefix(rest, "sort_by:_alpha:"); ok {
			f.alphabetic = strings.TrimSpace(direction)
			return nil
		}
		name, values, ok := strings.Cut(rest, ":")
		open, after, closed := strings.Cut(strings.TrimSpace(values), "]")
		if !ok || !closed || !strings.HasPrefix(open, "[") {
			return badRequest("Facet range value is not valid.")
		}
		low, high, _ := strings.Cut(open[1:], ",")
		r := facetRange{name: strings.TrimSpace(name), low: math.Inf(-1), high: math.Inf(1)}
		for _, end := range []struct {
			text string
			to   *float64
		}{{low, &r.low}, {high, &r.high}} {
			if text := strings.TrimSpace(end.text); text != "" {
				n, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return err
				}
				*end.to = n
			}
		}
		f.ranges = append(f.ranges, r)
		rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(after), ","))
	}
	return nil
}

// facets counts the values that the hits have.
func (s *search) facets() ([]facetResult, error) {
	facets, err := s.parseFacets(s.request.facetBy)
	if err != nil {
		return nil, err
	}
	queried, words, hasQuery := strings.Cut(s.request.facets.query, ":")
	if hasQuery && !slices.ContainsFunc(facets, func(f facet) bool { return f.field == queried }) {
		return nil, badRequest("Facet query refers to a facet field `%s` that is not part of `facet_by` parameter.", queried)
	}
	results := make([]facetResult, 0, len(facets))
	for _, f := range facets {
		counts := s.countValues(f.field)
		if hasQuery && f.field == queried {
			counts = s.queryFacet(counts, words)
		}
		results = append(results, s.facetResult(f, counts))
	}
	return results, nil
}

// countValues counts each value of a field, in no order.
func (s *search) countValues(name string) []facetCount {
	if column, ok := s.texts[name]; ok {
		return s.countTexts(column)
	}
	column, ok := s.numbers[name]
	if !ok {
		return nil
	}
	tally := map[int64]int{}
	for _, h := range s.hits {
		column.each(h.seq, func(value int64) bool {
			tally[value]++
			return true
		})
	}
	counts := make([]facetCount, 0, len(tally))
	for value, count := range tally {
		text := column.text(value)
		counts = append(counts, facetCount{Count: count, Value: text, Highlighted: text, number: column.float(value)})
	}
	return counts
}

func (s *search) countTexts(column *texts) []facetCount {
	tally := make([]int, len(column.values))
	for _, h := range s.hits {
		if int(h.seq) < len(column.ids) {
			for _, id := range column.ids[h.seq] {
				tally[id]++
			}
		}
	}
	var counts []facetCount
	for id, count := range tally {
		if count > 0 {
			counts = append(counts, facetCount{Count: count, Value: column.values[id], Highlighted: column.values[id]})
		}
	}
	return counts
}

// facetResult sorts the counts and takes the first. With the automatic strategy all else covers those alone, as in Typesense;
// only the exhaustive one sees every value.
func (s *search) facetResult(f facet, counts []facetCount) facetResult {
	slices.SortFunc(counts, f.compare)
	limit := min(s.request.facets.maxValues, len(counts))
	covered := counts
	if !s.request.facets.exhaustive && limit > 0 {
		covered = counts[:limit]
	}
	stats := s.facetStats(f, covered)
	if len(f.ranges) > 0 {
		covered = f.countRanges(covered)
		limit = len(covered)
	}
	stats["total_values"] = float64(len(covered))
	return facetResult{Field: f.field, Counts: append([]facetCount{}, covered[:limit]...), Stats: stats}
}

func (f facet) compare(a, b facetCount) int {
	switch f.alphabetic {
	case "asc":
		return strings.Compare(a.Value, b.Value)
	case "desc":
		return strings.Compare(b.Value, a.Value)
	}
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.number, a.number), strings.Compare(a.Value, b.Value))
}

func (s *search) facetStats(f facet, counts []facetCount) map[string]float64 {
	stats := map[string]float64{}
	column := s.numbers[f.field]
	if column == nil || column.field.base() == typeBool || len(counts) == 0 {
		return stats
	}
	low, high, sum, total := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, c := range counts {
		low, high = min(low, c.number), max(high, c.number)
		sum += c.number * float64(c.Count)
		total += c.Count
	}
	stats["min"], stats["max"], stats["sum"], stats["avg"] = low, high, sum, sum/float64(total)
	return stats
}

// countRanges adds up the counts of values by range. Empty ranges are left out.
func (f facet) countRanges(counts []facetCount) []facetCount {
	var ranges []facetCount
	for _, r := range f.ranges {
		count := 0
		for _, c := range counts {
			if r.low <= c.number && c.number < r.high {
				count += c.Count
			}
		}
		if count > 0 {
			ranges = append(ranges, facetCount{Count: count, Value: r.name})
		}
	}
	slices.SortStableFunc(ranges, func(a, b facetCount) int { return cmp.Compare(b.Count, a.Count) })
	return ranges
}

// queryFacet keeps the values that hold all words of the query, of which the last may go on, with as few typos as possible.
func (s *search) queryFacet(counts []facetCount, text string) []facetCount {
	wanted := s.words.words(text)
	if len(wanted) == 0 {
		return counts
	}
	for typos := 0; typos <= min(s.request.facets.typos, maxTypos); typos++ {
		var kept []facetCount
		for _, c := range counts {
			if highlighted, ok := s.highlightFacet(c.Value, wanted, typos); ok {
				c.Highlighted = highlighted
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}

func (s *search) highlightFacet(value string, wanted []string, typos int) (string, bool) {
	tokens := s.words.tokens(value)
	marked := map[string]int{}
	for i, word := range wanted {
		allowed := 0
		for n := 1; n <= typos; n++ {
			if utf8.RuneCountInString(word) >= s.request.minLen[n] {
				allowed = n
			}
		}
		d, prefix, found := newDistances([]rune(word), allowed), i == len(wanted)-1, false
		for _, token := range tokens {
			distance, whole, _ := d.measure(token.word, prefix)
			if distance > allowed {
				continue
			}
			found = true
			if marked[token.word] = 0; !whole && distance == 0 {
				marked[token.word] = utf8.RuneCountInString(word)
			}
		}
		if !found {
			return "", false
		}
	}
	return s.request.highlight.mark(value, tokens, marked), true
}
