package postgres_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// BenchmarkHold is one buyer after another: the latency of POST /book without HTTP.
func BenchmarkHold(b *testing.B) { benchmarkHold(b, 1) }

// BenchmarkHoldConcurrent is 50 buyers at once, each for two seats that nobody else wants.
func BenchmarkHoldConcurrent(b *testing.B) { benchmarkHold(b, 50) }

// benchmarkHold makes b.N holds of two seats each by so many buyers at once, and reports the latencies' percentiles.
func benchmarkHold(b *testing.B, buyers int) {
	h := newHouse(b, 0)
	b.StopTimer()
	_, tickets := h.addEvent(b, 2*b.N)
	users := make([]string, b.N)
	for i := range users {
		users[i] = h.addUser(b)
	}
	h.exec(b, `ANALYZE`)
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var running sync.WaitGroup
	b.StartTimer()
	for range buyers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				began := time.Now()
				_, _, _, err := h.store.HoldSeats(b.Context(), boxoffice.HoldRequest{UserID: users[i], TicketIDs: tickets[2*i : 2*i+2]})
				took[i] = time.Since(began)
				if err != nil {
					b.Errorf("hold: %v", err)
				}
			}
		})
	}
	running.Wait()
	b.StopTimer()
	require.Equal(b, 2*b.N, one[int](b, h, `SELECT count(*) FROM tickets WHERE state = 'held'`))
	slices.Sort(took)
	for name, share := range map[string]int{"p50-ms": 50, "p95-ms": 95} {
		b.ReportMetric(float64(took[min(len(took)-1, len(took)*share/100)].Microseconds())/1000, name)
	}
}
