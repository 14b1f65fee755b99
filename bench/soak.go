package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// SoakOptions say how long which load lasts, and what is watched meanwhile. Of the sale's options, EventID is not used.
type SoakOptions struct {
	SaleOptions
	EventIDs  []string // each buyer's is one of them, of which there are at most as many as buyers
	PerSecond float64  // how many begin a booking
	Abandoned int      // of a hundred; half of these never open the checkout, and half leave at the payment page
	Every     time.Duration
	Vitals    func(ctx context.Context) (Reading, error)
}

// SoakReport is what a soak measured: a sale's report, and the course of each vital.
type SoakReport struct {
	SaleReport
	Begun     int       `json:"begun"` // visits that meant to book
	Abandoned int       `json:"abandoned"`
	Shed      int       `json:"shed"`      // visits that were not begun, since every buyer was at it
	Due       int       `json:"due"`       // readings of the vitals
	Unread    int       `json:"unread"`    // of them, those that failed
	Restarted []string  `json:"restarted"` // processes that are others than in the beginning
	Vitals    []*Course `json:"vitals"`
}

// soak is a soak under way.
type soak struct {
	*run
	o         SoakOptions
	idle      chan *shopper
	visits    sync.WaitGroup
	begun     int
	shed      int
	abandoned atomic.Int64
	vitals    courses
	processes map[string][]int // of the first reading
	restarted map[string]bool
	unread    int
	blind     error // why the vitals could not be read the last time that they could not
}

// Soak lets buyers come at an even rate, whether those before them are done or not, until the time is over, and reads the
// vitals all along. It takes as long, and until the bookings under way have come to their end.
func Soak(ctx context.Context, o SoakOptions) (SoakReport, error) {
	r, err := newRun(o.SaleOptions, neverSoldOut, "")
	if err != nil {
		return SoakReport{}, err
	}
	s := &soak{run: r, o: o, idle: make(chan *shopper, len(r.crowd)), restarted: map[string]bool{}}
	if err := s.survey(ctx); err != nil {
		return SoakReport{}, err
	}
	report := SoakReport{SaleReport: r.newReport("soak")}
	err = r.measure(ctx, &report.SaleReport, s.arrivals)
	report.Begun, report.Shed, report.Abandoned = s.begun, s.shed, int(s.abandoned.Load())
	report.Due, report.Restarted = int(o.Lasts/o.Every), slices.Sorted(maps.Keys(s.restarted))
	for _, course := range s.vitals.all {
		course.judge(report.Due)
	}
	report.Vitals = s.vitals.all
	report.morePlots = s.plots
	if report.Unread = s.unread; s.unread > 0 {
		report.leaveOut(fmt.Sprintf("%d readings of what must not grow, the last since: %v", s.unread, s.blind))
	}
	return report, err
}

// neverSoldOut is more than all seats: a soak is not ended by what is sold.
const neverSoldOut = 2

// survey says who wants what, and counts the seats before the clock starts.
func (s *soak) survey(ctx context.Context) error {
	for i, shopper := range s.crowd {
		shopper.eventID = s.o.EventIDs[i%len(s.o.EventIDs)]
		if i < len(s.o.EventIDs) {
			if err := shopper.visit(ctx); err != nil {
				return err
			}
			s.total += shopper.seen.total()
		}
		s.idle <- shopper
	}
	s.record = newRecord()
	return nil
}

// arrivals lets a buyer come at each tick, and waits for the last to leave.
func (s *soak) arrivals(ctx context.Context) {
	s.visits.Go(func() { s.readVitals(ctx) })
	tick := time.NewTicker(time.Duration(float64(time.Second) / s.o.PerSecond))
	defer tick.Stop()
	for s.open() {
		select {
		case <-s.clock.Done():
			continue
		case <-tick.C:
		}
		select {
		case visitor := <-s.idle:
			s.begun++
			s.visits.Go(func() {
				s.visit(ctx, visitor)
				s.idle <- visitor
			})
		default:
			s.shed++
		}
	}
	s.visits.Wait()
}

