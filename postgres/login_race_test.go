package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// Somebody logs in with the old password while a new one is set: the login is verified before, and comes first or second.
// Either way nobody stays logged in who knows the old one alone.
func TestCreateSession_OfAPasswordThatIsChangedMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	login := boxoffice.Session{UserID: p.ada.ID, TokenHash: tokenHash("late"), PasswordHash: passwordHash}
	change := boxoffice.PasswordChange{UserID: p.ada.ID, OldHash: passwordHash, NewHash: passwordHash + "2"}

	// The login comes second: it waits for the change, and is refused.
	p.changing(t, `UPDATE users SET password_hash = password_hash || '1'`, func() error {
		_, err := p.users.CreateSession(t.Context(), login, time.Hour)
		return err
	}, boxoffice.CodeNotFound)
	require.Empty(t, p.alive(t, "late"))

	// It comes first: the change waits for it, and ends it.
	change.OldHash, login.PasswordHash = passwordHash+"1", passwordHash+"1"
	p.changing(t, `
		WITH u AS (SELECT id FROM users WHERE username = 'ada' FOR SHARE)
		INSERT INTO sessions (id, token_hash, user_id, expires_at) SELECT gen_random_uuid(), sha256('x'), id, now() + interval '1 hour' FROM u`, func() error {
		_, err := p.users.ChangePassword(t.Context(), change)
		return err
	}, "")
	var sessions int
	require.NoError(t, p.base.Pool.QueryRow(t.Context(), `SELECT count(*) FROM sessions`).Scan(&sessions))
	require.Zero(t, sessions)
}

// changing runs a statement in a transaction, has act wait for it, and commits.
func (p *people) changing(t *testing.T, statement string, act func() error, want boxoffice.Code) {
	t.Helper()
	tx, err := p.base.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), statement)
	require.NoError(t, err)
	acted := make(chan error, 1)
	go func() { acted <- act() }()
	eventually(t, "the act waits", func(ctx context.Context) bool {
		var waits bool
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'boxoffice' AND wait_event_type = 'Lock')`).Scan(&waits) == nil && waits
	})
	require.NoError(t, tx.Commit(t.Context()))
	if err = <-acted; want == "" {
		require.NoError(t, err)
		return
	}
	require.Equal(t, want, boxoffice.CodeOf(err))
}
