// Package accounts is the account service: a new password, a reset by mail, another address. It sees to it that the mails
// about them are sent, each by a workflow of its own; Temporal's client is its one dependency, and the store reaches it as an
// interface of the root package.
//
// What a person is told is decided by the store, in the request. Temporal is spoken to afterwards and is never waited for:
// where it cannot be reached, the worker's sweep starts the mail.
package accounts

import (
	"context"
	"log/slog"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

const (
	// startPatience bounds a start, and with it how long a shutdown waits for those in the background.
	startPatience = 3 * time.Second
	// startsInFlight is how many starts are under way at one time. Beyond that the sweep starts the mail.
	startsInFlight = 64
)

// Options are what a Service is made of. All are required.
type Options struct {
	Store    boxoffice.AccountStore
	Temporal client.Client
	Logger   *slog.Logger
}

// Service is the account service.
type Service struct {
	Options
	starts errgroup.Group
}

var (
	_ boxoffice.AccountService = (*Service)(nil)
	_ boxoffice.AccountMailer  = (*Service)(nil)
)

// New makes a service. Drain must be called when no request is under way any more.
func New(o Options) *Service {
	s := &Service{Options: o}
	s.starts.SetLimit(startsInFlight)
	return s
}

// Drain waits for the starts in the background, each of which is bounded by startPatience.
func (s *Service) Drain() error { return s.starts.Wait() }

// ChangePassword sets a new password; the user is told by mail.
func (s *Service) ChangePassword(ctx context.Context, change boxoffice.PasswordChange) error {
	mails, err := s.Store.ChangePassword(ctx, change)
	s.startInBackground(ctx, mails...)
	return err
}

// RequestReset has a link mailed to the owners of an address, if there are any.
func (s *Service) RequestReset(ctx context.Context, email string) error {
	mail, err := s.Store.RequestReset(ctx, email)
	if err != nil {
		return err
	}
	s.startInBackground(ctx, mail)
	return nil
}

// UserByResetToken finds whose password a token resets.
func (s *Service) UserByResetToken(ctx context.Context, tokenHash []byte) (boxoffice.User, error) {
	return s.Store.UserByResetToken(ctx, tokenHash)
}

// ResetPassword uses a token up and sets a new password; the user is told by mail.
func (s *Service) ResetPassword(ctx context.Context, tokenHash []byte, passwordHash string) error {
	mails, err := s.Store.ResetPassword(ctx, tokenHash, passwordHash)
	s.startInBackground(ctx, mails...)
	return err
}

// RequestEmail has a link mailed to a new address.
func (s *Service) RequestEmail(ctx context.Context, userID, email string) error {
	mail, err := s.Store.RequestEmail(ctx, userID, email)
	if err != nil {
		return err
	}
	s.startInBackground(ctx, mail)
	return nil
}

// ConfirmEmail uses a token up and makes its address the account's; the old address is told.
func (s *Service) ConfirmEmail(ctx context.Context, tokenHash []byte) error {
	mails, err := s.Store.ConfirmEmail(ctx, tokenHash)
	s.startInBackground(ctx, mails...)
	return err
}

// startInBackground starts the mails' workflows without anybody waiting. A start that fails, or that would be one too many,
// is the sweep's.
func (s *Service) startInBackground(ctx context.Context, mails ...boxoffice.AccountMailRef) {
	ctx = context.WithoutCancel(ctx)
	for _, mail := range mails {
		started := s.starts.TryGo(func() error {
			if err := s.StartMail(ctx, mail); err != nil {
				s.Logger.WarnContext(ctx, "a mail's workflow was not started; the sweep will", "mail", mail.MailID, "error", err)
			}
			return nil
		})
		if !started {
			s.Logger.WarnContext(ctx, "too many starts at once; the sweep starts the mail", "mail", mail.MailID)
		}
	}
}

// StartMail starts the workflow of a mail; one that runs is left alone, and one that ran and got lost is started anew.
func (s *Service) StartMail(ctx context.Context, mail boxoffice.AccountMailRef) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	_, err := s.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.AccountMailWorkflowID(mail.MailID),
		TaskQueue:                workflows.QueueFulfilment,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Account mail: " + string(mail.Kind),
	}, workflows.AccountMail, mail)
	if err != nil {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The mail's workflow cannot be started at this moment.")
	}
	return nil
}
