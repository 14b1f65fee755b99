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

// WatchReconciliation registers what operators are told of reconciliation. ask is called at each scrape, until ctx ends.
func (m *Metrics) WatchReconciliation(ctx context.Context, ask func(ctx context.Context) (boxoffice.ReconcileState, error), log *slog.Logger) error {
	return m.registry.Register(asked[boxoffice.ReconcileState]{
		ctx: ctx, ask: ask, log: log, unknown: "the state of reconciliation is not known",
		descs: []*prometheus.Desc{reconcileAge, reconcileOpen, reconcileRepaired},
		tell: func(now boxoffice.ReconcileState, value valueFunc) {
			value(reconcileAge, prometheus.GaugeValue, now.Age.Seconds())
			value(reconcileOpen, prometheus.GaugeValue, float64(now.Open))
			value(reconcileRepaired, prometheus.CounterValue, float64(now.Repaired))
		},
	})
}
