package worker

import (
	"context"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/metrics"
)

// maxSweepFailures is after how many failures a sweep believes that who it talks to is away.
const maxSweepFailures = 3

// sweep looks for what fell through until ctx is done. Several workers may sweep: each claims others. A provider that is
// slow must not hold the bookings up, so the inbox is swept beside them.
func (o Options) sweep(ctx context.Context) {
	var sweeps sync.WaitGroup
	sweeps.Go(func() { every(ctx, o.SweepEvery, o.sweepBookings) })
	sweeps.Go(func() { every(ctx, o.SweepEvery, o.sweepMails) })
	sweeps.Go(func() { every(ctx, o.SweepEvery, o.sweepCallOffs) })
	sweeps.Go(func() { every(ctx, o.InboxEvery, o.sweepInbox) })
	sweeps.Go(func() { o.relay(ctx) })
	sweeps.Go(func() { every(ctx, o.Relay.SampleEvery, o.sampleSeats) })
	sweeps.Go(func() { o.schedule(ctx) })
	index := &watch{Options: o}
	sweeps.Go(func() {
		index.look(ctx) // at once: a system that was just set up has no index
		every(ctx, o.Relay.WatchEvery, index.look)
	})
	sweeps.Wait()
}

func every(ctx context.Context, pause time.Duration, do func(ctx context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// sweepBookings starts or wakes the run of every booking that is overdue.
func (o Options) sweepBookings(ctx context.Context) {
	overdue, err := o.Store.ClaimOverdue(ctx, o.SweepBatch)
	if err != nil {
		o.noStore(ctx, err)
		return
	}
	failures := 0
	for _, ref := range overdue {
		if ctx.Err() != nil || failures == maxSweepFailures {
			return // what was claimed is due again in half a minute
		}
		woken, err := o.Nudger.NudgeOverdue(ctx, ref)
		if err != nil {
			failures++
			o.Logger.WarnContext(ctx, "sweep: a run was not woken", "booking", ref.BookingID, "error", err)
		} else if woken {
			o.Metrics.Woke(metrics.SweepBookings)
			o.Logger.InfoContext(ctx, "sweep: woke a run", "booking", ref.BookingID, "status", ref.Status)
		}
	}
}

// sweepInbox takes up every stored event that had no effect and is due to be tried again.
func (o Options) sweepInbox(ctx context.Context) {
	events, err := o.Store.ClaimEvents(ctx, o.InboxBatch)
	if err != nil {
		o.noStore(ctx, err)
		return
	}
	failures := 0
	for _, e := range events {
		if ctx.Err() != nil || failures == maxSweepFailures {
			return // what was claimed is due again after its pause
		}
		fate, err := o.Settler.SettleEvent(ctx, e)
		if err != nil {
			failures++
			o.Logger.WarnContext(ctx, "inbox sweep: an event was not settled", "event", e.ID, "type", e.Type, "error", err)
			continue
		}
		o.tellFate(ctx, e, fate)
	}
}

// tellFate logs and counts what became of an event. One that stays as it is says so at its every try, which nobody wants to read.
func (o Options) tellFate(ctx context.Context, e boxoffice.PaymentEvent, fate boxoffice.EventFate) {
	switch fate {
	case boxoffice.EventTaken:
		o.Metrics.Woke(metrics.SweepInbox)
		o.Logger.InfoContext(ctx, "inbox sweep: settled an event", "event", e.ID, "type", e.Type)
	case boxoffice.EventGivenUp:
		o.Metrics.GaveUp()
		o.Logger.WarnContext(ctx, "inbox sweep: gave an event up: for three days it was about nothing of ours", "event", e.ID, "type", e.Type)
	case boxoffice.EventParked, boxoffice.EventAsked, boxoffice.EventUnknown:
		o.Logger.DebugContext(ctx, "inbox sweep: an event is tried again later", "event", e.ID, "type", e.Type, "fate", fate)
	}
}

func (o Options) noStore(ctx context.Context, err error) {
	if ctx.Err() == nil {
		o.Logger.WarnContext(ctx, "sweep: the store did not answer", "error", err)
	}
}
