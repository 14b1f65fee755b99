package workflows_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
)

// post is a store with one mail about an account, and the server that it goes to.
type post struct {
	boxoffice.AccountMailStore
	mu     sync.Mutex
	mail   boxoffice.AccountMail
	tokens map[string]bool // hashes
	fault  fault           // of the mail server
	tries  int
	sent   []string // the tokens of mails that went out

	patience time.Duration // of the step that sends it
}

func newPost(kind boxoffice.AccountMailKind) *post {
	return &post{tokens: map[string]bool{}, fault: first(0, ""), mail: boxoffice.AccountMail{
		ID: "m1", Kind: kind, Recipient: "ada@example.com", Status: boxoffice.EmailQueued,
		Accounts: []boxoffice.MailedAccount{{UserID: "u1", Username: "ada"}},
	}}
}

func (p *post) steps() *activities.Accounts {
	return &activities.Accounts{Mails: p, Composer: p, Sender: p, Logger: slog.New(slog.DiscardHandler)}
}

func (p *post) AccountMail(ctx context.Context, _ string) (boxoffice.AccountMail, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.patience = activity.GetInfo(ctx).ScheduleToCloseTimeout
	mail := p.mail
	mail.Accounts = append([]boxoffice.MailedAccount{}, p.mail.Accounts...)
	return mail, nil
}

func (p *post) IssueToken(_ context.Context, _, _ string, hash []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[string(hash)] = true
	return nil
}

func (p *post) MarkAccountMail(_ context.Context, _ string, sendErr error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch boxoffice.CodeOf(sendErr) {
	case "":
		p.mail.Status = boxoffice.EmailSent
	case boxoffice.CodeMailRejected:
		p.mail.Status = boxoffice.EmailFailed
	default: // still queued
	}
	return nil
}

func (p *post) ComposeAccount(mail boxoffice.AccountMail) (boxoffice.MailMessage, error) {
	return boxoffice.MailMessage{ID: mail.ID, To: mail.Recipient, Text: mail.Accounts[0].Token}, nil
}

func (p *post) Send(_ context.Context, m boxoffice.MailMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if err := p.fault(p.tries); err != nil {
		return err
	}
	p.sent = append(p.sent, m.Text)
	return nil
}

func accountRun(t *testing.T, p *post) (took time.Duration, err error) {
	t.Helper()
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(20 * time.Second)
	env.RegisterWorkflow(workflows.AccountMail)
	env.RegisterActivity(p.steps())
	begun := env.Now()
	env.ExecuteWorkflow(workflows.AccountMail, boxoffice.AccountMailRef{MailID: "m1", Kind: p.mail.Kind})
	require.True(t, env.IsWorkflowCompleted())
	return env.Now().Sub(begun), env.GetWorkflowError()
}

func TestAccountMail_OK(t *testing.T) {
	t.Parallel()
	p := newPost(boxoffice.MailReset)
	_, err := accountRun(t, p)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EmailSent, p.mail.Status)
	require.Len(t, p.sent, 1)
	require.True(t, p.tokens[string(boxoffice.HashToken(p.sent[0]))], "the token that was mailed is the one that is stored")
}

// A mail that is sent again has a token of its own, since nothing keeps the first one.
func TestAccountMail_IsTriedUntilItIsSent(t *testing.T) {
	t.Parallel()
	p := newPost(boxoffice.MailReset)
	p.fault = first(3, boxoffice.CodeUnavailable)
	took, err := accountRun(t, p)
	require.NoError(t, err)
	require.Equal(t, (5+10+20)*time.Second, took)
	require.Len(t, p.sent, 1)
	require.Len(t, p.tokens, 4)
	require.True(t, p.tokens[string(boxoffice.HashToken(p.sent[0]))])
}

// Who waits for a link asks again within the hour; that a password was changed must be told, however late.
func TestAccountMail_IsGivenUpAfterItsTime(t *testing.T) {
	t.Parallel()
	for kind, patience := range map[boxoffice.AccountMailKind]time.Duration{
		boxoffice.MailReset: time.Hour, boxoffice.MailConfirmEmail: time.Hour,
		boxoffice.MailPasswordChanged: 5 * 24 * time.Hour, boxoffice.MailEmailChanged: 5 * 24 * time.Hour,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := newPost(kind)
			p.fault = always(boxoffice.CodeUnavailable)
			_, err := accountRun(t, p) // which gives up after ten tries, as the environment does
			require.Equal(t, boxoffice.CodeUnavailable, activities.CodeOf(err), "staff must see the failure")
			require.Equal(t, boxoffice.EmailFailed, p.mail.Status)
			require.Equal(t, patience, p.patience)
		})
	}
}

func TestAccountMail_EndsWhereThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *post){
		"sent before": func(p *post) { p.mail.Status = boxoffice.EmailSent },
		"overtaken":   func(p *post) { p.mail.Status = boxoffice.EmailFailed },
		"nobody":      func(p *post) { p.mail.Accounts = nil },
	} {
		p := newPost(boxoffice.MailReset)
		change(p)
		_, err := accountRun(t, p)
		require.NoError(t, err, name)
		require.Zero(t, p.tries, name)
		require.Empty(t, p.tokens, name)
	}
}

func TestAccountMail_ThatIsRefusedForGoodIsNoFailureOfTheRun(t *testing.T) {
	t.Parallel()
	p := newPost(boxoffice.MailReset)
	p.fault = always(boxoffice.CodeMailRejected)
	_, err := accountRun(t, p)
	require.NoError(t, err)
	require.Equal(t, 1, p.tries)
	require.Equal(t, boxoffice.EmailFailed, p.mail.Status)
}
