package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
)

// Recovery says how long the system took to work again after a kind of fault, in milliseconds. After a kill the clock runs
// from the death, after any other fault from its end. Faults overlap, so a recovery may have met the next one.
type Recovery struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	Max   float64 `json:"max"`
}

// Struck says how often a kind of fault struck, and what it hit.
type Struck struct {
	Times    int `json:"times"`
	InFlight int `json:"in_flight"` // of these times, those that hit bookings under way
}

// Report is what a run found.
type Report struct {
	Seed            uint64              `json:"seed"`
	Kills           int                 `json:"kills"`
	Bookings        int                 `json:"bookings"` // whose clients were told that they have tickets
	Holds           int                 `json:"holds"`
	Ends            map[string]int      `json:"ends"` // of all bookings that clients were told of
	Seconds         float64             `json:"seconds"`
	SettleSeconds   float64             `json:"settle_seconds"` // from the last client to the last booking's end
	Unsettled       int                 `json:"unsettled"`      // what never came to its end
	Uncounted       string              `json:"uncounted"`      // why that could not be counted; empty: it was
	Refusals        map[string]int      `json:"refusals"`       // answers that were no success
	SoldTwice       int                 `json:"sold_twice"`
	PaidUnresolved  int                 `json:"paid_unresolved"`
	TicketUnpaid    int                 `json:"ticket_unpaid"`
	StuckSeats      int                 `json:"stuck_seats"`
	FalseAnswers    int                 `json:"false_answers"`
	AuditViolations int                 `json:"audit_violations"`
	Struck          map[string]Struck   `json:"struck"`
	Recovery        map[string]Recovery `json:"recovery_ms"`
	Unhealed        []string            `json:"unhealed"` // kinds of fault after which nothing worked again
	Broken          []string            `json:"broken"`   // what is violated

	// What the run had to see.
	LeastKills    int `json:"least_kills"`
	LeastBookings int `json:"least_bookings"`
}

// answers counts the refusals that clients were given.
type answers struct {
	mu   sync.Mutex
	seen map[string]int
}

func (a *answers) count(problem *buyer.Problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen == nil {
		a.seen = map[string]int{}
	}
	if problem == nil {
		a.seen["no answer"]++
		return
	}
	a.seen[fmt.Sprintf("%d %s", problem.Status, cmp.Or(strings.TrimPrefix(problem.Type, "/problems/"), http.StatusText(problem.Status)))]++
}

func (r *run) report(records []Record, f Findings) Report {
	report := Report{
		Seed: r.o.Seed, Kills: int(r.killed.Load()), Holds: len(records), Ends: map[string]int{}, Refusals: r.answers.seen,
		SoldTwice: len(f.SoldTwice), PaidUnresolved: len(f.PaidUnresolved), TicketUnpaid: len(f.TicketUnpaid),
		StuckSeats: len(f.StuckSeats), FalseAnswers: len(f.FalseAnswers), AuditViolations: len(f.Audit),
		Struck: map[string]Struck{}, Recovery: map[string]Recovery{}, Broken: []string{},
		Unhealed: r.pulse.unhealed(), LeastKills: r.o.Kills, LeastBookings: r.o.Least,
	}
	for _, record := range records {
		report.Ends[string(record.last())]++
		if record.told(boxoffice.BookingCompleted) {
			report.Bookings++
		}
	}
	for _, kind := range []struct {
		name  string
		found []string
	}{
		{"sold twice", f.SoldTwice}, {"paid, unresolved", f.PaidUnresolved}, {"ticket, unpaid", f.TicketUnpaid},
		{"stuck", f.StuckSeats}, {"false answer", f.FalseAnswers}, {"audit", f.Audit},
	} {
		for _, what := range kind.found {
			report.Broken = append(report.Broken, kind.name+": "+what)
		}
	}
	for _, one := range r.o.Faults {
		report.Struck[one.Kind] = Struck{}
	}
	for _, one := range r.strikes.all {
		s := report.Struck[one.kind]
		s.Times++
		if one.inFlight > 0 {
			s.InFlight++
		}
		report.Struck[one.kind] = s
	}
	for kind, took := range r.pulse.took {
		slices.Sort(took)
		report.Recovery[kind] = Recovery{Count: len(took), P50: milliseconds(took[(len(took)-1)/2]), Max: milliseconds(took[len(took)-1])}
	}
	return report
}

func milliseconds(d time.Duration) float64 { return math.Round(float64(d) / float64(time.Millisecond)) }

// Verdict is an error where a promise is broken, or where the run proves too little.
func (r *Report) Verdict() error {
	var wrong []error
	if len(r.Broken) > 0 {
		wrong = append(wrong, fmt.Errorf("%d violations", len(r.Broken)))
	}
	if r.Unsettled > 0 {
		wrong = append(wrong, fmt.Errorf("%d bookings or mails did not come to their end", r.Unsettled))
	}
	if r.Uncounted != "" {
		wrong = append(wrong, errors.New("what did not come to its end could not be counted: "+r.Uncounted))
	}
	if r.Bookings < r.LeastBookings {
		wrong = append(wrong, fmt.Errorf("%d bookings were paid for; a run with fewer than %d proves nothing", r.Bookings, r.LeastBookings))
	}
	if r.Kills < r.LeastKills {
		wrong = append(wrong, fmt.Errorf("%d kills of %d", r.Kills, r.LeastKills))
	}
	for _, refusal := range slices.Sorted(maps.Keys(r.Refusals)) {
		if strings.HasPrefix(refusal, "500 ") {
			wrong = append(wrong, fmt.Errorf("buyers were answered %q, a fault of ours, %d times", refusal, r.Refusals[refusal]))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Struck)) {
		if r.Struck[kind].InFlight == 0 {
			wrong = append(wrong, fmt.Errorf("%s never hit a booking under way", kind))
		}
	}
	for _, kind := range r.Unhealed {
		wrong = append(wrong, fmt.Errorf("nothing worked again after %s", kind))
	}
	return errors.Join(wrong...)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%d kills, %d paid bookings of %d holds in %.0f s. Nothing was left to be done after %.0f s more, %d apart. Seed %d\n\n",
		r.Kills, r.Bookings, r.Holds, r.Seconds-r.SettleSeconds, r.SettleSeconds, r.Unsettled, r.Seed)
	fmt.Fprintf(&text, "%-28s %6s %10s %12s %12s\n", "fault", "times", "in flight", "well, p50 ms", "longest ms")
	for _, kind := range slices.Sorted(maps.Keys(r.Struck)) {
		s, well := r.Struck[kind], r.Recovery[kind]
		fmt.Fprintf(&text, "%-28s %6d %10d %12.0f %12.0f\n", kind, s.Times, s.InFlight, well.P50, well.Max)
	}
	text.WriteString("\n")
	for _, counted := range []map[string]int{r.Ends, r.Refusals} {
		for _, what := range slices.Sorted(maps.Keys(counted)) {
			fmt.Fprintf(&text, "%-28s %6d\n", what, counted[what])
		}
		text.WriteString("\n")
	}
	for _, line := range []struct {
		what string
		n    int
	}{
		{"seats sold twice", r.SoldTwice}, {"payments without ticket or refund", r.PaidUnresolved}, {"tickets without payment", r.TicketUnpaid},
		{"stuck seats", r.StuckSeats}, {"answers that turned out false", r.FalseAnswers}, {"violations by boxoffice audit", r.AuditViolations},
	} {
		fmt.Fprintf(&text, "%-34s %6d\n", line.what, line.n)
	}
	for _, what := range r.Broken {
		fmt.Fprintf(&text, "VIOLATION: %s\n", what)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
