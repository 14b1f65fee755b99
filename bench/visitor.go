package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
)

// visitor is somebody who looks around and buys nothing.
type visitor struct {
	*crowd
	buyer  *buyer.Buyer
	random *rand.Rand

	tags  map[string]string // of the answers that the browser keeps, by path
	found string            // an event that the last search found and that is not yet opened, or none
	event string            // the one that is open, or none
}

func newVisitor(c *crowd, n int) *visitor {
	b := buyer.New(c.o.URL, c.refused)
	b.Resume(c.o.Tokens[n%len(c.o.Tokens)])
	v := &visitor{crowd: c, buyer: b, random: rand.New(rand.NewPCG(uint64(n), 2)), tags: map[string]string{}}
	switch known := c.events[n%len(c.events)]; n % pagesASearch { // they are all at different pages
	case 1:
		v.found = known
	case 2:
		v.event = known
	}
	return v
}

// act is the next page of a visitor: a search, then an event that it found, then another look at its seats.
func (v *visitor) act(ctx context.Context, due time.Time, r *record) {
	switch {
	case v.event != "":
		_, _ = v.load(ctx, due, r, stepMap, "/events/"+v.event+"/seat-map") // what went wrong is counted
		v.event = ""
	case v.found != "":
		v.open(ctx, due, r)
	default:
		v.search(ctx, due, r)
	}
}

// fewHits is how far down people read what was found.
const fewHits = 5

func (v *visitor) search(ctx context.Context, due time.Time, r *record) {
	answer, err := v.load(ctx, due, r, stepSearch, v.questions[v.random.IntN(len(v.questions))])
	if err != nil {
		return
	}
	page, err := readAnswer(answer, readJSON[foundPage])
	if err != nil {
		r.failed(stepSearch, err)
		return
	}
	if hits := min(len(page.Events), fewHits); hits > 0 {
		v.found = page.Events[v.random.IntN(hits)].ID
	}
}

// open loads the page of the event that was found: the event, its seat map and, where the browser has not got it, the plan of
// the hall.
func (v *visitor) open(ctx context.Context, due time.Time, r *record) {
	v.event, v.found = v.found, ""
	if _, err := v.load(ctx, due, r, stepEvent, "/events/"+v.event+"?tickets=none"); err != nil {
		return
	}
	answer, err := v.load(ctx, time.Now(), r, stepMap, "/events/"+v.event+"/seat-map")
	if err != nil || answer.Status == http.StatusNotModified {
		return
	}
	states, err := readAnswer(answer, readStates)
	if err != nil {
		r.failed(stepMap, err)
		return
	}
	if plan := "/seat-plans/" + states.PlanHash; v.tags[plan] == "" {
		_, _ = v.load(ctx, time.Now(), r, stepPlan, plan)
	}
}

// load asks for something that may be unchanged since the visitor's last look.
func (v *visitor) load(ctx context.Context, due time.Time, r *record, what step, path string) (buyer.Answer, error) {
	answer, err := v.buyer.Look(ctx, path, v.tags[path])
	if err != nil {
		r.failed(what, err)
		return answer, err
	}
	r.took(what, due)
	if tag := answer.Header.Get("ETag"); tag != "" {
		v.tags[path] = tag
	}
	if answer.Status == http.StatusNotModified {
		r.sameAsBefore()
	}
	return answer, nil
}

// foundPage is what of an answer about events is needed here.
type foundPage struct {
	Found  int          `json:"found"`
	Next   string       `json:"next"`
	Events []foundEvent `json:"events"`
}

type foundEvent struct {
	ID      string    `json:"id"`
	TitleID string    `json:"title_id"`
	Time    time.Time `json:"time"`
	Venue   struct {
		City  string  `json:"city"`
		State string  `json:"state"`
		Lat   float64 `json:"lat"`
		Lon   float64 `json:"lon"`
	} `json:"venue"`
}

func readJSON[T any](body io.Reader) (value T, err error) {
	return value, json.NewDecoder(body).Decode(&value)
}

// The sample that questions are made of: so many events out of the first pages of what is on.
const (
	samplePages  = 10
	sampledEvery = 10 // events
)

// survey counts what can be found, and makes questions of a sample of it.
func (c *crowd) survey(ctx context.Context, guide *buyer.Buyer) (events int, err error) {
	var all foundPage
	if err := guide.Call(ctx, http.MethodGet, "/search?per_page=1", nil, &all); err != nil {
		return 0, err
	}
	if all.Found == 0 {
		return 0, errors.New("a search for anything finds nothing")
	}
	var sample []boxoffice.SearchEntry
	for n, next := 0, ""; n < samplePages; n++ {
		var page foundPage
		if err := guide.Call(ctx, http.MethodGet, "/events?limit=100&cursor="+url.QueryEscape(next), nil, &page); err != nil {
			return 0, err
		}
		for i := 0; i < len(page.Events); i += sampledEvery {
			entry, err := entryOf(ctx, guide, page.Events[i])
			if err != nil {
				return 0, err
			}
			sample, c.events = append(sample, entry), append(c.events, page.Events[i].ID)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(sample) == 0 {
		return 0, errors.New("nothing is on, so there is nothing to look for")
	}
	for _, q := range Questions(sample) {
		c.questions = append(c.questions, "/search?"+parameters(q).Encode())
	}
	return all.Found, nil
}

func entryOf(ctx context.Context, guide *buyer.Buyer, e foundEvent) (entry boxoffice.SearchEntry, err error) {
	var page struct {
		Title struct {
			Name     string `json:"name"`
			Director string `json:"director"`
			Genre    string `json:"genre"`
		} `json:"title"`
	}
	err = guide.Call(ctx, http.MethodGet, "/titles/"+e.TitleID, nil, &page)
	entry.Title = boxoffice.Title{Name: page.Title.Name, Director: page.Title.Director, Genre: page.Title.Genre}
	entry.Event = boxoffice.Event{StartsAt: e.Time, Venue: boxoffice.Venue{City: e.Venue.City, State: e.Venue.State, Lat: e.Venue.Lat, Lon: e.Venue.Lon}}
	return entry, err
}

// parameters are those of GET /search.
func parameters(q boxoffice.SearchQuery) url.Values {
	values := url.Values{"page": {strconv.Itoa(q.Page)}, "per_page": {strconv.Itoa(q.PerPage)}}
	for name, value := range map[string]string{"q": q.Text, "city": q.City, "genre": q.Genre, "from": q.FromDay, "sort": string(q.Sort)} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.MaxPrice > 0 {
		values.Set("max_price", strconv.FormatFloat(float64(q.MaxPrice)/100, 'f', 2, 64))
	}
	if q.Near != nil {
		values.Set("near", fmt.Sprintf("%f,%f", q.Near.Lat, q.Near.Lon))
		values.Set("radius_km", strconv.FormatFloat(q.RadiusKm, 'f', -1, 64))
	}
	return values
}
