package typesense

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	"github.com/stretchr/testify/require"
)

// newTestState holds a few documents with fields of every type.
func newTestState(t testing.TB) *state {
	t.Helper()
	s, err := parseSchema([]byte(`{"name":"c","token_separators":["-"],"symbols_to_index":["+"],"fields":[
		{"name":"title","type":"string","sort":true},{"name":"tags","type":"string[]","facet":true},{"name":"year","type":"int32","optional":true},
		{"name":"at","type":"int64"},{"name":"price","type":"float"},{"name":"prices","type":"float[]","optional":true},
		{"name":"open","type":"bool"},{"name":"place","type":"geopoint"},{"name":"places","type":"geopoint[]","optional":true}]}`))
	require.NoError(t, err)
	analysis := index.NewAnalysisQueue(1)
	t.Cleanup(analysis.Close)
	st, err := newState(s, t.TempDir(), analysis)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.text.close()) })
	var docs []json.RawMessage
	for _, doc := range []string{
		`{"id":"0","title":"Ghost","tags":["Drama"],"year":1990,"at":10,"price":9.5,"prices":[1,2.5],"open":true,"place":[40,-100]}`,
		`{"id":"1","title":"Ghost World","tags":["Comedy","New Wave"],"year":2001,"at":20,"price":-3,"open":false,"place":[41,-100]}`,
		`{"id":"2","title":"Spider-Man","tags":[],"at":9007199254740993,"price":0.1,"open":true,"place":[0,179.9],"places":[[1,1],[2,2]]}`,
		`{"id":"3","title":"C++ && Ünïcode (live)","tags":["a,b"],"year":-5,"at":-30,"price":1e9,"open":false,"place":[-41,20]}`,
	} {
		docs = append(docs, json.RawMessage(doc))
	}
	require.NoError(t, st.load(docs))
	return st
}

func ids(t testing.TB, st *state, filter string) string {
	t.Helper()
	set, err := st.filter(t.Context(), filter)
	require.NoError(t, err, filter)
	var found strings.Builder
	for i, ok := set.NextSet(0); ok; i, ok = set.NextSet(i + 1) {
		found.WriteString(st.ids[i])
	}
	return found.String()
}

func TestFilters(t *testing.T) {
	t.Parallel()
	st := newTestState(t)
	for filter, want := range map[string]string{
		"":                               "0123",
		"title:ghost":                    "01",
		"title:=ghost":                   "0",
		"title:=GHÓST":                   "0",
		"title:world ghost":              "1",
		"title:Gho*":                     "01",
		"title:wor*":                     "1",
		"title:=Ghost Wo*":               "1",
		"title:=wor*":                    "",
		"title:=spider man":              "2",
		"title:!=ghost":                  "123",
		"title:!ghost":                   "23",
		"title:=[Ghost, `Spider-Man`]":   "02",
		"title:!=[Ghost,Spider-Man]":     "13",
		"title:=`C++ && Ünïcode (live)`": "3",
		"title:c++":                      "3",
		"tags:=`New Wave`":               "1",
		"tags:wave":                      "1",
		"tags:=[`a,b`]":                  "3",
		"tags:!=Drama":                   "123",
		"tags:[]":                        "",
		"year:1990":                      "0",
		"year:!=1990":                    "123",
		"year:<1990":                     "3",
		"year:>-6":                       "013",
		"year:[1990..2000, 2001]":        "01",
		"year:[<0,>2000]":                "13",
		"year:[1990..]":                  "",
		"at:9007199254740993":            "2",
		"at:9007199254740992":            "",
		"price:0.1":                      "2",
		"price:>=9.5":                    "03",
		"price:<0":                       "1",
		"price:[-3..0.1]":                "12",
		"prices:2.5":                     "0",
		"open:true":                      "02",
		"open:!=true":                    "13",
		"open:[true,false]":              "0123",
		"id:1":                           "1",
		"id:=[0,3,nope]":                 "03",
		"id:!=0":                         "123",
		"id:*":                           "0123",
		"place:(40,-100, 10 km)":         "0",
		"place:(40,-100, 70 mi)":         "01",
		"place:(39,-101, 39,-99, 42,-99, 42,-101)":       "01",
		"places:(2,2, 1 km)":                             "2",
		"open:true || year:2001 && title:world":          "1",
		"open:true || (year:2001 && title:world)":        "012",
		"  ( open : true ) && ( year :> 0 ) ":            "0",
		"title:=Ghost || ((id:3)) || id:2 && at:>0":      "02",
		"place:(40,-100, 10 km) || place:(0,179,900 km)": "02",
	} {
		require.Equal(t, want, ids(t, st, filter), filter)
	}
}

func TestBadFilters(t *testing.T) {
	t.Parallel()
	st := newTestState(t)
	for filter, want := range map[string]string{
		"year":                                  "Could not parse the filter query.",
		"title:`a":                              "Could not parse the filter query.",
		":a":                                    "Could not parse the filter query.",
		"(id:1":                                 "Could not parse the filter query: unbalanced parentheses.",
		"id:1)":                                 "Could not parse the filter query: unbalanced parentheses.",
		"()":                                    "Could not parse the filter query: unbalanced parentheses.",
		"id:1 &&":                               "Could not parse the filter query: unbalanced `&&` operands.",
		"|| id:1":                               "Could not parse the filter query: unbalanced `&&` operands.",
		"id:1 || && id:2":                       "Could not parse the filter query: unbalanced `||` operands.",
		"nope:1":                                "Could not find a filter field named `nope` in the schema.",
		"title:":                                "Error with filter field `title`: Filter value cannot be empty.",
		"year:1.5":                              "Error with filter field `year`: Not an int32.",
		"year:x":                                "Error with filter field `year`: Numerical field has an invalid comparator.",
		"open:1":                                "Value of filter field `open` must be `true` or `false`.",
		"place:(1,2,3)":                         "Unit must be either `km` or `mi`.",
		"place:(1,x,3 km)":                      "Bad geopoint: 1, x.",
		strings.Repeat("(", 5000):               "`filter_by` has too many operations.",
		strings.Repeat("id:1||", 5000) + "id:1": "`filter_by` has too many operations.",
	} {
		_, err := st.filter(t.Context(), filter)
		require.EqualError(t, err, want, filter)
	}
}

// Whatever a filter is, reading it ends, soon and without a panic, it lets only documents through that are there, and in
// parentheses it means the same.
func FuzzFilter(f *testing.F) {
	st := newTestState(f)
	for _, seed := range []string{
		"title:=Ghost && year:[1990..2000,>2001] || !(open:true)", "place:(1,2,3 km)", "place:(1,2,3,4,5,6)", "title:=`a && b`,[x", "id:!=[0,1]",
		"((year:1) && at:>=-1", "prices:<1e308", "tags:[a,`b,c`]*", "year:..", "places:(NaN,Inf,1mi)", "price:>+-1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		set, err := st.filter(t.Context(), text)
		require.Less(t, time.Since(began), time.Second)
		if err != nil || strings.TrimSpace(text) == "" {
			return
		}
		require.True(t, st.live.IsSuperSet(set))
		again, err := st.filter(t.Context(), "("+text+")")
		if errors.Is(err, errTooMany) {
			return
		}
		require.NoError(t, err)
		require.True(t, set.Equal(again) || set.SymmetricDifference(again).None())
	})
}
