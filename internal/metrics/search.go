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

// WatchSearch registers the gauges of what waits to be indexed. ask is called at each scrape, until ctx ends.
func (m *Metrics) WatchSearch(ctx context.Context, ask func(ctx context.Context) (boxoffice.SearchBacklog, error), log *slog.Logger) error {
	return m.registry.Register(asked[boxoffice.SearchBacklog]{
		ctx: ctx, ask: ask, log: log, unknown: "the search index's backlog is not known",
		descs: []*prometheus.Desc{searchWaiting, searchLag, searchParked},
		tell: func(now boxoffice.SearchBacklog, value valueFunc) {
			value(searchWaiting, prometheus.GaugeValue, float64(now.Events))
			value(searchLag, prometheus.GaugeValue, now.Oldest.Seconds())
			value(searchParked, prometheus.GaugeValue, float64(now.Parked))
		},
	})
}
