// Package bench measures. Parts of the system are given to it as interfaces of the root package; a whole one it knows only by
// its address, and buys from it over HTTP as people do. What else can be seen of a system, its owner hands in as functions.
// It depends on the standard library, and on /proc for processor times.
package bench

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// Latencies are what a load saw. Times are in milliseconds.
type Latencies struct {
	Requests int     `json:"requests"`
	Errors   int     `json:"errors"`
	Shed     int     `json:"shed"` // not sent, because too many were under way
	P50      float64 `json:"p50_ms"`
	P95      float64 `json:"p95_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
}

// mostUnderWay bounds how many requests wait at one time: beyond it a server is lost, and its latency only grows.
const mostUnderWay = 256

// load sends so many requests a second for a time, whether the earlier ones were answered or not, as strangers do. The n-th
// request is ask(n).
func load(ctx context.Context, perSecond int, lasts time.Duration, ask func(ctx context.Context, n int) error) Latencies {
	var mu sync.Mutex
	var took []time.Duration
	var result Latencies
	var underWay sync.WaitGroup
	places := make(chan struct{}, mostUnderWay)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for n := range int(lasts.Seconds() * float64(perSecond)) {
		select {
		case <-ctx.Done():
			underWay.Wait()
			return result
		case <-tick.C:
		}
		select {
		case places <- struct{}{}:
		default:
			result.Shed++
			continue
		}
		underWay.Go(func() {
			defer func() { <-places }()
			began := time.Now()
			err := ask(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			if err != nil {
				result.Errors++
			}
		})
	}
	underWay.Wait()
	slices.Sort(took)
	result.Requests = len(took)
	result.P50, result.P95, result.P99, result.Max = percentile(took, 50), percentile(took, 95), percentile(took, 99), percentile(took, 100)
	return result
}

// percentile gives a percentile of sorted times, by the nearest rank, in milliseconds to two digits.
func percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := max((len(sorted)*p+99)/100, 1)
	return math.Round(float64(sorted[rank-1])/float64(time.Millisecond)*100) / 100
}
