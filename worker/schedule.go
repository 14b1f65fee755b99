package worker

import (
	"context"
	"time"
)

// schedule has Temporal know what is due again and again. Several workers may: the last one to come says how often.
func (o Options) schedule(ctx context.Context) {
	pause := o.SweepEvery
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := o.Schedules.Ensure(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			o.Logger.WarnContext(ctx, "the schedules were not made; they are tried again", "in", pause.String(), "error", err)
		}
		timer.Reset(pause)
		pause = min(2*pause, longestPause)
	}
}