// visit is one booking that is meant. Who abandons it comes back when the seats are free again.
func (s *soak) visit(ctx context.Context, visitor *shopper) {
	chance := visitor.random.IntN(100)
	seats, err := visitor.choose(ctx)
	if err != nil {
		return
	}
	if len(seats) == 0 {
		s.stop(endedSoldOut)
		return
	}
	if chance >= s.o.Abandoned {
		_ = visitor.buy(ctx, seats) // what went wrong is counted
		return
	}
	booking, err := visitor.hold(ctx, seats)
	if err != nil || booking.ID == "" {
		return
	}
	s.abandoned.Add(1)
	if chance%2 == 0 {
		if _, err := visitor.buyer.Checkout(ctx, booking.ID); err != nil {
			s.record.failed(stepCheckout, err)
		}
	}
	visitor.awaitExpiry(ctx, booking.ID)
}

// awaitExpiry waits until an abandoned booking has come to its end, which the run need not.
func (s *shopper) awaitExpiry(ctx context.Context, id string) {
	for s.open() && pause.For(ctx, 5*time.Second) {
		booking, err := s.buyer.Booking(ctx, id)
		if err != nil {
			s.record.failed("look after an abandoned booking", err)
		} else if booking.Status != "held" {
			return
		}
	}
}

// readVitals reads them until the clock stops. On a machine that is short of processors a reading may fail; the next is tried.
func (s *soak) readVitals(ctx context.Context) {
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for s.open() {
		if reading, err := s.o.Vitals(ctx); err != nil {
			s.unread, s.blind = s.unread+1, err
		} else {
			s.note(time.Since(s.record.began), reading)
		}
		select {
		case <-s.clock.Done():
		case <-tick.C:
		}
	}
}

func (s *soak) note(at time.Duration, reading Reading) {
	s.vitals.add(at, reading.Vitals)
	if s.processes == nil {
		s.processes = reading.Processes
	}
	for name, ids := range s.processes {
		if !slices.Equal(ids, reading.Processes[name]) {
			s.restarted[name] = true
		}
	}
}

// mostErrors is how many there may be for a visit.
const mostErrors = 0.01

// Verdict is an error where something grew, a promise is broken, or too little was done to tell.
func (r *SoakReport) Verdict() error {
	wrong := []error{r.SaleReport.Verdict()}
	if r.Ended != endedTime {
		wrong = append(wrong, fmt.Errorf("the load was not even to the end: it ended since %s", r.Ended))
	}
	if r.Shed > r.Begun/10 {
		wrong = append(wrong, fmt.Errorf("%d of %d visits could not be begun: the load is more than this system bears", r.Shed, r.Shed+r.Begun))
	}
	failed := 0
	for _, times := range r.Errors {
		failed += times
	}
	if float64(failed) > mostErrors*float64(r.Begun) {
		wrong = append(wrong, fmt.Errorf("%d errors in %d visits", failed, r.Begun))
	}
	return errors.Join(append(wrong, r.unsteady()...)...)
}

// unsteady says what did not stay as it was, and what cannot be told of.
func (r *SoakReport) unsteady() (wrong []error) {
	for _, name := range r.Restarted {
		wrong = append(wrong, fmt.Errorf("%s was started anew, and what it had kept was forgotten", name))
	}
	if len(r.Vitals) == 0 {
		wrong = append(wrong, errors.New("what must not grow was never read"))
	}
	for _, c := range r.Vitals {
		switch {
		case c.Grown:
			wrong = append(wrong, fmt.Errorf("%s grew from %.1f to %.1f %s", c.Name, c.Thirds[1], c.Thirds[2], c.Unit))
		case c.slack >= 0 && !c.Judged && r.Due >= leastReadings:
			wrong = append(wrong, fmt.Errorf("%s was read %d times of %d: too few to be judged", c.Name, len(c.values), r.Due))
		}
	}
	return wrong
}

// WriteTable writes the report for people.
func (r *SoakReport) WriteTable(w io.Writer) error {
	if err := r.SaleReport.WriteTable(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d visits that meant to book, %d of them abandoned; %d could not be begun\n\n%-36s %12s %12s %12s\n",
		r.Begun, r.Abandoned, r.Shed, "medians of the thirds of the time", "first", "second", "last")
	for _, c := range r.Vitals {
		if err == nil {
			_, err = fmt.Fprintln(w, c)
		}
	}
	return err
}

// plots draw the course of each vital.
func (s *soak) plots(seconds int) (plots []plot) {
	for _, c := range s.vitals.all {
		values := make([]float64, seconds)
		for i := range values {
			values[i] = none
		}
		for i, at := range c.at {
			values[min(int(at.Seconds()), seconds-1)] = c.values[i]
		}
		plots = append(plots, newPlot(c.Name, c.Unit, seconds, []series{{c.Name, values}}))
	}
	return plots
}
