package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/sony/gobreaker/v2"
	"github.com/typesense/typesense-go/v3/typesense/api"
	"github.com/typesense/typesense-go/v3/typesense/api/pointer"
)

// The marks around words that matched, as the server is asked for them. No text has them: they are characters for private
// use, which newDocument leaves out.
const (
	markStart = '\ue000'
	markEnd   = '\ue001'
)

// Search finds events. The answer comes within Options.Timeout, or an error.
func (c *Client) Search(ctx context.Context, q boxoffice.SearchQuery) (boxoffice.SearchResult, error) {
	began := time.Now()
	question, err := ask(q, c.opts.Alias, c.opts.Now())
	if err != nil {
		return boxoffice.SearchResult{}, err
	}
	found, err := c.breaker.Execute(func() (*answer, error) { return c.put(ctx, question) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = unavailable(err)
	}
	if err != nil {
		return boxoffice.SearchResult{}, err
	}
	result := found.result(question, q.Near)
	result.Took = time.Since(began)
	return result, nil
}

// put asks the server a question and reads the answer.
func (c *Client) put(ctx context.Context, asked question) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	response, err := c.api.MultiSearch(ctx, &api.MultiSearchParams{EnableHighlightV1: pointer.False()},
		api.MultiSearchJSONRequestBody{Searches: asked.searches})
	if err != nil {
		return nil, translate(err)
	}
	body, err := read(response, http.StatusOK)
	if err != nil {
		return nil, missing(translate(err))
	}
	found, err := readAnswer(body, len(asked.searches))
	return found, missing(err)
}

// missing turns an index that is not there into one that is not there yet.
func missing(err error) error {
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return unavailable(err)
	}
	return err
}

// answer is what a server says to a question.
type answer struct {
	Results []part `json:"results"`
}

// part is the answer to one search of a question. Code is set where it failed.
type part struct {
	Code        int    `json:"code"`
	Error       string `json:"error"`
	Found       int    `json:"found"`
	Hits        []hit  `json:"hits"`
	FacetCounts []struct {
		Field  string `json:"field_name"`
		Counts []struct {
			Count int    `json:"count"`
			Value string `json:"value"`
		} `json:"counts"`
	} `json:"facet_counts"`
}

type hit struct {
	Document  document                   `json:"document"`
	Highlight map[string]json.RawMessage `json:"highlight"`
}

// readAnswer reads an answer, and fails where any search of the question did: the call as a whole does not say so.
func readAnswer(body []byte, searches int) (*answer, error) {
	var found answer
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, unavailable(fmt.Errorf("read the search server's answer: %w", err))
	}
	if len(found.Results) != searches {
		return nil, unavailable(fmt.Errorf("%d answers to %d searches", len(found.Results), searches))
	}
	for _, p := range found.Results {
		if p.Code != 0 || p.Error != "" {
			return nil, translate(&statusError{p.Code, p.Error})
		}
	}
	return &found, nil
}

func (a *answer) result(asked question, near *boxoffice.Point) boxoffice.SearchResult {
	main := a.Results[0]
	r := boxoffice.SearchResult{Found: main.Found, Events: make([]boxoffice.FoundEvent, 0, len(main.Hits))}
	for _, h := range main.Hits {
		e := boxoffice.FoundEvent{Event: h.Document.event(), Highlights: highlights(h.Highlight)}
		if near != nil {
			e.DistanceKm = distance(*near, boxoffice.Point{Lat: h.Document.Location[0], Lon: h.Document.Location[1]})
		}
		r.Events = append(r.Events, e)
	}
	counts := main.counts()
	for i, facet := range asked.counts {
		counts[facet] = a.Results[i+1].counts()[facet]
	}
	byValue := func(a, b boxoffice.FacetCount) int { return strings.Compare(a.Value, b.Value) }
	byBand := func(a, b boxoffice.FacetCount) int { return bandAt(a.Value) - bandAt(b.Value) }
	slices.SortFunc(counts["day"], byValue)
	slices.SortFunc(counts["price_band"], byBand)
	r.Facets = boxoffice.SearchFacets{
		City: counts["place"], Type: counts["type"], Genre: counts["genre"], Day: counts["day"],
		PriceBand: counts["price_band"], Availability: counts["availability"],
	}
	return r
}

func bandAt(value string) int { return slices.Index(boxoffice.PriceBands, boxoffice.PriceBand(value)) }

// counts gives the facets of a search, the most frequent value first and equal ones by the alphabet, which the server does
// not hold to.
func (p part) counts() map[string][]boxoffice.FacetCount {
	all := map[string][]boxoffice.FacetCount{}
	for _, f := range p.FacetCounts {
		values := make([]boxoffice.FacetCount, 0, len(f.Counts))
		for _, c := range f.Counts {
			values = append(values, boxoffice.FacetCount{Value: c.Value, Count: c.Count})
		}
		slices.SortFunc(values, func(a, b boxoffice.FacetCount) int {
			if a.Count != b.Count {
				return b.Count - a.Count
			}
			return strings.Compare(a.Value, b.Value)
		})
		all[f.Field] = values
	}
	return all
}

// highlights turns the server's snippets into HTML: it escapes nothing itself.
func highlights(raw map[string]json.RawMessage) map[string]string {
	if len(raw) == 0 {
		return nil
	}
	marks := strings.NewReplacer(string(markStart), "<mark>", string(markEnd), "</mark>")
	shown := map[string]string{}
	for field, value := range raw {
		var h struct {
			Snippet string `json:"snippet"`
		}
		if json.Unmarshal(value, &h) == nil && strings.ContainsRune(h.Snippet, markStart) {
			shown[field] = marks.Replace(html.EscapeString(h.Snippet))
		}
	}
	return shown
}

// distance is the way between two places over a round earth, in kilometres with two digits: off by half a percent
// at most.
func distance(a, b boxoffice.Point) float64 {
	const radius, degree = 6371.0, math.Pi / 180
	lat, lon := (b.Lat-a.Lat)*degree/2, (b.Lon-a.Lon)*degree/2
	h := math.Sin(lat)*math.Sin(lat) + math.Cos(a.Lat*degree)*math.Cos(b.Lat*degree)*math.Sin(lon)*math.Sin(lon)
	return math.Round(2*radius*math.Asin(math.Min(1, math.Sqrt(h)))*100) / 100
}
