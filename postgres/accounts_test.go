package postgres_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
)

// people is a database with a user who has an address.
type people struct {
	base  *testdb.DB
	users *postgres.Users
	ada   boxoffice.User
}

func newPeople(t *testing.T) *people {
	t.Helper()
	base, db := openDB(t)
	p := &people{base: base, users: db.Users()}
	p.ada = p.add(t, "ada", "ada@example.com")
	return p
}

func (p *people) add(t *testing.T, name, email string) boxoffice.User {
	t.Helper()
	u, err := p.users.CreateUser(t.Context(), boxoffice.User{Username: name, PasswordHash: passwordHash, Email: email})
	require.NoError(t, err)
	return u
}

func (p *people) logIn(t *testing.T, userID, token string) {
	t.Helper()
	_, err := p.users.CreateSession(t.Context(), boxoffice.Session{UserID: userID, TokenHash: tokenHash(token), Device: "Firefox on Linux"}, time.Hour)
	require.NoError(t, err)
}

// alive tells which of some sessions still work.
func (p *people) alive(t *testing.T, tokens ...string) (alive []string) {
	t.Helper()
	for _, token := range tokens {
		if _, err := p.users.UserBySession(t.Context(), tokenHash(token), time.Hour); err == nil {
			alive = append(alive, token)
		}
	}
	return alive
}

// mails lists kind, recipient and status of all mails, oldest first.
func (p *people) mails(t *testing.T) (mails []string) {
	t.Helper()
	rows, err := p.base.Pool.Query(t.Context(), `SELECT kind || ' to ' || recipient || ' ' || status FROM account_mails ORDER BY id`)
	require.NoError(t, err)
	mails, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return mails
}

// reset asks for a reset and gives the token that its mail carries to ada.
func (p *people) reset(t *testing.T, token string) boxoffice.AccountMailRef {
	t.Helper()
	ref, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.IssueToken(t.Context(), ref.MailID, p.ada.ID, tokenHash(token)))
	return ref
}

const otherHash = "$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJzYWx0$aGFzaA"

func TestChangePassword_OK(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	eve := p.add(t, "eve", "eve@example.com")
	for _, token := range []string{"here", "there", "phone"} {
		p.logIn(t, p.ada.ID, token)
	}
	p.logIn(t, eve.ID, "eve's")
	p.reset(t, "mailed")
	confirm, err := p.users.RequestEmail(t.Context(), p.ada.ID, "new@example.com")
	require.NoError(t, err)
	require.Equal(t, boxoffice.MailConfirmEmail, confirm.Kind)

	change := boxoffice.PasswordChange{UserID: p.ada.ID, OldHash: passwordHash, NewHash: otherHash, Keep: tokenHash("here")}
	refs, err := p.users.ChangePassword(t.Context(), change)
	require.NoError(t, err)
	require.Len(t, refs, 1)
	require.Equal(t, boxoffice.MailPasswordChanged, refs[0].Kind)
	require.Equal(t, []string{"here", "eve's"}, p.alive(t, "here", "there", "phone", "eve's"))
	require.Equal(t, []string{
		"reset to ada@example.com queued", "confirm_email to new@example.com failed", "password_changed to ada@example.com queued",
	}, p.mails(t), "what was asked before is not confirmed any more")
	found, err := p.users.UserByUsername(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, otherHash, found.PasswordHash)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("mailed"))
	requireCode(t, boxoffice.CodeInvalid, err)

	_, err = p.users.ChangePassword(t.Context(), change)
	requireCode(t, boxoffice.CodeForbidden, err) // the old password is no longer the old one
}

func TestChangePassword_OfSomebodyWithoutAnAddressTellsNobody(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	bob := p.add(t, "bob", "")
	refs, err := p.users.ChangePassword(t.Context(), boxoffice.PasswordChange{UserID: bob.ID, OldHash: passwordHash, NewHash: otherHash})
	require.NoError(t, err)
	require.Empty(t, refs)
	require.Empty(t, p.mails(t))
}

