package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
)

// SaleOptions say who buys what from which system, and what of the system can be seen from here.
type SaleOptions struct {
	URL     string   // of the box office
	EventID string   // what they all want
	Tokens  []string // the buyers' sessions, one a buyer, begun before
	Lasts   time.Duration
	Inbox   *buyer.Inbox // where the mails of all bookings arrive
	System  System
	// Progress is told once a second, and at the end: how much of the time is over, how many bookings are made, and how many
	// of the event's seats are sold, in a hundred.
	Progress func(elapsed time.Duration, bookings, sold int)
}

// System is what can be seen of the system besides what buyers see. What is nil is left out of the report, which says so.
type System struct {
	// CPU gives how much processor time each process has used since it began.
	CPU func() (map[string]time.Duration, error)
	// Bytes gives how much the databases hold.
	Bytes func(ctx context.Context) (postgres, temporal int64, err error)
	// SweepStarts gives how many runs of bookings a sweep has begun since the start.
	SweepStarts func(ctx context.Context) (int, error)
	// Audit holds the system against every promise and names what is broken.
	Audit func(ctx context.Context) ([]string, error)
	// Baseline measures bare SQL on the same server, by so many clients at once.
	Baseline func(ctx context.Context, clients int) (Baseline, error)
}

// What ended a run.
const (
	endedTime    = "the time was over"
	endedSold    = "90 % of the seats were sold"
	endedSoldOut = "no seat was left"
)

// soldEnough is the share of the seats at which a run ends: of the last ones more buyers are refused than served, and the
// rest would measure that.
const soldEnough = 0.9

// settlePatience is for bookings under way when the clock stops, and then for their mails.
const settlePatience = time.Minute

// run is a sale under way.
type run struct {
	o       SaleOptions
	record  *record
	refused *refusals
	pages   pages
	crowd   []*shopper

	total      int          // seats that are for sale
	sold       atomic.Int64 // of them
	enough     float64      // the share of them at which the run ends
	enoughEnds string       // and what that is called

	clock   context.Context // ends when no new booking is begun
	stopped func()
	once    sync.Once
	ended   string
	elapsed time.Duration
}

// OnSale lets buyers buy, each one booking after the other, until the time is over or 90 % of the seats are sold. It takes
// that long, and until the bookings under way have come to their end.
func OnSale(ctx context.Context, o SaleOptions) (SaleReport, error) {
	r, err := newRun(o, soldEnough, endedSold)
	if err != nil {
		return SaleReport{}, err
	}
	seats, err := r.survey(ctx)
	if err != nil {
		return SaleReport{}, err
	}
	r.total = seats.total()
	r.sold.Store(int64(seats.gone()))
	report := r.newReport("onsale")
	err = r.measure(ctx, &report, func(ctx context.Context) {
		r.each(func(_ int, s *shopper) { s.shop(ctx) })
	})
	return report, err
}

func newRun(o SaleOptions, enough float64, enoughEnds string) (*run, error) {
	if len(o.Tokens) == 0 {
		return nil, errors.New("nobody wants to buy")
	}
	if o.Progress == nil {
		o.Progress = func(time.Duration, int, int) {}
	}
	transport := &http.Transport{MaxIdleConnsPerHost: len(o.Tokens), IdleConnTimeout: time.Minute}
	r := &run{o: o, record: newRecord(), refused: &refusals{next: transport}, enough: enough, enoughEnds: enoughEnds}
	for n, token := range o.Tokens {
		b := buyer.New(o.URL, r.refused)
		b.Resume(token)
		r.crowd = append(r.crowd, &shopper{run: r, eventID: o.EventID, buyer: b, random: rand.New(rand.NewPCG(uint64(n), 1)), tags: map[string]string{}})
	}
	return r, nil
}

// survey looks at the seats before the clock starts, and what that took is not noted.
func (r *run) survey(ctx context.Context) (*seatMap, error) {
	first := r.crowd[0]
	if err := first.visit(ctx); err != nil {
		return nil, err
	}
	r.record = newRecord()
	return first.seen, nil
}

// each lets every buyer act at once, and waits for all.
func (r *run) each(act func(n int, s *shopper)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for n, s := range r.crowd {
		all.Go(func() {
			<-begin
			act(n, s)
		})
	}
	close(begin)
	all.Wait()
}

// start begins the clock.
func (r *run) start(ctx context.Context) {
	r.record.began = time.Now()
	r.clock, r.stopped = context.WithTimeout(ctx, r.o.Lasts)
}

// open reports whether new bookings may be begun.
func (r *run) open() bool {
	if r.clock.Err() != nil {
		r.stop(endedTime)
		return false
	}
	return true
}

// stop ends the clock; the first reason holds.
func (r *run) stop(why string) {
	r.once.Do(func() {
		r.ended, r.elapsed = why, min(time.Since(r.record.began), r.o.Lasts)
		r.stopped()
	})
}

// countSeats ends the run when enough of the seats are sold.
func (r *run) countSeats(n int) {
	if sold := r.sold.Add(int64(n)); float64(sold) >= r.enough*float64(r.total) {
		r.stop(r.enoughEnds)
	}
}

// refusals counts answers of 500 and above, whoever was asked and whatever came of it.
type refusals struct {
	next  http.RoundTripper
	count atomic.Int64
}

// RoundTrip is the request itself.
func (f *refusals) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := f.next.RoundTrip(request)
	if err == nil && response.StatusCode >= http.StatusInternalServerError {
		f.count.Add(1)
	}
	return response, err
}
