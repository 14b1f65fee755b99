package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteTable writes the report for people.
func (r *SaleReport) WriteTable(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n\n", r.headline())
	r.latencyTable(&text)
	if len(r.CPUShare) > 0 {
		fmt.Fprintf(&text, "\nMost processor time: %s. Of %d processors, by process:\n", r.Bottleneck, r.Processors)
		r.cpuTable(&text)
	}
	text.WriteString("\n")
	for _, line := range r.facts() {
		fmt.Fprintf(&text, "%s\n", line)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (r *SaleReport) headline() string {
	return fmt.Sprintf("%d bookings in %.1f s, %.0f a minute, by %d buyers. It ended since %s; %d of %d were sold",
		r.Bookings, r.Seconds, r.BookingsPerMin, r.Buyers, r.Ended, r.SeatsSold, r.Seats)
}

func (r *SaleReport) latencyTable(text *strings.Builder) {
	fmt.Fprintf(text, "%-20s %7s %9s %9s %9s\n", "ms", "times", "p50", "p95", "p99")
	for _, row := range r.latencies() {
		fmt.Fprintf(text, "%-20s %7d %9.1f %9.1f %9.1f\n", row.Name, row.Count, row.P50, row.P95, row.P99)
	}
}

// latency is a line of the table.
type latency struct {
	Name string
	Percentiles
}

func (r *SaleReport) latencies() []latency {
	all := []latency{
		{"event page", r.Event}, {"seat map", r.SeatMap}, {"seat plan", r.SeatPlan}, {"tickets of a section", r.Section},
		{"hold, won", r.Hold}, {"  after the rush", r.HoldLater}, {"hold, lost", r.Loser}, {"checkout", r.Checkout},
		{"from card to ticket", r.PayToTicket},
	}
	if r.HoldFailed.Count > 0 {
		all = append(all, latency{"hold, failed", r.HoldFailed})
	}
	return all
}

func (r *SaleReport) cpuTable(text *strings.Builder) {
	for _, name := range r.byCPU() {
		fmt.Fprintf(text, "%-20s %5.0f %%", name, r.CPUShare[name]*100)
		if r.CPU != nil {
			fmt.Fprintf(text, " %9.1f ms a booking", r.CPU[name])
		}
		text.WriteString("\n")
	}
}

// byCPU gives the processes, the busiest first.
func (r *SaleReport) byCPU() []string {
	return slices.SortedFunc(maps.Keys(r.CPUShare), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.CPUShare[b], r.CPUShare[a]), strings.Compare(a, b))
	})
}

// facts are all that is neither a latency nor processor time, a sentence each.
func (r *SaleReport) facts() (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("%d bookings more were completed after the clock had stopped", r.BookingsLate)
	say("%d answers were 500 or above", r.HTTP5xx)
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		say("error, %d times: %s", r.Errors[kind], kind)
	}
	if r.PostgresBytes != nil {
		say("a booking took %.0f bytes in Postgres and %.0f in Temporal", *r.PostgresBytes, *r.TemporalBytes)
	}
	if r.SweepStarts != nil {
		say("the sweep began %d runs; the bar is fewer than one in a thousand", *r.SweepStarts)
	}
	if r.SQLPerMin != nil {
		say("bare SQL: %.0f sales a minute", *r.SQLPerMin)
	}
	if r.RatioToSQL != nil {
		say("ratio to bare SQL: %.3f (pgbench: %.0f a minute)", *r.RatioToSQL, *r.PgBenchPerMin)
	}
	for _, what := range r.LeftOut {
		say("left out: %s", what)
	}
	for _, what := range r.Broken {
		say("VIOLATION: %s", what)
	}
	if r.Violations != nil && *r.Violations == 0 {
		say("no violations")
	}
	say("load average of the machine: %.1f before, %.1f after", r.LoadBefore, r.LoadAfter)
	return lines
}