func TestResetPassword_OK(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.logIn(t, p.ada.ID, "here")
	p.reset(t, "first")
	p.reset(t, "second")
	found, err := p.users.UserByResetToken(t.Context(), tokenHash("first"))
	require.NoError(t, err)
	require.Equal(t, p.ada, found)

	refs, err := p.users.ResetPassword(t.Context(), tokenHash("second"), otherHash)
	require.NoError(t, err)
	require.Equal(t, boxoffice.MailPasswordChanged, refs[0].Kind)
	require.Empty(t, p.alive(t, "here"))
	for _, used := range []string{"first", "second", "never"} {
		_, err := p.users.ResetPassword(t.Context(), tokenHash(used), passwordHash)
		refused := requireCode(t, boxoffice.CodeInvalid, err)
		require.Equal(t, "token", refused.Fields[0].Field)
	}
	found, err = p.users.UserByUsername(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, otherHash, found.PasswordHash)
}

func TestTokensWorkForTenMinutes(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.reset(t, "reset")
	ref, err := p.users.RequestEmail(t.Context(), p.ada.ID, "new@example.com")
	require.NoError(t, err)
	p.reset(t, "reset") // RequestEmail has voided the first one
	require.NoError(t, p.users.IssueToken(t.Context(), ref.MailID, p.ada.ID, tokenHash("email")))
	p.base.AdvanceClock(t, 10*time.Minute-5*time.Second)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("reset"))
	require.NoError(t, err)
	p.base.AdvanceClock(t, 5*time.Second)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("reset"))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.ResetPassword(t.Context(), tokenHash("reset"), otherHash)
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.ConfirmEmail(t.Context(), tokenHash("email"))
	requireCode(t, boxoffice.CodeInvalid, err)
	found, err := p.users.UserByUsername(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, p.ada, found)
}

func TestATokenIsForItsPurposeAlone(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	ref, err := p.users.RequestEmail(t.Context(), p.ada.ID, "new@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.IssueToken(t.Context(), ref.MailID, p.ada.ID, tokenHash("email")))
	p.reset(t, "reset")
	_, err = p.users.ConfirmEmail(t.Context(), tokenHash("reset"))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("email"))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.ResetPassword(t.Context(), tokenHash("email"), otherHash)
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.ConfirmEmail(t.Context(), tokenHash("email"))
	require.NoError(t, err, "a wrong try uses nothing up")
}

func TestResetPassword_OfManyAtOnceOneWins(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.reset(t, "token")
	errs := make([]error, 12)
	atOnce(len(errs), func(i int) {
		_, errs[i] = p.users.ResetPassword(t.Context(), tokenHash("token"), "$argon2id$"+strconv.Itoa(i))
	})
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "the token worked twice")
			winner = i
		} else {
			requireCode(t, boxoffice.CodeInvalid, err)
		}
	}
	found, err := p.users.UserByUsername(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, "$argon2id$"+strconv.Itoa(winner), found.PasswordHash)
}

