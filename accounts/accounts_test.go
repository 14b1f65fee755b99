package accounts_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/accounts"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
)

// store answers every act with its mails or its error.
type store struct {
	boxoffice.AccountStore
	mails []boxoffice.AccountMailRef
	err   error
}

func (s *store) ChangePassword(context.Context, boxoffice.PasswordChange) ([]boxoffice.AccountMailRef, error) {
	return s.mails, s.err
}

func (s *store) RequestReset(context.Context, string) (boxoffice.AccountMailRef, error) {
	return s.mails[0], s.err
}

func (s *store) ResetPassword(context.Context, []byte, string) ([]boxoffice.AccountMailRef, error) {
	return s.mails, s.err
}

func (s *store) RequestEmail(context.Context, string, string) (boxoffice.AccountMailRef, error) {
	return s.mails[0], s.err
}

func (s *store) ConfirmEmail(context.Context, []byte) ([]boxoffice.AccountMailRef, error) {
	return s.mails, s.err
}

func acts(s *accounts.Service) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"change": func(ctx context.Context) error { return s.ChangePassword(ctx, boxoffice.PasswordChange{}) },
		"ask":    func(ctx context.Context) error { return s.RequestReset(ctx, "ada@example.com") },
		"reset":  func(ctx context.Context) error { return s.ResetPassword(ctx, nil, "") },
		"email":  func(ctx context.Context) error { return s.RequestEmail(ctx, "u1", "ada@example.com") },
		"accept": func(ctx context.Context) error { return s.ConfirmEmail(ctx, nil) },
	}
}

func setup(t *testing.T) (*accounts.Service, *store, *mocks.Client) {
	t.Helper()
	rows := &store{mails: []boxoffice.AccountMailRef{{MailID: "m1", Kind: boxoffice.MailReset}}}
	temporal := mocks.NewClient(t)
	return accounts.New(accounts.Options{Store: rows, Temporal: temporal, Logger: slog.New(slog.DiscardHandler)}), rows, temporal
}

var started = mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
	return o.ID == workflows.AccountMailWorkflowID("m1") && o.TaskQueue == workflows.QueueFulfilment &&
		o.StaticSummary == "Account mail: reset" && o.WorkflowIDConflictPolicy == enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
})

// Every act starts the mail that it wrote down, and stands whether or not that works: the sweep starts what is left.
func TestEachActStartsItsMail(t *testing.T) {
	t.Parallel()
	for name := range acts(nil) {
		for _, err := range []error{nil, errors.New("away")} {
			s, rows, temporal := setup(t)
			temporal.On("ExecuteWorkflow", mock.Anything, started, mock.Anything, rows.mails[0]).Return(nil, err).Once()
			require.NoError(t, acts(s)[name](t.Context()), name)
			require.NoError(t, s.Drain())
		}
	}
}

func TestAnActThatFailsStartsNothing(t *testing.T) {
	t.Parallel()
	for name := range acts(nil) {
		s, rows, _ := setup(t)
		rows.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
		if name == "change" || name == "reset" || name == "accept" {
			rows.mails = nil
		}
		require.ErrorIs(t, acts(s)[name](t.Context()), rows.err, name)
		require.NoError(t, s.Drain())
	}
}

// The asker is answered before Temporal is: the mail starts although the request is over.
func TestAStartOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	s, rows, temporal := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	var during error
	temporal.On("ExecuteWorkflow", mock.Anything, started, mock.Anything, rows.mails[0]).Return(nil, nil).Once().Run(func(args mock.Arguments) {
		<-ctx.Done()
		during = args.Get(0).(context.Context).Err()
	})
	require.NoError(t, s.RequestReset(ctx, "ada@example.com"))
	cancel()
	require.NoError(t, s.Drain())
	require.NoError(t, during)
}

func TestStartMail_ErrUnavailable(t *testing.T) {
	t.Parallel()
	s, rows, temporal := setup(t)
	temporal.On("ExecuteWorkflow", mock.Anything, started, mock.Anything, rows.mails[0]).Return(nil, errors.New("away")).Once()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(s.StartMail(t.Context(), rows.mails[0])))
}
