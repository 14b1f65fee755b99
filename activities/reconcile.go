package activities

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/activity"
)

// Reconciliation is the step by which the provider's record is compared with ours. Workflows hold a nil *Reconciliation for
// the name of its method; workers register one whose fields are all set.
type Reconciliation struct {
	Reconciler boxoffice.Reconciler
	Logger     *slog.Logger
}

// Reconcile takes a pass through the rest of its phase. How far it has come, and what it found, is in its heartbeat, from
// which a repeat goes on.
func (a *Reconciliation) Reconcile(ctx context.Context, pass boxoffice.ReconcilePass) (boxoffice.ReconcilePass, error) {
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &pass); err != nil {
			return pass, a.done(ctx, err)
		}
	}
	beat := &heartbeat{pass: pass}
	defer beat.start(ctx)()
	for phase := pass.Phase; pass.Phase == phase; {
		if err := ctx.Err(); err != nil {
			return pass, err
		}
		next, err := a.Reconciler.Advance(ctx, pass)
		if err != nil {
			return pass, a.done(ctx, err)
		}
		pass = next
		beat.tell(ctx, pass)
	}
	return pass, nil
}

func (a *Reconciliation) done(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	a.Logger.WarnContext(ctx, "a step of the reconciliation failed", "attempt", activity.GetInfo(ctx).Attempt, "error", err)
	count(ctx, boxoffice.CounterStepsFailed, "code", string(boxoffice.CodeOf(err)))
	return ToTemporal(err)
}

// beatEvery is well below the time after which a silent try is given up.
const beatEvery = 10 * time.Second

// heartbeat tells the same again while a page takes its time: the provider may be slow, and a page may have much to mend.
type heartbeat struct {
	mu   sync.Mutex
	pass boxoffice.ReconcilePass
}

func (h *heartbeat) tell(ctx context.Context, pass boxoffice.ReconcilePass) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pass = pass
	activity.RecordHeartbeat(ctx, pass)
}

func (h *heartbeat) repeat(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	activity.RecordHeartbeat(ctx, h.pass)
}

// start repeats until it is stopped.
func (h *heartbeat) start(ctx context.Context) (stop func()) {
	var beats sync.WaitGroup
	end := make(chan struct{})
	beats.Go(func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				h.repeat(ctx)
			}
		}
	})
	return func() {
		close(end)
		beats.Wait()
	}
}
