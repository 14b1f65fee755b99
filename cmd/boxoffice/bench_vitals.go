package main

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice/bench"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// systemVitals read what of a system must not grow while its load stays the same.
type systemVitals struct {
	*benchSystem
	temporal client.Client
}

func (s *benchSystem) vitals() (systemVitals, error) {
	temporal, err := temporalSettings{TemporalAddress: s.env["TEMPORAL_ADDRESS"]}.dial(s.logger, nil)
	return systemVitals{s, temporal}, err
}

func (v systemVitals) close() { v.temporal.Close() }

// What comes and goes of a thing, and is no growth. Simulators and databases keep what was done, and are not judged by it.
const (
	memorySlack = 8    // MB, about a garbage collection's worth
	countSlack  = 10   // of goroutines, files, connections
	tableSlack  = 1    // MB: a few pages that were never full before
	deadSlack   = 0.1  // of all rows: the server cleans up about once a minute
	eventsSlack = 0.25 // of a run's history: what is abandoned has fewer than what is sold
	runsSlack   = 40   // some seconds of visits
	kept        = -1
)

const megabyte = 1 << 20

func (v systemVitals) read(ctx context.Context) ([]bench.Vital, error) {
	all, err := v.ofProcesses()
	if err != nil {
		return nil, err
	}
	for _, one := range []struct{ process, admin string }{{"api", v.env["ADMIN_URL"]}, {"worker", v.env["WORKER_ADMIN_URL"]}} {
		counted, err := countedBy(ctx, one.admin)
		if err != nil {
			return nil, err
		}
		all = append(all,
			bench.Vital{Name: one.process + ", heap in use", Unit: "MB", Value: counted["go_memstats_heap_inuse_bytes"] / megabyte, Slack: memorySlack},
			bench.Vital{Name: one.process + ", goroutines", Value: counted["go_goroutines"], Slack: countSlack})
	}
	stored, err := v.ofPostgres(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := v.ofTemporal(ctx)
	return append(append(all, stored...), runs...), err
}

func (v systemVitals) ofProcesses() (all []bench.Vital, err error) {
	held, err := bench.Holdings(v.process.PID())
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"api", "worker", "temporal", "postgres", "simulators"} {
		memory, files := float64(memorySlack), float64(countSlack)
		if name == "simulators" {
			memory, files = kept, kept
		}
		all = append(all,
			bench.Vital{Name: name + ", memory", Unit: "MB", Value: float64(held[name].Memory) / megabyte, Slack: memory},
			bench.Vital{Name: name + ", open files", Value: float64(held[name].Files), Slack: files})
	}
	return all, nil
}

func (v systemVitals) ofPostgres(ctx context.Context) ([]bench.Vital, error) {
	tables, err := v.db.Vitals(ctx)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	ours, temporal, err := v.bytes(ctx)
	return []bench.Vital{
		{Name: "connections of Postgres", Value: float64(tables.Connections), Slack: countSlack},
		{Name: "tickets with their indexes", Unit: "MB", Value: float64(tables.TicketBytes) / megabyte, Slack: tableSlack},
		{Name: "dead rows of tickets", Unit: "%", Value: 100 * tables.DeadTickets, Slack: 100 * deadSlack},
		{Name: "dead rows of bookings", Unit: "%", Value: 100 * tables.DeadBookings, Slack: 100 * deadSlack},
		{Name: "database", Unit: "MB", Value: float64(ours) / megabyte, Slack: kept},
		{Name: "Temporal's file", Unit: "MB", Value: float64(temporal) / megabyte, Slack: kept},
	}, err
}

// latestRuns is how many runs that ended last are asked how long their history is.
const latestRuns = 100

func (v systemVitals) ofTemporal(ctx context.Context) ([]bench.Vital, error) {
	open, err := v.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: `ExecutionStatus = 'Running'`})
	if err != nil {
		return nil, fmt.Errorf("Temporal: %w", err)
	}
	ended, err := v.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: `WorkflowType = 'Booking' AND ExecutionStatus = 'Completed'`, PageSize: latestRuns,
	})
	if err != nil {
		return nil, fmt.Errorf("Temporal: %w", err)
	}
	var events, bytes float64
	for _, run := range ended.GetExecutions() {
		events += float64(run.GetHistoryLength())
		bytes += float64(run.GetHistorySizeBytes())
	}
	n := max(float64(len(ended.GetExecutions())), 1)
	return []bench.Vital{
		{Name: "runs under way", Value: float64(open.GetCount()), Slack: runsSlack},
		{Name: "events in a run's history", Value: events / n, Slack: eventsSlack},
		{Name: "a run's history", Unit: "kB", Value: bytes / n / 1024, Slack: eventsSlack},
	}, nil
}
