package e2e

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

var mailedToken = regexp.MustCompile(`token=([A-Za-z0-9_-]{43})`)

// askReset asks for a new password and asserts that nobody is kept waiting.
func askReset(t *testing.T, c stack.Customer) {
	t.Helper()
	asked := time.Now()
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/password-resets", map[string]string{"email": c.Email}, nil))
	require.Less(t, time.Since(asked), 2*time.Second)
}

// mailedLink waits for a mail and gives the token in it, of both texts.
func mailedLink(t *testing.T, s *stack.System, c stack.Customer, subject string) string {
	t.Helper()
	mail := s.AwaitMail(t, c, subject)
	found := mailedToken.FindStringSubmatch(mail.Text)
	require.Len(t, found, 2, mail.Text)
	require.Contains(t, mail.HTML, found[0])
	return found[1]
}

// Who forgot the password sets another by mail, and is told; whoever was logged in with the old one no longer is.
func TestReset_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := signUp(t, s)
	askReset(t, c)
	token := mailedLink(t, s, c, "Set a new password")
	const password = "a-quieter-place-in-row-n"
	set := map[string]string{"token": token, "new_password": password}
	visitor := buyer.New(s.Env["BOXOFFICE_URL"], stack.Transport)
	require.NoError(t, visitor.Call(t.Context(), http.MethodPost, "/password-resets/confirm", set, nil))
	stack.RequireProblem(t, c.Call(t.Context(), http.MethodGet, "/me", nil, nil), http.StatusUnauthorized, "unauthenticated")
	stack.RequireProblem(t, visitor.Call(t.Context(), http.MethodPost, "/password-resets/confirm", set, nil), http.StatusUnprocessableEntity, "invalid")
	require.NoError(t, c.LogIn(t.Context(), c.Name, password))
	s.AwaitMail(t, c, "Your password was changed")

	// Another address, and the old one is told.
	old := c
	c.Email = "new-" + c.Email
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/me/email", map[string]string{"email": c.Email, "password": password}, nil))
	token = mailedLink(t, s, c, "Confirm your address")
	require.NoError(t, visitor.Call(t.Context(), http.MethodPost, "/email-confirmations", map[string]string{"token": token}, nil))
	var me struct{ Email string }
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/me", nil, &me))
	require.Equal(t, c.Email, me.Email)
	s.AwaitMail(t, old, "Your address was changed")
}

// An address that nobody has gets no mail, and nothing of it is kept.
func TestReset_OfAnUnknownAddressIsForgotten(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	c.Email = "nobody-" + c.Email
	askReset(t, c)
	stack.Eventually(t, 20*time.Second, func() error {
		var kept int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM account_mails WHERE recipient = $1`, c.Email).Scan(&kept)
		if err == nil && kept > 0 {
			err = errors.New("the address is still there")
		}
		return err
	})
	mails, err := s.Inbox().To(t.Context(), c.Email)
	require.NoError(t, err)
	require.Empty(t, mails)
}

// A mail server that refuses for the moment delays the mail. The one that comes has a token that works.
func TestReset_MailServerAway(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	fault := stack.Fault{Kind: "reject", Recipient: c.Email, Status: 451, N: 2}
	require.NoError(t, stack.Tell(http.MethodPost, s.Env["MAIL_URL"]+"/_sim/faults", fault, nil))
	askReset(t, c)
	set := map[string]string{"token": mailedLink(t, s, c, "Set a new password"), "new_password": "a-quieter-place-in-row-n"}
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/password-resets/confirm", set, nil))
	var attempts int
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT attempts FROM account_mails WHERE recipient = $1 AND kind = 'reset'`, c.Email).Scan(&attempts))
	require.Equal(t, 3, attempts)
}

// Temporal cannot be reached when a mail is asked for: the asker hears nothing of it, and the sweep starts the mail later.
// This test stops a part of a shared system, and runs before those that run at once.
func TestReset_TemporalAway(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	pid := s.Signal(t, "temporal", syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	askReset(t, c)
	var mailID string
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT id FROM account_mails WHERE recipient = $1`, c.Email).Scan(&mailID))
	stack.Eventually(t, 30*time.Second, func() error { // the API's start has failed, and so has a sweep's
		var claimed bool
		err := s.DB.QueryRow(t.Context(), `SELECT next_check_at > created_at + interval '20 seconds' FROM account_mails WHERE id = $1`, mailID).Scan(&claimed)
		if err == nil && !claimed {
			err = errors.New("no sweep has found the mail")
		}
		return err
	})
	_, err := s.DB.Exec(t.Context(), `UPDATE account_mails SET next_check_at = boxoffice_now() WHERE id = $1`, mailID)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	mailedLink(t, s, c, "Set a new password")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, s.Temporal.GetWorkflow(ctx, workflows.AccountMailWorkflowID(mailID), "").Get(ctx, nil))
}