func TestConfirmEmail_OK(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.logIn(t, p.ada.ID, "here")
	first, err := p.users.RequestEmail(t.Context(), p.ada.ID, "first@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.IssueToken(t.Context(), first.MailID, p.ada.ID, tokenHash("first")))
	second, err := p.users.RequestEmail(t.Context(), p.ada.ID, "second@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.IssueToken(t.Context(), second.MailID, p.ada.ID, tokenHash("second")))
	late := p.reset(t, "to the old address")

	_, err = p.users.ConfirmEmail(t.Context(), tokenHash("first"))
	requireCode(t, boxoffice.CodeInvalid, err) // the second request overtook it
	refs, err := p.users.ConfirmEmail(t.Context(), tokenHash("second"))
	require.NoError(t, err)
	require.Equal(t, boxoffice.MailEmailChanged, refs[0].Kind)
	found, err := p.users.UserByUsername(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, "second@example.com", found.Email)
	require.Equal(t, []string{"here"}, p.alive(t, "here"))
	require.Contains(t, p.mails(t), "email_changed to ada@example.com queued")

	_, err = p.users.ConfirmEmail(t.Context(), tokenHash("second"))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("to the old address"))
	requireCode(t, boxoffice.CodeInvalid, err)
	err = p.users.IssueToken(t.Context(), late.MailID, p.ada.ID, tokenHash("too late"))
	requireCode(t, boxoffice.CodeNotFound, err) // a mail to the old address that is just being made carries nothing
}

func TestConfirmEmail_OfTheFirstAddressTellsNobody(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	bob := p.add(t, "bob", "")
	ref, err := p.users.RequestEmail(t.Context(), bob.ID, "bob@example.com")
	require.NoError(t, err)
	require.NoError(t, p.users.IssueToken(t.Context(), ref.MailID, bob.ID, tokenHash("email")))
	refs, err := p.users.ConfirmEmail(t.Context(), tokenHash("email"))
	require.NoError(t, err)
	require.Empty(t, refs)
}

// A mail that is being made waits for a change of its account, and then carries no token.
func TestIssueToken_WaitsForWhoChangesTheAccount(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	ref, err := p.users.RequestReset(t.Context(), "ada@example.com")
	require.NoError(t, err)
	changing, err := p.base.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = changing.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = changing.Exec(t.Context(), `UPDATE users SET email = 'new@example.com' WHERE id = $1`, p.ada.ID)
	require.NoError(t, err)
	issued := make(chan error, 1)
	go func() { issued <- p.users.IssueToken(t.Context(), ref.MailID, p.ada.ID, tokenHash("token")) }()
	require.Eventually(t, func() bool {
		var waiting bool
		err := p.base.Pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))`).Scan(&waiting)
		return err == nil && waiting
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, changing.Commit(t.Context()))
	requireCode(t, boxoffice.CodeNotFound, <-issued)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("token"))
	requireCode(t, boxoffice.CodeInvalid, err)
}

func TestADisabledUserResetsNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	ref := p.reset(t, "token")
	_, err := p.base.Pool.Exec(t.Context(), `UPDATE users SET disabled_at = boxoffice_now()`)
	require.NoError(t, err)
	_, err = p.users.UserByResetToken(t.Context(), tokenHash("token"))
	requireCode(t, boxoffice.CodeInvalid, err)
	_, err = p.users.ResetPassword(t.Context(), tokenHash("token"), otherHash)
	requireCode(t, boxoffice.CodeInvalid, err)
	mail, err := p.users.AccountMail(t.Context(), ref.MailID)
	require.NoError(t, err)
	require.Empty(t, mail.Accounts)
}

func TestSessions_OK(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	eve := p.add(t, "eve", "")
	p.logIn(t, eve.ID, "eve's")
	p.logIn(t, p.ada.ID, "old")
	p.base.AdvanceClock(t, 30*time.Minute)
	p.logIn(t, p.ada.ID, "new")
	list := func() []boxoffice.Session {
		sessions, err := p.users.Sessions(t.Context(), p.ada.ID, time.Hour)
		require.NoError(t, err)
		return sessions
	}
	sessions := list()
	require.Len(t, sessions, 2)
	for i, token := range []string{"new", "old"} { // last used first
		require.Equal(t, tokenHash(token), sessions[i].TokenHash)
		require.Equal(t, p.ada.ID, sessions[i].UserID)
		require.Equal(t, "Firefox on Linux", sessions[i].Device)
		require.Equal(t, time.Hour, sessions[i].ExpiresAt.Sub(sessions[i].CreatedAt))
		require.Equal(t, sessions[i].CreatedAt, sessions[i].LastSeen)
		require.NoError(t, uuid.Validate(sessions[i].ID))
	}
	requireCode(t, boxoffice.CodeNotFound, p.users.DeleteSessionByID(t.Context(), eve.ID, sessions[0].ID))
	requireCode(t, boxoffice.CodeNotFound, p.users.DeleteSessionByID(t.Context(), p.ada.ID, uuid.NewString()))
	require.NoError(t, p.users.DeleteSessionByID(t.Context(), p.ada.ID, sessions[1].ID))
	require.Equal(t, []string{"new", "eve's"}, p.alive(t, "old", "new", "eve's"))

	p.logIn(t, p.ada.ID, "third")
	require.NoError(t, p.users.DeleteOtherSessions(t.Context(), p.ada.ID, tokenHash("third")))
	require.Equal(t, []string{"third", "eve's"}, p.alive(t, "new", "third", "eve's"))

	idle, err := p.users.Sessions(t.Context(), p.ada.ID, time.Nanosecond)
	require.NoError(t, err)
	require.Empty(t, idle, "one that UserBySession would not accept")
	p.base.AdvanceClock(t, time.Hour)
	require.Empty(t, list())
}
