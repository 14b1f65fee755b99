package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var _ boxoffice.AccountStore = (*Users)(nil)

// ChangePassword sets a new password. The row of the user is written first in every act here: it is what two of them, and
// a mail that is just being made, wait for.
func (s *Users) ChangePassword(ctx context.Context, change boxoffice.PasswordChange) (refs []boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		set, err := tx.Exec(ctx, `
			UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL`,
			change.UserID, change.OldHash, change.NewHash)
		if err != nil {
			return err
		}
		if set.RowsAffected() == 0 {
			return boxoffice.Errorf(boxoffice.CodeForbidden, "The password was changed meanwhile.")
		}
		refs, err = passwordChanged(ctx, tx, change.UserID, change.Keep)
		return err
	})
	return refs, err
}

// passwordChanged ends all sessions but the one to keep, voids what was mailed, and tells the user.
func passwordChanged(ctx context.Context, tx pgx.Tx, userID string, keep []byte) ([]boxoffice.AccountMailRef, error) {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2`, userID, keep)
	queueVoid(batch, userID)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	var email string
	if err := tx.QueryRow(ctx, `SELECT coalesce(email, '') FROM users WHERE id = $1`, userID).Scan(&email); err != nil {
		return nil, err
	}
	return queueNotice(ctx, tx, boxoffice.MailPasswordChanged, userID, email)
}

// queueVoid makes every link that was mailed to the user worthless, and keeps confirmations that are queued from going out.
func queueVoid(batch *pgx.Batch, userID string) {
	batch.Queue(`DELETE FROM account_tokens WHERE user_id = $1`, userID)
	batch.Queue(`
		UPDATE account_mails SET status = 'failed', next_check_at = NULL, last_error = 'overtaken'
		WHERE user_id = $1 AND kind = 'confirm_email' AND status = 'queued'`, userID)
}

// queueMail writes a mail down that is to be sent.
func queueMail(ctx context.Context, tx pgx.Tx, kind boxoffice.AccountMailKind, userID *string, recipient string) (boxoffice.AccountMailRef, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return boxoffice.AccountMailRef{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO account_mails (id, kind, user_id, recipient) VALUES ($1, $2, $3, $4)`,
		id.String(), string(kind), userID, recipient)
	return boxoffice.AccountMailRef{MailID: id.String(), Kind: kind}, err
}

// queueNotice is queueMail to an address that may be unknown.
func queueNotice(ctx context.Context, tx pgx.Tx, kind boxoffice.AccountMailKind, userID, recipient string) ([]boxoffice.AccountMailRef, error) {
	if recipient == "" {
		return nil, nil
	}
	ref, err := queueMail(ctx, tx, kind, &userID, recipient)
	return []boxoffice.AccountMailRef{ref}, err
}

// RequestReset writes one row, whatever the address.
func (s *Users) RequestReset(ctx context.Context, email string) (ref boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		ref, err = queueMail(ctx, tx, boxoffice.MailReset, nil, email)
		return err
	})
	return ref, err
}

// errDeadToken is the answer to every token that does not work, whyever.
func errDeadToken() error {
	return boxoffice.InvalidField("token", "This link was used, has expired, or is incomplete. Please ask for another.")
}

// UserByResetToken finds whose password a token resets, and leaves it as it is.
func (s *Users) UserByResetToken(ctx context.Context, tokenHash []byte) (boxoffice.User, error) {
	var u boxoffice.User
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT `+userColumns+` FROM account_tokens k JOIN users u ON u.id = k.user_id
			WHERE k.token_hash = $1 AND k.purpose = 'reset' AND k.expires_at > boxoffice_now() AND u.disabled_at IS NULL`,
			tokenHash).Scan(userTargets(&u)...)
	})
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		err = errDeadToken()
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, err
}

// useToken deletes a token, and gives its user and address: of two who use it at once, one gets them. CodeInvalid.
func useToken(ctx context.Context, tx pgx.Tx, tokenHash []byte, purpose boxoffice.AccountMailKind) (userID, email string, err error) {
	// The user's row first: see ChangePassword.
	err = tx.QueryRow(ctx, `
		SELECT u.id FROM users u JOIN account_tokens k ON k.user_id = u.id
		WHERE k.token_hash = $1 AND u.disabled_at IS NULL FOR NO KEY UPDATE OF u`, tokenHash).Scan(&userID)
	if err == nil {
		err = tx.QueryRow(ctx, `
			DELETE FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > boxoffice_now()
			RETURNING email`, tokenHash, string(purpose)).Scan(&email)
	}
	if boxoffice.CodeOf(translate(err)) == boxoffice.CodeNotFound {
		err = errDeadToken()
	}
	return userID, email, err
}

// ResetPassword uses a token up and sets a new password.
func (s *Users) ResetPassword(ctx context.Context, tokenHash []byte, passwordHash string) (refs []boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		userID, _, err := useToken(ctx, tx, tokenHash, boxoffice.MailReset)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, userID, passwordHash); err != nil {
			return err
		}
		refs, err = passwordChanged(ctx, tx, userID, nil)
		return err
	})
	return refs, err
}

// RequestEmail voids what was asked before, so that at most one new address can be confirmed.
func (s *Users) RequestEmail(ctx context.Context, userID, email string) (ref boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, userID)
		queueVoid(batch, userID)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		ref, err = queueMail(ctx, tx, boxoffice.MailConfirmEmail, &userID, email)
		return err
	})
	return ref, err
}

// ConfirmEmail uses a token up, makes its address the account's, and tells the old address.
func (s *Users) ConfirmEmail(ctx context.Context, tokenHash []byte) (refs []boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		userID, email, err := useToken(ctx, tx, tokenHash, boxoffice.MailConfirmEmail)
		if err != nil {
			return err
		}
		var old string
		err = tx.QueryRow(ctx, `
			UPDATE users SET email = $2 WHERE id = $1 RETURNING coalesce(old.email, '')`, userID, email).Scan(&old)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		queueVoid(batch, userID)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		refs, err = queueNotice(ctx, tx, boxoffice.MailEmailChanged, userID, old)
		return err
	})
	return refs, err
}
