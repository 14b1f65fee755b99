package activities

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// final lists the codes after which repeating the same step cannot help.
var final = map[boxoffice.Code]bool{
	boxoffice.CodeInvalid: true, boxoffice.CodeNotFound: true, boxoffice.CodeFenced: true, boxoffice.CodeSeatsLost: true,
	boxoffice.CodeProviderDeclined: true, boxoffice.CodeNoSession: true, boxoffice.CodeNoRefund: true, boxoffice.CodeRefundExceeds: true,
	boxoffice.CodeIssueImpossible: true, boxoffice.CodeMailRejected: true, boxoffice.CodeMalformed: true,
	boxoffice.CodeBookingClosed: true, boxoffice.CodeDeadlinePassed: true,
}

// ToTemporal makes an application error of type code, which is not repeated where that cannot help. Its text is the
// message for people: causes are logged, not kept in histories, which staff read.
func ToTemporal(err error) error {
	if err == nil {
		return nil
	}
	code := boxoffice.CodeOf(err)
	message, options := "unexpected error", temporal.ApplicationErrorOptions{NonRetryable: final[code]}
	if e, ok := errors.AsType[*boxoffice.Error](err); ok {
		message, options.NextRetryDelay = e.Message, e.RetryAfter
	}
	return temporal.NewApplicationErrorWithOptions(message, string(code), options)
}

// CodeOf gives the code that an error carries, on either side of Temporal; CodeInternal if there is none.
func CodeOf(err error) boxoffice.Code {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok && app.Type() != "" {
		return boxoffice.Code(app.Type())
	}
	return boxoffice.CodeOf(err)
}

// MessageOf gives the message for people that an error carries, on either side of Temporal; "" if there is none.
func MessageOf(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Message()
	}
	if e, ok := errors.AsType[*boxoffice.Error](err); ok {
		return e.Message
	}
	return ""
}

// done finishes a step: it logs and counts what went wrong, with its cause and its booking, and translates it. A step that
// was refused for its epoch went wrong for nobody: another run has the booking.
func done(ctx context.Context, a *Activities, bookingID string) func(boxoffice.Situation, error) (boxoffice.Situation, error) {
	return func(s boxoffice.Situation, err error) (boxoffice.Situation, error) {
		info := activity.GetInfo(ctx)
		switch {
		case err == nil:
		case boxoffice.CodeOf(err) == boxoffice.CodeFenced:
			a.Logger.InfoContext(ctx, "a step was refused: another run has the booking", "step", info.ActivityType.Name, "booking", bookingID)
		default:
			a.Logger.WarnContext(ctx, "a step failed", "step", info.ActivityType.Name, "booking", bookingID,
				"attempt", info.Attempt, "local", info.IsLocalActivity, "error", err)
			count(ctx, boxoffice.CounterStepsFailed, "code", string(boxoffice.CodeOf(err)))
		}
		return s, ToTemporal(err)
	}
}

// count counts for operators. Temporal's handler adds which activity it is.
func count(ctx context.Context, counter, tag, value string) {
	activity.GetMetricsHandler(ctx).WithTags(map[string]string{tag: value}).Counter(counter).Inc(1)
}

// IsFinal reports whether repeating the step that gave err cannot help.
func IsFinal(err error) bool { return err != nil && final[CodeOf(err)] }
