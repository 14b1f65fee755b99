package activities

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
)

// SupportExtend moves the deadline of a hold by so many minutes, as a member of staff wants it.
func (a *Activities) SupportExtend(ctx context.Context, act boxoffice.SupportAct, minutes int) error {
	return a.supported(ctx, act, a.Support.SupportExtend(ctx, act, time.Duration(minutes)*time.Minute))
}

// SupportRelease lets go of a hold, as a member of staff wants it.
func (a *Activities) SupportRelease(ctx context.Context, act boxoffice.SupportAct) error {
	return a.supported(ctx, act, a.Support.SupportRelease(ctx, act))
}

// SupportRetry notes that a member of staff had a failing step tried at once.
func (a *Activities) SupportRetry(ctx context.Context, act boxoffice.SupportAct, step string) error {
	return a.supported(ctx, act, a.Support.SupportRetry(ctx, act, step))
}

func (a *Activities) supported(ctx context.Context, act boxoffice.SupportAct, err error) error {
	_, err = done(ctx, a, act.BookingID)(boxoffice.Situation{}, err)
	return err
}
