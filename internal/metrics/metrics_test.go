package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/metrics"
)

func setup(t *testing.T) (*metrics.Metrics, client.MetricsHandler) {
	t.Helper()
	m, err := metrics.New(prometheus.NewRegistry())
	require.NoError(t, err)
	handler, err := m.TemporalHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return m, handler
}

// scrape gives the samples whose names begin so, sorted as they are told.
func scrape(t *testing.T, m *metrics.Metrics, prefixes ...string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(m.Registry(), promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	require.Equal(t, http.StatusOK, recorder.Code, recorder.Body)
	var samples strings.Builder
	samples.WriteString("\n")
	for line := range strings.Lines(recorder.Body.String()) {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(line, prefix) }) {
			samples.WriteString(line)
		}
	}
	return samples.String()
}

// The first of a rare event is an increase only where its series was there before.
func TestCountersBeginAtNothing(t *testing.T) {
	t.Parallel()
	m, _ := setup(t)
	m.ExpectSteps("IssueTickets", "SendMail")
	m.Webhook(metrics.WebhookParked)
	m.Woke(metrics.SweepInbox)
	m.GaveUp()
	m.Indexed(3)
	m.NotIndexed(metrics.IndexRefused, 2)
	require.Equal(t, `
boxoffice_inbox_given_up_total 1
boxoffice_mails_lost_total{reason="given_up"} 0
boxoffice_mails_lost_total{reason="refused"} 0
boxoffice_runs_circling_total 0
boxoffice_search_failures_total{reason="away"} 0
boxoffice_search_failures_total{reason="refused"} 2
boxoffice_search_indexed_total 3
boxoffice_steps_failed_total{activity="IssueTickets",code="internal"} 0
boxoffice_steps_failed_total{activity="SendMail",code="internal"} 0
boxoffice_sweep_wakes_total{sweep="bookings"} 0
boxoffice_sweep_wakes_total{sweep="inbox"} 1
boxoffice_webhooks_received_total{outcome="bad_signature"} 0
boxoffice_webhooks_received_total{outcome="malformed"} 0
boxoffice_webhooks_received_total{outcome="ok"} 0
boxoffice_webhooks_received_total{outcome="parked"} 1
boxoffice_webhooks_received_total{outcome="stale"} 0
boxoffice_webhooks_received_total{outcome="store_away"} 0
boxoffice_webhooks_received_total{outcome="unknown"} 0
`, scrape(t, m, "boxoffice_"))
}

// What runs and steps count by name becomes a counter of ours, with the labels that it is to have and no other tag; what the
// SDK counts by itself goes its own way.
func TestTemporalHandler(t *testing.T) {
	t.Parallel()
	m, handler := setup(t)
	step := handler.WithTags(map[string]string{"namespace": "default", "activity_type": "none"}).WithTags(map[string]string{"activity_type": "SendRefund"})
	step.WithTags(map[string]string{"code": "internal"}).Counter(boxoffice.CounterStepsFailed).Inc(1)
	step.WithTags(map[string]string{"code": "unavailable"}).Counter(boxoffice.CounterStepsFailed).Inc(2)
	step.WithTags(map[string]string{"reason": "refused"}).Counter(boxoffice.CounterMailsLost).Inc(1)
	step.Counter(boxoffice.CounterRunsCircling).Inc(1)
	handler.WithTags(map[string]string{"failure_reason": "WorkflowError"}).Counter("temporal_workflow_task_execution_failed").Inc(3)
	handler.Timer("temporal_activity_execution_latency").Record(30 * time.Millisecond)
	handler.Gauge("temporal_num_pollers").Update(2)
	require.Equal(t, `
boxoffice_mails_lost_total{reason="given_up"} 0
boxoffice_mails_lost_total{reason="refused"} 1
boxoffice_runs_circling_total 1
boxoffice_steps_failed_total{activity="SendRefund",code="internal"} 1
boxoffice_steps_failed_total{activity="SendRefund",code="unavailable"} 2
temporal_num_pollers 2
temporal_workflow_task_execution_failed_total{failure_reason="WorkflowError"} 3
`, scrape(t, m, "boxoffice_steps", "boxoffice_mails", "boxoffice_runs", "temporal_num", "temporal_workflow"))
	require.Contains(t, scrape(t, m, "temporal_"), `temporal_activity_execution_latency_seconds_bucket{le="0.1"} 1`, "buckets of seconds")
}

