package metrics

import (
	"fmt"
	"log/slog"
	"maps"

	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// TemporalHandler is what Temporal's client and workers count by. Our own counters, which runs and steps name, are those of
// this package; what the SDK counts by itself goes through OpenTelemetry into the same registry, under names that begin
// with temporal_.
func (m *Metrics) TemporalHandler(logger *slog.Logger) (client.MetricsHandler, error) {
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(m.registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("export Temporal's metrics: %w", err)
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithView(latencies, poison))
	return handler{
		MetricsHandler: opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
			Meter: meters.Meter("temporal"), UseMonotonicCounters: true,
			OnError: func(err error) { logger.Error("a metric of Temporal's cannot be counted", "error", err) },
		}),
		counters: m.counters,
	}, nil
}

var (
	// latencies gives Temporal's timers buckets of seconds; OpenTelemetry's own are meant for milliseconds.
	latencies = sdkmetric.NewView(sdkmetric.Instrument{Name: "temporal_*", Kind: sdkmetric.InstrumentKindHistogram}, sdkmetric.Stream{
		Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: []float64{.005, .025, .1, .5, 1, 2.5, 5, 10, 60, 600}},
	})
	poison = sdkmetric.NewView(sdkmetric.Instrument{Name: "temporal_workflow_task_execution_failed"}, sdkmetric.Stream{
		Description: "Workflow tasks that failed: a run panics or cannot be replayed, and stands still until a worker that can go on with it is " +
			"deployed. Find it by \"WorkflowTaskFailed\" in Temporal's UI, or roll the last deploy back.",
	})
)

// handler counts our counters by their names, and hands all else on.
type handler struct {
	client.MetricsHandler
	counters map[string]counter
	tags     map[string]string
}

// WithTags gives the handler with more tags.
func (h handler) WithTags(tags map[string]string) client.MetricsHandler {
	all := maps.Clone(h.tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, tags)
	return handler{MetricsHandler: h.MetricsHandler.WithTags(tags), counters: h.counters, tags: all}
}

// Counter gives the counter of a name.
func (h handler) Counter(name string) client.MetricsCounter {
	ours, ok := h.counters[name]
	if !ok {
		return h.MetricsHandler.Counter(name)
	}
	labels := make([]string, len(ours.tags))
	for i, tag := range ours.tags {
		labels[i] = h.tags[tag]
	}
	return increment{ours.WithLabelValues(labels...)}
}

// increment is a Prometheus counter as Temporal's SDK counts.
type increment struct{ counter interface{ Add(float64) } }

// Inc adds n.
func (i increment) Inc(n int64) { i.counter.Add(float64(n)) }
