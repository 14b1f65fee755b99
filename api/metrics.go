package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/seatwatch"
)

// metrics counts requests. Routes are counted by pattern, so that the number of series is bounded.
type metrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	streams   prometheus.Gauge
	waits     prometheus.Gauge
	dropped   prometheus.Counter
	polls     *prometheus.CounterVec
	staleness prometheus.Histogram
}

// newMetrics registers the metrics. Two servers of one process may share a registry, and then share the counts.
func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "boxoffice_http_request_duration_seconds", Help: "Time from the request's header to the end of the answer.",
			Buckets: []float64{.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "boxoffice_seat_streams", Help: "Streams of seats that are open.",
		}),
		waits: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "boxoffice_booking_waits", Help: "Requests that wait for their booking to go on.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "boxoffice_seat_streams_dropped_total", Help: "Streams of seats that were ended because their reader was too slow.",
		}),
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "boxoffice_seat_polls_total", Help: "Reads of the seats of events that somebody watches, by whether they succeeded.",
		}, []string{"outcome"}),
		staleness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "boxoffice_seat_stream_delay_seconds",
			Help:    "Time from the earliest moment at which a seat can have changed to when a stream has told of it: at most so late.",
			Buckets: []float64{.05, .1, .2, .3, .4, .5, .75, 1, 2.5, 5, 10},
		}),
	}
	return m, m.register(registry)
}

func (m *metrics) register(registry *prometheus.Registry) (err error) {
	if m.requests, err = register(registry, m.requests); err != nil {
		return err
	}
	if m.seconds, err = register(registry, m.seconds); err != nil {
		return err
	}
	if m.streams, err = register(registry, m.streams); err != nil {
		return err
	}
	if m.waits, err = register(registry, m.waits); err != nil {
		return err
	}
	if m.dropped, err = register(registry, m.dropped); err != nil {
		return err
	}
	if m.polls, err = register(registry, m.polls); err != nil {
		return err
	}
	for _, outcome := range []string{pollOK, pollFailed} {
		m.polls.WithLabelValues(outcome)
	}
	m.staleness, err = register(registry, m.staleness)
	return err
}

// The outcomes of a poll.
const (
	pollOK     = "ok"
	pollFailed = "failed"
)

// polled counts a read of the seats of an event that is watched.
func (m *metrics) polled(_ time.Duration, err error) {
	outcome := pollOK
	if err != nil {
		outcome = pollFailed
	}
	m.polls.WithLabelValues(outcome).Inc()
}

func register[C prometheus.Collector](registry *prometheus.Registry, collector C) (C, error) {
	err := registry.Register(collector)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing, nil
		}
	}
	return collector, err
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	method = methodOf(method)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// told measures how late a stream tells of changes.
func (m *metrics) told(updates []seatwatch.Update) {
	for _, u := range updates {
		if u.Changes != nil {
			m.staleness.Observe(time.Since(u.Since).Seconds())
		}
	}
}

// methodOf gives a method that there is, or "other" for whatever a client made up.
func methodOf(method string) string {
	switch method {
	case "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}
