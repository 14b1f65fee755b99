package bench

import (
	"slices"
	"time"
)

// Percentiles are those of a step, in milliseconds, by the nearest rank; 0 where there were none.
type Percentiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
}

// percentilesOf sorts a copy of all samples, so nothing is lost to buckets.
func percentilesOf(samples []sample) Percentiles {
	took := make([]time.Duration, len(samples))
	for i, s := range samples {
		took[i] = s.took
	}
	slices.Sort(took)
	return Percentiles{Count: len(took), P50: percentile(took, 50), P95: percentile(took, 95), P99: percentile(took, 99)}
}

// since gives the samples that began at that time of the run or later.
func since(from time.Duration, samples []sample) (later []sample) {
	for _, s := range samples {
		if s.at-s.took >= from {
			later = append(later, s)
		}
	}
	return later
}
