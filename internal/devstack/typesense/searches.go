package typesense

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// maxQuery bounds the parameters of a GET, in bytes.
const maxQuery = 4000

func (s *Server) search(c call) (reply, error) {
	if len(c.URL.RawQuery) > maxQuery {
		return reply{}, badRequest("Query string exceeds max allowed length of %d. Use the /multi_search end-point for larger payloads.", maxQuery)
	}
	answer, err := s.searchIn(c, c.path["collection"], c.parameters)
	if err != nil {
		return reply{}, err
	}
	return ok(answer)
}

func (s *Server) searchIn(c call, name string, parameters url.Values) (answer, error) {
	collection, err := s.store.collection(name)
	if err != nil {
		return answer{}, err
	}
	return collection.search(c.Context(), parameters)
}

const maxSearches = 50 // in one call, unless limit_multi_searches says less

func (s *Server) multiSearch(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	searches, err := parseSearches(body, c.parameters)
	if err != nil {
		return reply{}, err
	}
	results := make([]any, len(searches))
	for i, parameters := range searches {
		result, err := s.searchIn(c, parameters.Get("collection"), parameters)
		if err == nil {
			results[i] = result
			continue
		}
		known := asAPIError(err)
		if known.status == http.StatusInternalServerError && !errors.Is(err, known) {
			return reply{}, err
		}
		results[i] = map[string]any{"code": known.status, "error": known.message}
	}
	return ok(map[string]any{"results": results})
}

// parseSearches reads the searches of a call. The parameters in the URL hold for those that say nothing else.
func parseSearches(body []byte, common url.Values) ([]url.Values, error) {
	var call struct {
		Searches []map[string]json.RawMessage `json:"searches"`
	}
	if !json.Valid(body) {
		return nil, errBadJSON
	}
	if err := json.Unmarshal(body, &call); err != nil || call.Searches == nil {
		return nil, badRequest("Missing `searches` array.")
	}
	limit := maxSearches
	if err := parseNumber(common, "limit_multi_searches", &limit); err != nil {
		return nil, err
	}
	switch {
	case len(call.Searches) == 0:
		return nil, refuse(http.StatusInternalServerError, "Embedded params parsing error.")
	case len(call.Searches) > min(limit, maxSearches):
		return nil, badRequest("Number of multi searches exceeds `limit_multi_searches` parameter.")
	}
	searches := make([]url.Values, len(call.Searches))
	for i, own := range call.Searches {
		searches[i] = url.Values{}
		for name := range common {
			searches[i].Set(name, common.Get(name))
		}
		for name, value := range own {
			text, ok := scalar(value)
			if !ok {
				return nil, badRequest("One or more search parameters are malformed.")
			}
			searches[i].Set(name, text)
		}
	}
	return searches, nil
}

// scalar gives a JSON string, number or truth value as a parameter.
func scalar(value json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, true
	}
	return string(value), value[0] != '[' && value[0] != '{'
}
