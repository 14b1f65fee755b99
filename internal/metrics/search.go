package metrics

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice"
)

var (
	searchWaiting = describe("boxoffice_search_waiting", "Events whose changes the search index does not have yet. It falls by itself once the "+
		"search server answers.")
	searchLag    = describe("boxoffice_search_lag_seconds", "Age of the oldest change that the search index does not have; 0 if it has all.")
	searchParked = describe("boxoffice_search_parked", "Events that the search server refuses, so that nobody finds them. search_parked says "+
		"why; they are tried again when they change, and by a reindex.")
)

// searchBacklog asks the database at each scrape.
type searchBacklog struct {
	ctx context.Context //nolint:containedctx // of the process: a scrape has none
	ask func(ctx context.Context) (boxoffice.SearchBacklog, error)
	log *slog.Logger
}

// WatchSearch registers the gauges of what waits to be indexed. ask is called at each scrape, until ctx ends.
func (m *Metrics) WatchSearch(ctx context.Context, ask func(ctx context.Context) (boxoffice.SearchBacklog, error), log *slog.Logger) error {
	return m.registry.Register(searchBacklog{ctx: ctx, ask: ask, log: log})
}

// Describe is called by the registry.
func (searchBacklog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{searchWaiting, searchLag, searchParked} {
		ch <- d
	}
}

// Collect is called at a scrape.
func (b searchBacklog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(b.ctx, backlogPatience)
	defer cancel()
	now, err := b.ask(ctx)
	if err != nil {
		b.log.WarnContext(ctx, "the search index's backlog is not known", "error", err)
		return
	}
	ch <- prometheus.MustNewConstMetric(searchWaiting, prometheus.GaugeValue, float64(now.Events))
	ch <- prometheus.MustNewConstMetric(searchLag, prometheus.GaugeValue, now.Oldest.Seconds())
	ch <- prometheus.MustNewConstMetric(searchParked, prometheus.GaugeValue, float64(now.Parked))
}
