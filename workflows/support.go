package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/workflow"
)

// The updates by which support helps an open booking. Temporal's UI offers them with their descriptions.
const (
	UpdateExtend  = "extend"
	UpdateRelease = "release"
	UpdateRetry   = "retry"
)

// SupportRequest is what an update takes. It stays in the history, which staff read: it must name no buyer.
type SupportRequest struct {
	Actor   string `json:"actor"`             // who asks; Temporal's UI does not know, so it is noted as unverified
	Reason  string `json:"reason"`            // why
	Minutes int    `json:"minutes,omitempty"` // of an extension
	Key     string `json:"key,omitempty"`     // under which /support has written the act down; empty: the act is this update
}

const (
	maxActor  = 60
	maxReason = 800
)

// check refuses what says not who asks and why.
func (in SupportRequest) check() error {
	switch {
	case !isLine(in.Actor, maxActor):
		return fmt.Errorf("actor must say who you are, in one line of at most %d bytes", maxActor)
	case !isLine(in.Reason, maxReason):
		return fmt.Errorf("reason must say why, in one line of at most %d bytes", maxReason)
	}
	return nil
}

// isLine reports whether a text says something, in one line. Postgres stores no NUL, and two lines look like two entries.
func isLine(text string, longest int) bool {
	return strings.TrimSpace(text) != "" && len(text) <= longest && !strings.ContainsFunc(text, unicode.IsControl)
}

// offerSupport registers the updates. They touch the rows alone, as a request of the buyer's does, and wake the run; what
// the run does about it, it decides from the rows as ever.
func (r *bookingRun) offerSupport(ctx workflow.Context) error {
	r.helped, r.retries = workflow.NewBufferedChannel(ctx, 16), workflow.NewBufferedChannel(ctx, 1)
	r.signals = append(r.signals, r.helped)
	for _, update := range []struct {
		name, description string
		handler           func(workflow.Context, SupportRequest) (string, error)
		validator         func(SupportRequest) error
	}{
		{UpdateExtend, fmt.Sprintf(`Hold the seats longer: {"actor": "your name", "reason": "why", "minutes": 1 to %d}`,
			boxoffice.MaxSupportExtension/time.Minute), r.extend, r.mayExtend},
		{UpdateRelease, `Let the seats go, unless they are paid: {"actor": "your name", "reason": "why"}`, r.release, r.mayRelease},
		{UpdateRetry, `Try the step that is failing again now: {"actor": "your name", "reason": "why"}`, r.retry, r.mayRetry},
	} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, update.name, update.handler, workflow.UpdateHandlerOptions{
			Validator: update.validator, Description: update.description,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *bookingRun) mayExtend(in SupportRequest) error {
	if most := int(boxoffice.MaxSupportExtension / time.Minute); in.Minutes < 1 || in.Minutes > most {
		return fmt.Errorf("minutes must be 1 to %d", most)
	}
	return errors.Join(in.check(), r.isHeld())
}

func (r *bookingRun) mayRelease(in SupportRequest) error { return errors.Join(in.check(), r.isHeld()) }

func (r *bookingRun) mayRetry(in SupportRequest) error {
	if r.failing == "" {
		return errors.Join(in.check(), errors.New("no step is failing: there is nothing to try again"))
	}
	return in.check()
}

// isHeld spares support an update that the rows would refuse. They are the judge all the same.
func (r *bookingRun) isHeld() error {
	if r.now.Status != boxoffice.BookingHeld || r.now.Closing {
		return errors.New("the seats are not on hold any more")
	}
	return nil
}

// extend moves the deadline.
func (r *bookingRun) extend(ctx workflow.Context, in SupportRequest) (string, error) {
	err := r.help(ctx, "Support extends the hold", steps.SupportExtend, r.supportAct(ctx, in), in.Minutes)
	return fmt.Sprintf("The hold is up to %d minutes longer. The current details say until when.", in.Minutes), err
}

// release lets go of the seats.
func (r *bookingRun) release(ctx workflow.Context, in SupportRequest) (string, error) {
	err := r.help(ctx, "Support lets the seats go", steps.SupportRelease, r.supportAct(ctx, in))
	return "The seats are let go: at once, or as soon as the payment page is closed.", err
}

// retry has the failing step tried at once.
func (r *bookingRun) retry(ctx workflow.Context, in SupportRequest) (string, error) {
	step := r.failing
	if err := r.help(ctx, "Support has a step tried again", steps.SupportRetry, r.supportAct(ctx, in), step); err != nil {
		return "", err
	}
	r.retries.SendAsync(true)
	return fmt.Sprintf("“%s” is being tried now.", step), nil
}

// help takes a step for support. It is not patient: who asked is there, and may ask again.
func (r *bookingRun) help(ctx workflow.Context, summary string, activity any, args ...any) error {
	if err := workflow.ExecuteLocalActivity(quickSQL().local(ctx, summary), activity, args...).Get(ctx, nil); err != nil {
		return err
	}
	r.story = append(r.story, Line{At: workflow.Now(ctx), What: summary})
	r.helped.SendAsync(true)
	return nil
}

func (r *bookingRun) supportAct(ctx workflow.Context, in SupportRequest) boxoffice.SupportAct {
	key := in.Key
	if key == "" {
		run := workflow.GetInfo(ctx).WorkflowExecution
		key = SupportKey(run.ID, run.RunID, workflow.GetCurrentUpdateInfo(ctx).ID)
	}
	return boxoffice.SupportAct{
		Key: key, BookingID: r.ref.BookingID, Actor: in.Actor, Reason: in.Reason,
	}
}
