package typesense

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// answer is what a search answers.
type answer struct {
	FacetCounts  []facetResult `json:"facet_counts"`
	Found        int           `json:"found"`
	Hits         []hitAnswer   `json:"hits"`
	OutOf        int           `json:"out_of"`
	Page         *int          `json:"page,omitempty"`
	Offset       *int          `json:"offset,omitempty"`
	Request      requestEcho   `json:"request_params"`
	SearchCutoff bool          `json:"search_cutoff"`
	SearchTime   int64         `json:"search_time_ms"`
}

type requestEcho struct {
	Collection string `json:"collection_name"`
	FirstQ     string `json:"first_q"`
	PerPage    int    `json:"per_page"`
	Q          string `json:"q"`
}

type hitAnswer struct {
	Document   any              `json:"document"`
	Distances  map[string]int64 `json:"geo_distance_meters,omitempty"`
	Highlight  map[string]any   `json:"highlight"`
	Highlights []oldHighlight   `json:"highlights,omitzero"`
	TextMatch  *uint64          `json:"text_match,omitempty"`
	MatchInfo  *matchInfo       `json:"text_match_info,omitempty"`
}

// matchInfo is a score taken apart.
type matchInfo struct {
	BestFieldScore  string `json:"best_field_score"`
	BestFieldWeight uint64 `json:"best_field_weight"`
	FieldsMatched   uint64 `json:"fields_matched"`
	Dropped         uint64 `json:"num_tokens_dropped"`
	Score           string `json:"score"`
	TokensMatched   uint64 `json:"tokens_matched"`
	TypoPrefix      uint64 `json:"typo_prefix_score"`
}

// searchCutoff is how long a search may take.
const searchCutoff = 30 * time.Second

// search answers a search by its parameters.
func (c *collection) search(ctx context.Context, parameters url.Values) (answer, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, searchCutoff)
	defer cancel()
	r, err := parseRequest(parameters)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = c.read(func(st *state) error {
		s := &search{state: st, ctx: ctx, request: r}
		if s.allowed, err = st.filter(ctx, r.filterBy); err != nil {
			return err
		}
		if err := s.run(); err != nil {
			return err
		}
		a, err = s.answer(c.name)
		return err
	})
	a.SearchTime = time.Since(began).Milliseconds()
	return a, err
}

// answer sorts and counts what was found.
func (s *search) answer(name string) (answer, error) {
	r := s.request
	a := answer{
		Found: len(s.hits), OutOf: len(s.seqOf), Hits: []hitAnswer{}, Page: &r.page,
		Request: requestEcho{Collection: name, FirstQ: r.q, Q: r.q, PerPage: r.perPage},
	}
	if r.byOffset {
		a.Page, a.Offset = nil, &r.offset
	}
	keys, err := s.sortKeys()
	if err != nil {
		return a, err
	}
	if a.FacetCounts, err = s.facets(); err != nil {
		return a, err
	}
	count := r.perPage
	if r.limitHits >= 0 {
		count = max(min(count, r.limitHits-r.offset), 0)
	}
	for _, h := range s.best(keys, r.offset, count) {
		shown, err := s.present(h, keys)
		if err != nil {
			return a, err
		}
		a.Hits = append(a.Hits, shown)
	}
	return a, nil
}

// present makes a hit ready to be read.
func (s *search) present(h hit, keys []sortKey) (hitAnswer, error) {
	doc, err := s.document(h.seq)
	if err != nil {
		return hitAnswer{}, err
	}
	doc.project(s.request.include, s.request.except)
	shown := hitAnswer{Document: doc}
	shown.Highlight, shown.Highlights = s.highlight(doc)
	if !s.request.highlight.old {
		shown.Highlights = nil
	}
	for _, key := range keys {
		if meters, ok := key.value(h); ok && key.geoField != "" {
			shown.Distances = map[string]int64{key.geoField: meters}
		}
	}
	if s.request.q != "*" {
		shown.TextMatch, shown.MatchInfo = &h.score, s.takeApart(h.score)
	}
	return shown, nil
}

// project leaves of a document the fields that are asked for.
func (d fields) project(include, except []string) {
	for name := range d {
		if len(include) > 0 && !slices.Contains(include, name) || slices.Contains(except, name) {
			delete(d, name)
		}
	}
}

func (s *search) takeApart(score uint64) *matchInfo {
	field := score >> 11 & (1<<48 - 1)
	tokens := score >> 59
	words := max(uint64(len(s.query.words)), 1)
	return &matchInfo{
		BestFieldScore: strconv.FormatUint(field, 10), BestFieldWeight: score >> 3 & 255, FieldsMatched: score & 7,
		Dropped: words - min(tokens, words), Score: strconv.FormatUint(score, 10), TokensMatched: tokens,
		TypoPrefix: 255 - field>>24&255,
	}
}
