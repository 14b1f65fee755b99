package typesense

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one search, read from its parameters.
type request struct {
	q         string
	queryBy   []queryField
	filterBy  string
	sortBy    string
	facetBy   string
	facets    facetOptions
	highlight highlightOptions

	page, perPage int
	offset        int
	byOffset      bool // offset was given and page was not
	limitHits     int

	maxCandidates   int
	minLen          [3]int // from how many letters on so many typos are allowed
	typoThreshold   int    // fewer documents than this: try more typos
	dropThreshold   int    // fewer than this: try without a word
	exhaustive      bool
	splitJoin       bool
	synonyms        bool
	infix           bool // asked for; no field has such an index
	include, except []string
}

// queryField is one of query_by.
type queryField struct {
	name   string
	weight int // 15: the first or heaviest
	typos  int
	prefix bool
}

const (
	maxPerPage    = 250
	maxQueryBy    = 32
	maxTypos      = 2
	heaviest      = 15
	maxQueryWords = 20
	maxWords      = 40 // of a query with its synonyms
)

// parseRequest reads the parameters of a search. Those that are unknown are ignored.
func parseRequest(p url.Values) (request, error) {
	r := request{
		q: p.Get("q"), filterBy: p.Get("filter_by"), sortBy: p.Get("sort_by"), facetBy: p.Get("facet_by"),
		exhaustive: p.Get("exhaustive_search") == "true", splitJoin: p.Get("split_join_tokens") != "off",
		synonyms: p.Get("enable_synonyms") != "false",
		infix:    slices.ContainsFunc(list(p.Get("infix")), func(mode string) bool { return mode != "off" }),
		include:  list(p.Get("include_fields")), except: list(p.Get("exclude_fields")),
	}
	r.page, r.perPage, r.limitHits, r.maxCandidates = 1, 10, -1, -1
	r.minLen, r.typoThreshold, r.dropThreshold = [3]int{0, 4, 7}, 1, 1
	r.facets = facetOptions{maxValues: 10, typos: maxTypos, query: p.Get("facet_query"), exhaustive: p.Get("facet_strategy") == "exhaustive"}
	r.highlight = readHighlight(p)
	for _, n := range []struct {
		name string
		to   *int
	}{
		{"page", &r.page}, {"per_page", &r.perPage}, {"limit", &r.perPage}, {"offset", &r.offset}, {"limit_hits", &r.limitHits},
		{"max_candidates", &r.maxCandidates}, {"min_len_1typo", &r.minLen[1]}, {"min_len_2typo", &r.minLen[2]},
		{"typo_tokens_threshold", &r.typoThreshold}, {"drop_tokens_threshold", &r.dropThreshold},
		{"max_facet_values", &r.facets.maxValues}, {"facet_query_num_typos", &r.facets.typos},
		{"snippet_threshold", &r.highlight.threshold}, {"highlight_affix_num_tokens", &r.highlight.affix},
	} {
		if err := parseNumber(p, n.name, n.to); err != nil {
			return r, err
		}
	}
	if r.perPage > maxPerPage {
		return r, refuse(422, "Only upto %d hits can be fetched per page.", maxPerPage)
	}
	r.page = max(r.page, 1)
	r.byOffset = p.Get("offset") != "" && p.Get("page") == ""
	if !r.byOffset {
		r.offset = (r.page - 1) * r.perPage
	}
	if r.maxCandidates < 0 {
		if r.maxCandidates = 4; r.exhaustive {
			r.maxCandidates = 10_000
		}
	}
	return r, r.readQueryBy(p)
}

// parseNumber reads a whole number, if it is there.
func parseNumber(p url.Values, name string, to *int) error {
	text := p.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return badRequest("Parameter `%s` must be an unsigned integer.", name)
	}
	*to = int(n)
	return nil
}

// list cuts a parameter at its commas.
func list(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// readQueryBy reads the fields to search. num_typos and prefix hold for all of them, or name one value for each.
func (r *request) readQueryBy(p url.Values) error {
	names := list(p.Get("query_by"))
	if len(names) > maxQueryBy {
		return badRequest("Only upto %d fields can be searched.", maxQueryBy)
	}
	weights, err := parseWeights(list(p.Get("query_by_weights")), len(names))
	if err != nil {
		return err
	}
	typos, prefixes := list(p.Get("num_typos")), list(p.Get("prefix"))
	for i, name := range names {
		f := queryField{name: name, weight: weights[i], typos: maxTypos, prefix: true}
		if text := nth(typos, i); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return badRequest("Parameter `num_typos` must be an unsigned integer.")
			}
			f.typos = min(n, maxTypos)
		}
		if text := nth(prefixes, i); text != "" {
			f.prefix = text == "true"
		}
		r.queryBy = append(r.queryBy, f)
	}
	return nil
}

func nth(list []string, i int) string {
	switch {
	case len(list) == 1:
		return list[0]
	case i < len(list):
		return list[i]
	}
	return ""
}

// parseWeights turns weights into ranks from 15 down; equal weights share one. Without weights the order counts.
func parseWeights(texts []string, count int) ([]int, error) {
	ranks := make([]int, count)
	given := make([]int, len(texts))
	for i, text := range texts {
		given[i], _ = strconv.Atoi(text) // text counts as 0
	}
	if len(texts) > 0 && len(texts) != count {
		return nil, badRequest("Number of weights in `query_by_weights` does not match number of `query_by` fields.")
	}
	sorted := slices.Clone(given)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	for i := range ranks {
		ranks[i] = max(heaviest-i, 1)
		if len(given) > 0 {
			at, _ := slices.BinarySearch(sorted, given[i])
			ranks[i] = max(heaviest-(len(sorted)-1-at), 1)
		}
	}
	return ranks, nil
}
