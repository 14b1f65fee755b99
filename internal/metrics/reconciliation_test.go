package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestWatchReconciliation(t *testing.T) {
	t.Parallel()
	m, _ := setup(t)
	var away error
	require.NoError(t, m.WatchReconciliation(t.Context(), func(context.Context) (boxoffice.ReconcileState, error) {
		return boxoffice.ReconcileState{Age: time.Hour, Open: 2, Repaired: 7}, away
	}, slog.New(slog.DiscardHandler)))
	require.Equal(t, `
boxoffice_reconciliation_age_seconds 3600
boxoffice_reconciliation_findings 2
boxoffice_reconciliation_repairs_total 7
`, scrape(t, m, "boxoffice_reconciliation"))
	families, err := m.Registry().Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	away = errors.New("away")
	require.Equal(t, "\n", scrape(t, m, "boxoffice_reconciliation"), "what is not known is absent, and never 0")
}
