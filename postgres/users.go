package postgres

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Users is the store of users and their sessions.
type Users struct{ db *DB }

var _ boxoffice.UserStore = (*Users)(nil)

// Users gives the store of users.
func (db *DB) Users() *Users { return &Users{db: db} }

const userColumns = `u.id, u.username, u.password_hash, coalesce(u.email, ''), coalesce(u.location, ''), u.role, u.created_at`

func userTargets(u *boxoffice.User) []any {
	return []any{&u.ID, &u.Username, &u.PasswordHash, &u.Email, &u.Location, &u.Role, &u.CreatedAt}
}

// CreateUser stores a new user, a buyer unless a role is named. CodeUsernameTaken.
func (s *Users) CreateUser(ctx context.Context, u boxoffice.User) (boxoffice.User, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return boxoffice.User{}, err
	}
	u.ID = id.String()
	if u.Role == "" {
		u.Role = boxoffice.RoleBuyer
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO users (id, username, password_hash, email, location, role)
			VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6)
			RETURNING created_at`,
			u.ID, u.Username, u.PasswordHash, u.Email, u.Location, u.Role).Scan(&u.CreatedAt)
	})
	if err != nil {
		return boxoffice.User{}, err
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, nil
}

// UserByUsername finds a user who is not disabled, whatever the case of the name. CodeNotFound.
func (s *Users) UserByUsername(ctx context.Context, username string) (boxoffice.User, error) {
	var u boxoffice.User
	if !storable(username) {
		return u, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such user.")
	}
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT `+userColumns+` FROM users u
			WHERE lower(u.username) = lower($1) AND u.disabled_at IS NULL`, username).Scan(userTargets(&u)...)
	})
	if err != nil {
		return boxoffice.User{}, err
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, nil
}

// storable reports whether a text can be compared with one of the database, which has neither bad UTF-8 nor NUL.
func storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// expiredPerLogin is how many expired sessions a login clears away: more than it makes, so that the table shrinks to the
// sessions that are alive without anybody else's help.
const expiredPerLogin = 10

// CreateSession stores a session that lasts for ttl and gives its end. CodeNotFound when the user is disabled or unknown,
// or has got another password since: the user's row is locked, so that a change of it either waits for the session and
// ends it, or comes first and refuses it.
func (s *Users) CreateSession(ctx context.Context, session boxoffice.Session, ttl time.Duration) (time.Time, error) {
	var end time.Time
	id, err := uuid.NewV7()
	if err != nil {
		return end, err
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO sessions (id, token_hash, user_id, device, created_at, last_seen, expires_at)
			SELECT $1, $3, u.id, $4, t.now, t.now, t.now + $5
			FROM users u, boxoffice_now() AS t (now)
			WHERE u.id = $2 AND u.disabled_at IS NULL AND ($6 = '' OR u.password_hash = $6) FOR SHARE OF u
			RETURNING expires_at`,
			id.String(), session.UserID, session.TokenHash, session.Device, ttl, session.PasswordHash).Scan(&end)
		if err == nil {
			_, err = deleteExpired(ctx, tx, expiredPerLogin)
		}
		return err
	})
	return end.UTC(), err
}

// UserBySession finds the user of a session that is not expired, not idle for longer than idle, and not revoked, and who
// is not disabled. CodeUnauthenticated. It reads one row by its key; once a minute it also writes that row, for its note
// of the use, and goes without the note where the database takes no changes.
func (s *Users) UserBySession(ctx context.Context, tokenHash []byte, idle time.Duration) (boxoffice.User, error) {
	var u boxoffice.User
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var unnoted bool
		err := conn.QueryRow(ctx, `
			SELECT s.last_seen <= boxoffice_now() - interval '1 minute', `+userColumns+`
			FROM sessions s JOIN users u ON u.id = s.user_id
			WHERE s.token_hash = $1 AND s.expires_at > boxoffice_now() AND s.last_seen > boxoffice_now() - $2::interval
			  AND u.disabled_at IS NULL`, tokenHash, idle).Scan(append([]any{&unnoted}, userTargets(&u)...)...)
		if err != nil || !unnoted {
			return err
		}
		// The condition again: of several requests at once only the first writes.
		_, err = conn.Exec(ctx, `
			UPDATE sessions SET last_seen = boxoffice_now()
			WHERE token_hash = $1 AND last_seen <= boxoffice_now() - interval '1 minute'`, tokenHash)
		if boxoffice.CodeOf(translate(err)) == boxoffice.CodeUnavailable {
			return nil
		}
		return err
	})
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeUnauthenticated, "Please log in.")
	}
	if err != nil {
		return boxoffice.User{}, err
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, nil
}

// DeleteSession revokes a session; deleting one that is not there is no error.
func (s *Users) DeleteSession(ctx context.Context, tokenHash []byte) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash)
		return err
	})
}

// maxSessions bounds a list of sessions.
const maxSessions = 100

// Sessions lists a user's sessions that are neither expired nor idle for longer than idle, last used first, at most 100.
func (s *Users) Sessions(ctx context.Context, userID string, idle time.Duration) (sessions []boxoffice.Session, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT id, token_hash, user_id, device, created_at, last_seen, expires_at FROM sessions
			WHERE user_id = $1 AND expires_at > boxoffice_now() AND last_seen > boxoffice_now() - $2::interval
			ORDER BY last_seen DESC, id DESC LIMIT $3`, userID, idle, maxSessions)
		if err != nil {
			return err
		}
		sessions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x boxoffice.Session, err error) {
			return x, row.Scan(&x.ID, &x.TokenHash, &x.UserID, &x.Device, &x.CreatedAt, &x.LastSeen, &x.ExpiresAt)
		})
		return err
	})
	return sessions, err
}

// DeleteSessionByID revokes a session of the user; another's is as absent as an unknown one. CodeNotFound.
func (s *Users) DeleteSessionByID(ctx context.Context, userID, sessionID string) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		deleted, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id = $2`, userID, sessionID)
		if err == nil && deleted.RowsAffected() == 0 {
			err = boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such session.")
		}
		return err
	})
}

// DeleteOtherSessions revokes all sessions of the user but one.
func (s *Users) DeleteOtherSessions(ctx context.Context, userID string, keep []byte) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2`, userID, keep)
		return err
	})
}

// DeleteExpiredSessions deletes at most limit expired sessions, the oldest first, and gives how many they were. Several
// may run at once: each takes others.
func (s *Users) DeleteExpiredSessions(ctx context.Context, limit int) (int, error) {
	deleted := 0
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		deleted, err = deleteExpired(ctx, tx, limit)
		return err
	})
	return deleted, err
}

func deleteExpired(ctx context.Context, tx pgx.Tx, limit int) (int, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions WHERE expires_at <= boxoffice_now()
			ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`, limit)
	return int(tag.RowsAffected()), err
}
