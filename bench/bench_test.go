package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1)*time.Millisecond)
	}
	require.Equal(t, []float64{50, 95, 99, 100}, []float64{percentile(hundred, 50), percentile(hundred, 95), percentile(hundred, 99), percentile(hundred, 100)})
	require.InDelta(t, 1, percentile(hundred[:1], 50), 0)
	require.Zero(t, percentile(nil, 99))
}

// A load does not slow down because answers do, and counts what fails and what it could not send.
func TestLoad(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	began := time.Now()
	done := make(chan Latencies, 1)
	go func() {
		done <- load(context.Background(), 2000, 500*time.Millisecond, func(_ context.Context, n int) error {
			<-slow
			if n%2 == 0 {
				return errors.New("no")
			}
			return nil
		})
	}()
	close(slow)
	result := <-done
	require.Less(t, time.Since(began), time.Minute)
	require.Equal(t, 1000, result.Requests+result.Shed)
	require.Positive(t, result.Errors)
	stuck := make(chan struct{})
	go func() {
		done <- load(context.Background(), 2000, 500*time.Millisecond, func(context.Context, int) error { <-stuck; return nil })
	}()
	time.AfterFunc(time.Second, func() { close(stuck) })
	result = <-done
	require.Equal(t, 1000, result.Requests+result.Shed)
	require.GreaterOrEqual(t, result.Requests, mostUnderWay)
	require.Positive(t, result.Shed)
	require.Greater(t, result.Max, 400.0)
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	e := boxoffice.SearchEntry{Title: boxoffice.Title{Name: "Ghost World", Director: "Terry Zwigoff", Genre: "Comedy"}}
	e.Event.Venue.City, e.Event.Venue.State = "Chico", "CA"
	questions := Questions([]boxoffice.SearchEntry{e})
	require.Equal(t, questions, Questions([]boxoffice.SearchEntry{e}))
	var texts []string
	for _, q := range questions {
		texts = append(texts, q.Text)
		require.Equal(t, 1, q.Page)
	}
	require.Subset(t, texts, []string{"Ghost World", "Ghost W", "Ghost World Chico", "Terry Zwigoff"})
	require.Len(t, slices.DeleteFunc(texts, func(s string) bool { return s == "" }), 5)
}
