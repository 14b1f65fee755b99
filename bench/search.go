package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
)

// SearchOptions say what Search measures.
type SearchOptions struct {
	Builds     boxoffice.SearchBuilds
	Index      boxoffice.SearchIndex
	Collection string
	Finder     boxoffice.Searcher
	Baseline   boxoffice.Searcher // the same questions, asked of Postgres
	Memory     func(ctx context.Context) (int64, error)

	PerSecond int
	Lasts     time.Duration
	Progress  func(message string)
}

// SearchReport is what Search measured.
type SearchReport struct {
	Events            int       `json:"events"`
	ImportSeconds     float64   `json:"import_seconds"`       // reading from Postgres included
	DocumentsASecond  float64   `json:"documents_per_second"` // of the writes alone
	IndexBytes        int64     `json:"index_bytes"`          // by which the search server grew; its working memory is in it
	QueriesASecond    int       `json:"queries_per_second"`
	Search            Latencies `json:"search"`
	Postgres          Latencies `json:"postgres"`
	Processors        int       `json:"processors"`
	DifferentQuestion int       `json:"different_questions"`
}

// loadPage is how many events are read and written at once.
const loadPage = 500

// Search fills an index, and asks it and Postgres the same questions, one after the other.
func Search(ctx context.Context, o SearchOptions) (SearchReport, error) {
	r := SearchReport{QueriesASecond: o.PerSecond, Processors: runtime.NumCPU()}
	before, err := o.Memory(ctx)
	if err != nil {
		return r, fmt.Errorf("ask for the search server's memory: %w", err)
	}
	sample, err := o.fill(ctx, &r)
	if err != nil {
		return r, err
	}
	after, err := o.Memory(ctx)
	if err != nil {
		return r, err
	}
	r.IndexBytes = after - before
	questions := Questions(sample)
	r.DifferentQuestion = len(questions)
	for _, side := range []struct {
		name   string
		finder boxoffice.Searcher
		result *Latencies
	}{{"the search server", o.Finder, &r.Search}, {"Postgres", o.Baseline, &r.Postgres}} {
		ask := func(ctx context.Context, n int) error {
			_, err := side.finder.Search(ctx, questions[n%len(questions)])
			return err
		}
		o.Progress(fmt.Sprintf("Asking %s %d questions a second for %s", side.name, o.PerSecond, o.Lasts))
		load(ctx, o.PerSecond, time.Second, ask) // warm
		*side.result = load(ctx, o.PerSecond, o.Lasts, ask)
	}
	return r, ctx.Err()
}

// fill loads all events, and gives some of them.
func (o SearchOptions) fill(ctx context.Context, r *SearchReport) (sample []boxoffice.SearchEntry, err error) {
	if err := o.Index.Create(ctx, o.Collection); err != nil {
		return nil, err
	}
	events, err := o.Builds.BeginBuild(ctx, o.Collection)
	if err != nil {
		return nil, err
	}
	o.Progress(fmt.Sprintf("Loading %d events", events))
	began, writing := time.Now(), time.Duration(0)
	for after := ""; ; {
		claim, last, err := o.Builds.ClaimPage(ctx, after, loadPage, time.Minute)
		if err != nil {
			return nil, err
		}
		if last == "" {
			break
		}
		wrote := time.Now()
		refused, err := o.Index.Write(ctx, o.Collection, claim.Entries)
		if err != nil {
			return nil, err
		}
		writing += time.Since(wrote)
		if err := o.Builds.FinishPage(ctx, claim, refused); err != nil {
			return nil, err
		}
		sample = append(sample, claim.Entries[0], claim.Entries[len(claim.Entries)/2])
		r.Events += len(claim.Entries) - len(refused)
		after = last
	}
	r.ImportSeconds = math.Round(time.Since(began).Seconds()*10) / 10
	r.DocumentsASecond = math.Round(float64(r.Events) / writing.Seconds())
	if err := o.Builds.EndBuild(ctx, o.Collection); err != nil {
		return nil, err
	}
	return sample, o.Index.GoLive(ctx, o.Collection)
}

// Questions makes what people ask of some events: titles in full, begun and mistyped, directors, a title in a city, and
// browsing by city, day, genre, price and distance. The same events give the same questions.
func Questions(events []boxoffice.SearchEntry) []boxoffice.SearchQuery {
	r := rand.New(rand.NewPCG(1, 2))
	var all []boxoffice.SearchQuery
	for _, e := range events {
		title, venue := e.Title.Name, e.Event.Venue
		near := &boxoffice.Point{Lat: venue.Lat, Lon: venue.Lon}
		day := e.Event.StartsAt.Format(time.DateOnly)
		for _, q := range []boxoffice.SearchQuery{
			{Text: title},
			{Text: title[:max(1, len(title)*2/3)]},
			{Text: mistyped(title, r)},
			{Text: title + " " + venue.City},
			{Text: e.Title.Director, Sort: boxoffice.SortTime},
			{City: venue.City + ", " + venue.State, FromDay: day},
			{Genre: e.Title.Genre, MaxPrice: 2000, Sort: boxoffice.SortPrice},
			{Near: near, RadiusKm: 50, Sort: boxoffice.SortDistance},
		} {
			q.Text = strings.ToValidUTF8(q.Text, "")
			q.Page, q.PerPage = 1, 20
			all = append(all, q)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// mistyped swaps two letters of a text that is long enough for it.
func mistyped(text string, r *rand.Rand) string {
	letters := []rune(text)
	if len(letters) < 5 {
		return text
	}
	at := 1 + r.IntN(len(letters)-2)
	letters[at], letters[at-1] = letters[at-1], letters[at]
	return string(letters)
}
