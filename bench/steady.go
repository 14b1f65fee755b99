package bench

import (
	"fmt"
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

// growthTolerance is the share by which a last third may lie above the second.
const growthTolerance = 0.1

// leastReadings are how many a judgement needs: the first minutes of a system are all growth.
const leastReadings = 60

// judge takes the medians, and compares the last third with the second. With too few readings, or of a vital that may grow, it
// judges nothing.
func (c *Course) judge() {
	n := len(c.values)
	for i := range c.Thirds {
		c.Thirds[i] = rounded(median(c.values[i*n/3:(i+1)*n/3]), 2)
	}
	c.Judged = c.slack >= 0 && n >= leastReadings
	c.Grown = c.Judged && c.Thirds[2] > c.Thirds[1]*(1+growthTolerance)+c.slack
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
