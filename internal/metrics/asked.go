package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// askPatience bounds the question of a scrape, which waits for its answer.
const askPatience = 2 * time.Second

// valueFunc gives one value of an answer to the scrape.
type valueFunc func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string)

// asked are metrics that are asked for at each scrape. Where nobody answers they are absent, for which there is an alert.
type asked[T any] struct {
	ctx     context.Context //nolint:containedctx // of the process: a scrape has none
	ask     func(ctx context.Context) (T, error)
	log     *slog.Logger
	unknown string // what the log says where nobody answers
	descs   []*prometheus.Desc
	tell    func(now T, value valueFunc)
}

// Describe is called by the registry.
func (a asked[T]) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range a.descs {
		ch <- d
	}
}

// Collect is called at a scrape.
func (a asked[T]) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(a.ctx, askPatience)
	defer cancel()
	now, err := a.ask(ctx)
	if err != nil {
		a.log.WarnContext(ctx, a.unknown, "error", err)
		return
	}
	a.tell(now, func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	})
}
