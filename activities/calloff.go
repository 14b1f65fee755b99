package activities

import (
	"context"
	"log/slog"
	"time"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/activity"
)

// CallOffs are the steps by which the bookings of an event that was called off are given back. Workflows hold a nil *CallOffs
// for the names of its methods; workers register one whose fields are all set.
type CallOffs struct {
	Store  boxoffice.CancellationStore
	Runs   boxoffice.Nudger
	Logger *slog.Logger
}

// NextCallOffs gives the bookings that are to be given back in the next second.
func (a *CallOffs) NextCallOffs(ctx context.Context, eventID, after string) (boxoffice.CallOffPage, error) {
	page, err := a.Store.NextCallOffs(ctx, eventID, after)
	return page, a.done(ctx, eventID, err)
}

// GiveBack ends a booking, and wakes its run, which does what is left: where nothing is, it ends at once.
func (a *CallOffs) GiveBack(ctx context.Context, bookingID string) error {
	ref, err := a.Store.GiveBack(ctx, bookingID)
	if err == nil {
		err = a.Runs.Nudge(ctx, ref)
	}
	return a.done(ctx, bookingID, err)
}

// CallOffOutcome tells what giving a booking back has come to.
func (a *CallOffs) CallOffOutcome(ctx context.Context, bookingID string) (boxoffice.CallOffOutcome, error) {
	outcome, err := a.Store.CallOffOutcome(ctx, bookingID)
	return outcome, a.done(ctx, bookingID, err)
}

// FinishCallOff ends the calling off of an event where no booking waits any more.
func (a *CallOffs) FinishCallOff(ctx context.Context, eventID string, again time.Duration) (boxoffice.RefundProgress, error) {
	progress, err := a.Store.FinishCallOff(ctx, eventID, again)
	return progress, a.done(ctx, eventID, err)
}

// signalled is who steers by a signal: Temporal's UI names nobody.
const signalled = "a signal"

// SteerRefunds pauses, resumes or throttles, as a signal wants it. Where all is done, it comes too late for anything.
func (a *CallOffs) SteerRefunds(ctx context.Context, eventID string, to boxoffice.RefundSteering) error {
	_, err := a.Store.SteerRefunds(ctx, boxoffice.Overseer{By: boxoffice.By{UserID: signalled}, Staff: true}, eventID, to)
	if boxoffice.CodeOf(err) == boxoffice.CodeEventState {
		return nil
	}
	return a.done(ctx, eventID, err)
}

// done logs what went wrong, with its cause, counts it, and translates it.
func (a *CallOffs) done(ctx context.Context, subject string, err error) error {
	if err != nil {
		info := activity.GetInfo(ctx)
		a.Logger.WarnContext(ctx, "a step of a calling off failed", "step", info.ActivityType.Name, "subject", subject, "attempt", info.Attempt, "error", err)
		count(ctx, boxoffice.CounterStepsFailed, "code", string(boxoffice.CodeOf(err)))
	}
	return ToTemporal(err)
}
