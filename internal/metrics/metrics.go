// Package metrics is what operators are alerted by: every counter and gauge of the program but those of single requests,
// which package api has. Its dependencies are Prometheus' client, and OpenTelemetry for the metrics that Temporal's SDK
// counts by itself.
//
// docs/operations.md says for each what it means and what to do; a test keeps the two equal. No label holds an ID or a name.
package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/boxoffice/boxoffice"
)

// WebhookOutcome is how the receipt of a webhook ended.
type WebhookOutcome string

// The outcomes of a webhook.
const (
	WebhookOK           WebhookOutcome = "ok"
	WebhookBadSignature WebhookOutcome = "bad_signature"
	WebhookStale        WebhookOutcome = "stale"     // genuine, but signed at another time
	WebhookMalformed    WebhookOutcome = "malformed" // genuine, but no event
	WebhookParked       WebhookOutcome = "parked"    // stored, not understood
	WebhookUnknown      WebhookOutcome = "unknown"   // stored, about nothing of ours
	WebhookStoreAway    WebhookOutcome = "store_away"
)

var webhookOutcomes = []WebhookOutcome{
	WebhookOK, WebhookBadSignature, WebhookStale, WebhookMalformed, WebhookParked, WebhookUnknown, WebhookStoreAway,
}

// Sweep names what is swept.
type Sweep string

// The sweeps.
const (
	SweepBookings Sweep = "bookings"
	SweepInbox    Sweep = "inbox"
)

// IndexFailure is why the search index was not written.
type IndexFailure string

// The reasons.
const (
	IndexAway    IndexFailure = "away"
	IndexRefused IndexFailure = "refused"
)

// Metrics counts. Nil counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	webhooks *prometheus.CounterVec
	wakes    *prometheus.CounterVec
	givenUp  prometheus.Counter
	indexed  prometheus.Counter
	unsaid   *prometheus.CounterVec
	counters map[string]counter // those that runs and steps count by name
}

// counter is a counter that runs and steps count by name. Its labels are the tags of these names.
type counter struct {
	*prometheus.CounterVec
	tags []string
}

func newCounter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// New registers the counters, with those of Go and of the process. Series whose labels are known begin at 0, so that the
// first of a rare event counts as an increase.
func New(registry *prometheus.Registry) (*Metrics, error) {
	m := &Metrics{
		registry: registry,
		webhooks: newCounter("boxoffice_webhooks_received_total", "Webhooks by what became of them. bad_signature: compare "+
			"STRIPE_WEBHOOK_SECRET with the endpoint's. stale: set the clock. parked: make the endpoint anew at our API version. "+
			"store_away: see to the database; Stripe sends them again.", "outcome"),
		wakes: newCounter("boxoffice_sweep_wakes_total", "What a sweep found and took up: runs of bookings that nobody had started or "+
			"that were lost, webhooks that had had no effect. If it grows steadily, look why runs are lost or webhooks parked.", "sweep"),
		givenUp: prometheus.NewCounter(prometheus.CounterOpts{Name: "boxoffice_inbox_given_up_total", Help: "Webhooks that for three " +
			"days were about nothing of ours. Look at them in webhook_inbox; where they should be ours, restore what the database lost " +
			"and have them sent again."}),
		indexed: prometheus.NewCounter(prometheus.CounterOpts{Name: "boxoffice_search_indexed_total", Help: "Events written to the search index, " +
			"or taken out of it."}),
		unsaid: newCounter("boxoffice_search_failures_total", "Times that the search index was not written. away: the search server did not answer, "+
			"and is tried again; nothing else is harmed. refused: it takes everything but this event; see search_parked.", "reason"),
		counters: map[string]counter{
			boxoffice.CounterStepsFailed: {newCounter(boxoffice.CounterStepsFailed, "Failed tries of a run's steps, which are repeated where "+
				"that can help. code internal is a fault of ours: find \"a step failed\" in the worker's log.", "activity", "code"), []string{"activity_type", "code"}},
			boxoffice.CounterRunsCircling: {newCounter(boxoffice.CounterRunsCircling, "Times that a run slowed down because its step succeeds and "+
				"changes nothing. A fault of ours: find \"a step changes nothing\" in the worker's log."), nil},
			boxoffice.CounterMailsLost: {newCounter(boxoffice.CounterMailsLost, "Mails that will not be sent. refused: the server refuses the "+
				"address or the message for good. given_up: it was away for days. Buyers find their tickets in their accounts.", "reason"), []string{"reason"}},
		},
	}
	for _, outcome := range webhookOutcomes {
		m.webhooks.WithLabelValues(string(outcome))
	}
	m.wakes.WithLabelValues(string(SweepBookings))
	m.wakes.WithLabelValues(string(SweepInbox))
	for _, reason := range []IndexFailure{IndexAway, IndexRefused} {
		m.unsaid.WithLabelValues(string(reason))
	}
	m.counters[boxoffice.CounterRunsCircling].WithLabelValues()
	for _, reason := range []boxoffice.MailLoss{boxoffice.MailRefused, boxoffice.MailGivenUp} {
		m.counters[boxoffice.CounterMailsLost].WithLabelValues(string(reason))
	}
	return m, m.register()
}

func (m *Metrics) register() error {
	all := []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.webhooks, m.wakes, m.givenUp,
		m.indexed, m.unsaid,
	}
	for _, c := range m.counters {
		all = append(all, c)
	}
	var err error
	for _, c := range all {
		err = errors.Join(err, m.registry.Register(c))
	}
	return err
}

// Registry has all metrics of the process.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Webhook counts a webhook that was received.
func (m *Metrics) Webhook(outcome WebhookOutcome) {
	if m != nil {
		m.webhooks.WithLabelValues(string(outcome)).Inc()
	}
}

// Woke counts what a sweep took up.
func (m *Metrics) Woke(sweep Sweep) {
	if m != nil {
		m.wakes.WithLabelValues(string(sweep)).Inc()
	}
}

// GaveUp counts a webhook that was given up.
func (m *Metrics) GaveUp() {
	if m != nil {
		m.givenUp.Inc()
	}
}

// Indexed counts events that were written to the search index.
func (m *Metrics) Indexed(events int) {
	if m != nil {
		m.indexed.Add(float64(events))
	}
}

// NotIndexed counts what kept the search index from being written.
func (m *Metrics) NotIndexed(reason IndexFailure, times int) {
	if m != nil {
		m.unsaid.WithLabelValues(string(reason)).Add(float64(times))
	}
}

// ExpectSteps makes the series of faults of ours in these activities begin at 0.
func (m *Metrics) ExpectSteps(activities ...string) {
	if m == nil {
		return
	}
	for _, activity := range activities {
		m.counters[boxoffice.CounterStepsFailed].WithLabelValues(activity, string(boxoffice.CodeInternal))
	}
}
