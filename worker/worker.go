// Package worker runs the workflows and activities: it registers them, sets the limits of each task queue, and sweeps for
// bookings whose run was never started or got lost, and for webhooks that had no effect. It also brings
// changes of events into the search index. Temporal's SDK is its one dependency; it holds a client only to build workers.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/workflows"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// Options are what a worker process is made of. Required are all but the numbers.
type Options struct {
	Temporal   client.Client
	Activities *activities.Activities
	Store      boxoffice.BookingStore
	Nudger     boxoffice.OverdueNudger
	Settler    boxoffice.EventSettler
	Workflows  *workflows.Bookings
	Accounts   *activities.Accounts
	Mailer     boxoffice.AccountMailer
	Relay      Relay
	Search     *activities.Search
	CallOffs   *activities.CallOffs
	Canceller  boxoffice.CallOffRunner
	Logger     *slog.Logger

	Reconciliation *activities.Reconciliation
	Schedules      boxoffice.Scheduler

	SweepEvery time.Duration // between two sweeps for bookings; 1 s if zero
	SweepBatch int           // bookings a sweep; 200 if zero
	InboxEvery time.Duration // between two sweeps of the inbox; 5 s if zero
	InboxBatch int           // events a sweep, each of them a call to the provider; 25 if zero
	StopGrace  time.Duration // for steps under way at shutdown; 10 s if zero

	// Metrics count what operators are alerted by; nil counts nothing. What runs and steps count goes through Temporal's.
	Metrics *metrics.Metrics

	// Failpoints are for tests that kill the process; nil in a deployed program.
	Failpoints *failpoint.Points
}

func (o Options) withDefaults() Options {
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	if o.SweepBatch == 0 {
		o.SweepBatch = 200
	}
	if o.InboxEvery == 0 {
		o.InboxEvery = 5 * time.Second
	}
	if o.InboxBatch == 0 {
		o.InboxBatch = 25
	}
	if o.StopGrace == 0 {
		o.StopGrace = 10 * time.Second
	}
	o.Relay = o.Relay.withDefaults()
	return o
}

// Run works until ctx is done, then lets the steps under way finish. It begins when Temporal answers, and fails when a worker
// cannot be started or dies.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	o.Metrics.ExpectSteps(activityNames()...)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	fatal := func(err error) { cancel(fmt.Errorf("a Temporal worker died: %w", err)) }
	if !o.awaitTemporal(ctx) {
		return nil
	}
	for _, w := range []worker.Worker{
		o.booking(fatal), o.fulfilment(fatal), o.bulk(fatal),
	} {
		if err := w.Start(); err != nil {
			return fmt.Errorf("start a Temporal worker: %w", err)
		}
		defer w.Stop()
	}
	o.Logger.InfoContext(ctx, "worker started")
	o.sweep(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// temporalPatience bounds one question whether Temporal is there.
const temporalPatience = 5 * time.Second

// awaitTemporal waits until Temporal answers, for a worker that cannot reach it does not start, and one that gave up would
// have to be started again. It reports false when ctx ended first.
func (o Options) awaitTemporal(ctx context.Context) bool {
	tick := time.NewTicker(o.SweepEvery)
	defer tick.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, temporalPatience)
		_, err := o.Temporal.CheckHealth(asking, &client.CheckHealthRequest{})
		cancel()
		if err == nil {
			return true
		}
		o.Logger.WarnContext(ctx, "Temporal does not answer yet", "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// tasksAtOnce bounds the workflow tasks of bookings that are worked on at once, and with them their local steps. Under load the
// rest waits at Temporal, where waiting costs nothing: what waits here uses up its localPatience, becomes a regular step, and so
// makes more work than it was. Too few would let a mail server that hangs keep sales waiting.
const tasksAtOnce = 24

// booking is the worker of the queue where latency matters: runs and their local steps.
func (o Options) booking(fatal func(error)) worker.Worker {
	w := worker.New(o.Temporal, workflows.QueueBooking, worker.Options{
		Interceptors:                           o.interceptors(),
		WorkerStopTimeout:                      o.StopGrace,
		OnFatalError:                           fatal,
		WorkflowTaskPollerBehavior:             autoscale(4, 2, 16),
		ActivityTaskPollerBehavior:             autoscale(1, 1, 4),
		MaxConcurrentWorkflowTaskExecutionSize: tasksAtOnce,
		MaxConcurrentActivityExecutionSize:     50,
	})
	w.RegisterWorkflow(o.Workflows.Booking)
	w.RegisterActivity(o.Activities)
	return w
}

// fulfilment is the worker of mail and of issues that did not work at once: never so busy that a sale suffers.
func (o Options) fulfilment(fatal func(error)) worker.Worker {
	w := worker.New(o.Temporal, workflows.QueueFulfilment, worker.Options{
		Interceptors:                       o.interceptors(),
		WorkerStopTimeout:                  o.StopGrace,
		OnFatalError:                       fatal,
		WorkflowTaskPollerBehavior:         autoscale(1, 1, 2),
		ActivityTaskPollerBehavior:         autoscale(1, 1, 4),
		MaxConcurrentActivityExecutionSize: 20,
	})
	w.RegisterWorkflow(o.Workflows.Mail)
	w.RegisterWorkflow(workflows.AccountMail)
	w.RegisterActivity(o.Activities)
	w.RegisterActivity(o.Accounts)
	return w
}

// bulk is the worker of mass work: little at once, since nobody waits for it.
func (o Options) bulk(fatal func(error)) worker.Worker {
	w := worker.New(o.Temporal, workflows.QueueBulk, worker.Options{
		Interceptors:                       o.interceptors(),
		WorkerStopTimeout:                  o.StopGrace,
		OnFatalError:                       fatal,
		WorkflowTaskPollerBehavior:         autoscale(2, 1, 8),
		ActivityTaskPollerBehavior:         autoscale(1, 1, 2),
		MaxConcurrentActivityExecutionSize: 4,
	})
	w.RegisterWorkflow(workflows.Reindex)
	w.RegisterWorkflow(workflows.Reconcile)
	w.RegisterWorkflow(workflows.CancelEvent)
	w.RegisterWorkflow(workflows.GiveBack)
	w.RegisterActivity(o.Search)
	w.RegisterActivity(o.Reconciliation)
	w.RegisterActivity(o.CallOffs)
	return w
}

// activityNames are those that RegisterActivity gives to the methods of what is registered and counts its failures.
func activityNames() []string {
	var names []string
	for _, t := range []reflect.Type{
		reflect.TypeFor[*activities.Activities](), reflect.TypeFor[*activities.Search](), reflect.TypeFor[*activities.Reconciliation](),
		reflect.TypeFor[*activities.CallOffs](),
	} {
		for method := range t.Methods() {
			names = append(names, method.Name)
		}
	}
	return names
}

func autoscale(initial, least, most int) worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: initial, MinimumNumberOfPollers: least, MaximumNumberOfPollers: most,
	})
}
