package worker

import "context"

// sweepCallOffs starts or wakes the run of every event that was called off and whose run has not looked for a while.
func (o Options) sweepCallOffs(ctx context.Context) {
	events, err := o.CallOffs.Store.ClaimCallOffs(ctx, o.SweepBatch)
	if err != nil {
		o.noStore(ctx, err)
		return
	}
	failures := 0
	for _, event := range events {
		if ctx.Err() != nil || failures == maxSweepFailures {
			return // what was claimed is due again in half a minute
		}
		if err := o.Canceller.RunCallOff(ctx, event); err != nil {
			failures++
			o.Logger.WarnContext(ctx, "sweep: the run of an event that was called off was not woken", "event", event, "error", err)
			continue
		}
		o.Logger.InfoContext(ctx, "sweep: woke the run of an event that was called off", "event", event)
	}
}
