package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// BenchmarkHold measures POST /book over HTTP in a durable system, as its buyers see it: seats that nobody else wants, each
// let go again before the next. Beside it run the workflows of all these bookings, on the same machine.
func BenchmarkHold(b *testing.B) {
	s, err := durable()
	require.NoError(b, err)
	for _, buyers := range []int{1, 50} {
		b.Run(fmt.Sprintf("buyers=%d", buyers), func(b *testing.B) { benchmarkHold(b, s, buyers) })
	}
}

var durable = sync.OnceValues(func() (*stack.System, error) {
	return stack.StartShared("durable", []string{"--events", "40", "--days", "3"})
})

func benchmarkHold(b *testing.B, s *stack.System, buyers int) {
	crowd := s.Customers(b, buyers)
	eventID := s.Showing(b)
	seats := crowd[0].FreeSeats(b, eventID, buyers)
	took, failed := make([][]time.Duration, buyers), make([]error, buyers)
	var done sync.WaitGroup
	b.ResetTimer()
	for i, c := range crowd {
		done.Go(func() {
			for n := i; n < max(b.N, buyers) && failed[i] == nil; n += buyers {
				began := time.Now()
				booking, err := c.Book(b.Context(), "", seats[i])
				took[i] = append(took[i], time.Since(began))
				if err == nil {
					_, err = c.Cancel(b.Context(), booking.ID)
				}
				failed[i] = err
			}
		})
	}
	done.Wait()
	b.StopTimer()
	var all []time.Duration
	for i := range crowd {
		require.NoError(b, failed[i])
		all = append(all, took[i]...)
	}
	b.ReportMetric(float64(quantile(all, 0.5).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(quantile(all, 0.95).Microseconds())/1000, "p95-ms")
	b.ReportMetric(0, "ns/op") // it would count the cancel
}