// Names and helps are as Prometheus wants them, and the poison run's says what to do, although the SDK counts it.
func TestNamesAreByTheConventions(t *testing.T) {
	t.Parallel()
	m, handler := setup(t)
	m.ExpectSteps("IssueTickets")
	require.NoError(t, m.WatchPools(func() []metrics.Pool { return []metrics.Pool{{Name: "shared"}} }))
	require.NoError(t, m.WatchBacklog(t.Context(), func(context.Context) (boxoffice.Backlog, error) { return boxoffice.Backlog{}, nil }, slog.Default()))
	handler.Counter("temporal_workflow_task_execution_failed").Inc(1)
	families, err := m.Registry().Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "boxoffice_") || strings.HasSuffix(f.GetName(), "execution_failed_total") {
			require.Greater(t, len(f.GetHelp()), 30, f.GetName())
		}
	}
}

func TestWatchBacklog(t *testing.T) {
	t.Parallel()
	m, _ := setup(t)
	var away error
	ask := func(ctx context.Context) (boxoffice.Backlog, error) {
		deadline, bounded := ctx.Deadline()
		require.True(t, bounded && time.Until(deadline) <= 2*time.Second, "a scrape waits for it")
		return boxoffice.Backlog{
			OverdueBookings: 3, OverdueEvents: 2, RunWaits: time.Minute, ProviderWaits: time.Hour, StuckRefunds: 1, ShortRefunds: 4,
			Tasks: []boxoffice.OpenTasks{{Kind: boxoffice.TaskDispute, Count: 2, Oldest: time.Hour}},
		}, away
	}
	require.NoError(t, m.WatchBacklog(t.Context(), ask, slog.New(slog.DiscardHandler)))
	require.Equal(t, `
boxoffice_bookings_overdue 3
boxoffice_inbox_oldest_age_seconds{waits_for="provider"} 3600
boxoffice_inbox_oldest_age_seconds{waits_for="run"} 60
boxoffice_inbox_overdue 2
boxoffice_refunds_short 4
boxoffice_refunds_stuck 1
`, scrape(t, m, "boxoffice_bookings", "boxoffice_inbox_o", "boxoffice_refunds"))
	tasks := scrape(t, m, "boxoffice_support_tasks")
	require.Contains(t, tasks, `boxoffice_support_tasks_open{kind="dispute"} 2`)
	require.Contains(t, tasks, `boxoffice_support_tasks_oldest_age_seconds{kind="dispute"} 3600`)
	for _, kind := range boxoffice.TaskKinds {
		require.Contains(t, tasks, `{kind="`+string(kind)+`"}`, "a kind without tasks is 0, and not absent")
	}
	away = errors.New("away")
	told := scrape(t, m, "boxoffice_")
	require.Contains(t, told, "boxoffice_runs_circling_total", "the other metrics are told all the same")
	require.NotRegexp(t, "overdue|oldest|stuck|short|tasks", told, "what is not known is absent, and never 0")
}

func TestWatchPools(t *testing.T) {
	t.Parallel()
	m, _ := setup(t)
	require.NoError(t, m.WatchPools(func() []metrics.Pool {
		return []metrics.Pool{{Name: "shared", Used: 16, Idle: 0, Max: 16, Waits: 7, GivenUp: 2, Waited: 1500 * time.Millisecond}}
	}))
	require.Equal(t, `
boxoffice_postgres_connections{pool="shared",state="idle"} 0
boxoffice_postgres_connections{pool="shared",state="used"} 16
boxoffice_postgres_connections_max{pool="shared"} 16
boxoffice_postgres_wait_seconds_total{pool="shared"} 1.5
boxoffice_postgres_waits_given_up_total{pool="shared"} 2
boxoffice_postgres_waits_total{pool="shared"} 7
`, scrape(t, m, "boxoffice_postgres"))
}

func TestNilCountsNothing(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m.Webhook(metrics.WebhookOK)
	m.Woke(metrics.SweepBookings)
	m.GaveUp()
	m.ExpectSteps("IssueTickets")
}

func TestSearchBacklog(t *testing.T) {
	t.Parallel()
	m, _ := setup(t)
	var away error
	require.NoError(t, m.WatchSearch(t.Context(), func(context.Context) (boxoffice.SearchBacklog, error) {
		return boxoffice.SearchBacklog{Events: 7, Oldest: 1500 * time.Millisecond, Parked: 2}, away
	}, slog.New(slog.DiscardHandler)))
	require.Equal(t, `
boxoffice_search_lag_seconds 1.5
boxoffice_search_parked 2
boxoffice_search_waiting 7
`, scrape(t, m, "boxoffice_search_lag", "boxoffice_search_parked", "boxoffice_search_waiting"))
	away = errors.New("away")
	require.Equal(t, "\n", scrape(t, m, "boxoffice_search_lag", "boxoffice_search_parked", "boxoffice_search_waiting"), "what is not known is absent, and never 0")
}
