package activities_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// across sends an error through Temporal's wire format and back.
func across(t *testing.T, err error) error {
	t.Helper()
	c := temporal.GetDefaultFailureConverter()
	return c.FailureToError(c.ErrorToFailure(err))
}

func TestEveryCodeSurvivesTemporal(t *testing.T) {
	t.Parallel()
	for _, code := range boxoffice.Codes {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			cause := errors.New("password=secret")
			sent := activities.ToTemporal(fmt.Errorf("on the way: %w", boxoffice.WrapError(code, cause, "For people.")))
			got := across(t, sent)
			require.Equal(t, code, activities.CodeOf(sent))
			require.Equal(t, code, activities.CodeOf(got))
			require.Equal(t, code, activities.CodeOf(fmt.Errorf("wrapped again: %w", got)))
			require.Contains(t, got.Error(), "For people.")
			require.NotContains(t, got.Error(), "secret", "causes do not belong into histories, which staff read")
			require.Equal(t, "For people.", activities.MessageOf(sent))
			require.Equal(t, "For people.", activities.MessageOf(got))

			app, ok := errors.AsType[*temporal.ApplicationError](got)
			require.True(t, ok)
			require.Equal(t, activities.IsFinal(got), app.NonRetryable(), "what is final for us must be so for Temporal")
		})
	}
}

// Repeating helps against all that is away, busy or unknown, and against our own faults, which get mended.
func TestFinalCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []boxoffice.Code{
		boxoffice.CodeInternal, boxoffice.CodeUnavailable, boxoffice.CodeProviderUnknown, boxoffice.CodeRateLimited,
	} {
		require.False(t, activities.IsFinal(activities.ToTemporal(errOf(code))), code)
	}
	for _, code := range []boxoffice.Code{
		boxoffice.CodeFenced, boxoffice.CodeSeatsLost, boxoffice.CodeIssueImpossible, boxoffice.CodeNotFound, boxoffice.CodeMailRejected,
		boxoffice.CodeProviderDeclined, boxoffice.CodeNoRefund, boxoffice.CodeRefundExceeds,
	} {
		require.True(t, activities.IsFinal(activities.ToTemporal(errOf(code))), code)
	}
	require.False(t, activities.IsFinal(nil))
}

func TestToTemporal_WithoutACodeIsInternalAndSaysNothing(t *testing.T) {
	t.Parallel()
	err := across(t, activities.ToTemporal(errors.New("dial tcp 10.0.0.7:5432: password rejected")))
	require.Equal(t, boxoffice.CodeInternal, activities.CodeOf(err))
	require.NotContains(t, err.Error(), "10.0.0.7")
	require.NoError(t, activities.ToTemporal(nil))
}

func TestToTemporal_CarriesWhenToComeBack(t *testing.T) {
	t.Parallel()
	err := across(t, activities.ToTemporal(&boxoffice.Error{Code: boxoffice.CodeUnavailable, Message: "Busy.", RetryAfter: 7 * time.Second}))
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok)
	require.Equal(t, 7*time.Second, app.NextRetryDelay())
}

func TestCodeOf_OfOtherErrors(t *testing.T) {
	t.Parallel()
	require.Equal(t, boxoffice.Code(""), activities.CodeOf(nil))
	require.Equal(t, boxoffice.CodeInternal, activities.CodeOf(temporal.NewCanceledError()))
	require.Equal(t, boxoffice.CodeFenced, activities.CodeOf(errOf(boxoffice.CodeFenced)))
}

// A run that was overtaken takes its first step again: nothing has failed.
func TestAFencedStepIsNotCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.errs["Look"] = errOf(boxoffice.CodeFenced)
	_, err := b.do(b.a.Look, act)
	require.Equal(t, boxoffice.CodeFenced, activities.CodeOf(err))
	require.Empty(t, b.counted())
	b.errs["Look"] = errors.New("a fault of ours")
	_, err = b.do(b.a.Look, act)
	require.Error(t, err)
	require.Equal(t, []string{"boxoffice_steps_failed_total{activity=Look,code=internal} 1"}, b.counted())
}

func TestMessageOf_OnEitherSideOfTemporal(t *testing.T) {
	t.Parallel()
	require.Equal(t, "For people.", activities.MessageOf(fmt.Errorf("wrapped: %w", boxoffice.Errorf(boxoffice.CodeSeatsLost, "For people."))))
	require.Empty(t, activities.MessageOf(errors.New("password=secret")))
	require.Empty(t, activities.MessageOf(nil))
}
