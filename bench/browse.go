package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
)

// BrowseOptions say who looks around in which system.
type BrowseOptions struct {
	URL    string
	Tokens []string      // sessions; users share them
	Users  int           // each with a browser that keeps what it has seen
	Pause  time.Duration // from one search of a user to the next; an event page and another look at its seats lie between
	Lasts  time.Duration // of the users' own rate
	Step   time.Duration // of each rate above it
	Most   time.Duration // what the 95th percentile may be; the first rate with a higher one is the last
	// CPU gives how much processor time each process has used since it began; nil where it cannot be seen.
	CPU      func() (map[string]time.Duration, error)
	Progress func(elapsed time.Duration, message string)
}

// rateFactor is from one rate to the next.
const rateFactor = 1.25

// crowd is a run of it.
type crowd struct {
	o         BrowseOptions
	refused   *refusals
	questions []string // paths of searches
	events    []string // some that are on
	idle      chan *visitor
	random    *rand.Rand
	began     time.Time
}

// Browse lets the users look around at their own rate, and then at rising ones, until the 95th percentile of searches, event
// pages or seat maps passes what it may be, or the system falls behind. Requests come when they are due, whatever became of
// those before them, and each is measured from when it was due: a system that stalls does not slow down its own measurement.
func Browse(ctx context.Context, o BrowseOptions) (BrowseReport, error) {
	if len(o.Tokens) == 0 || o.Users < 1 {
		return BrowseReport{}, errors.New("nobody looks around")
	}
	report := BrowseReport{Users: o.Users, Processors: runtime.NumCPU(), MostMs: o.Most.Seconds() * 1000, LoadBefore: loadAverage()}
	transport := &http.Transport{MaxIdleConnsPerHost: mostUnderWay, IdleConnTimeout: time.Minute}
	c := &crowd{o: o, refused: &refusals{next: transport}, idle: make(chan *visitor, o.Users), random: newArrivals(), began: time.Now()}
	guide := buyer.New(o.URL, transport)
	guide.Resume(o.Tokens[0])
	var err error
	if report.Events, err = c.survey(ctx, guide); err != nil {
		return report, err
	}
	for n := range o.Users {
		c.idle <- newVisitor(c, n)
	}
	perSecond := float64(o.Users) / o.Pause.Seconds()
	for lasts := o.Lasts; ; lasts, perSecond = o.Step, perSecond*rateFactor {
		step, err := c.run(ctx, perSecond, lasts)
		if err != nil {
			return report, err
		}
		step.judge(o.Most)
		report.Steps = append(report.Steps, step)
		if !step.Kept {
			report.LoadAfter = loadAverage()
			return report, nil
		}
	}
}

// newArrivals gives the same in every run, so that runs can be compared.
func newArrivals() *rand.Rand { return rand.New(rand.NewPCG(0, 4)) }

// pagesASearch is how many pages a user opens for each search, with the search's own.
const pagesASearch = 3

// run lets users act at a rate: searches a second, and the pages between.
func (c *crowd) run(ctx context.Context, perSecond float64, lasts time.Duration) (BrowseStep, error) {
	step := BrowseStep{record: newRecord()}
	before, err := c.cpu()
	if err != nil {
		return step, err
	}
	failed, began := c.refused.count.Load(), time.Now()
	step.record.began = began
	var underWay sync.WaitGroup
	places := make(chan struct{}, mostUnderWay)
	for due := began; due.Sub(began) < lasts; due = due.Add(c.gap(perSecond * pagesASearch)) {
		if !until(ctx, due) {
			break
		}
		c.o.Progress(time.Since(c.began), fmt.Sprintf("  %.0f searches a second", perSecond))
		select {
		case places <- struct{}{}:
		default:
			step.Shed++
			continue
		}
		next := <-c.idle
		underWay.Go(func() {
			next.act(ctx, due, step.record)
			c.idle <- next
			<-places
		})
	}
	underWay.Wait()
	after, err := c.cpu()
	step.sum(perSecond, time.Since(began), after, before)
	step.HTTP5xx = int(c.refused.count.Load() - failed)
	return step, errors.Join(err, ctx.Err())
}

