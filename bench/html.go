package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var reportHTML string

var reportPage = template.Must(template.New("report").Parse(reportHTML))

// The size of a plot's field, in units of its viewBox.
const (
	plotWidth  = 640
	plotHeight = 180
)

// plot is one diagram over the seconds of the run.
type plot struct {
	Title, Unit string
	Top         string // what the upper edge stands for
	Seconds     int
	Lines       []line
}

// line is one curve of a plot; its number chooses its colour.
type line struct {
	Name   string
	Number int
	Points string // of a polyline: the upper left corner is 0,0
}

// series is a value a second; below 0 there was none, and the line goes on to the next.
type series struct {
	name   string
	values []float64
}

const none = -1

// WriteHTML writes the report as one page that needs nothing else: numbers, and plots over time.
func (r *SaleReport) WriteHTML(w io.Writer) error {
	return reportPage.Execute(w, struct {
		Title, Headline string
		Latencies       []latency
		Plots           []plot
		Facts           []string
		Width, Height   int
	}{
		"boxoffice bench " + r.Kind, r.headline(), r.latencies(), r.plots(), r.facts(), plotWidth, plotHeight,
	})
}

func (r *SaleReport) plots() []plot {
	seconds := max(int(r.Seconds+0.999), 1)
	plots := []plot{
		newPlot("Bookings", "a second", seconds, []series{{"completed", r.completed(seconds)}}),
		newPlot("Hold, 95th percentile", "ms", seconds, []series{
			{"won", p95s(r.steps[stepHold], seconds)}, {"lost", p95s(r.steps[stepLose], seconds)},
		}),
		newPlot("From card to ticket, 95th percentile", "ms", seconds, []series{{"wait", p95s(r.steps[stepTicket], seconds)}}),
	}
	if len(r.used) > 1 {
		plots = append(plots, newPlot("Processor time", fmt.Sprintf("%% of %d processors", r.Processors), seconds, r.cpuSeries(seconds)))
	}
	if r.morePlots != nil {
		plots = append(plots, r.morePlots(seconds)...)
	}
	return plots
}

// completed counts the bookings of each second.
func (r *SaleReport) completed(seconds int) []float64 {
	counts := make([]float64, seconds)
	for _, at := range r.finished {
		counts[min(int(at.Seconds()), seconds-1)]++
	}
	return counts
}

// p95s gives the 95th percentile of what ended in each second.
func p95s(samples []sample, seconds int) []float64 {
	ended := make([][]time.Duration, seconds)
	for _, s := range samples {
		if second := int(s.at.Seconds()); second < seconds {
			ended[second] = append(ended[second], s.took)
		}
	}
	values := make([]float64, seconds)
	for i, took := range ended {
		slices.Sort(took)
		if values[i] = none; len(took) > 0 {
			values[i] = percentile(took, 95)
		}
	}
	return values
}

// cpuSeries gives the share that each process used between two looks, by the second of the later one.
func (r *SaleReport) cpuSeries(seconds int) (all []series) {
	for _, name := range r.byCPU() {
		values := make([]float64, seconds)
		for i := 1; i < len(r.used); i++ {
			before, after := r.used[i-1], r.used[i]
			second := min(int(before.at.Seconds()), seconds-1)
			values[second] = 100 * (after.used[name] - before.used[name]).Seconds() / (after.at - before.at).Seconds() / float64(r.Processors)
		}
		all = append(all, series{name, values})
	}
	return all
}

func newPlot(title, unit string, seconds int, all []series) plot {
	top := 1.0
	for _, s := range all {
		top = max(top, slices.Max(s.values))
	}
	p := plot{Title: title, Unit: unit, Top: fmt.Sprintf("%.0f", top), Seconds: seconds}
	for i, s := range all {
		var points strings.Builder
		for n, value := range s.values {
			if value == none {
				continue
			}
			fmt.Fprintf(&points, "%.1f,%.1f ", (float64(n)+0.5)*plotWidth/float64(seconds), plotHeight*(1-value/top))
		}
		p.Lines = append(p.Lines, line{Name: s.name, Number: i, Points: strings.TrimSpace(points.String())})
	}
	return p
}
