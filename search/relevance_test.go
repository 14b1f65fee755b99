package search

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// judgement says what a query must find: what, of its own kind, stands within the first so many.
type judgement struct {
	kind, query, field, value string
	within                    int
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return rows[1:]
}

func judgements(t *testing.T) (all []judgement) {
	t.Helper()
	for _, row := range readCSV(t, "testdata/judged.csv") {
		within, err := strconv.Atoi(row[4])
		require.NoError(t, err)
		all = append(all, judgement{row[0], row[1], row[2], row[3], within})
	}
	return all
}

// seeded is every title that the program brings along, three times in this city or that; Ghost is on in Chico.
func seeded(t *testing.T) (entries []boxoffice.SearchEntry, titles map[string]boxoffice.Title) {
	t.Helper()
	cities := readCSV(t, "../seed/data/cities.csv")
	titles = map[string]boxoffice.Title{}
	add := func(title boxoffice.Title, votes int) {
		title.ID = fmt.Sprintf("019a0000-0000-7000-9000-%012d", len(titles))
		titles[title.ID] = title
		for n := range 3 {
			city := cities[(len(titles)*7+n*161)%len(cities)]
			if title.Name == "Ghost" && n == 0 {
				city = cities[slices.IndexFunc(cities, func(c []string) bool { return c[1] == "Chico" })]
			}
			e := showing(len(entries), title.Name, title.Genre, title.Director, city[1], city[2], 1+len(entries)%500, 12, 100)
			e.Title, e.Event.TitleID, e.Event.Type, e.Popularity = title, title.ID, title.Kind, votes
			e.Event.Venue.Name = city[1] + " " + []string{"Grand Cinema", "Palace", "Rialto"}[n]
			entries = append(entries, e)
		}
	}
	for _, row := range readCSV(t, "../seed/data/movies.csv") {
		votes, _ := strconv.Atoi(row[7]) // empty: nobody
		add(boxoffice.Title{Name: row[0], Kind: "film", Genre: row[3], Director: row[5]}, votes)
	}
	for _, row := range readCSV(t, "../seed/data/shows.csv") {
		add(boxoffice.Title{Name: row[0], Kind: row[1], Genre: row[3]}, 0)
	}
	return entries, titles
}

// rank gives at which place the wanted stands among the different values of its field, from 1; 0 if it does not.
func (j judgement) rank(found boxoffice.SearchResult, titles map[string]boxoffice.Title) int {
	var values []string
	for _, e := range found.Events {
		title, venue := titles[e.Event.TitleID], e.Event.Venue
		value := map[string]string{
			"title": title.Name, "director": title.Director, "genre": title.Genre, "city": venue.City,
			"title in city": title.Name + " in " + venue.City, "title in state": title.Name + " in " + venue.State,
		}[j.field]
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return slices.Index(values, j.value) + 1
}

// TestRelevance holds what is found first against what people would expect: make relevance.
func TestRelevance(t *testing.T) {
	t.Parallel()
	entries, titles := seeded(t)
	x := newIndex(t, entries...)
	all := judgements(t)
	require.GreaterOrEqual(t, len(all), 60)
	first, third, asked := 0, 0, 0
	var misses, wrong strings.Builder
	for _, j := range all {
		rank := j.rank(x.search(t, boxoffice.SearchQuery{Text: j.query, Page: 1, PerPage: 100}), titles)
		asked++
		if rank == 1 {
			first++
		}
		if rank >= 1 && rank <= 3 {
			third++
		}
		if rank == 0 || rank > j.within {
			fmt.Fprintf(&misses, "  %-12s %-46q %q is %s, and should be among the first %d\n", j.kind, j.query, j.value, place(rank), j.within)
			if j.kind == "exact" {
				wrong.WriteString(j.query + "; ")
			}
		}
	}
	t.Logf("%d judged queries over %d titles: success@1 %.3f, success@3 %.3f\n%s", asked, len(titles), float64(first)/float64(asked), float64(third)/float64(asked), misses.String())
	require.Empty(t, wrong.String(), "an exact title comes first")
	require.GreaterOrEqual(t, float64(third)/float64(asked), 0.95)
}

func place(rank int) string {
	if rank == 0 {
		return "not found"
	}
	return "number " + strconv.Itoa(rank)
}