// gap is from one of so many strangers a second to the next. They know nothing of each other, so sometimes several come at once.
func (c *crowd) gap(perSecond float64) time.Duration {
	return time.Duration(c.random.ExpFloat64() * float64(time.Second) / perSecond)
}

// until waits for a time, unless it is over. It reports false when ctx ended first.
func until(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	return wait <= 0 && ctx.Err() == nil || wait > 0 && pause.For(ctx, wait)
}

func (c *crowd) cpu() (map[string]time.Duration, error) {
	if c.o.CPU == nil {
		return map[string]time.Duration{}, nil
	}
	return c.o.CPU()
}

// BrowseReport is what it measured: the users' own rate first, and then rising ones.
type BrowseReport struct {
	Events     int          `json:"events"` // that can be found
	Users      int          `json:"users"`
	Processors int          `json:"processors"`
	MostMs     float64      `json:"most_ms"` // what each 95th percentile may be
	Steps      []BrowseStep `json:"steps"`
	LoadBefore float64      `json:"load_before"` // of the machine, averaged over a minute
	LoadAfter  float64      `json:"load_after"`
}

// BrowseStep is what one rate did.
type BrowseStep struct {
	SearchesPerSecond float64 `json:"searches_per_second"` // that were due
	Seconds           float64 `json:"seconds"`             // until the last answer
	RequestsPerSecond float64 `json:"requests_per_second"` // that were answered

	Search   Percentiles `json:"search_ms"`
	Event    Percentiles `json:"event_ms"`
	SeatMap  Percentiles `json:"seat_map_ms"`
	SeatPlan Percentiles `json:"seat_plan_ms"`

	Unchanged float64            `json:"unchanged"` // the share of event pages and seat maps that were answered by 304
	HTTP5xx   int                `json:"http_5xx"`
	Errors    map[string]int     `json:"errors"`
	Shed      int                `json:"shed"`      // pages that were not asked for, because too many were under way
	CPUShare  map[string]float64 `json:"cpu_share"` // of all processors, by process; null where it cannot be seen
	Kept      bool               `json:"kept"`      // whether no 95th percentile passed what it may be, and nothing failed

	record *record
}

func (s *BrowseStep) sum(perSecond float64, took time.Duration, after, before map[string]time.Duration) {
	s.SearchesPerSecond, s.Seconds = rounded(perSecond, 1), rounded(took.Seconds(), 1)
	steps := s.record.steps
	s.Search, s.Event = percentilesOf(steps[stepSearch]), percentilesOf(steps[stepEvent])
	s.SeatMap, s.SeatPlan = percentilesOf(steps[stepMap]), percentilesOf(steps[stepPlan])
	s.RequestsPerSecond = rounded(float64(s.Search.Count+s.Event.Count+s.SeatMap.Count+s.SeatPlan.Count)/took.Seconds(), 1)
	s.Unchanged = rounded(float64(s.record.unchanged)/float64(max(s.Event.Count+s.SeatMap.Count, 1)), 3)
	s.Errors = s.record.errors
	if len(after) == 0 {
		return
	}
	s.CPUShare = map[string]float64{}
	for name, used := range after {
		spent := used - before[name]
		if name == simulatorsProcess {
			name = searchProcess
		}
		s.CPUShare[name] = rounded(spent.Seconds()/took.Seconds()/float64(runtime.NumCPU()), 3)
	}
}

// judge says whether the rate was borne.
func (s *BrowseStep) judge(most time.Duration) {
	s.Kept = !s.failed() && s.worst() <= most.Seconds()*1000
}

// worst is the highest 95th percentile of what must be fast.
func (s *BrowseStep) worst() float64 { return max(s.Search.P95, s.Event.P95, s.SeatMap.P95) }

// failed reports whether something was not answered, or searches found so little that hardly an event was opened after them.
func (s *BrowseStep) failed() bool {
	return s.Shed > 0 || s.HTTP5xx > 0 || len(s.Errors) > 0 || s.Search.Count == 0 || 2*min(s.Event.Count, s.SeatMap.Count) < s.Search.Count
}
