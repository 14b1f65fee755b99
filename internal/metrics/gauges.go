package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	bookingsOverdue = describe("boxoffice_bookings_overdue", "Bookings past their next check by more than a minute. Nobody sweeps, or "+
		"Temporal is away: see whether the workers are ready. Buyers wait for their tickets or their money.")
	inboxOverdue = describe("boxoffice_inbox_overdue", "Webhooks past their next try by more than a minute. Nobody sweeps the inbox, or "+
		"more come than can be asked about: see whether the workers are ready.")
	inboxAge = describe("boxoffice_inbox_oldest_age_seconds", "Age of the oldest webhook that waits for its booking's run, or for an answer of "+
		"the provider; 0 if none does. run: find its booking and its run. provider: see whether Stripe answers.", "waits_for")
	refundsStuck = describe("boxoffice_refunds_stuck", "Payments that are to go back, of which a refund failed at the bank. Pay the buyer back "+
		"another way: the money is with us.")
	refundsShort = describe("boxoffice_refunds_short", "Refunds for which the balance at the payment provider did not suffice. Add money there; "+
		"they are asked for again each quarter of an hour, and at once where the refunds of their event are resumed.")
	tasksOpen = describe("boxoffice_support_tasks_open", "Support tasks that nobody has closed, by kind: what only a person can decide. "+
		"Read them at GET /support/tasks.", "kind")
	tasksAge = describe("boxoffice_support_tasks_oldest_age_seconds", "Age of the oldest open support task of a kind; 0 if there is none. "+
		"A buyer waits for it.", "kind")

	poolConnections = describe("boxoffice_postgres_connections", "Connections to PostgreSQL by pool and state.", "pool", "state")
	poolMost        = describe("boxoffice_postgres_connections_max", "Connections that a pool may have. Raise BOXOFFICE_DATABASE_CONNS or "+
		"BOXOFFICE_WEBHOOK_CONNS where it is used up and PostgreSQL is not busy.", "pool")
	poolWaits = describe("boxoffice_postgres_waits_total", "Times that a connection had to be waited for, and was had.", "pool")
	poolQuits = describe("boxoffice_postgres_waits_given_up_total", "Times that a connection was waited for and not had: a request was "+
		"answered 503, or a step repeated. Find out what holds the connections: pg_stat_activity, wait_event_type Lock.", "pool")
	poolSeconds = describe("boxoffice_postgres_wait_seconds_total", "How long connections were waited for.", "pool")
)

// WatchBacklog registers the gauges of what waits for longer than it should. ask is called at each scrape, until ctx ends.
func (m *Metrics) WatchBacklog(ctx context.Context, ask func(ctx context.Context) (boxoffice.Backlog, error), log *slog.Logger) error {
	return m.registry.Register(asked[boxoffice.Backlog]{
		ctx: ctx, ask: ask, log: log, unknown: "the backlog is not known", tell: tellBacklog,
		descs: []*prometheus.Desc{bookingsOverdue, inboxOverdue, inboxAge, refundsStuck, refundsShort, tasksOpen, tasksAge},
	})
}

func tellBacklog(now boxoffice.Backlog, value valueFunc) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) { value(d, prometheus.GaugeValue, v, labels...) }
	gauge(bookingsOverdue, float64(now.OverdueBookings))
	gauge(inboxOverdue, float64(now.OverdueEvents))
	gauge(inboxAge, now.RunWaits.Seconds(), "run")
	gauge(inboxAge, now.ProviderWaits.Seconds(), "provider")
	gauge(refundsStuck, float64(now.StuckRefunds))
	gauge(refundsShort, float64(now.ShortRefunds))
	open := map[boxoffice.TaskKind]boxoffice.OpenTasks{}
	for _, kind := range boxoffice.TaskKinds {
		open[kind] = boxoffice.OpenTasks{Kind: kind}
	}
	for _, tasks := range now.Tasks {
		open[tasks.Kind] = tasks
	}
	for kind, tasks := range open {
		gauge(tasksOpen, float64(tasks.Count), string(kind))
		gauge(tasksAge, tasks.Oldest.Seconds(), string(kind))
	}
}

// Pool is how a pool of connections is used.
type Pool struct {
	Name            string
	Used, Idle, Max int32
	Waits, GivenUp  int64 // for a connection, since the start
	Waited          time.Duration
}

type pools func() []Pool

// WatchPools registers the gauges of pools of connections.
func (m *Metrics) WatchPools(use func() []Pool) error { return m.registry.Register(pools(use)) }

// Describe is called by the registry.
func (pools) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMost, poolWaits, poolQuits, poolSeconds} {
		ch <- d
	}
}

// Collect is called at a scrape.
func (use pools) Collect(ch chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	for _, p := range use() {
		tell(poolConnections, prometheus.GaugeValue, float64(p.Used), p.Name, "used")
		tell(poolConnections, prometheus.GaugeValue, float64(p.Idle), p.Name, "idle")
		tell(poolMost, prometheus.GaugeValue, float64(p.Max), p.Name)
		tell(poolWaits, prometheus.CounterValue, float64(p.Waits), p.Name)
		tell(poolQuits, prometheus.CounterValue, float64(p.GivenUp), p.Name)
		tell(poolSeconds, prometheus.CounterValue, p.Waited.Seconds(), p.Name)
	}
}
