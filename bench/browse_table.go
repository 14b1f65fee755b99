package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Verdict is an error where the users' own rate was not borne.
func (r *BrowseReport) Verdict() error {
	switch {
	case len(r.Steps) == 0 || r.Steps[0].failed():
		return errors.New("at the users' own rate not all was answered")
	case !r.Steps[0].Kept:
		return fmt.Errorf("at the users' own rate the 95th percentile is %.1f ms, and %.1f is the most", r.Steps[0].worst(), r.MostMs)
	}
	return nil
}

// highest is the last rate that was borne; nil: none was.
func (r *BrowseReport) highest() (last *BrowseStep) {
	for i := range r.Steps {
		if r.Steps[i].Kept {
			last = &r.Steps[i]
		}
	}
	return last
}

// WriteTable writes the report for people.
func (r *BrowseReport) WriteTable(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%d users look around among %d events. Times are 95th percentiles, in ms; the bar is %.0f\n\n", r.Users, r.Events, r.MostMs)
	fmt.Fprintf(&text, "%11s %10s %8s %8s %8s %8s %6s %6s %6s\n", "searches/s", "requests/s", "search", "event", "seats", "plan", "304", "5xx", "shed")
	for _, s := range r.Steps {
		fmt.Fprintf(&text, "%11.1f %10.1f %8.1f %8.1f %8.1f %8.1f %4.0f %% %6d %6d\n",
			s.SearchesPerSecond, s.RequestsPerSecond, s.Search.P95, s.Event.P95, s.SeatMap.P95, s.SeatPlan.P95, 100*s.Unchanged, s.HTTP5xx, s.Shed)
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		for _, kind := range slices.Sorted(maps.Keys(s.Errors)) {
			fmt.Fprintf(&text, "at %.1f searches/s, error, %d times: %s\n", s.SearchesPerSecond, s.Errors[kind], kind)
		}
	}
	if len(r.Steps) > 0 {
		first := r.Steps[0]
		fmt.Fprintf(&text, "\n%-12s %7s %9s %9s %9s\n", "own rate, ms", "times", "p50", "p95", "p99")
		for _, row := range []latency{{"search", first.Search}, {"event page", first.Event}, {"seat map", first.SeatMap}, {"seat plan", first.SeatPlan}} {
			fmt.Fprintf(&text, "%-12s %7d %9.1f %9.1f %9.1f\n", row.Name, row.Count, row.P50, row.P95, row.P99)
		}
	}
	text.WriteString("\n" + r.conclusion() + "\n")
	fmt.Fprintf(&text, "load average of the machine: %.1f before, %.1f after\n", r.LoadBefore, r.LoadAfter)
	_, err := io.WriteString(w, text.String())
	return err
}

// conclusion names the highest rate that was borne, and what used most of the processors at it.
func (r *BrowseReport) conclusion() string {
	best := r.highest()
	if best == nil {
		return "No rate was borne."
	}
	said := fmt.Sprintf("Borne: %.1f searches and %.1f requests a second", best.SearchesPerSecond, best.RequestsPerSecond)
	if len(best.CPUShare) == 0 {
		return said
	}
	var shares []string
	for _, name := range slices.SortedFunc(maps.Keys(best.CPUShare), func(a, b string) int {
		return cmp.Or(cmp.Compare(best.CPUShare[b], best.CPUShare[a]), strings.Compare(a, b))
	}) {
		shares = append(shares, fmt.Sprintf("%s %.0f %%", name, 100*best.CPUShare[name]))
	}
	return fmt.Sprintf("%s. Of %d processors: %s", said, r.Processors, strings.Join(shares, ", "))
}
