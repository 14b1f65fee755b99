package bench

import (
	"fmt"
	"math"
)

// Baseline is what bare SQL does on the same server: a hold and a confirmation in two transactions, by as many clients at
// once as there were buyers, and nothing else of what a booking is.
type Baseline struct {
	PerMin        float64
	PgBenchPerMin float64 // of the same transactions; 0 where pgbench could not be asked
	Missing       string  // why it could not be
}

// within is how far from pgbench's the baseline may be: farther, and it measures its own client.
const within = 0.2

// void says why no ratio to the baseline means anything, or nothing.
func (b Baseline) void() string {
	switch {
	case b.Missing != "":
		return b.Missing
	case b.PerMin <= 0 || b.PgBenchPerMin <= 0:
		return "the baseline made no sales"
	case math.Abs(b.PerMin-b.PgBenchPerMin) > within*b.PgBenchPerMin:
		return fmt.Sprintf("the baseline's %.0f sales a minute are not within %.0f %% of pgbench's %.0f", b.PerMin, within*100, b.PgBenchPerMin)
	default:
		return ""
	}
}
