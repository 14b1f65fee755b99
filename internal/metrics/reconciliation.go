package metrics

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice"
)

var (
	reconcileAge = describe("boxoffice_reconciliation_age_seconds", "How long ago Stripe's record was last compared with ours. Where it is more than "+
		"a few hours, look at the workflows of the schedule \"reconcile\": Stripe does not answer, or our key may not list.")
	reconcileOpen = describe("boxoffice_reconciliation_findings", "Differences between Stripe's record and ours that a person has to decide. See the "+
		"support tasks of kind reconciliation, or boxoffice reconcile --dry-run.")
	reconcileRepaired = describe("boxoffice_reconciliation_repairs_total", "What reconciliation has mended. Webhooks are lost: see whether Stripe's "+
		"endpoint is enabled and names our address.")
)

// reconciliation asks the database at each scrape.
type reconciliation struct {
	ctx context.Context //nolint:containedctx // of the process: a scrape has none
	ask func(ctx context.Context) (boxoffice.ReconcileState, error)
	log *slog.Logger
}

// WatchReconciliation registers what operators are told of reconciliation. ask is called at each scrape, until ctx ends.
func (m *Metrics) WatchReconciliation(ctx context.Context, ask func(ctx context.Context) (boxoffice.ReconcileState, error), log *slog.Logger) error {
	return m.registry.Register(reconciliation{ctx: ctx, ask: ask, log: log})
}

// Describe is called by the registry.
func (reconciliation) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{reconcileAge, reconcileOpen, reconcileRepaired} {
		ch <- d
	}
}

// Collect is called at a scrape.
func (b reconciliation) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(b.ctx, backlogPatience)
	defer cancel()
	now, err := b.ask(ctx)
	if err != nil {
		b.log.WarnContext(ctx, "the state of reconciliation is not known", "error", err)
		return
	}
	ch <- prometheus.MustNewConstMetric(reconcileAge, prometheus.GaugeValue, now.Age.Seconds())
	ch <- prometheus.MustNewConstMetric(reconcileOpen, prometheus.GaugeValue, float64(now.Open))
	ch <- prometheus.MustNewConstMetric(reconcileRepaired, prometheus.CounterValue, float64(now.Repaired))
}
