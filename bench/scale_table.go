package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// ScaleReport is what Scale measured.
type ScaleReport struct {
	Sizes      []SizeReport `json:"sizes"`
	Most       float64      `json:"most"` // what a hold in the largest may take, in times of the smallest
	Processors int          `json:"processors"`
	LoadBefore float64      `json:"load_before"` // of the machine, averaged over a minute
	LoadAfter  float64      `json:"load_after"`
}

// SizeReport is one size's. A growth is in times of the smallest size's.
type SizeReport struct {
	Tickets     int     `json:"tickets"`
	Events      int     `json:"events"`
	Bytes       int64   `json:"bytes"`
	SeedSeconds float64 `json:"seed_seconds"`

	SeatMap ActReport `json:"seat_map"`
	Hold    ActReport `json:"hold"`
	Confirm ActReport `json:"confirm"`
	Sweep   ActReport `json:"sweep"`
}

// ActReport is what an act took.
type ActReport struct {
	Percentiles
	CPU       float64 `json:"cpu_ms"` // of the database server, on average; 0 where it cannot be seen
	Growth    float64 `json:"growth"` // of the median
	P95Growth float64 `json:"p95_growth"`
	CPUGrowth float64 `json:"cpu_growth"` // 0 where it cannot be seen
}

func (h *House) result() SizeReport {
	return SizeReport{
		Tickets: h.Tickets, Events: h.Events, Bytes: h.Bytes, SeedSeconds: rounded(h.Seconds, 1),
		SeatMap: h.act(stepRead), Hold: h.act(stepHold), Confirm: h.act(stepConfirm), Sweep: h.act(stepSweep),
	}
}

func (h *House) act(what step) ActReport {
	r := ActReport{Percentiles: percentilesOf(h.record.steps[what])}
	if r.Count > 0 {
		r.CPU = rounded(float64(h.cpu[what])/float64(time.Millisecond)/float64(r.Count), 3)
	}
	return r
}

// acts are those of a size, in the order of a sale.
func (s *SizeReport) acts() []*ActReport {
	return []*ActReport{&s.SeatMap, &s.Hold, &s.Confirm, &s.Sweep}
}

// compare holds each size against the smallest.
func (r *ScaleReport) compare() {
	if len(r.Sizes) == 0 {
		return
	}
	smallest := r.Sizes[0].acts()
	for i := range r.Sizes {
		for n, act := range r.Sizes[i].acts() {
			act.Growth, act.P95Growth, act.CPUGrowth = ratio(act.P50, smallest[n].P50), ratio(act.P95, smallest[n].P95), ratio(act.CPU, smallest[n].CPU)
		}
	}
}

func ratio(value, to float64) float64 {
	if to == 0 {
		return 0
	}
	return rounded(value/to, 2)
}

// Verdict is an error where a hold grew by more than it may.
func (r *ScaleReport) Verdict() error {
	for _, s := range r.Sizes {
		if s.Hold.Growth > r.Most {
			return fmt.Errorf("with %d tickets a hold takes %.2f times as long as with %d, and %.2f is the most", s.Tickets, s.Hold.Growth, r.Sizes[0].Tickets, r.Most)
		}
	}
	return nil
}

// WriteTable writes the report for people.
func (r *ScaleReport) WriteTable(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%11s %8s %9s %8s  %-10s %6s %8s %8s %8s %8s %8s %8s\n",
		"tickets", "events", "on disk", "filled", "", "times", "p50 ms", "growth", "p95 ms", "growth", "CPU ms", "growth")
	for i := range r.Sizes {
		s := &r.Sizes[i]
		first := fmt.Sprintf("%11d %8d %6.0f MB %6.0f s", s.Tickets, s.Events, float64(s.Bytes)/1e6, s.SeedSeconds)
		for n, name := range []string{"seat map", "hold", "confirm", "sweep"} {
			act := s.acts()[n]
			fmt.Fprintf(&text, "%-39s  %-10s %6d %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f\n",
				first, name, act.Count, act.P50, act.Growth, act.P95, act.P95Growth, act.CPU, act.CPUGrowth)
			first = ""
		}
	}
	fmt.Fprintf(&text, "\nA growth is in times of the smallest size's; the median of a hold may take %.2f\n", r.Most)
	fmt.Fprintf(&text, "load average of the machine: %.1f before, %.1f after\n", r.LoadBefore, r.LoadAfter)
	_, err := io.WriteString(w, text.String())
	return err
}
