package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestAccountMail_IsAboutTheAccountsOfItsAddress(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.add(t, "countess", "Ada@Example.COM")
	p.add(t, "turkish", "adaı@example.com")
	p.add(t, "kelvin", "\u212aate@example.com") // the sign of the kelvin, which is a k in lower case
	p.add(t, "quiet", "")
	for typed, want := range map[string][]string{
		"ada@example.com":            {"countess", "ada"},
		"ADA@EXAMPLE.COM":            {"countess", "ada"},
		"adaI@example.com":           nil,
		"adaı@example.com":           {"turkish"},
		"kate@example.com":           nil, // it would get the kelvin's link
		"\u212aate@example.com":      {"kelvin"},
		"nobody@example.com":         nil,
		"%@example.com":              nil,
		"ada@example.com' OR 'a'='a": nil,
	} {
		ref, err := p.users.RequestReset(t.Context(), typed)
		require.NoError(t, err)
		require.Equal(t, boxoffice.MailReset, ref.Kind)
		mail, err := p.users.AccountMail(t.Context(), ref.MailID)
		require.NoError(t, err)
		var names []string
		for _, account := range mail.Accounts {
			names = append(names, account.Username)
		}
		require.Equal(t, want, names, typed)
		require.Equal(t, typed, mail.Recipient)
		require.Equal(t, boxoffice.EmailQueued, mail.Status)
	}
	_, err := p.users.AccountMail(t.Context(), uuid.NewString())
	requireCode(t, boxoffice.CodeNotFound, err)
}

func TestAccountMail_OfAnAddressWithManyAccountsNamesFive(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		p.add(t, name, "many@example.com")
	}
	ref, err := p.users.RequestReset(t.Context(), "many@example.com")
	require.NoError(t, err)
	mail, err := p.users.AccountMail(t.Context(), ref.MailID)
	require.NoError(t, err)
	require.Len(t, mail.Accounts, 5)
	require.Equal(t, "six", mail.Accounts[0].Username)
}

// A token goes to an account that its mail is about, and to no other.
func TestIssueToken_ErrNotFound(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	eve := p.add(t, "eve", "eve@example.com")
	ref, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	requireCode(t, boxoffice.CodeNotFound, p.users.IssueToken(t.Context(), ref.MailID, eve.ID, tokenHash("x")))
	requireCode(t, boxoffice.CodeNotFound, p.users.IssueToken(t.Context(), uuid.NewString(), p.ada.ID, tokenHash("x")))
	require.NoError(t, p.users.MarkAccountMail(t.Context(), ref.MailID, nil))
	requireCode(t, boxoffice.CodeNotFound, p.users.IssueToken(t.Context(), ref.MailID, p.ada.ID, tokenHash("x")))
}

func TestIssueToken_ClearsExpiredOnesAway(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.reset(t, "old")
	p.base.AdvanceClock(t, time.Hour)
	p.reset(t, "new")
	var n int
	require.NoError(t, p.base.Pool.QueryRow(t.Context(), `SELECT count(*) FROM account_tokens`).Scan(&n))
	require.Equal(t, 1, n)
}

func TestMarkAccountMail(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	ref, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	row := func() (status string, attempts int, waits, failed bool) {
		err := p.base.Pool.QueryRow(t.Context(), `SELECT status, attempts, next_check_at IS NOT NULL, last_error LIKE '%busy%'
			FROM account_mails WHERE id = $1`, ref.MailID).Scan(&status, &attempts, &waits, &failed)
		require.NoError(t, err)
		return status, attempts, waits, failed
	}
	mark := func(err error) { require.NoError(t, p.users.MarkAccountMail(t.Context(), ref.MailID, err)) }

	mark(boxoffice.Errorf(boxoffice.CodeUnavailable, "busy"))
	status, attempts, waits, failed := row()
	require.Equal(t, []any{"queued", 1, true, true}, []any{status, attempts, waits, failed})
	mark(nil)
	status, attempts, waits, failed = row()
	require.Equal(t, []any{"sent", 2, false, true}, []any{status, attempts, waits, failed})
	mark(boxoffice.Errorf(boxoffice.CodeMailRejected, "no such box")) // what comes late changes nothing
	status, attempts, _, _ = row()
	require.Equal(t, []any{"sent", 2}, []any{status, attempts})

	refused, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.MarkAccountMail(t.Context(), refused.MailID, boxoffice.Errorf(boxoffice.CodeMailRejected, "no such box")))
	mail, err := p.users.AccountMail(t.Context(), refused.MailID)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EmailFailed, mail.Status)

	nobody, err := p.users.RequestReset(t.Context(), "typed@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.MarkAccountMail(t.Context(), nobody.MailID, boxoffice.Errorf(boxoffice.CodeNotFound, "nobody")))
	_, err = p.users.AccountMail(t.Context(), nobody.MailID)
	requireCode(t, boxoffice.CodeNotFound, err) // an address that somebody typed is not kept
}

// A mail that stays queued is looked at less and less often, and is never forgotten.
func TestClaimAccountMails(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	ref, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	sent, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.MarkAccountMail(t.Context(), sent.MailID, nil))
	claim := func() []boxoffice.AccountMailRef {
		refs, err := p.users.ClaimAccountMails(t.Context(), 10)
		require.NoError(t, err)
		return refs
	}
	require.Empty(t, claim(), "it is being started at this moment")
	p.base.AdvanceClock(t, 5*time.Second)
	require.Equal(t, []boxoffice.AccountMailRef{ref}, claim())
	require.Empty(t, claim(), "another sweep has it")
	claimed := 0
	for range 24 * 60 {
		p.base.AdvanceClock(t, time.Minute)
		claimed += len(claim())
	}
	require.Greater(t, claimed, 24, "within an hour")
	require.Less(t, claimed, 40)
}
