package typesense_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

// exchange is one request to a real server and what that answered.
type exchange struct {
	Name            string
	Method, Path    string
	Query           map[string]any
	RequestHeaders  map[string]string `json:"request_headers"`
	ResponseHeaders map[string]string `json:"response_headers"`
	RequestBody     any               `json:"request_body"`
	Status          int
	ResponseBody    any     `json:"response_body"`
	ResponseText    *string `json:"response_text"`
}

// difference says where we answer otherwise than the real server, and why.
type difference struct {
	Group    string `json:"group"`
	Exchange string `json:"exchange"`
	What     string `json:"what"`
	Why      string `json:"why,omitempty"`
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into), path)
}

// A session with a real server is played back. Every difference must be in testdata/differences.json, and nothing else.
func TestRecordedSession(t *testing.T) {
	t.Parallel()
	server := start(t, typesense.Options{APIKey: "test"})
	var known []difference
	readJSON(t, "testdata/differences.json", &known)
	for i, d := range known {
		require.NotEmpty(t, d.Why, d)
		known[i].Why = ""
	}
	groups, err := filepath.Glob("testdata/recordings/*.json")
	require.NoError(t, err)
	slices.Sort(groups)
	var found []difference
	for _, path := range groups[1:] {
		var group struct{ Exchanges []exchange }
		readJSON(t, path, &group)
		require.NotEmpty(t, group.Exchanges, path)
		for _, e := range group.Exchanges {
			for _, what := range (replay{t, server.URL, e}).differences() {
				found = append(found, difference{Group: strings.TrimSuffix(filepath.Base(path), ".json"), Exchange: e.Name, What: what})
			}
		}
	}
	for _, d := range found {
		if !slices.Contains(known, d) {
			t.Errorf("not listed: %+v", d)
		}
	}
	for _, d := range known {
		if !slices.Contains(found, d) {
			t.Errorf("listed, but no longer so: %+v", d)
		}
	}
}

type replay struct {
	t   *testing.T
	url string
	exchange
}

// send plays the request, with more parameters.
func (r replay) send(more url.Values) (status int, header http.Header, body []byte) {
	r.t.Helper()
	var content io.Reader = http.NoBody
	switch b := r.RequestBody.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		require.NoError(r.t, err)
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), r.Method, r.url+r.Path, content)
	require.NoError(r.t, err)
	query := url.Values{}
	for name, value := range r.Query {
		query.Set(name, fmt.Sprint(value))
	}
	for name := range more {
		query.Set(name, more.Get(name))
	}
	request.URL.RawQuery = query.Encode()
	for name, value := range r.RequestHeaders {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(r.t, err)
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return response.StatusCode, response.Header, body
}

// differences tells in what our answer differs: its status, else its headers, its lines, or the properties of its body.
func (r replay) differences() []string {
	status, header, body := r.send(nil)
	if status != r.Status {
		return []string{"status"}
	}
	var found []string
	for name, value := range r.ResponseHeaders {
		bare := func(value string) string { return strings.TrimSuffix(value, "; charset=utf-8") } // given by some routes only
		if name != "connection" && name != "transfer-encoding" && bare(header.Get(name)) != bare(value) {
			found = append(found, name)
		}
	}
	return append(found, r.contentDifferences(body)...)
}

func (r replay) contentDifferences(body []byte) []string {
	if r.ResponseBody == nil && r.ResponseText != nil {
		return lineDifferences(*r.ResponseText, string(body))
	}
	var ours any
	if len(body) > 0 {
		require.NoError(r.t, json.Unmarshal(body, &ours), "%s: %s", r.Name, body)
	}
	theirs, ok := r.ResponseBody.(map[string]any)
	oursToo, ok2 := ours.(map[string]any)
	switch {
	case r.Path == "/metrics.json": // its values are those of the machine
		if !reflect.DeepEqual(names(theirs), names(oursToo)) {
			return []string{"names"}
		}
		return nil
	case ok && ok2:
		return r.bodyDifferences(theirs, oursToo)
	case !reflect.DeepEqual(stable(r.ResponseBody), stable(ours)):
		return []string{"body"}
	}
	return nil
}

func lineDifferences(theirs, ours string) []string {
	if theirs == ours {
		return nil
	}
	want, got := strings.Split(theirs, "\n"), strings.Split(ours, "\n")
	if len(want) != len(got) {
		return []string{"lines"}
	}
	var found []string
	for i := range want {
		var a, b any
		if json.Unmarshal([]byte(want[i]), &a) != nil || json.Unmarshal([]byte(got[i]), &b) != nil || !reflect.DeepEqual(a, b) {
			found = append(found, fmt.Sprintf("line %d", i+1))
		}
	}
	return found
}

