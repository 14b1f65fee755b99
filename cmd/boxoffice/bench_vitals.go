package main

import (
	"context"
	"fmt"
	"slices"

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

const megabyte = 1 << 20

func (v systemVitals) read(ctx context.Context) (now bench.Reading, err error) {
	if now, err = v.ofProcesses(); err != nil {
		return now, err
	}
	for _, one := range []struct{ process, admin string }{{"api", v.env["ADMIN_URL"]}, {"worker", v.env["WORKER_ADMIN_URL"]}} {
		counted, err := countedBy(ctx, one.admin)
		if err != nil {
			return now, err
		}
		now.Vitals = append(now.Vitals,
			bench.Vital{Name: one.process + ", heap in use", Unit: "MB", Value: counted["go_memstats_heap_inuse_bytes"] / megabyte, Slack: bench.MemorySlack},
			bench.Vital{Name: one.process + ", goroutines", Value: counted["go_goroutines"], Slack: bench.CountSlack})
	}
	stored, err := v.ofPostgres(ctx)
	if err != nil {
		return now, err
	}
	runs, err := v.ofTemporal(ctx)
	now.Vitals = slices.Concat(now.Vitals, stored, runs)
	return now, err
}

func (v systemVitals) ofProcesses() (now bench.Reading, err error) {
	now.Processes = map[string][]int{}
	held, err := bench.Holdings(v.process.PID())
	if err != nil {
		return now, err
	}
	for _, name := range []string{"api", "worker", "temporal", "postgres", "simulators"} {
		memory, files := float64(bench.MemorySlack), float64(bench.CountSlack)
		if name == "simulators" {
			memory, files = bench.Kept, bench.Kept
		}
		now.Processes[name] = held[name].IDs
		now.Vitals = append(now.Vitals,
			bench.Vital{Name: name + ", memory", Unit: "MB", Value: float64(held[name].Memory) / megabyte, Slack: memory},
			bench.Vital{Name: name + ", open files", Value: float64(held[name].Files), Slack: files})
	}
	return now, nil
}

func (v systemVitals) ofPostgres(ctx context.Context) ([]bench.Vital, error) {
	tables, err := v.db.Vitals(ctx)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	ours, temporal, err := v.bytes(ctx)
	return []bench.Vital{
		{Name: "connections of Postgres", Value: float64(tables.Connections), Slack: bench.CountSlack},
		{Name: "tickets with their indexes", Unit: "MB", Value: float64(tables.TicketBytes) / megabyte, Slack: bench.TableSlack},
		{Name: "dead rows of tickets", Unit: "%", Value: 100 * tables.DeadTickets, Slack: bench.DeadSlack},
		{Name: "dead rows of bookings", Unit: "%", Value: 100 * tables.DeadBookings, Slack: bench.DeadSlack},
		{Name: "database", Unit: "MB", Value: float64(ours) / megabyte, Slack: bench.Kept},
		{Name: "Temporal's file", Unit: "MB", Value: float64(temporal) / megabyte, Slack: bench.Kept},
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
		{Name: "runs under way", Value: float64(open.GetCount()), Slack: bench.RunsSlack},
		{Name: "events in a run's history", Value: events / n, Slack: bench.EventsSlack},
		{Name: "a run's history", Unit: "kB", Value: bytes / n / 1024, Slack: bench.EventsSlack},
	}, nil
}
