package bench

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// SaleReport is what a run measured. What is null was left out, and LeftOut says why.
type SaleReport struct {
	Kind       string  `json:"kind"`
	Seats      int     `json:"seats"`
	Buyers     int     `json:"buyers"`
	Processors int     `json:"processors"`
	LoadBefore float64 `json:"load_before"` // of the machine, averaged over a minute
	LoadAfter  float64 `json:"load_after"`

	Seconds        float64 `json:"seconds"`
	Ended          string  `json:"ended"`
	SeatsSold      int     `json:"seats_sold"`
	Bookings       int     `json:"bookings"`      // whose buyers had the PDF and the mail before the clock stopped
	BookingsLate   int     `json:"bookings_late"` // and after it
	BookingsPerMin float64 `json:"bookings_per_min"`

	Hold        Percentiles    `json:"hold_ms"`
	Loser       Percentiles    `json:"loser_ms"`
	HoldFailed  Percentiles    `json:"hold_failed_ms"`     // until it was refused for another reason, or given up
	HoldLater   Percentiles    `json:"hold_after_rush_ms"` // of Hold, those that began after the rush
	PayToTicket Percentiles    `json:"pay_to_ticket_ms"`   // from the accepted card to the PDF in hand
	Event       Percentiles    `json:"event_ms"`
	SeatMap     Percentiles    `json:"seat_map_ms"`
	SeatPlan    Percentiles    `json:"seat_plan_ms"` // which each buyer loads once
	Section     Percentiles    `json:"section_ms"`   // the tickets of the section in which seats are chosen
	Checkout    Percentiles    `json:"checkout_ms"`
	HTTP5xx     int            `json:"http_5xx"`
	Errors      map[string]int `json:"errors"`

	CPU           map[string]float64 `json:"cpu_ms_per_booking"` // by process
	CPUShare      map[string]float64 `json:"cpu_share"`          // of all processors, by process
	Bottleneck    string             `json:"bottleneck"`         // the process that used most of it
	PostgresBytes *float64           `json:"postgres_bytes_per_booking"`
	TemporalBytes *float64           `json:"temporal_bytes_per_booking"`
	SweepStarts   *int               `json:"sweep_starts"`

	SQLPerMin     *float64 `json:"sql_baseline_per_min"`
	PgBenchPerMin *float64 `json:"pgbench_per_min"`
	RatioToSQL    *float64 `json:"ratio_to_sql"`

	Violations *int     `json:"violations"`
	Broken     []string `json:"broken"` // what is violated
	LeftOut    []string `json:"left_out"`

	morePlots func(seconds int) []plot

	own      bool // the system was started for this, and nobody else uses it
	steps    map[step][]sample
	finished []time.Duration // when bookings were, in order
	used     []usage
}

// rush is how long all buyers come at once, as no later second has it: each opens the event and wants seats in the same moment.
const rush = 5 * time.Second

func (r *run) newReport(kind string) SaleReport {
	return SaleReport{
		Kind: kind, Seats: r.total, Buyers: len(r.crowd), Processors: runtime.NumCPU(), Broken: []string{}, LeftOut: []string{},
		own: r.o.System.Audit != nil,
	}
}

// What may fail, and what may be left to a sweep, so that the times of the rest still say something.
const (
	mostHoldsFailed  = 0.01 // of all holds
	mostSwept        = 1e-3 // of the runs
	leastJudgedSwept = 1000 // runs: with fewer, one run that was late would be too many
)

// Verdict is an error where the run proves nothing, or worse.
func (r *SaleReport) Verdict() error {
	var wrong []error
	if r.Violations != nil && *r.Violations > 0 {
		wrong = append(wrong, fmt.Errorf("%d violations", *r.Violations))
	}
	if r.Bookings+r.BookingsLate < 1 {
		wrong = append(wrong, errors.New("not one booking was completed"))
	}
	if r.own && r.HTTP5xx > 0 {
		wrong = append(wrong, fmt.Errorf("%d answers were 500 or above", r.HTTP5xx))
	}
	failed := r.HoldFailed.Count
	if holds := r.Hold.Count + r.Loser.Count + failed; float64(failed) > mostHoldsFailed*float64(holds) {
		wrong = append(wrong, fmt.Errorf("%d of %d holds failed: the times of the others say little", failed, holds))
	}
	runs := r.Hold.Count // also of what is abandoned
	if r.SweepStarts != nil && runs >= leastJudgedSwept && float64(*r.SweepStarts) >= mostSwept*float64(runs) {
		wrong = append(wrong, fmt.Errorf("the sweep began %d of %d runs", *r.SweepStarts, runs))
	}
	return errors.Join(wrong...)
}

func (r *SaleReport) leaveOut(what string) { r.LeftOut = append(r.LeftOut, what) }

func (r *SaleReport) addViolations(broken []string) {
	if r.Violations == nil {
		r.Violations = new(int)
	}
	*r.Violations += len(broken)
	r.Broken = append(r.Broken, broken...)
}

// addCPU says what each process used from the first look to the last, while the clock ran.
func (r *SaleReport) addCPU(used []usage) {
	if len(used) < 2 {
		r.leaveOut("processor time by process")
		return
	}
	r.used = used
	first, last := used[0], used[len(used)-1]
	r.CPUShare = map[string]float64{}
	if r.Bookings > 0 {
		r.CPU = map[string]float64{}
	}
	for name, total := range last.used {
		spent := total - first.used[name]
		r.CPUShare[name] = rounded(spent.Seconds()/(last.at-first.at).Seconds()/float64(r.Processors), 3)
		if r.Bookings > 0 {
			r.CPU[name] = rounded(float64(spent.Milliseconds())/float64(r.Bookings), 1)
		}
		if r.CPUShare[name] > r.CPUShare[r.Bottleneck] {
			r.Bottleneck = name
		}
	}
}

// addGrowth says what all bookings added, those after the clock too.
func (r *SaleReport) addGrowth(s System, before, after readings, bookings int) {
	if s.SweepStarts == nil {
		r.leaveOut("what the sweep began")
	} else {
		starts := after.sweepStarts - before.sweepStarts
		r.SweepStarts = &starts
	}
	if s.Bytes == nil {
		r.leaveOut("bytes in Postgres and in Temporal")
		return
	}
	if bookings > 0 {
		inPostgres := rounded(float64(after.postgres-before.postgres)/float64(bookings), 0)
		inTemporal := rounded(float64(after.temporal-before.temporal)/float64(bookings), 0)
		r.PostgresBytes, r.TemporalBytes = &inPostgres, &inTemporal
	}
}

// addBaseline compares with bare SQL, where that means something.
func (r *SaleReport) addBaseline(b Baseline) {
	ours, theirs, ratio := rounded(b.PerMin, 0), rounded(b.PgBenchPerMin, 0), rounded(r.BookingsPerMin/b.PerMin, 4)
	r.SQLPerMin = &ours
	if theirs > 0 {
		r.PgBenchPerMin = &theirs
	}
	if why := b.void(); why != "" {
		r.leaveOut("the ratio to bare SQL is void: " + why)
		return
	}
	r.RatioToSQL = &ratio
}

// rounded keeps so many digits after the point: more would look like precision.
func rounded(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}