// stable takes away what differs from call to call.
func stable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, field := range v {
			if name != "created_at" && name != "search_time_ms" {
				kept[name] = stable(field)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, element := range v {
			kept[i] = stable(element)
		}
		return kept
	}
	return value
}

func names(maps ...map[string]any) []string {
	var all []string
	for _, m := range maps {
		for name := range m {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r replay) bodyDifferences(theirs, ours map[string]any) []string {
	var found []string
	for _, name := range names(theirs, ours) {
		a, b := theirs[name], ours[name]
		switch name {
		case "created_at", "search_time_ms":
		case "hits":
			found = append(found, hitDifferences(a, b)...)
		case "facet_counts":
			found = append(found, r.facetDifferences(a, b)...)
		case "results":
			found = append(found, r.resultDifferences(a, b)...)
		default:
			if !reflect.DeepEqual(stable(a), stable(b)) {
				found = append(found, name)
			}
		}
	}
	return found
}

func (r replay) resultDifferences(theirs, ours any) []string {
	a, _ := theirs.([]any)
	b, _ := ours.([]any)
	if len(a) != len(b) {
		return []string{"results"}
	}
	var found []string
	for i := range a {
		one := replay{r.t, r.url, exchange{Method: "GET"}}
		one.RequestHeaders = r.RequestHeaders
		if body, ok := r.RequestBody.(map[string]any); ok {
			one.Query, _ = body["searches"].([]any)[i].(map[string]any)
			one.Path = fmt.Sprintf("/collections/%v/documents/search", one.Query["collection"])
		}
		for _, what := range one.bodyDifferences(a[i].(map[string]any), b[i].(map[string]any)) {
			found = append(found, fmt.Sprintf("results[%d].%s", i, what))
		}
	}
	return found
}

// hitDifferences compares hits one by one, in their order, and names the properties that differ.
func hitDifferences(theirs, ours any) []string {
	a, _ := theirs.([]any)
	b, _ := ours.([]any)
	if len(a) != len(b) {
		return []string{"hits"}
	}
	var found []string
	for i := range a {
		want, got := a[i].(map[string]any), b[i].(map[string]any)
		for _, name := range names(want, got) {
			x, y := want[name], got[name]
			if name == "highlights" { // their order is none
				sortByField(x)
				sortByField(y)
			}
			if !reflect.DeepEqual(x, y) {
				found = append(found, "hits."+name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func sortByField(highlights any) {
	list, _ := highlights.([]any)
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["field"].(string), b.(map[string]any)["field"].(string))
	})
}

// facetDifferences compares facets. The order of equal counts is none, and which of them are cut off is chance: there every
// value of the real server must be among ours, with its count, once we are asked for all.
func (r replay) facetDifferences(theirs, ours any) []string {
	a, _ := theirs.([]any)
	b, _ := ours.([]any)
	if len(a) != len(b) {
		return []string{"facet_counts"}
	}
	var found []string
	for i := range a {
		want, got := a[i].(map[string]any), b[i].(map[string]any)
		field := want["field_name"]
		if field != got["field_name"] || !r.sameCounts(i, want["counts"].([]any), got["counts"].([]any)) {
			found = append(found, fmt.Sprintf("facet_counts.%v", field))
		}
		if !reflect.DeepEqual(want["stats"], got["stats"]) {
			found = append(found, fmt.Sprintf("facet_counts.%v.stats", field))
		}
	}
	return found
}

func (r replay) sameCounts(i int, theirs, ours []any) bool {
	if len(theirs) != len(ours) {
		return false
	}
	for n := range theirs {
		if theirs[n].(map[string]any)["count"] != ours[n].(map[string]any)["count"] {
			return false
		}
	}
	inOrder := func(a, b any) int {
		return cmp.Compare(a.(map[string]any)["value"].(string), b.(map[string]any)["value"].(string))
	}
	if slices.SortFunc(theirs, inOrder); reflect.DeepEqual(theirs, slices.SortedFunc(slices.Values(ours), inOrder)) {
		return true
	}
	_, _, body := r.send(url.Values{"facet_strategy": {"exhaustive"}, "max_facet_values": {"1000"}})
	var all struct {
		Facets []struct{ Counts []any } `json:"facet_counts"`
	}
	require.NoError(r.t, json.Unmarshal(body, &all))
	for _, want := range theirs {
		if !slices.ContainsFunc(all.Facets[i].Counts, func(got any) bool { return reflect.DeepEqual(want, got) }) {
			return false
		}
	}
	return true
}
