package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Vital is something of a system that must not grow while the load stays the same: memory, connections, open runs.
type Vital struct {
	Name  string
	Unit  string // "MB", or nothing where things are counted
	Value float64
	// Slack is how much of the unit may come and go without being growth. Below 0 the vital is shown and not judged: it grows
	// with what is kept.
	Slack float64
}

// How much of what is commonly watched may come and go.
const (
	MemorySlack = 8    // MB, about a garbage collection's worth
	CountSlack  = 10   // of goroutines, files, connections
	TableSlack  = 1    // MB: a few pages that were never full before
	DeadSlack   = 10   // rows in a hundred: the server cleans up about once a minute
	EventsSlack = 0.25 // of a run's history, or kB of it: what is abandoned has fewer than what is sold
	RunsSlack   = 25   // some seconds of visits
	Kept        = -1   // it grows with what was done
)

// Reading is what a system was at a moment.
type Reading struct {
	Vitals    []Vital
	Processes map[string][]int // their ids, by name; others than before are of one that was started anew
}

// Course is what became of a vital over a run: its median in each third. The first is for warming up, and is not judged.
type Course struct {
	Name   string     `json:"name"`
	Unit   string     `json:"unit"`
	Thirds [3]float64 `json:"thirds"`
	Judged bool       `json:"judged"`
	Grown  bool       `json:"grown"`

	slack  float64
	at     []time.Duration
	values []float64
}

// growthTolerance is the share of its level by which a vital may rise, where that is more than its slack.
const growthTolerance = 0.05

// A judgement needs so many readings, since the first minutes of a system are all growth, and so many of those that were due.
const (
	leastReadings = 60
	leastRead     = 0.9
)

// judge looks whether the vital rose after the first third, by a step from the second to the last or little by little. It may by
// its slack, by a share of its level, or by what its noise makes of nothing. With too few readings, or of a vital that may grow,
// it judges nothing.
func (c *Course) judge(due int) {
	n := len(c.values)
	for i := range c.Thirds {
		c.Thirds[i] = rounded(median(c.values[i*n/3:(i+1)*n/3]), 2)
	}
	c.Judged = c.slack >= 0 && enough(due, n)
	if !c.Judged {
		return
	}
	rise, noise := trend(c.at[n/3:], c.values[n/3:])
	c.Grown = max(rise, c.Thirds[2]-c.Thirds[1]) > max(c.slack, growthTolerance*c.Thirds[1], noise)
}

// enough reports whether so many readings of those that were due can be judged.
func enough(due, read int) bool {
	return due >= leastReadings && float64(read) >= leastRead*float64(due)
}

// trend gives by how much values rise in all, by the median of the slopes between any two (Theil and Sen), which spikes and teeth
// do not bend; and three standard errors of that, from the median deviation.
func trend(at []time.Duration, values []float64) (rise, noise float64) {
	var slopes []float64
	for i := range values {
		for j := range i {
			slopes = append(slopes, (values[i]-values[j])/(at[i]-at[j]).Seconds())
		}
	}
	slope := median(slopes)
	rest := make([]float64, len(values))
	for i, value := range values {
		rest[i] = value - slope*at[i].Seconds()
	}
	middle := median(rest)
	for i := range rest {
		rest[i] = math.Abs(rest[i] - middle)
	}
	const threeErrors = 15.4 // 3 √12 for the rise of a line, and 1.48 median deviations are a standard deviation
	rise = slope * (at[len(at)-1] - at[0]).Seconds()
	return rise, threeErrors * median(rest) / math.Sqrt(float64(len(rest)))
}

// median is the upper of two in the middle; 0 of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// String tells it in a line.
func (c *Course) String() string {
	verdict := "steady"
	switch {
	case !c.Judged:
		verdict = "not judged"
	case c.Grown:
		verdict = "GROWN"
	}
	return fmt.Sprintf("%-36s %12.1f %12.1f %12.1f  %-3s %s", c.Name, c.Thirds[0], c.Thirds[1], c.Thirds[2], c.Unit, verdict)
}

// courses are those of all vitals, in the order in which they were first seen.
type courses struct {
	all  []*Course
	byID map[string]*Course
}

func (c *courses) add(at time.Duration, vitals []Vital) {
	if c.byID == nil {
		c.byID = map[string]*Course{}
	}
	for _, v := range vitals {
		course := c.byID[v.Name]
		if course == nil {
			course = &Course{Name: v.Name, Unit: v.Unit, slack: v.Slack}
			c.byID[v.Name], c.all = course, append(c.all, course)
		}
		course.at, course.values = append(course.at, at), append(course.values, v.Value)
	}
}
